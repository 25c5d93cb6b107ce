"""Pages of security: the live list, one alert with its clip, arming, snoozing."""

from __future__ import annotations

from functools import partial

from flask import (
    Response,
    flash,
    jsonify,
    redirect,
    render_template,
    request,
    send_file,
    url_for,
)
from werkzeug.wrappers import Response as BaseResponse

from shop_app.base import clock
from shop_app.base.db import now
from shop_app.base.errors import Invalid
from shop_app.base.models import Alert, AlertReview
from shop_app.base.permissions import Permission as P
from shop_app.base.text import _, _l
from shop_app.security import arming, changes
from shop_app.security.alerts import cards, feed, service
from shop_app.security.cameras import service as cameras
from shop_app.security.cameras.coverage import coverage
from shop_app.web.area import Area, actor, profile, session, shop
from shop_app.web.error_pages import wants_json
from shop_app.web.forms import whole_number
from shop_app.web.listing import Rows, asked, asked_day, csv_answer, everything, paginate, wants_csv

area = Area("alerts", __name__, url_prefix="/alerts")
area.menu(_l("Alerts"), "index", icon="shield", may=P.ALERTS, order=300, group=_l("Security"), phone=True)

SORTS = {
    "time": [Alert.started_at, Alert.id],
    "camera": [Alert.camera, Alert.id],
    "severity": [Alert.severity, Alert.id],
}
COLUMNS = {
    "id": lambda row: row.id,
    "time": lambda row: row.started_at.isoformat(),
    "camera": lambda row: row.camera,
    "zone": lambda row: row.zone,
    "what": lambda row: row.change,
    "cause": lambda row: row.cause,
    "severity": lambda row: row.severity,
    "state": lambda row: row.state,
    "by": lambda row: row.by,
    "note": lambda row: row.note,
    "seconds": lambda row: (row.ended_at - row.started_at).total_seconds() if row.ended_at else "",
    "who": lambda row: row.who,
}


@area.get("", may=P.ALERTS)
def index() -> str | Response:
    """The live list, and the alerts of earlier nights by filters."""
    unseen_only = asked("seen") == "no"
    query = service.with_reviews(_search(), actor().account_id, unseen_only=unseen_only)
    if wants_csv():
        rows = everything(session(), query.order_by(Alert.started_at))
        return csv_answer("alerts", COLUMNS, rows)
    # The newest of all are found by their index alone; by filters, or further back, by the keys of a page.
    key = Alert.id if request.args else None
    alerts = paginate(session(), query, SORTS, default="-time", key=key, one_by_one=unseen_only)
    chains = cards.chains(alerts.rows) if alerts.sort in {"time", "-time"} else [[row] for row in alerts.rows]
    today = clock.day_of(now(), profile().time_zone).isoformat()
    return render_template(
        "alerts/index.html", alerts=alerts, chains=chains, chain_seconds=int(cards.CHAIN.total_seconds()), silence=changes.SILENCE,
        card_of=partial(cards.card, zone=profile().time_zone), blank=cards.blank(today), newest_change=feed.newest_change(session()),
        today=today, snoozed=arming.snoozed(session()),
        coverage=coverage(session(), profile()),
        is_live=alerts.number == 1 and not (request.args.keys() - {"page"}),
    )  # fmt: skip


@area.get("/coverage", may=P.ALERTS)
def covered() -> str:
    """Which cameras watch now, for open pages: cameras that fall silent say nothing by themselves."""
    return render_template("alerts/_coverage.html", coverage=coverage(session(), profile()))


@area.get("/advice", may=P.ALERTS)
def advice() -> str:
    """What the false alarms of each camera suggest."""
    return render_template("alerts/advice.html", advice=cameras.advice(session()), days=cameras.ADVICE_DAYS)


@area.get("/<int:alert_id>", may=P.ALERTS)
def show(alert_id: int) -> str:
    """One alert with its clip."""
    alert = service.get_alert(session(), alert_id)
    before, after = service.neighbours(session(), alert)
    reviewed = session().get(AlertReview, (alert_id, actor().account_id)) is not None
    return render_template(
        "alerts/show.html", alert=alert, card=cards.cards(session(), [alert_id], profile())[alert_id],
        before=before, after=after, reviewed=reviewed, begins_at=_begins_at(alert),
        start_at=max(0.0, _begins_at(alert) - 1.0), minutes=arming.SNOOZE_MINUTES,
        drawing=cameras.drawings(session(), alert.camera).get(alert.camera),
        elsewhere=service.elsewhere(session(), alert, profile()), codec=service.clip_codec(alert, shop().settings.media),
        last_seen=service.last_seen(session(), alert, profile()) if alert.change in changes.SILENCE else None,
    )  # fmt: skip


