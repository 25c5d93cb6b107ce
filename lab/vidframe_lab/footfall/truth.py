"""Crossings and queues that somebody counted in clips: the forms of `crossings.csv` and `queue.csv`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from vidframe_lab.evaluation.files import DataError, Line, read_table

CROSSINGS, QUEUE = "crossings.csv", "queue.csv"


class Crossing(NamedTuple):
    """One person who crossed a line."""

    line: str
    seconds: float  # of the clip
    is_entry: bool


class Waiting(NamedTuple):
    """People in a queue, from this moment on."""

    seconds: float  # of the clip
    people: float


@dataclass
class CountedClip:
    """What was counted in one clip; None: it was not counted there."""

    path: Path
    crossings: list[Crossing] | None = None
    queues: dict[str, list[Waiting]] = field(default_factory=dict)  # area -> in the order of time


def read_clips(folder: Path) -> list[CountedClip]:
    """The clips that either table names; DataError says what is wrong."""
    tables = [folder / name for name in (CROSSINGS, QUEUE) if (folder / name).is_file()]
    if not tables:
        raise DataError(f"{folder}: neither {CROSSINGS} nor {QUEUE}")
    clips: dict[Path, CountedClip] = {}
    if folder / CROSSINGS in tables:
        _read_crossings(folder / CROSSINGS, clips)
    if folder / QUEUE in tables:
        _read_queues(folder / QUEUE, clips)
    if not clips:
        raise DataError(f"{' and '.join(map(str, tables))} names no clip")
    return list(clips.values())


def _read_crossings(path: Path, clips: dict[Path, CountedClip]) -> None:
    for line in read_table(path, ("clip", "line", "seconds", "direction")):
        clip = _clip(line, clips)
        clip.crossings = clip.crossings or []
        if any(line.cells[name] for name in ("line", "seconds", "direction")):  # else a clip without crossings
            is_entry = line.choice_in("direction", {"in": True, "out": False})
            clip.crossings.append(Crossing(line.text("line"), line.number_in("seconds", 0), is_entry))


def _read_queues(path: Path, clips: dict[Path, CountedClip]) -> None:
    for line in read_table(path, ("clip", "area", "seconds", "people")):
        waiting = Waiting(line.number_in("seconds", 0), line.number_in("people", 0))
        queue = _clip(line, clips).queues.setdefault(line.text("area"), [])
        if queue and queue[-1].seconds >= waiting.seconds:
            raise line.error(f"seconds must rise from line to line of a queue, found {waiting.seconds:g}")
        queue.append(waiting)


def _clip(line: Line, clips: dict[Path, CountedClip]) -> CountedClip:
    path = line.file_in("clip")
    return clips.setdefault(path, CountedClip(path))


def mean_people(counts: list[Waiting], start: float, end: float) -> float:
    """Mean number from `start` to `end`, seconds, of a count that holds until the next one."""
    bounds = [*(count.seconds for count in counts[1:]), end]
    total = sum(
        count.people * max(0.0, min(until, end) - max(count.seconds, start))
        for count, until in zip(counts, bounds, strict=True)
    )
    return total / (end - start)
