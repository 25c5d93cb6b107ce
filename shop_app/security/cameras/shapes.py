"""Geometry of zones: polygons in shares of the picture's width and height."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from shop_app.base.errors import Invalid
from shop_app.base.models import Zone
from shop_app.base.text import _

Point = Sequence[float]
LEAST_AREA = 0.0005  # of the picture


def read_polygon(raw: object) -> list[list[float]]:
    """The points of a polygon that somebody drew; Invalid where it is none."""
    if not isinstance(raw, list) or not 3 <= len(raw) <= 40:
        raise Invalid(_("A zone needs 3 to 40 corners."))
    points = [_point(point) for point in raw]
    if abs(area(points)) < LEAST_AREA:
        raise Invalid(_("This zone is too small to be seen."))
    return points


def drawable(raw: object) -> list[dict[str, object]]:
    """Of what a page sent as zones, all that it can show again, right or wrong."""
    return [
        {key: str(one.get(key) or "") for key in ("name", "kind", "product", "shelf")}
        | {"points": [point for point in _list(one.get("points")) if _is_point(point)]}
        for one in _list(raw)
        if isinstance(one, dict)
    ]


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


def _list(raw: object) -> list[Any]:
    return raw if isinstance(raw, list) else []


def _is_point(raw: object) -> bool:
    return isinstance(raw, list) and len(raw) == 2 and all(isinstance(v, int | float) and 0 <= v <= 1 for v in raw)


def _point(raw: Any) -> list[float]:
    if not _is_point(raw):
        raise Invalid(_("A corner is a pair of shares, 0 to 1."))
    return [round(float(value), 4) for value in raw]
