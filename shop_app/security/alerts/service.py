"""What security can do with an alert: take it, call it false, look at it, keep it. Who took it is seen by all."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session, joinedload

from shop_app.base import audit
from shop_app.base.db import changed_rows, now
from shop_app.base.errors import Conflict, Invalid, NotFound
from shop_app.base.models import Alert, AlertReview, EventFile, ShopProfile
from shop_app.base.permissions import Actor
from shop_app.base.text import _
from shop_app.security import changes, files
from shop_app.security.alerts import cards, incidents
from shop_app.web.listing import Rows

STATES = ("new", "taken", "false-alarm")
MOST_ELSEWHERE = 12  # alerts of other cameras beside one


def get_alert(session: Session, alert_id: int) -> Alert:
    """An alert with its files; NotFound where there is none."""
    query = (
        select(Alert)
        .options(joinedload(Alert.taken_by), joinedload(Alert.clip), joinedload(Alert.snapshot))
        .where(Alert.id == alert_id)
    )
    found = session.scalars(query).first()
    if found is None:
        raise NotFound(_("There is no such alert."))
    return found


def search(
    camera: str = "", state: str = "", severity: str = "", begin: datetime | None = None, end: datetime | None = None
) -> Rows:
    """Alerts with their cards' columns."""
    query = cards.ALERTS
    if camera:
        query = query.where(Alert.camera == camera)
    if state in STATES:
        query = query.where(Alert.state == state)
    if severity in {"info", "warning", "alert"}:
        query = query.where(Alert.severity == severity)
    if begin is not None:
        query = query.where(Alert.started_at >= begin)
    if end is not None:
        query = query.where(Alert.started_at < end)
    return query


def with_reviews(query: Rows, account_id: int, *, unseen_only: bool) -> Rows:
    """Alerts, and beside each whether this person has looked at it (`seen`); or those alone that they have not."""
    mine = (AlertReview.alert_id == Alert.id) & (AlertReview.account_id == account_id)
    both = query.outerjoin(AlertReview, mine).add_columns(AlertReview.at.is_not(None).label("seen"))
    return both.where(AlertReview.at.is_(None)) if unseen_only else both


def take(session: Session, actor: Actor, alert_id: int) -> None:
    """Take an alert; of two who do so at once, one has it and the other is told who."""
    at = now()
    statement = (
        update(Alert)
        .where(Alert.id == alert_id, Alert.state == "new")
        .values(state="taken", taken_by_id=actor.account_id, taken_at=at)
    )
    if not changed_rows(session, statement):
        _explain_taken(session, actor, alert_id)
        return
    incidents.seen_to(session, get_alert(session, alert_id))
    changes.note(session, alert_id, "taken")
    audit.record(session, actor, "alert.taken", alert_id)


def take_all(session: Session, actor: Actor, alert_ids: Iterable[int]) -> None:
    """Take all of them that nobody has."""
    for alert_id in sorted(alert_ids):
        with suppress(Conflict, NotFound):
            take(session, actor, alert_id)


def _explain_taken(session: Session, actor: Actor, alert_id: int) -> None:
    alert = get_alert(session, alert_id)
    if alert.taken_by_id == actor.account_id:
        return
    name = alert.taken_by.name if alert.taken_by else "?"
    raise Conflict(_("%(name)s claimed it already.", name=name))


def call_false(session: Session, actor: Actor, alert_id: int, note: str) -> None:
    """Mark a false alarm; it is kept, and counts for the advice on its camera."""
    if len(note) > 300:
        raise Invalid(_("The note is longer than 300 characters."))
    alert = get_alert(session, alert_id)
    if alert.state != "false-alarm":
        alert.state = "false-alarm"
        alert.taken_by_id, alert.taken_at = actor.account_id, now()
        incidents.seen_to(session, alert)
        changes.note(session, alert.id, "false-alarm")
        audit.record(session, actor, "alert.false-alarm", alert.id, note=note)
    alert.note = note or alert.note


