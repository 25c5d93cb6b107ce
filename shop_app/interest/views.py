"""Pages of interest: the funnel per product and zone, one of them in detail, mood, notes to sales, the notice."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import segno
from babel.dates import get_day_names
from flask import Response, render_template, request
from markupsafe import Markup
from sqlalchemy import select

from shop_app.base import clock
from shop_app.base.errors import NotFound
from shop_app.base.models import Camera, InterestNote, Product, Zone
from shop_app.base.permissions import Permission as P
from shop_app.base.search import folded
from shop_app.base.text import _, _l, locale_name
from shop_app.interest import service, sums
from shop_app.web.area import Area, actor, profile, session, shop
from shop_app.web.listing import SortColumn, asked, csv_answer, everything, paginate, wants_csv
from shop_app.web.template_filters import day_text, number_text, share_text

area = Area("interest", __name__, url_prefix="/interest")
area.menu(_l("Interest"), "index", icon="eye", may=P.INTEREST_VIEW, order=200, group=_l("Customers"), phone=True)
area.menu(
    _l("Camera notes"),
    "notes",
    icon="bell",
    may=P.CAMERA_NOTES,
    order=205,
    group=_l("Customers"),
    prefix="interest.notes",
)

STEPS = {  # of the funnel, by measure: who shows no body cannot be seen to reach for anything
    "body": ("passed", "stopped", "looked", "pleased", "reached", "taken", "bought"),
    "face": ("passed", "stopped", "looked", "pleased", "bought"),
}
WHOLES = {  # what the share of a step is of
    "stopped": "passed",
    "looked": "stopped",
    "pleased": "expressed",
    "reached": "stopped",
    "taken": "judged",
    "bought": "looked",
}


def _shown(step: str) -> Callable[[sums.Line], int | None]:
    return lambda line: line.now.shown(step)


def _share(part: str, whole: str) -> Callable[[sums.Line], float | None]:
    return lambda line: _rounded(line.now.ratio(part, whole) if part in STEPS[line.seen_by] else None)


COLUMNS: dict[str, Callable[[Any], object]] = {
    "name": lambda line: line.name,
    "place": lambda line: line.place,
    "counted_by": lambda line: line.seen_by,
    **{step: _shown(step) for step in (*sums.COUNTS, "bought")},
    **{f"{part}_of_{whole}": _share(part, whole) for part, whole in WHOLES.items()},
    "seconds_looked": lambda line: _rounded(line.now.seconds),
    "seconds_turned": lambda line: _rounded(line.now.turned if line.seen_by == "body" else None),
    "trend": lambda line: _rounded(line.trend),
}
NOTE_SORTS: dict[str, list[SortColumn]] = {
    "time": [InterestNote.hour, InterestNote.id],
    "looked": [InterestNote.looked, InterestNote.id],
}


@area.get("", may=P.INTEREST_VIEW)
def index() -> str | Response:
    """All zones or products by one measure, what is looked at but not bought first."""
    when = _period()
    by = "product" if asked("by") == "product" else "zone"
    both = sums.lines(session(), when.first, when.middle, when.end, until=when.until, by=by)
    measures = sums.measures((line.seen_by, line.now) for line in both)
    measure = _measure(measures, [line.seen_by for line in both])
    wanted = folded(asked("q"))
    found = [line for line in both if line.seen_by == measure and wanted in folded(line.name, line.place)]
    if wants_csv():
        return csv_answer("interest", COLUMNS, found)
    expressions = any(line.now.expressed for line in found)
    return render_template(
        "interest/index.html",
        lines=found,
        when=when,
        measure=measure,
        measures=measures,
        few=few,
        least=sums.LEAST,
        expressions=expressions,
        missed=sums.missed(found),
    )


@area.get("/of", may=P.INTEREST_VIEW)
def show() -> str | Response:
    """One zone or product by one measure: funnel, days, weekdays and hours."""
    when, zone = _period(), profile().time_zone
    product_id = request.args.get("product", type=int)
    camera, name = asked("camera", 40), asked("zone", 60)
    title = _title(product_id, camera, name)
    both = sums.by_hour(session(), when.first, when.end, camera=camera, zone=name, product_id=product_id)
    measures = sums.measures((seen_by, service.total(hours, when.middle, when.end)) for seen_by, hours in both.items())
    measure = _measure(measures, both)
    hours = both.get(measure, {})
    if wants_csv():
        rows = [(clock.local(hour, zone), found, measure) for hour, found in hours.items() if hour >= when.middle]
        return csv_answer("interest-hours", HOUR_COLUMNS, rows)
    present, before = service.total(hours, when.middle, when.end), service.total(hours, when.first, when.until)
    return render_template(
        "interest/show.html", title=title, when=when, measure=measure, measures=measures, now=present, before=before,
        few=few, funnel=_funnel(present, measure), days=_days(service.per_day(hours, when.dates, zone)),
        heat=_heat(service.grid(hours, when.middle, zone)), product_id=product_id,
    )  # fmt: skip


@area.get("/mood", may=P.INTEREST_VIEW)
def mood() -> str | Response:
    """How customers look at the service counters, by hour of the day."""
    when = _period()
    found = service.mood_by_hour(sums.moods(session(), when.middle, when.end), profile().time_zone)
    if wants_csv():
        rows = [(camera, zone, hour, m) for (camera, zone), hours in found.items() for hour, m in sorted(hours.items())]
        return csv_answer("mood", MOOD_COLUMNS, rows)
    titles = {name: title for name, title in session().execute(select(Camera.name, Camera.title))} if found else {}
    charts = [
        (titles.get(camera, camera), zone, _mood_points(hours), sum(m.people for m in hours.values()))
        for (camera, zone), hours in found.items()
    ]
    return render_template("interest/mood.html", charts=charts, when=when, few=few, least=sums.LEAST)


@area.get("/notes", may=P.CAMERA_NOTES)
def notes() -> str | Response:
    """Notes about zones: looked at and not bought."""
    typed = asked("q")
    query = service.notes(actor(), searched=bool(typed))
    if wants_csv():
        return csv_answer("camera-notes", NOTE_COLUMNS, everything(session(), query.order_by(InterestNote.hour), typed))
    key = InterestNote.id if request.args else None  # the newest are found by their index alone
    found = paginate(session(), query, NOTE_SORTS, default="-time", key=key, typed=typed)
    return render_template("interest/notes.html", notes=found)


@area.get("/notice", may=P.INTEREST_VIEW)
def notice() -> str:
    """The notice for the entrance, to be printed."""
    url = shop().settings.public_url.rstrip("/")
    return render_template(
        "interest/notice.html", qr=_qr(f"{url}/interest/privacy") if url else "", cameras=_emotion_cameras(), page=False
    )


@area.get("/privacy", may=P.PUBLIC)
def privacy() -> str:
    """What cameras do here, for everybody who asks."""
    return render_template("interest/privacy.html", cameras=_emotion_cameras(), page=True)


HOUR_COLUMNS: dict[str, Callable[[Any], object]] = {
    "hour": lambda row: row[0].isoformat(),
    "counted_by": lambda row: row[2],
    "passed": lambda row: row[1].shown("passed"),
    "stopped": lambda row: row[1].shown("stopped"),
    "looked": lambda row: row[1].shown("looked"),
    "pleased": lambda row: row[1].shown("pleased"),
    "reached": lambda row: row[1].shown("reached"),
    "judged": lambda row: row[1].shown("judged"),
    "taken": lambda row: row[1].shown("taken"),
    "bought": lambda row: row[1].bought,
}
MOOD_COLUMNS = {
    "camera": lambda row: row[0],
    "zone": lambda row: row[1],
    "hour": lambda row: row[2],
    "people": lambda row: row[3].people if row[3].people >= sums.LEAST else None,
    "valence": lambda row: _rounded(row[3].valence),
}
NOTE_COLUMNS = {
    "hour": lambda row: clock.local(row.hour, profile().time_zone).isoformat(),
    "camera": lambda row: row.camera,
    "zone": lambda row: row.zone,
    "product": lambda row: row.product,
    "looked": lambda row: row.looked,
    "seconds": lambda row: round(row.looked_seconds),
    "bought": lambda row: row.bought,
}


def _period() -> service.Period:
    return service.period(request.args.get("days", 7, type=int), profile().time_zone)


def _measure(measures: list[str], all_measures: Iterable[str]) -> str:
    """The measure of the page: the one asked for, if there is any of it; else bodies, where they were counted."""
    there = measures or sorted(all_measures)
    wanted = asked("measure")
    return wanted if wanted in there else next(iter(there), "face")


def _title(product_id: int | None, camera: str, zone: str) -> str:
    if product_id:
        name = session().scalars(select(Product.name).where(Product.id == product_id)).first()
        if name is None:
            raise NotFound(_("There is no such product."))
        return name
    if not camera or not zone:
        raise NotFound(_("There is no such zone."))
    query = (
        select(Camera.title, Product.name)
        .outerjoin(Zone, (Zone.camera_id == Camera.id) & (Zone.name == zone))
        .outerjoin(Product, Product.id == Zone.product_id)
        .where(Camera.name == camera)
    )
    place, product = next(iter(session().execute(query)), (camera, None))
    return f"{product} · {place}: {zone}" if product else f"{place}: {zone}"


def _funnel(found: sums.Sums, measure: str) -> list[tuple[str, str, int | None, str, str]]:
    """For each step its name, what its share is of, the figure, the figure as text, and the share."""
    labels = {
        "passed": (_("Passed"), ""),
        "stopped": (_("Stopped"), _("of who passed")),
        "looked": (_("Looked"), _("of who stopped")),
        "pleased": (_("Pleased"), _("of expressions read")),
        "reached": (_("Reached"), _("of who stopped")),
        "taken": (_("Took something"), _("of %(n)s of whom it is known", n=number_text(found.judged))),
        "bought": (_("Bought"), _("of who looked")),
    }
    rows = []
    for step in STEPS[measure]:
        value = found.shown(step)
        ratio = found.ratio(step, WHOLES[step]) if step in WHOLES else None
        rows.append(
            (
                *labels[step],
                value,
                number_text(value) if value is not None else few(getattr(found, step)),
                share_text(ratio) if ratio is not None else "",
            )
        )
    return rows


def few(count: int) -> str:
    """How many there are of those that a figure needs."""
    return _("%(n)s of %(least)s", n=count, least=sums.LEAST)


def _days(days: list[tuple[Any, sums.Sums]]) -> list[tuple[str, int | None, str]]:
    return [(day_text(day, "d.M."), *_cell(found)) for day, found in days]


def _cell(found: sums.Sums) -> tuple[int | None, str]:
    value = found.shown("looked")
    return value, number_text(value) if value is not None else few(found.looked) if found.looked else ""


def _heat(cells: dict[tuple[int, int], sums.Sums]) -> tuple[list[tuple[str, list[tuple[int | None, str]]]], list[str]]:
    hours = sorted({hour for _day, hour in cells}) or [9, 18]
    span = range(hours[0], hours[-1] + 1)
    names = get_day_names("abbreviated", locale=locale_name())
    rows = []
    for day in range(7):
        found = [cells.get((day, hour), sums.Sums()) for hour in span]
        rows.append((str(names[day]), [_cell(sums_) for sums_ in found]))
    return rows, [f"{hour}" for hour in span]


def _mood_points(hours: dict[int, service.Mood]) -> list[tuple[str, float | None, str]]:
    span = range(min(hours), max(hours) + 1)
    found = [(hour, hours.get(hour, service.Mood())) for hour in span]
    return [
        (
            f"{hour}",
            m.valence,
            f"{number_text(m.valence, 2)} (n = {m.people if m.people >= sums.LEAST else few(m.people)})",
        )
        for hour, m in found
    ]


def _emotion_cameras() -> list[str]:
    query = select(Camera.title).where(Camera.emotion.is_(True), Camera.removed_at.is_(None)).order_by(Camera.title)
    return list(session().scalars(query))


def _qr(url: str) -> Markup:
    # Made here of an address out of the settings: nothing that somebody typed into a page gets in.
    return Markup(segno.make(url, error="m").svg_inline(scale=4, border=2))


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
