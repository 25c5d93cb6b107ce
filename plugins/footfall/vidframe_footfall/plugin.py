"""The step `footfall`: people on lines, in areas and queues, and where they stand, each minute."""

from __future__ import annotations

import logging
from collections import Counter
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from vidframe import Camera, Canvas, Event, Frame, Person, Seconds, hookimpl
from vidframe.geometry import Line, Point
from vidframe_footfall.counts import COLUMNS, ROWS, Area, Counts
from vidframe_footfall.places import AreaPlace, LinePlace, outside

log = logging.getLogger(__name__)

SeenBy = Literal["body", "face"]

LINE, AREA, LONG = (255, 200, 0), (0, 170, 255), (255, 60, 60)
METRICS_EVERY = 1.0  # seconds


class Footfall:
    """Counts people: lines they cross, areas and queues they stay in, where they stand. No picture, no identity."""

    needs = ("people",)

    def __init__(
        self,
        lines: Annotated[tuple[LinePlace, ...], Field(max_length=50, description="lines that people cross")] = (),
        areas: Annotated[tuple[AreaPlace, ...], Field(max_length=50, description="areas and queues")] = (),
        heat: Annotated[bool, Field(description="report where people stand, on a grid of 16 x 9")] = True,
        draw_heat: Annotated[bool, Field(description="draw where people stood since the start")] = False,
        min_stay: Annotated[Seconds, Field(ge=1, le=60, description="shortest stay in an area that counts")] = 2.0,
        lost_after: Annotated[Seconds, Field(gt=0, le=60, description="a person unseen for this long has left")] = 5.0,
        update_every: Annotated[Seconds, Field(ge=1, le=86_400, description="time between two events")] = 60.0,
    ) -> None:
        self.lines, self.areas = lines, areas
        self.heat, self.draw_heat = heat, draw_heat
        self.update_every = update_every
        _check_names("line", [line.name for line in lines])
        _check_names("area", [area.name for area in areas])
        self._counts: dict[SeenBy, Counts] = {
            seen_by: Counts(lines, areas, min_stay=min_stay, lost_after=lost_after) for seen_by in ("body", "face")
        }
        self._size = 0, 0
        self._start: float | None = None  # of what is counted now
        self._seconds = 0.0  # of the last frame
        self._measured = 0.0
        self._seen: set[SeenBy] = set()
        self._camera: Camera | None = None

    @hookimpl
    def open_camera(self, camera: Camera) -> None:
        self._camera = camera

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        if self._size != (frame.width, frame.height):
            self._place(frame)
        if self._start is None:
            self._start = frame.seconds
        self._seconds = frame.seconds
        self._count(frame)
        self._report_queues()
        self._measure()
        if frame.seconds - self._start >= self.update_every:
            self._report()

    @hookimpl
    def handle_event(self, event: Event) -> None:
        if event.kind in ("mode.changed", "camera.closing"):
            self._finish()

    @hookimpl
    def draw(self, canvas: Canvas) -> None:
        seen_by: SeenBy = "face" if self._seen == {"face"} else "body"
        counts = self._counts[seen_by]
        if self.draw_heat and counts.heat_total:
            canvas.heat(_grid(counts.heat_total))
        for area in counts.areas:
            canvas.polygon(area.polygon.corners, _label(area), LONG if area.queue and area.queue.is_long else AREA)
        for place in self.lines:
            crossings, line = counts.crossings[place.name], place.line(canvas.width, canvas.height)
            canvas.line(line.start, line.end, colour=LINE)
            canvas.arrow(*_way_in(line), LINE)
            label = f"{place.name} {crossings.entries_total} in {crossings.exits_total} out"
            canvas.label(label, min(line.start, line.end), LINE)

    def _place(self, frame: Frame) -> None:
        """Sets lines and areas into the frame, whose size is known from the first frame on."""
        self._finish()
        self._size = frame.width, frame.height
        for counts in self._counts.values():
            counts.place(*self._size)
        places: list[LinePlace | AreaPlace] = [*self.lines, *self.areas]
        for place in places:
            for x, y in outside(place, *self._size):
                log.warning(
                    "camera %s: %s %r has a corner at (%g, %g), outside of the frame of %d x %d; "
                    "was it drawn in another resolution?",
                    frame.camera.name,
                    "line" if isinstance(place, LinePlace) else "area",
                    place.name,
                    *(x, y),
                    *self._size,
                )

    def _count(self, frame: Frame) -> None:
        people: dict[SeenBy, dict[int, Person]] = {"body": {}, "face": {}}
        for person in frame.people:
            if person.track is not None:
                people[person.seen_by][person.track] = person
        self._seen |= {seen_by for seen_by, found in people.items() if found}
        for seen_by, counts in self._counts.items():
            for track in people["face" if seen_by == "body" else "body"]:
                counts.forget(track)
            counts.update(people[seen_by].items(), frame.seconds)

    # --- telling ---

    def _report(self) -> None:
        if self._start is None:
            return
        for seen_by, counts in self._counts.items():
            self._tell("footfall.lines", seen_by, self._start, counts.take_lines())
            self._tell("footfall.areas", seen_by, self._start, counts.take_areas())
            self._tell("footfall.heat", seen_by, self._start, counts.take_heat() if self.heat else None)
        self._start = self._seconds

    def _report_queues(self) -> None:
        for seen_by, counts in self._counts.items():
            for area in counts.areas:
                if area.queue and area.queue.changed(area.level.now, self._seconds):
                    self._tell_queue(seen_by, area, area.level.now)

    def _finish(self) -> None:
        """Ends all stays and tells what is left."""
        for seen_by, counts in self._counts.items():
            for area in counts.areas:
                if area.queue and area.queue.is_long:
                    area.queue.is_long, area.queue.since = False, self._seconds
                    self._tell_queue(seen_by, area, area.level.now)
            counts.end()
        self._report()
        self._start = None

    def _tell_queue(self, seen_by: SeenBy, area: Area, people: int) -> None:
        assert area.queue is not None
        facts = {"area": area.place.name, "is_long": area.queue.is_long, "people": people, "limit": area.queue.limit}
        self._tell("footfall.queue", seen_by, area.queue.since, facts)

    def _tell(self, kind: str, seen_by: SeenBy, start: float, facts: dict[str, Any] | None) -> None:
        if facts is not None and self._camera is not None:
            start_time, end_time = self._camera.utc(start), self._camera.utc(self._seconds)
            self._camera.report(kind, seen_by=seen_by, start=start_time, end=end_time, **facts)

    def _measure(self) -> None:
        if self._camera is None or self._seconds - self._measured < METRICS_EVERY:
            return
        self._measured = self._seconds
        for seen_by in self._seen:
            counts, lines = self._counts[seen_by], self._counts[seen_by].crossings.values()
            self._camera.metric(f"{seen_by}_occupancy", counts.level.now)
            self._camera.metric(f"{seen_by}_queue_length", counts.waiting)
            self._camera.metric(f"{seen_by}_entries_total", sum(line.entries_total for line in lines))
            self._camera.metric(f"{seen_by}_exits_total", sum(line.exits_total for line in lines))


def _check_names(what: str, names: list[str]) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise ValueError(f"{what} {twice[0]!r} is defined twice; each {what} needs a name of its own")


def _label(area: Area) -> str:
    return f"{area.place.name} {area.level.now}" + (" waiting" if area.place.kind == "queue" else "")


def _way_in(line: Line) -> tuple[Point, Point]:
    """An arrow from the middle of a line to its right, a fifth as long as the line."""
    (x1, y1), (x2, y2) = line.start, line.end
    middle = (x1 + x2) / 2, (y1 + y2) / 2
    return middle, (middle[0] - (y2 - y1) / 5, middle[1] + (x2 - x1) / 5)


def _grid(heat: dict[tuple[int, int], float]) -> np.ndarray[Any, np.dtype[np.float32]]:
    grid = np.zeros((ROWS, COLUMNS), np.float32)
    for (column, row), seconds in heat.items():
        grid[row, column] = seconds
    return grid / max(float(grid.max()), 1e-6)
