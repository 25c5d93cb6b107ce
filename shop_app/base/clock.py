"""The shop's day: moments are kept in UTC, a day begins and ends in the shop's own zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def day_of(moment: datetime, zone: str) -> date:
    """The shop's day on which a moment falls."""
    return moment.astimezone(ZoneInfo(zone)).date()


def business_day(moment: datetime, zone: str, begins: str) -> date:
    """The day to which a sale belongs: it begins at `begins` (HH:MM), and what is sold before is of the day before."""
    here = local(moment, zone)
    return here.date() - timedelta(days=here.strftime("%H:%M") < begins)


def day_bounds(day: date, zone: str) -> tuple[datetime, datetime]:
    """Begin (inclusive) and end (exclusive) of a shop's day, in UTC; 23 or 25 hours apart when clocks change."""
    here = ZoneInfo(zone)
    begin = datetime.combine(day, time.min, here).astimezone(UTC)
    end = datetime.combine(day + timedelta(days=1), time.min, here).astimezone(UTC)
    return begin, end


def local(moment: datetime, zone: str) -> datetime:
    """A moment as the shop's clock shows it."""
    return moment.astimezone(ZoneInfo(zone))


def from_local(wall: datetime, zone: str) -> datetime:
    """What somebody in the shop typed as a date and time, in UTC."""
    return wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def hour_of(moment: datetime, zone: str) -> datetime:
    """The beginning, in UTC, of the hour of the shop's clock in which a moment falls."""
    return local(moment, zone).replace(minute=0, second=0, microsecond=0).astimezone(UTC)


def is_in_hours(moment: datetime, begin: str, end: str, zone: str) -> bool:
    """Whether the shop's clock stands between `begin` and `end` (HH:MM), which may lie on either side of midnight."""
    clock = local(moment, zone).strftime("%H:%M")
    return begin <= clock < end if begin <= end else clock >= begin or clock < end
