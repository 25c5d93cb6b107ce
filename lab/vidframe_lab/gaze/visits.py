"""Visits of people to zones in clips, true and found: the files that hold the truth, and how both are paired."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict
from vidframe_gaze.zones import Zone

from vidframe_lab.evaluation.files import YES_NO, DataError, Line, read_as, read_table

TABLE = "visits.csv"
COLUMNS = ("clip", "start", "end")
OPTIONAL = ("zone", "stopped_seconds", "looked_seconds", "reached", "taken")
ANYWHERE = ""  # the zone of a visit to whatever the camera sees


class Settings(BaseModel):
    """Settings of the `interest` step that a JSON file may carry."""

    model_config = ConfigDict(extra="forbid")

    zones: list[Zone]
    field_of_view: float | None = None
    reach: float = 3.0
    look_above: float = 0.5


class Visit(BaseModel):
    """One person at one zone, true or found; seconds since the start of the clip. None: not labelled, or not judged."""

    zone: str
    start: float
    end: float
    passed: bool | None = True
    stopped_seconds: float | None = 0.0
    looked_seconds: float | None = 0.0
    looks: int | None = 0
    reached: bool | None = None
    taken: bool | None = None


class Truth(BaseModel):
    """The JSON file beside a clip."""

    interest: Settings
    visits: list[Visit]
    until: float | None = None  # seconds; the rest of the clip is left out


@dataclass(frozen=True)
class LabelledClip:
    """One clip and the visits that somebody saw in it."""

    path: Path
    visits: tuple[Visit, ...]
    interest: Settings | None = None  # None: the chain is a config's
    until: float | None = None

    @property
    def has_zones(self) -> bool:
        """Whether visits are told apart by zone; DataError where some are and some are not."""
        named = {visit.zone != ANYWHERE for visit in self.visits}
        if len(named) == 2:
            raise DataError(f"{self.path.name}: some visits name a zone and some do not; let all or none")
        return True in named


@dataclass(frozen=True)
class Pair:
    """A true visit and what was found of it; one of them may be missing."""

    clip: str
    true: Visit | None
    found: Visit | None


def read_clips(folder: Path) -> list[LabelledClip]:
    """From visits.csv, or from the JSON file beside each NAME.mp4; DataError says what is wrong."""
    if (folder / TABLE).is_file():
        return _of_table(folder / TABLE)
    videos = [path for path in sorted(folder.glob("*.mp4")) if path.with_suffix(".json").is_file()]
    if not videos:
        raise DataError(f"{folder}: neither {TABLE} nor a NAME.mp4 with a NAME.json beside it")
    return [_with_json(path) for path in videos]


def read_truth(path: Path) -> Truth:
    """The truth of one clip from a JSON file."""
    truth: Truth = read_as(Truth, path)
    return truth


def visits_of(facts: Iterable[Any], begin: datetime, *, by_zone: bool = True) -> list[Visit]:
    """Adds up the `interest.visit` events of each visit and zone, or of each visit; `begin`: second 0 of the clip."""
    visits: dict[tuple[str, str], Visit] = {}
    for fact in facts:
        start, end = ((datetime.fromisoformat(fact[name]) - begin).total_seconds() for name in ("start", "end"))
        zone = fact["zone"] if by_zone else ANYWHERE
        visit = visits.setdefault((fact["visit"], zone), Visit(zone=zone, start=start, end=end, passed=False))
        _add(visit, fact, start, end)
    return list(visits.values())


def matched(clip: str, true: Sequence[Visit], found: Sequence[Visit]) -> list[Pair]:
    """Pairs visits to the same zone, those first that overlap longest in time."""
    overlaps = sorted(
        (
            (overlap(one, other), number, index)
            for number, one in enumerate(true)
            for index, other in enumerate(found)
            if one.zone == other.zone and overlap(one, other) > 0
        ),
        reverse=True,
    )
    of_true: dict[int, int] = {}
    for _, number, index in overlaps:
        if number not in of_true and index not in of_true.values():
            of_true[number] = index
    pairs = [Pair(clip, one, found[of_true[number]] if number in of_true else None) for number, one in enumerate(true)]
    return pairs + [Pair(clip, None, other) for index, other in enumerate(found) if index not in of_true.values()]


def overlap(one: Visit, other: Visit) -> float:
    """Seconds that both share; negative: the pause between them."""
    return min(one.end, other.end) - max(one.start, other.start)


def _add(visit: Visit, fact: Any, start: float, end: float) -> None:
    visit.start, visit.end = min(visit.start, start), max(visit.end, end)
    visit.passed = visit.passed or fact["passed"]
    visit.stopped_seconds = (visit.stopped_seconds or 0.0) + fact["stopped_seconds"]
    visit.looked_seconds = (visit.looked_seconds or 0.0) + fact["looked_seconds"]
    visit.looks = (visit.looks or 0) + fact["looks"]
    if "reaches" in fact:
        visit.reached = bool(visit.reached) or fact["reaches"] > 0
    if fact.get("taken") is not None:
        visit.taken = bool(visit.taken) or fact["taken"]


def _with_json(path: Path) -> LabelledClip:
    truth = read_truth(path.with_suffix(".json"))
    return LabelledClip(path, tuple(truth.visits), truth.interest, truth.until)


def _of_table(table: Path) -> list[LabelledClip]:
    visits: dict[Path, list[Visit]] = {}
    for line in read_table(table, COLUMNS, OPTIONAL):
        of_clip = visits.setdefault(line.file_in("clip"), [])
        if not any(line.cells[name] for name in ("start", "end", *OPTIONAL)):
            continue  # a clip in which nobody came
        of_clip.append(_visit(line))
    if not visits:
        raise DataError(f"{table} names no clip")
    return [LabelledClip(path, tuple(of_clip)) for path, of_clip in visits.items()]


def _visit(line: Line) -> Visit:
    start, end = line.number_in("start", 0), line.number_in("end", 0)
    if end <= start:
        raise line.error(f"end must be later than start, found {start:g} to {end:g}")
    stopped, looked = (
        line.number_in(name, 0) if line.cells[name] else None for name in ("stopped_seconds", "looked_seconds")
    )
    reached, taken = (line.choice_in(name, YES_NO | {"": None}) for name in ("reached", "taken"))
    return Visit(
        zone=line.cells["zone"],
        start=start,
        end=end,
        passed=None,
        stopped_seconds=stopped,
        looked_seconds=looked,
        looks=None,
        reached=reached,
        taken=taken,
    )