@area.get("/<int:alert_id>/still", may=P.ALERTS)
def still(alert_id: int) -> BaseResponse:
    """The picture of an alert."""
    path = service.still_path(session(), shop().settings.media, alert_id)
    return send_file(path.absolute(), mimetype="image/jpeg", conditional=True, max_age=0)


@area.get("/<int:alert_id>/clip", may=P.ALERTS)
def clip(alert_id: int) -> BaseResponse:
    """The clip of an alert; a player asks for parts of it by Range."""
    path, file = service.clip_path(session(), shop().settings.media, alert_id)
    download = "download" in request.args
    name = f"alert-{alert_id}-{file.sha256[:12]}.mp4"
    return send_file(
        path.absolute(), mimetype="video/mp4", conditional=True, max_age=0, as_attachment=download, download_name=name
    )


@area.post("/<int:alert_id>/take", may=P.ALERTS)
def take(alert_id: int) -> BaseResponse:
    """Take an alert."""
    service.take(session(), actor(), alert_id)
    return _done(alert_id, _("You claimed it. Your team can see that."))


@area.post("/take", may=P.ALERTS)
def take_all() -> BaseResponse:
    """Take the alerts of a chain that nobody has."""
    ids = [int(part) for part in _field("ids").split(",") if part.isascii() and part.isdigit() and len(part) < 18]
    service.take_all(session(), actor(), ids)
    return _done(None, _("You claimed them. Your team can see that."))


@area.post("/<int:alert_id>/false-alarm", may=P.ALERTS)
def call_false(alert_id: int) -> BaseResponse:
    """Mark a false alarm."""
    service.call_false(session(), actor(), alert_id, _field("note"))
    return _done(alert_id, _("Marked as a false alarm. It is kept, and counts for the advice on this camera."))


@area.post("/<int:alert_id>/reopen", may=P.ALERTS)
def reopen(alert_id: int) -> BaseResponse:
    """Give an alert back."""
    service.reopen(session(), actor(), alert_id)
    return _done(alert_id, _("Alert reopened."))


@area.post("/<int:alert_id>/review", may=P.ALERTS)
def review(alert_id: int) -> BaseResponse:
    """Note that I have looked at it."""
    service.review(session(), actor(), alert_id)
    return _done(alert_id, _("Marked as looked at, for you."))


@area.post("/<int:alert_id>/pin", may=P.ALERTS)
def pin(alert_id: int) -> BaseResponse:
    """Keep the clip."""
    service.pin(session(), actor(), alert_id, _field("reason"))
    return _done(alert_id, _("Saved."))


@area.post("/snooze", may=P.ALERTS)
def snooze() -> BaseResponse:
    """Take the sound from one camera for a while."""
    camera, minutes = _field("camera"), whole_number(_field("minutes"), 9_999)
    if not camera or len(camera) > 40 or minutes is None:
        raise Invalid(_("Choose a camera and one of the times offered."))
    arming.snooze(session(), actor(), camera, minutes)
    return _done(
        None,
        _("The camera is snoozed: its alerts are kept, without sound.") if minutes else _("Snooze ended."),
    )


@area.post("/arm", may=P.ALERTS)
def arm() -> BaseResponse:
    """Arm or disarm the shop by hand, or give it back to the schedule."""
    hours = whole_number(_field("hours"), 9_999)
    if hours is None:
        raise Invalid(_("Choose one of the times offered."))
    armed = _field("armed") == "yes"
    arming.arm(session(), actor(), armed=armed, hours=hours)
    session().flush()
    if not armed:
        return _done(None, _("Disarmed: alerts are kept, without sound."))
    done = _("Armed.") if hours else _("Back to the schedule.")
    return _done(None, f"{done} {coverage(session(), profile())}.")


def _search() -> Rows:
    zone = profile().time_zone
    day = asked_day("day")
    begin, end = clock.day_bounds(day, zone) if day else (None, None)
    return service.search(asked("camera"), asked("state"), asked("severity"), begin, end)


def _begins_at(alert: Alert) -> float:
    """Where in the clip the event begins, in seconds; the player starts a moment before."""
    if alert.clip_started_at is None:
        return 0.0
    return max(0.0, (alert.started_at - alert.clip_started_at).total_seconds())


def _field(name: str) -> str:
    if request.is_json:
        body = request.get_json(silent=True)
        value = body.get(name, "") if isinstance(body, dict) else ""
    else:
        value = request.form.get(name, "")
    return str(value).strip()[:1000]


def _done(alert_id: int | None, message: str) -> BaseResponse:
    if wants_json():
        session().flush()
        shown = cards.cards(session(), [alert_id], profile()) if alert_id is not None else {}
        alert = shown.get(alert_id or 0)
        return jsonify(message=message, alert=alert._asdict() if alert else None)
    flash(message)
    back = (
        url_for("alerts.show", alert_id=alert_id)
        if alert_id is not None and request.form.get("back") != "list"
        else url_for("alerts.index")
    )
    return redirect(back, 303)
