"""Boxes, polygons and lines in the pixels of a frame."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import hypot
from typing import NamedTuple

Point = tuple[float, float]  # x, y in pixels of the whole frame


class Box(NamedTuple):
    """A rectangle in the pixels of the whole frame; may reach over the frame's edge."""

    x: float  # left edge
    y: float  # upper edge
    width: float
    height: float

    @property
    def centre(self) -> Point:
        """The middle as (x, y)."""
        return self.x + self.width / 2, self.y + self.height / 2

    @property
    def foot(self) -> Point:
        """The middle of the lower edge as (x, y): where a standing body meets the floor."""
        return self.x + self.width / 2, self.y + self.height

    @property
    def area(self) -> float:
        """Square pixels."""
        return self.width * self.height

    def grown(self, factor: float) -> Box:
        """The box about the same centre, `factor` times as wide and high."""
        x, y = self.centre
        width, height = self.width * factor, self.height * factor
        return Box(x - width / 2, y - height / 2, width, height)

    def overlap(self, other: Box) -> float:
        """Intersection over union, 0 (apart) to 1 (the same)."""
        width = min(self.x + self.width, other.x + other.width) - max(self.x, other.x)
        height = min(self.y + self.height, other.y + other.height) - max(self.y, other.y)
        if width <= 0 or height <= 0:
            return 0.0
        return width * height / (self.area + other.area - width * height)


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
