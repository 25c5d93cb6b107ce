"""What plugins draw into a frame: shapes in frame coordinates, painted later by whoever shows the frame."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from vidframe.core.model.geometry import Box, Point
from vidframe.core.model.painting import painted
from vidframe.core.model.shapes import Arrow, Colour, Heat, Label, Outline, Shape

MOST_SHAPES = 5000  # of one step in one frame
GREEN: Colour = (60, 200, 90)
GREY: Colour = (170, 170, 170)


class Canvas:
    """The drawing of one frame. Nothing is painted here: shapes are kept in order, and cost next to nothing."""

    def __init__(self, width: int, height: int) -> None:
        self.width = width  # of the frame, pixels
        self.height = height
        self.shapes: list[Shape] = []

    def check(self) -> None:
        """ValueError or TypeError for more than can be shown, and for what is no shape."""
        if len(self.shapes) > MOST_SHAPES:
            raise ValueError(f"a step draws at most {MOST_SHAPES:,} shapes into a frame, found {len(self.shapes):,}")
        for shape in self.shapes:
            if not isinstance(shape, Shape):
                raise TypeError(f"canvas.shapes holds what box, polygon, line ... add, found {type(shape).__name__}")

    def paint(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A copy of an image (height x width x 3, BGR, of any size) with everything drawn on it."""
        return painted(image, self.shapes, self.width, self.height)

    def box(self, box: Box, label: str = "", colour: Colour = GREEN) -> None:
        """A rectangle, with a label above it."""
        x, y, width, height = box
        self.polygon([(x, y), (x + width, y), (x + width, y + height), (x, y + height)], colour=colour)
        if label:
            self.label(label, (x, y - 6))

    def polygon(self, corners: Iterable[Sequence[float]], label: str = "", colour: Colour = GREY) -> None:
        """A closed outline, with a label inside its upper left corner."""
        points = _points(corners)
        self.shapes.append(Outline(points, _colour(colour), is_closed=True))
        if label and points:
            self.label(label, (min(x for x, _ in points) + 4, min(y for _, y in points) + 22))

    def line(self, start: Sequence[float], end: Sequence[float], label: str = "", colour: Colour = GREY) -> None:
        """A line, with a label at its start."""
        points = _points([start, end])
        self.shapes.append(Outline(points, _colour(colour), is_closed=False))
        if label:
            self.label(label, points[0])

    def arrow(self, start: Sequence[float], end: Sequence[float], colour: Colour = GREEN) -> None:
        """An arrow that points at `end`."""
        tail, head = _points([start, end])
        self.shapes.append(Arrow(tail, head, _colour(colour)))

    def label(self, text: str, at: Sequence[float], colour: Colour | None = None) -> None:
        """Text on a ground; kept inside the frame when it is painted."""
        (point,) = _points([at])
        self.shapes.append(Label(str(text), point, None if colour is None else _colour(colour)))

    def heat(self, grid: NDArray[np.float32]) -> None:
        """A grid of rows x columns of 0..1, stretched over the frame. ValueError for another shape and for NaN."""
        cells = np.asarray(grid, np.float32)
        if cells.ndim != 2 or not cells.size:
            raise ValueError(f"heat takes rows x columns, found an array of shape {cells.shape}")
        if not np.isfinite(cells).all():
            raise ValueError("heat takes finite numbers, found NaN or infinity")
        self.shapes.append(Heat(np.clip(cells, 0, 1)))


def _colour(colour: Colour) -> Colour:
    """ValueError for what is no colour."""
    parts = tuple(colour) if isinstance(colour, tuple | list) else ()
    if len(parts) != 3 or not all(isinstance(part, int | np.integer) and 0 <= part <= 255 for part in parts):
        raise ValueError(f"a colour is (red, green, blue), each from 0 to 255, found {colour!r}")
    return int(parts[0]), int(parts[1]), int(parts[2])


def _points(corners: Iterable[Sequence[float]]) -> tuple[Point, ...]:
    """Points as plain numbers; ValueError where one is no pair of finite numbers."""
    points = []
    for corner in corners:
        x, y = (float(part) for part in corner)
        if not (abs(x) < 1e6 and abs(y) < 1e6):  # false for NaN, too
            raise ValueError(f"a point must be two finite numbers of pixels, found {tuple(corner)}")
        points.append((x, y))
    return tuple(points)
