"""Areas, counting lines, a tracker, and how a camera hangs, for plugins that count and place things."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import count
from math import hypot

from vidframe.core.model.geometry import Box, Point
from vidframe.core.model.mounting import Mounting
from vidframe.core.model.people import Detection

__all__ = ["Box", "BoxTracker", "Line", "Mounting", "Point", "Polygon", "check_units", "in_pixels", "is_inside"]


@dataclass(frozen=True, slots=True)
class Polygon:
    """An area of the frame. ValueError for fewer than three corners or no area."""

    corners: tuple[Point, ...]  # in order, either way round; pixels

    def __init__(self, corners: Iterable[Iterable[float]]) -> None:
        pairs = tuple((float(x), float(y)) for x, y in corners)
        object.__setattr__(self, "corners", pairs)
        if len(pairs) < 3:
            raise ValueError(f"a polygon needs three corners, found {len(pairs)}")
        if self.area == 0:
            raise ValueError(f"a polygon needs an area, found corners on one line: {pairs}")

    @property
    def area(self) -> float:
        """Square pixels (shoelace formula)."""
        edges = zip(self.corners, self.corners[1:] + self.corners[:1], strict=True)
        return abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in edges)) / 2

    def __contains__(self, point: Point) -> bool:
        """Whether a point lies inside; see `is_inside`."""
        return is_inside(self.corners, point)

    def scaled(self, x: float, y: float) -> Polygon:
        """The polygon with coordinates multiplied: from shares of the frame (0..1) to pixels, for one."""
        return Polygon((px * x, py * y) for px, py in self.corners)


def check_units(points: Iterable[Point]) -> None:
    """ValueError where points are neither all shares of the frame (0..1) nor all pixels; it names the first wrong one.

    Points are pixels where any coordinate is greater than 1. A coordinate between 0 and 1 among pixels is a mistake,
    and so is one just above 1 among shares.
    """
    pairs = list(points)
    if not _are_pixels(pairs):
        return
    shares = [any(0 < part < 1 for part in pair) for pair in pairs]
    wrong = [number for number, pair in enumerate(pairs) if max(pair) > 1]
    if any(shares) or max(max(pair) for pair in pairs) < 2:
        first = wrong[0] if 2 * len(wrong) <= len(pairs) or not any(shares) else shares.index(True)
        x, y = pairs[first]
        raise ValueError(
            f"corner {first + 1} ({x:g}, {y:g}) is in another unit than the others: write all corners as shares of "
            "the frame's width and height, 0 to 1, or all in pixels"
        )


def in_pixels(points: Iterable[Point], width: int, height: int) -> list[Point]:
    """Points in pixels of a frame of that size: shares of it (see `check_units`) multiplied, pixels as they are."""
    pairs = list(points)
    return pairs if _are_pixels(pairs) else [(x * width, y * height) for x, y in pairs]


def _are_pixels(points: Iterable[Point]) -> bool:
    return any(part > 1 for point in points for part in point)


def is_inside(corners: Sequence[Sequence[float]], point: Point) -> bool:
    """Whether a point lies in a polygon, in whatever unit both are (even-odd rule: how often a ray crosses its edges)."""
    x, y = point
    inside = False
    x1, y1 = corners[-1]
    for x2, y2 in corners:
        if (y1 > y) != (y2 > y) and x1 + (y - y1) / (y2 - y1) * (x2 - x1) > x:
            inside = not inside
        x1, y1 = x2, y2
    return inside


@dataclass(frozen=True, slots=True)
class Line:
    """A counting line from `start` to `end`, in pixels."""

    start: Point
    end: Point

    def crossed(self, before: Point, after: Point) -> int:
        """How a step from one point to the other crosses the line.

        1: from the left of somebody who looks from `start` to `end`, to the right; -1: the other way; 0: not at all.
        """
        if not (_side(before, after, self.start) * _side(before, after, self.end) <= 0):
            return 0
        was, now = _side(self.start, self.end, before), _side(self.start, self.end, after)
        if was < 0 <= now:
            return 1
        return -1 if now < 0 <= was else 0

    def distance(self, point: Point) -> float:
        """Pixels from the line, extended beyond its ends: positive to the right of who looks from `start` to `end`.

        ZeroDivisionError for a line without length.
        """
        return _side(self.start, self.end, point) / hypot(self.end[0] - self.start[0], self.end[1] - self.start[1])


def _side(start: Point, end: Point, point: Point) -> float:
    """Positive where the point lies to the right of somebody who looks from `start` to `end` (y points down)."""
    return (end[0] - start[0]) * (point[1] - start[1]) - (end[1] - start[1]) * (point[0] - start[0])


@dataclass
class _Track:
    number: int
    label: str
    box: Box
    seconds: float  # when it was last seen
    velocity: tuple[float, float] = (0.0, 0.0)  # pixels a second

    def expected(self, seconds: float) -> Box:
        passed = seconds - self.seconds
        return self.box._replace(x=self.box.x + self.velocity[0] * passed, y=self.box.y + self.velocity[1] * passed)


class BoxTracker:
    """Gives detections of one camera numbers that stay the same over frames.

    Each detection goes to the track of its label whose expected box (moved on at its last speed) it overlaps most,
    pairs with the largest overlap first, as in SORT (Bewley et al. 2016) without its Kalman filter. Where boxes
    move further than their own size between two frames, the nearest within `reach` sizes is taken.
    """

    def __init__(self, *, min_overlap: float = 0.2, lost_after: float = 1.0, reach: float = 1.0) -> None:
        self._min_overlap = min_overlap  # intersection over union, 0..1
        self._lost_after = lost_after  # seconds without a detection after which a number is not used again
        self._reach = reach  # in diagonals of the box
        self._tracks: list[_Track] = []
        self._numbers = count(1)

    def update(self, detections: Iterable[Detection], seconds: float) -> None:
        """Sets `track` of each detection of a frame that was taken at `seconds`."""
        self._tracks = [track for track in self._tracks if seconds - track.seconds <= self._lost_after]
        waiting = list(detections)
        pairs = [(self._score(track, each, seconds), track, each) for track in self._tracks for each in waiting]
        taken: set[int] = set()
        for score, track, each in sorted(pairs, key=lambda pair: pair[0], reverse=True):
            if score > 0 and id(track) not in taken and id(each) not in taken:
                taken |= {id(track), id(each)}
                self._follow(track, each, seconds)
        for each in waiting:
            if id(each) not in taken:
                each.track = next(self._numbers)
                self._tracks.append(_Track(each.track, each.label, each.box, seconds))

    def _score(self, track: _Track, detection: Detection, seconds: float) -> float:
        """Above 1 for boxes that overlap, 0 to 1 for near ones, 0 for others."""
        if track.label != detection.label:
            return 0.0
        expected = track.expected(seconds)
        overlap = expected.overlap(detection.box)
        if overlap >= self._min_overlap:
            return 1 + overlap
        (x1, y1), (x2, y2) = expected.centre, detection.box.centre
        distance = ((x1 - x2) ** 2 + (y1 - y2) ** 2) ** 0.5
        size: float = (expected.width**2 + expected.height**2) ** 0.5 * self._reach
        return max(0.0, 1 - distance / size) if size else 0.0

    def _follow(self, track: _Track, detection: Detection, seconds: float) -> None:
        passed = seconds - track.seconds
        if passed > 0:
            (x1, y1), (x2, y2) = track.box.centre, detection.box.centre
            track.velocity = (x2 - x1) / passed, (y2 - y1) / passed
        track.box, track.seconds, detection.track = detection.box, seconds, track.number
