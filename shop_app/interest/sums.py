"""Sums of interest and of what was bought in the same hours, for pages and CSV.

There are two measures, `body` and `face`: who was counted by the body, and who by the face alone. They are never added.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, case, distinct, func, literal, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.functions import FunctionElement

from shop_app.base.models import BillLine, Camera, InterestHour, MoodHour, Product

LEAST = 10  # a figure about fewer people is not shown
COUNTS = ("passed", "stopped", "looked", "reached", "judged", "taken", "expressed", "pleased")
SUMMED = (*COUNTS, "looked_seconds", "turned_seconds")


class hour_end(FunctionElement[datetime]):  # noqa: N801 - named like the SQL functions that it stands for
    """The end of the hour that begins at a moment, by the database."""

    inherit_cache = True


@compiles(hour_end, "sqlite")
def _sqlite_end(element: Any, compiler: Any, **options: Any) -> str:
    return f"strftime('%Y-%m-%d %H:%M:%S.000000', {compiler.process(element.clauses, **options)}, '+1 hour')"


@compiles(hour_end, "mysql")
def _mysql_end(element: Any, compiler: Any, **options: Any) -> str:
    return f"DATE_ADD({compiler.process(element.clauses, **options)}, INTERVAL 1 HOUR)"


@dataclass
class Sums:
    """The funnel of one zone or product over a time by one measure. A figure about fewer than `LEAST` people is None."""

    passed: int = 0
    stopped: int = 0
    looked: int = 0
    reached: int = 0
    judged: int = 0  # of whom is known whether they took something
    taken: int = 0
    expressed: int = 0
    pleased: int = 0
    looked_seconds: float = 0.0
    turned_seconds: float = 0.0
    bought: int = 0

    def add(self, other: Sums) -> None:
        """Take another hour of the same measure in."""
        for name in (*SUMMED, "bought"):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def shown(self, name: str) -> int | None:
        """A count, where it is about enough people; what was bought is of bills."""
        value: int = getattr(self, name)
        return value if name == "bought" or value >= LEAST else None

    def ratio(self, part: str, whole: str) -> float | None:
        """A share of those a step above."""
        n: int = getattr(self, whole)
        return min(1.0, getattr(self, part) / n) if n >= LEAST else None

    @property
    def seconds(self) -> float | None:
        """How long one who looked did so, on average."""
        return self.looked_seconds / self.looked if self.looked >= LEAST else None

    @property
    def turned(self) -> float | None:
        """For how many seconds one who passed was turned to it with the body while nobody knew where the head was turned."""
        return self.turned_seconds / self.passed if self.passed >= LEAST else None

    @property
    def missed(self) -> int:
        """Who looked and did not buy; what the list begins with."""
        return max(0, self.looked - self.bought) if self.looked >= LEAST else -1


@dataclass
class Line:
    """A zone or a product by one measure, in two times that follow each other."""

    camera: str
    zone: str
    seen_by: str
    product_id: int | None
    name: str
    place: str
    now: Sums = field(default_factory=Sums)
    before: Sums = field(default_factory=Sums)

    @property
    def trend(self) -> float | None:
        """How much more or less was looked than in the time before."""
        if self.now.looked < LEAST or self.before.looked < LEAST:
            return None
        return self.now.looked / self.before.looked - 1

    @property
    def address(self) -> dict[str, Any]:
        """What its page is asked for by."""
        of = {"camera": self.camera, "zone": self.zone} if self.zone else {"product": self.product_id}
        return {**of, "measure": self.seen_by}


def lines(
    session: Session,
    first: datetime,
    middle: datetime,
    end: datetime,
    *,
    until: datetime | None = None,
    by: str = "zone",
) -> list[Line]:
    """All zones (or products) by each measure, what is looked at and not bought first; two times in one statement.

    The one before reaches from `first` to `until`, and to `middle` where nothing is said.
    """
    hours = _hours(first, end, by)
    is_now = hours.c.hour >= middle
    counts = [hours.c[name] for name in (*SUMMED, "bought")]
    sums: list[ColumnElement[Any]] = []
    for when in (is_now, hours.c.hour < (until or middle)):
        sums += [func.sum(case((when, column), else_=0)) for column in counts]
    query = (
        select(
            hours.c.camera, hours.c.zone, hours.c.seen_by, hours.c.product_id, Product.name, func.max(hours.c.shelf),
            func.max(Camera.title), *sums,
        )
        .select_from(hours)
        .outerjoin(Product, Product.id == hours.c.product_id)
        .outerjoin(Camera, Camera.name == hours.c.camera)
        .group_by(hours.c.camera, hours.c.zone, hours.c.seen_by, hours.c.product_id, Product.name)
    )  # fmt: skip
    found = [_line(row) for row in session.execute(query)]
    return sorted(found, key=lambda line: (-line.now.missed, -line.now.passed, line.name.casefold()))


def missed(lines: Iterable[Line]) -> list[Line]:
    """The three that sales should look at: looked at by many, and bought by less than every fifth of them.

    What both measures say so of is there once, by the one that comes first.
    """
    found: dict[tuple[str, str, int], Line] = {}
    for line in lines:
        if line.product_id and line.now.looked >= LEAST and (line.now.ratio("bought", "looked") or 0.0) < 0.2:
            found.setdefault((line.camera, line.zone, line.product_id), line)
    return list(found.values())[:3]


def measures(counted: Iterable[tuple[str, Sums]]) -> list[str]:
    """The measures by which something was counted, `body` first."""
    return sorted({seen_by for seen_by, found in counted if found != Sums()})


def by_hour(session: Session, first: datetime, end: datetime, *, camera: str = "", zone: str = "", product_id: int | None = None) -> dict[str, dict[datetime, Sums]]:  # fmt: skip
    """Measure -> the hours of one zone, or of one product over all its zones."""
    hours = _hours(first, end, "product" if product_id else "zone")
    query = (
        select(
            hours.c.seen_by, hours.c.hour, *[func.sum(hours.c[name]) for name in SUMMED], func.max(hours.c.bought),
        )
        .group_by(hours.c.seen_by, hours.c.hour)
        .order_by(hours.c.hour)
    )  # fmt: skip
    if product_id:
        query = query.where(hours.c.product_id == product_id)
    else:
        query = query.where(hours.c.camera == camera, hours.c.zone == zone)
    found: dict[str, dict[datetime, Sums]] = {}
    for row in session.execute(query):
        found.setdefault(row[0], {})[row[1]] = _sums(row[2:])
    return found


def bought_since(session: Session, product_id: int, since: datetime, end: datetime) -> int:
    """Bills with a product in a time."""
    within = BillLine.product_id == product_id, BillLine.sold_at >= since, BillLine.sold_at < end
    return session.scalars(select(func.count(distinct(BillLine.bill_id))).where(*within, _kept())).one()


def moods(session: Session, first: datetime, end: datetime) -> list[MoodHour]:
    """The hours at the counters."""
    query = (
        select(MoodHour)
        .where(MoodHour.hour >= first, MoodHour.hour < end)
        .order_by(MoodHour.camera, MoodHour.zone, MoodHour.hour)
    )
    return list(session.scalars(query))


def _hours(first: datetime, end: datetime, by: str) -> Subquery:
    """A row for each hour of a zone or product, with the bills of the time in it in which it was watched."""
    watched_from = func.coalesce(InterestHour.watched_from, InterestHour.hour)
    within = InterestHour.hour >= first, InterestHour.hour < end
    if by == "product":
        query: Select[Any] = (
            select(
                literal("").label("camera"), literal("").label("zone"), InterestHour.seen_by, InterestHour.product_id,
                InterestHour.hour, func.max(InterestHour.shelf).label("shelf"), func.min(watched_from).label("since"),
                *[func.sum(getattr(InterestHour, name)).label(name) for name in SUMMED],
            )
            .where(*within, InterestHour.product_id.is_not(None))
            .group_by(InterestHour.product_id, InterestHour.hour, InterestHour.seen_by)
        )  # fmt: skip
    else:
        query = select(
            InterestHour.camera, InterestHour.zone, InterestHour.seen_by, InterestHour.product_id, InterestHour.hour,
            InterestHour.shelf, watched_from.label("since"), *[getattr(InterestHour, name) for name in SUMMED],
        ).where(*within)  # fmt: skip
    hours = query.subquery()
    sold = BillLine.sold_at >= hours.c.since, BillLine.sold_at < hour_end(hours.c.hour)
    bought = select(func.count(distinct(BillLine.bill_id))).where(
        BillLine.product_id == hours.c.product_id, *sold, _kept()
    )
    return select(*hours.c, bought.scalar_subquery().label("bought")).subquery()


def _kept() -> ColumnElement[bool]:
    """What came back was not bought."""
    return BillLine.refunded_quantity < BillLine.quantity


def _line(row: Any) -> Line:
    camera, zone, seen_by, product_id, product, shelf, title = row[:7]
    width = len(SUMMED) + 1
    place = title or camera or ""
    name = product or shelf or zone
    return Line(
        camera or "",
        zone or "",
        seen_by,
        product_id,
        name,
        f"{place}: {zone}" if zone else "",
        _sums(row[7 : 7 + width]),
        _sums(row[7 + width :]),
    )


def _sums(values: Any) -> Sums:
    *counts, looked_seconds, turned_seconds, bought = (value or 0 for value in values)
    named = dict(zip(COUNTS, map(int, counts), strict=True))
    return Sums(**named, looked_seconds=float(looked_seconds), turned_seconds=float(turned_seconds), bought=int(bought))
