"""Geometry of zones: polygons in shares of the picture's width and height."""

from __future__ import annotations

from collections.abc import Sequence

from shop_app.errors import Invalid
from shop_app.models import Zone

Point = Sequence[float]
LEAST_AREA = 0.0005  # of the picture


def read_polygon(raw: object) -> list[list[float]]:
    """The points of a polygon that somebody drew; Invalid where it is none."""
    if not isinstance(raw, list) or not 3 <= len(raw) <= 40:
        raise Invalid("A zone needs 3 to 40 corners. Nothing was saved.")
    points = [_point(point) for point in raw]
    if abs(area(points)) < LEAST_AREA:
        raise Invalid("This zone is too small to be seen. Nothing was saved.")
    return points


def area(points: Sequence[Point]) -> float:
    """Signed area, by the shoelace formula."""
    pairs = zip(points, [*points[1:], points[0]], strict=True)
    return sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairs) / 2


def contains(points: Sequence[Point], x: float, y: float) -> bool:
    """Whether a point lies inside, by counting crossings."""
    inside = False
    for (x1, y1), (x2, y2) in zip(points, [*points[1:], points[0]], strict=True):
        if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
            inside = not inside
    return inside


def zone_of_boxes(zones: Sequence[Zone], boxes: Sequence[Sequence[float]]) -> str | None:
    """The zone in which the largest box stands (the middle of its lower edge), or has its centre."""
    x, y, width, height = max(boxes, key=lambda box: box[2] * box[3])
    for foot in (min(1.0, y + height), y + height / 2):
        for zone in zones:
            if contains(zone.points, x + width / 2, foot):
                return zone.name
    return None


def _point(raw: object) -> list[float]:
    if not isinstance(raw, list) or len(raw) != 2 or not all(isinstance(v, int | float) and 0 <= v <= 1 for v in raw):
        raise Invalid("A corner is a pair of shares, 0 to 1. Nothing was saved.")
    return [round(float(value), 4) for value in raw]
