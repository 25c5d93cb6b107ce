"""Night by the clock and by the sun: opening hours in a time zone, and how high the sun stands at a place."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SUNSET = -0.833  # degrees: the sun's upper edge on the horizon, refraction included
_HOURS = re.compile(r"\s*(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})\s*")


@dataclass(frozen=True)
class Hours:
    """From one time of the day to another, as minutes since midnight; past midnight where the end is not later."""

    start: int
    end: int

    def on(self, day: date, zone: tzinfo) -> tuple[datetime, datetime]:
        """The same as two moments, UTC, for the interval that begins on `day`."""
        end_day = day if self.end > self.start else day + timedelta(days=1)
        return _moment(day, self.start, zone), _moment(end_day, self.end, zone)


class Timetable:
    """Intervals for each weekday; they belong to the day on which they begin."""

    def __init__(self, by_day: Mapping[str, Iterable[Hours]], zone: tzinfo, never: Iterable[date] = ()) -> None:
        self._by_day = {day: tuple(hours) for day, hours in by_day.items()}
        self._zone = zone
        self._never = frozenset(never)

    def holds(self, utc: datetime) -> bool:
        """Whether the moment lies in an interval."""
        today = utc.astimezone(self._zone).date()
        return any(start <= utc < end for start, end in self._around(today))

    def _around(self, today: date) -> Iterator[tuple[datetime, datetime]]:
        for offset in (-1, 0):
            day = today + timedelta(days=offset)
            if day not in self._never:
                for hours in self._by_day.get(DAYS[day.weekday()], ()):
                    yield hours.on(day, self._zone)


def hours(text: str) -> Hours:
    """Reads `22:00-06:00`; ValueError says what is wrong."""
    match = _HOURS.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not an interval such as 09:00-18:30")
    start, end = (int(match[i]) * 60 + int(match[i + 1]) for i in (1, 3))
    if start >= 1440 or end > 1440 or int(match[2]) > 59 or int(match[4]) > 59:
        raise ValueError(f"{text!r} has an invalid time; hours go from 00:00 to 24:00")
    return Hours(start, end)


def weekly(table: str | Iterable[str] | Mapping[str, str | Iterable[str]]) -> dict[str, list[Hours]]:
    """Reads one interval, a list of them, or a mapping from days (`mon`, `mon-fri`, `sat,sun`) to such."""
    if not isinstance(table, Mapping):
        return {day: _intervals(table) for day in DAYS}
    by_day: dict[str, list[Hours]] = {}
    for days, intervals in table.items():
        for day in _days(days):
            if day in by_day:
                raise ValueError(f"{day} is given twice")
            by_day[day] = _intervals(intervals)
    return by_day


def zone(name: str | None) -> tzinfo:
    """The IANA time zone of that name; the machine's own for None. ValueError if there is none."""
    if name is None:
        local = datetime.now().astimezone().tzinfo
        try:
            return ZoneInfo("localtime")
        except (ZoneInfoNotFoundError, ValueError):
            return local or UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"there is no time zone {name!r}; write it as in Europe/Vienna") from None


def sun_height(latitude: float, longitude: float, utc: datetime) -> float:
    """How high the sun's centre stands, in degrees above the horizon, without refraction."""
    from astral import Observer  # takes a while to load
    from astral.sun import elevation

    return float(elevation(Observer(latitude, longitude), utc, with_refraction=False))


def _intervals(value: str | Iterable[str]) -> list[Hours]:
    texts = [value] if isinstance(value, str) else list(value)
    return [] if texts == ["closed"] else [hours(text) for text in texts]


def _days(text: str) -> Iterator[str]:
    for part in text.lower().split(","):
        first, _, last = part.strip().partition("-")
        if first not in DAYS or (last and last not in DAYS):
            raise ValueError(f"{text!r} names no days; write mon, mon-fri or sat,sun")
        start, end = DAYS.index(first), DAYS.index(last or first)
        yield from (DAYS[i % 7] for i in range(start, end + 1 if end >= start else end + 8))


def _moment(day: date, minutes: int, zone: tzinfo) -> datetime:
    """A time of the wall clock as UTC, so that an hour that the clock shows twice or never does no harm."""
    days, minutes = divmod(minutes, 1440)
    local = datetime.combine(day + timedelta(days=days), time(minutes // 60, minutes % 60), zone)
    return local.astimezone(UTC)
