"""Outlines of zones as geometry: their area, how far they overlap, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vidframe import geometry

Corners = NDArray[np.float64]  # n x 2: x, y

LEAST_AREA: Final = 0.0005  # of the picture
PIXELS_FROM: Final = 2.0  # nobody draws a zone of a pixel or two: below, a value above 1 is a slip
_POINTS: Final = 100  # points across, of which areas are counted


def in_pixels(polygon: Sequence[tuple[float, float]], width: int, height: int) -> Corners:
    """The corners (n x 2) in pixels of a picture of that size."""
    return np.array(geometry.in_pixels(polygon, width, height), np.float64)


def are_inside(corners: Corners, points: Corners) -> NDArray[np.bool_]:
    """Which of m x 2 points lie inside (even-odd rule: how often a ray crosses the edges)."""
    (x1, y1), (x2, y2) = corners.T[:, :, None], np.roll(corners, -1, axis=0).T[:, :, None]  # edges x points, as below
    x, y = points.T[:, None, :]
    crosses = (y1 > y) != (y2 > y)
    with np.errstate(divide="ignore", invalid="ignore"):
        to_the_right = x1 + (y - y1) / (y2 - y1) * (x2 - x1) > x
    return np.asarray(np.logical_xor.reduce(crosses & to_the_right, axis=0))


def area_of(corners: Corners) -> float:
    """In the square of the corners' unit; both lobes of a bow tie count."""
    low, high = corners.min(axis=0), corners.max(axis=0)
    return float(are_inside(corners, _grid(corners)).mean() * np.prod(high - low))


def points_inside(corners: Corners, across: int = _POINTS) -> Corners:
    """Points (m x 2) of an even grid that lie inside an outline; none where it has no area.

    `across`: points in a row of the grid over the box around it.
    """
    points = _grid(corners, across)
    return points[are_inside(corners, points)]


def share_inside(one: Corners, other: Corners) -> float:
    """How much of one outline lies inside the other, 0..1."""
    points = points_inside(one)
    return float(are_inside(other, points).mean()) if len(points) else 0.0


def hull(points: Corners) -> Corners:
    """The convex outline of points (n x 2)."""
    return np.asarray(points[cv2.convexHull(points.astype(np.float32), returnPoints=False)[:, 0]])


def problem_of(polygon: Sequence[tuple[float, float]]) -> str | None:
    """What makes an outline useless whatever the picture, and what would do; None where it is all right."""
    corners = np.array(polygon, np.float64)
    if not np.isfinite(corners).all():
        return "a corner is no finite number"
    if corners.max() > PIXELS_FROM:
        return _problem_of_pixels(corners)
    beyond = np.flatnonzero((corners > 1).any(axis=1) | (corners < 0).any(axis=1))
    if len(beyond):
        return (
            f"{_corner(corners, beyond[0])} lies outside the picture: parts of it go from 0 to 1 (pixels are greater)"
        )
    area = area_of(corners)
    if area < LEAST_AREA:
        return f"its area is {area:.5f} of the picture, at least {LEAST_AREA} is needed: are its corners on one line?"
    return None


def unlike_the_picture(corners: Corners, size: tuple[int, int]) -> str | None:
    """What is wrong with an outline in pixels of a picture of that size; None where nothing is.

    That is known at the first frame only.
    """
    (width, height), (right, lower) = size, corners.max(axis=0).tolist()
    if right > width + 1 or lower > height + 1 or corners.min() < -1:
        return (
            f"reaches to x {right:.0f}, y {lower:.0f}, and the picture has {width} x {height} pixels: "
            "was it drawn in another resolution?"
        )
    if area_of(corners) < LEAST_AREA * width * height:
        return f"covers less than {LEAST_AREA} of the picture's {width} x {height} pixels"
    if corners.max() <= 100 < min(size):
        return f"lies within the first 100 of {width} x {height} pixels: if its corners are meant as percent, divide by 100"
    return None


def _problem_of_pixels(corners: Corners) -> str | None:
    mixed = np.flatnonzero(((corners > 0) & (corners < 1)).any(axis=1))
    if len(mixed):
        return f"{_corner(corners, mixed[0])} mixes parts of the picture with pixels: write all corners in one of them"
    if area_of(corners) < 1:
        return "it has no area: are its corners on one line?"
    return None


def _corner(corners: Corners, index: int) -> str:
    x, y = corners[index].tolist()
    return f"corner {index + 1} ({x:g}, {y:g})"


def _grid(corners: Corners, across: int = _POINTS) -> Corners:
    """An even grid over the box around an outline."""
    low, high = corners.min(axis=0), corners.max(axis=0)
    steps = np.arange(across)
    x, y = np.meshgrid((steps + 0.5) / across, (steps + 0.414) / across)  # no point on a diagonal
    return np.asarray(low + np.column_stack([x.ravel(), y.ravel()]) * (high - low))
