"""Counts the people of one camera that are seen by the same: all by their bodies, or all by their faces."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from vidframe import Person
from vidframe.geometry import Line, Point, Polygon
from vidframe_footfall.crossing import Crossing
from vidframe_footfall.feet import Feet
from vidframe_footfall.places import AreaPlace, LinePlace
from vidframe_footfall.standing import Motion
from vidframe_footfall.tallies import Crossings, Level, LongQueue, Stays

COLUMNS, ROWS = 16, 9  # of the heat grid
REMEMBERED: Final = 60.0  # seconds for which the sides of an unseen number are kept
BESIDE: Final = 1.0  # seconds that somebody may be beside an area or unseen and still be there
JOINS: Final = 2.0  # seconds of standing in a queue from which somebody waits in it


@dataclass
class Stay:
    """One person in one area."""

    began: float
    inside: float  # when last inside
    counts: bool  # in a queue from the moment on at which it is known that the person waits


@dataclass
class Walker:
    """One person that is followed."""

    feet: Feet
    motion: Motion
    crossings: list[Crossing]
    seen: float = 0.0
    height: float = 1.0  # of the body, pixels
    stays: dict[str, Stay] = field(default_factory=dict)  # by area
    is_lost: bool = False

    def is_there(self, seconds: float) -> bool:
        """Whether the person is taken for present: seen a moment ago, or hidden while standing and not lost yet."""
        return seconds - self.seen <= BESIDE or (not self.is_lost and self.motion.still_since is not None)


@dataclass
class Area:
    """An area in pixels, and what is counted in it."""

    place: AreaPlace
    polygon: Polygon
    level: Level = field(default_factory=Level)
    stays: Stays = field(default_factory=Stays)
    queue: LongQueue | None = None

    def __post_init__(self) -> None:
        if self.place.limit is not None:
            self.queue = LongQueue(self.place.limit)


class Counts:
    """What people did, by lines and areas whose settings stay; their pixels are set by `place`."""

    def __init__(
        self, lines: Sequence[LinePlace], areas: Sequence[AreaPlace], *, min_stay: float, lost_after: float
    ) -> None:
        self.level = Level()
        self.crossings = {line.name: Crossings() for line in lines}
        self.areas: list[Area] = []
        self.heat: dict[tuple[int, int], float] = {}  # (column, row) -> seconds
        self.heat_total: dict[tuple[int, int], float] = {}  # since the start
        self._lines: list[Line] = []
        self._places = lines, areas
        self._min_stay, self._lost_after = min_stay, lost_after
        self._walkers: dict[int, Walker] = {}
        self._size = 0, 0
        self._seconds: float | None = None  # of the last frame

    def place(self, width: int, height: int) -> None:
        """Sets lines and areas into a frame of that size."""
        lines, areas = self._places
        self._size = width, height
        self._lines = [line.line(width, height) for line in lines]
        self.areas = [Area(area, area.corners(width, height)) for area in areas]

    @property
    def waiting(self) -> int:
        """People in all queues."""
        return sum(area.level.now for area in self.areas if area.place.kind == "queue")

    def update(self, people: Iterable[tuple[int, Person]], seconds: float) -> None:
        """Takes the people of a frame by their numbers."""
        passed = 0.0 if self._seconds is None else min(seconds - self._seconds, self._lost_after)
        self._seconds = seconds
        for track, person in people:
            self._follow(track, person, seconds)
        for track in [track for track, walker in self._walkers.items() if walker.seen < seconds]:
            self._miss(track, seconds)
        there = [walker for walker in self._walkers.values() if walker.is_there(seconds)]
        self.level.update(len(there), passed, seconds)
        for area in self.areas:
            area.level.update(_inside(there, area.place.name), passed, seconds)

    def forget(self, track: int) -> None:
        """Somebody is seen by something else from now on: ends the stays, and knows no side of a line."""
        walker = self._walkers.pop(track, None)
        if walker is not None:
            self._end_stays(walker)

    def end(self) -> None:
        """Nobody is followed any more."""
        for walker in self._walkers.values():
            self._lose(walker)
        self._walkers.clear()
        self._seconds = None
        for level in (self.level, *(area.level for area in self.areas)):
            level.now = 0

    # --- following ---

    def _follow(self, track: int, person: Person, seconds: float) -> None:
        walker = self._walkers.get(track)
        if walker is None or walker.is_lost:
            walker = self._walkers[track] = self._found(walker)
        point, height = walker.feet.place(person, seconds)
        walker.motion.moved(_kept_inside(point, *self._size), height, seconds)
        walker.seen, walker.height = seconds, height
        for crossings, crossing in zip(self.crossings.values(), walker.crossings, strict=True):
            crossings.add(crossing.moved(walker.motion.point, height, seconds))
        for area in self.areas:
            self._stay(walker, area, seconds)
        if walker.motion.stood:
            self._warm(walker.motion)

    def _found(self, before: Walker | None) -> Walker:
        """Somebody new, or found again long after: then on the side of each line on which he was lost."""
        return Walker(Feet(), Motion(), before.crossings if before else [Crossing(line) for line in self._lines])

    def _miss(self, track: int, seconds: float) -> None:
        walker = self._walkers[track]
        if seconds - walker.seen > REMEMBERED:
            del self._walkers[track]
        elif seconds - walker.seen > self._lost_after and not walker.is_lost:
            self._lose(walker)

    def _lose(self, walker: Walker) -> None:
        if walker.is_lost:
            return
        walker.is_lost = True
        self._end_stays(walker)
        for crossings, crossing in zip(self.crossings.values(), walker.crossings, strict=True):
            crossings.add(crossing.lost(walker.height))

    def _warm(self, motion: Motion) -> None:
        (x, y), (width, height) = motion.point, self._size
        column = min(max(int(x * COLUMNS / width), 0), COLUMNS - 1)
        row = min(max(int(y * ROWS / height), 0), ROWS - 1)
        for heat in (self.heat, self.heat_total):
            heat[column, row] = heat.get((column, row), 0.0) + motion.stood

    # --- areas ---

    def _stay(self, walker: Walker, area: Area, seconds: float) -> None:
        name, stay = area.place.name, walker.stays.get(area.place.name)
        if walker.motion.point in area.polygon:
            if stay is None:
                stay = walker.stays[name] = Stay(seconds, seconds, counts=area.place.kind == "area")
            stay.inside = seconds
            if not stay.counts:
                _join(stay, walker.motion, seconds)
        elif stay is not None and seconds - stay.inside > BESIDE and not _stands_since(walker.motion, stay.inside):
            self._end_stay(area, walker.stays.pop(name))

    def _end_stays(self, walker: Walker) -> None:
        for area in self.areas:
            stay = walker.stays.pop(area.place.name, None)
            if stay is not None:
                self._end_stay(area, stay)

    def _end_stay(self, area: Area, stay: Stay) -> None:
        length = stay.inside - stay.began
        if stay.counts and length >= self._min_stay:
            area.stays.lengths.append(length)

    # --- telling ---

    def take_lines(self) -> dict[str, Any] | None:
        """Facts of `footfall.lines`; None where nobody crossed one."""
        lines = [{"name": name, **crossings.take()} for name, crossings in self.crossings.items()]
        return {"lines": lines} if any(line["entries"] or line["exits"] for line in lines) else None

    def take_areas(self) -> dict[str, Any] | None:
        """Facts of `footfall.areas`; None where nobody was there."""
        areas = [
            {"name": area.place.name, "kind": area.place.kind, **area.level.take(), **area.stays.take()}
            for area in self.areas
        ]
        facts = self.level.take()
        is_telling = facts["now"] or facts["seconds"] or any(area["stays"] for area in areas)
        return {**facts, "areas": areas} if is_telling else None

    def take_heat(self) -> dict[str, Any] | None:
        """Facts of `footfall.heat`; None where nobody stood."""
        cells = [[column, row, round(seconds, 2)] for (column, row), seconds in sorted(self.heat.items())]
        self.heat = {}
        return {"columns": COLUMNS, "rows": ROWS, "cells": cells} if cells else None


def _stands_since(motion: Motion, seconds: float) -> bool:
    """Whether somebody has not moved since: who stands on the edge of an area has not left it."""
    return motion.still_since is not None and motion.still_since <= seconds


def _kept_inside(point: Point, width: int, height: int) -> Point:
    """In the frame: boxes reach over its edge, and areas are drawn up to it."""
    return min(max(point[0], 0.5), width - 0.5), min(max(point[1], 0.5), height - 0.5)


def _inside(walkers: list[Walker], area: str) -> int:
    return sum(area in walker.stays and walker.stays[area].counts for walker in walkers)


def _join(stay: Stay, motion: Motion, seconds: float) -> None:
    """Who stands long enough waits from the moment on at which the standing began."""
    if motion.still_since is None:
        return
    began = max(stay.began, motion.still_since)
    if seconds - began >= JOINS:
        stay.began, stay.counts = began, True
