"""The interest pages' figures: a time and the one before it, days, and the grid of weekdays and hours."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop_app.base import clock
from shop_app.base.db import now
from shop_app.base.models import Camera, InterestNote, MoodHour, Product, Zone, ZoneWatcher
from shop_app.base.permissions import Actor, Role
from shop_app.base.search import contains
from shop_app.interest.sums import LEAST, Sums
from shop_app.web.listing import Rows

PERIODS = (7, 28, 1)


@dataclass(frozen=True)
class Period:
    """Days of the shop until this moment, and as many before them until the same time of day."""

    days: int
    first: datetime  # of the time before
    until: datetime  # the end of the time before, which is no longer than what has passed of this one
    middle: datetime
    end: datetime
    dates: tuple[date, ...]


def period(days: int, zone: str) -> Period:
    """The last `days` days, today among them; the time before is as long and ends at this time of the same weekday."""
    days = days if days in PERIODS else PERIODS[0]
    at = now()
    today = clock.day_of(at, zone)
    dates = tuple(today - timedelta(days=days - 1 - i) for i in range(days))
    back = 7 if days == 1 else days  # a day is set against the same weekday of last week
    first = clock.day_bounds(dates[0] - timedelta(days=back), zone)[0]
    until = clock.day_bounds(today - timedelta(days=back), zone)[0] + (at - clock.day_bounds(today, zone)[0])
    return Period(days, first, until, clock.day_bounds(dates[0], zone)[0], clock.day_bounds(today, zone)[1], dates)


def total(hours: dict[datetime, Sums], begin: datetime, end: datetime) -> Sums:
    """All hours of a time."""
    result = Sums()
    for hour, sums in hours.items():
        if begin <= hour < end:
            result.add(sums)
    return result


def per_day(hours: dict[datetime, Sums], dates: tuple[date, ...], zone: str) -> list[tuple[date, Sums]]:
    """Days of the shop."""
    days = {day: Sums() for day in dates}
    for hour, sums in hours.items():
        day = clock.day_of(hour, zone)
        if day in days:
            days[day].add(sums)
    return list(days.items())


def grid(hours: dict[datetime, Sums], begin: datetime, zone: str) -> dict[tuple[int, int], Sums]:
    """Weekday (0 = Monday) and hour of the shop's clock."""
    cells: dict[tuple[int, int], Sums] = {}
    for hour, sums in hours.items():
        if hour >= begin:
            local = clock.local(hour, zone)
            cells.setdefault((local.weekday(), local.hour), Sums()).add(sums)
    return cells


@dataclass
class Mood:
    """One hour of the day at one counter, over many days."""

    people: int = 0
    seconds: float = 0.0
    valence_seconds: float = 0.0

    @property
    def valence(self) -> float | None:
        """-1 to 1; None where too few people stood there."""
        return self.valence_seconds / self.seconds if self.people >= LEAST and self.seconds > 0 else None


def mood_by_hour(rows: list[MoodHour], zone: str) -> dict[tuple[str, str], dict[int, Mood]]:
    """Counter (camera, zone) -> hour of the shop's clock -> mood."""
    found: dict[tuple[str, str], dict[int, Mood]] = {}
    for row in rows:
        mood = found.setdefault((row.camera, row.zone), {}).setdefault(clock.local(row.hour, zone).hour, Mood())
        mood.people += row.people
        mood.seconds += row.seconds
        mood.valence_seconds += row.valence_seconds
    return found


def notes(actor: Actor, *, searched: bool = False) -> Rows:
    """The notes of the zones that this person watches, or of all that nobody in particular does; `searched`: by product or zone."""
    return _notes(None if actor.role is Role.ADMIN else actor.account_id, searched)


def _notes(watcher: int | None, searched: bool) -> Rows:
    query = (
        select(
            InterestNote.hour, InterestNote.camera, InterestNote.zone, InterestNote.looked, InterestNote.looked_seconds,
            InterestNote.bought, Product.name.label("product"), InterestNote.product_id, Camera.title,
        )
        .outerjoin(Product, Product.id == InterestNote.product_id)
        .outerjoin(Camera, Camera.name == InterestNote.camera)
    )  # fmt: skip
    if searched:
        products = select(Product.id).where(Product.is_found())
        query = query.where(InterestNote.product_id.in_(products) | contains(InterestNote.zone))
    if watcher is None:
        return query
    zone = Zone.name == InterestNote.zone
    watched = select(ZoneWatcher.zone_id).join(Zone).join(Camera, Camera.id == Zone.camera_id)
    watched = watched.where(zone, Camera.name == InterestNote.camera).correlate(InterestNote)
    mine = watched.where(ZoneWatcher.account_id == watcher)
    return query.where(mine.exists() | ~watched.exists())


def watchers(session: Session, camera: str, zone: str) -> list[int]:
    """The accounts that get the notes of a zone; none means everybody in sales."""
    query = (
        select(ZoneWatcher.account_id)
        .join(Zone, Zone.id == ZoneWatcher.zone_id)
        .join(Camera, Camera.id == Zone.camera_id)
        .where(Camera.name == camera, Zone.name == zone)
    )
    return list(session.scalars(query))
