"""Which squares of a frame are searched for bodies, and how what they show is put together."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

from vidframe import Box, Detection

OVERLAP = 0.2  # of neighbouring squares: a body on the border of one is whole in the next
SAME = 0.5  # overlap from which two bodies are one
PART = 0.8  # share of a body within another, from which it may be a part of it
CUT = 0.7  # weight of a body that ends at the border of its square: it may be half of one
HALVES = 0.7  # of the larger one's height (or width), at which two halves of a body in two squares agree
EDGE = 0.015  # of a square's side: what counts as its border


def squares_of(width: int, height: int) -> list[Box]:
    """Squares of the frame's shorter side, side by side over the longer one."""
    side, length = min(width, height), max(width, height)
    if length <= side * 1.15:
        return [Box(0, 0, width, height)]
    count = max(2, math.ceil((length - side) / (side * (1 - OVERLAP))) + 1)
    starts = [index * (length - side) / (count - 1) for index in range(count)]
    return [Box(start, 0, side, side) if width >= height else Box(0, start, side, side) for start in starts]


def grid_of(width: int, height: int, side: float) -> list[Box]:
    """Squares of one side, all over the frame."""
    return [Box(x, y, side, side) for y in _starts(height, side) for x in _starts(width, side)]


def _starts(length: float, side: float) -> list[float]:
    count = math.ceil((length - side) / (side * (1 - OVERLAP))) + 1
    return [index * (length - side) / (count - 1) for index in range(count)]


def square_about(box: Box, factor: float, width: int, height: int) -> Box:
    """A square of `factor` times the box's longer side about its middle, moved into the frame where it fits."""
    side = min(max(box.width, box.height) * factor, max(width, height))
    x, y = box.centre
    return Box(_inside(x - side / 2, side, width), _inside(y - side / 2, side, height), side, side)


def _inside(start: float, side: float, limit: float) -> float:
    return (limit - side) / 2 if side >= limit else min(max(0.0, start), limit - side)


def share_inside(box: Box, other: Box) -> float:
    """The part of a box that lies in another, 0..1."""
    width = min(box.x + box.width, other.x + other.width) - max(box.x, other.x)
    height = min(box.y + box.height, other.y + other.height) - max(box.y, other.y)
    return width * height / box.area if width > 0 and height > 0 and box.area > 0 else 0.0


def joined(squares: Iterable[Box]) -> list[Box]:
    """Squares without those that lie in another."""
    kept: list[Box] = []
    for square in sorted(squares, key=lambda each: -each.area):
        if not any(share_inside(square, other) > 0.75 for other in kept):
            kept.append(square)
    return kept


def put_together(found: Iterable[tuple[Box, Sequence[Detection]]], width: int, height: int) -> list[Detection]:
    """Detections in squares as such in the frame, each body once; two halves of a body in two squares are one."""
    whole: list[Detection] = []
    cut: list[Detection] = []
    for square, detections in found:
        for each in detections:
            box = each.box._replace(x=each.box.x + square.x, y=each.box.y + square.y)
            is_cut = _is_cut(box, square, width, height)
            (cut if is_cut else whole).append(replace(each, box=box))
    halves = [replace(each, score=each.score * CUT) for each in cut]
    return merged([*whole, *_joined_halves(cut), *halves])


def _is_cut(box: Box, square: Box, width: int, height: int) -> bool:
    """Whether a body ends at a border of its square that is none of the frame's."""
    edge = EDGE * square.width
    return (
        (box.x < square.x + edge and square.x > edge)
        or (box.x + box.width > square.x + square.width - edge and square.x + square.width < width - edge)
        or (box.y < square.y + edge and square.y > edge)
        or (box.y + box.height > square.y + square.height - edge and square.y + square.height < height - edge)
    )


def _joined_halves(cut: Sequence[Detection]) -> list[Detection]:
    return [
        replace(one, box=_union(one.box, other.box), score=max(one.score, other.score))
        for i, one in enumerate(cut)
        for other in cut[i + 1 :]
        if one.box != other.box and _are_halves(one.box, other.box)
    ]


def _are_halves(one: Box, other: Box) -> bool:
    """Whether they overlap, and lie at one height or one above the other."""
    across = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
    down = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
    is_beside = down > HALVES * max(one.height, other.height) and across > 0
    return is_beside or (across > HALVES * max(one.width, other.width) and down > 0)


def _union(one: Box, other: Box) -> Box:
    left, top = min(one.x, other.x), min(one.y, other.y)
    right = max(one.x + one.width, other.x + other.width)
    bottom = max(one.y + one.height, other.y + other.height)
    return Box(left, top, right - left, bottom - top)


def merged(detections: Sequence[Detection]) -> list[Detection]:
    """Each body once: of those that overlap, or of which one is a part of the other, the surest."""
    kept: list[Detection] = []
    for each in sorted(detections, key=lambda each: -each.score):
        if not any(_is_same(each.box, other.box) for other in kept):
            kept.append(each)
    return kept


def _is_same(box: Box, other: Box) -> bool:
    if box.overlap(other) > SAME:
        return True
    small, large = (box, other) if box.area < other.area else (other, box)
    if share_inside(small, large) < PART:
        return False
    # Head and shoulders, or legs, of the same body; a child before an adult ends at neither of his ends.
    near = 0.12 * large.height
    is_beside = abs(small.centre[0] - large.centre[0]) < 0.35 * large.width
    return is_beside and (abs(small.y - large.y) < near or abs(small.y + small.height - large.y - large.height) < near)
