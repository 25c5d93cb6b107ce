"""What can be drawn: shapes in frame coordinates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vidframe.core.model.geometry import Point

Colour = tuple[int, int, int]  # red, green, blue, 0..255


@dataclass(frozen=True, slots=True)
class Outline:
    """Corners joined by lines."""

    corners: tuple[Point, ...]
    colour: Colour
    is_closed: bool


@dataclass(frozen=True, slots=True)
class Arrow:
    """A line with a head at `end`."""

    start: Point
    end: Point
    colour: Colour


@dataclass(frozen=True, slots=True)
class Label:
    """Text on a ground, its lower left corner at `at`."""

    text: str
    at: Point
    colour: Colour | None  # of the ground; None: a plain dark one


@dataclass(frozen=True, slots=True, eq=False)
class Heat:
    """A grid over the whole frame, rows x columns of 0..1; 0 is not painted."""

    grid: NDArray[np.float32]


Shape = Outline | Arrow | Label | Heat