def reopen(session: Session, actor: Actor, alert_id: int) -> None:
    """Give an alert back to everybody."""
    alert = get_alert(session, alert_id)
    if alert.state == "new":
        return
    alert.state, alert.taken_by_id, alert.taken_at = "new", None, None
    # Who gives it back has seen it: it does not escalate a second time by itself.
    changes.note(session, alert.id, "updated")
    audit.record(session, actor, "alert.reopened", alert.id)


def review(session: Session, actor: Actor, alert_id: int) -> None:
    """Note that this person has looked at it."""
    get_alert(session, alert_id)
    if session.get(AlertReview, (alert_id, actor.account_id)) is None:
        session.add(AlertReview(alert_id=alert_id, account_id=actor.account_id, at=now()))


def pin(session: Session, actor: Actor, alert_id: int, reason: str) -> None:
    """Keep the clip beyond its days; without a reason, let it go with the others again."""
    alert = get_alert(session, alert_id)
    if len(reason) > 200:
        raise Invalid(_("The reason is longer than 200 characters."))
    alert.pinned_by_id, alert.pinned_reason = (actor.account_id, reason) if reason else (None, None)
    audit.record(session, actor, "alert.pinned" if reason else "alert.unpinned", alert_id, reason=reason)


def clip_path(session: Session, media: Path, alert_id: int) -> tuple[Path, EventFile]:
    """Where the clip of an alert lies, by the alert alone: no route takes a name or a path."""
    alert = get_alert(session, alert_id)
    return files.stored_path(media, alert.clip), _present(alert.clip)


def clip_codec(alert: Alert, media: Path) -> str:
    """What the clip of an alert is coded in, in words; empty where nobody knows."""
    if alert.clip is None or alert.clip.complete_at is None or alert.clip.deleted_at is not None:
        return ""
    try:
        return files.codec_of(files.stored_path(media, alert.clip))
    except (NotFound, OSError, ValueError):
        return ""


def still_path(session: Session, media: Path, alert_id: int) -> Path:
    """Where the picture of an alert lies: the marked one of the incident, else one out of the clip."""
    alert = get_alert(session, alert_id)
    file = alert.snapshot or (session.get(EventFile, alert.thumbnail_id) if alert.thumbnail_id else None)
    return files.stored_path(media, file)


def _present(file: EventFile | None) -> EventFile:
    assert file is not None
    return file


def neighbours(session: Session, alert: Alert) -> tuple[int | None, int | None]:
    """The ids of the alert before and after."""
    before = select(func.max(Alert.id)).where(Alert.id < alert.id).scalar_subquery()
    after = select(func.min(Alert.id)).where(Alert.id > alert.id).scalar_subquery()
    row = session.execute(select(before, after)).one()
    return row[0], row[1]


def elsewhere(session: Session, alert: Alert, profile: ShopProfile) -> list[cards.Card]:
    """What other cameras saw within some minutes of an alert: those nearest to it, in the order of time."""
    at, seen = alert.started_at, Alert.change.not_in(changes.SILENCE)
    query = cards.ALERTS.where(Alert.camera != alert.camera, seen).limit(MOST_ELSEWHERE)
    before = query.where(Alert.started_at.between(at - cards.CHAIN, at)).order_by(Alert.started_at.desc())
    after = query.where(Alert.started_at > at, Alert.started_at <= at + cards.CHAIN).order_by(Alert.started_at)
    rows = [*session.execute(before), *session.execute(after)]
    nearest = sorted(rows, key=lambda row: abs(row.started_at - at))[:MOST_ELSEWHERE]
    return [cards.card(row, profile.time_zone) for row in sorted(nearest, key=lambda row: (row.started_at, row.id))]


def last_seen(session: Session, alert: Alert, profile: ShopProfile) -> cards.Card | None:
    """The last alert with a picture from the camera of an alert, not after it."""
    has_picture = or_(Alert.snapshot_id.is_not(None), Alert.thumbnail_id.is_not(None))
    query = cards.ALERTS.where(Alert.camera == alert.camera, has_picture, Alert.started_at <= alert.received_at)
    row = session.execute(query.order_by(Alert.started_at.desc()).limit(1)).first()
    return cards.card(row, profile.time_zone) if row else None
