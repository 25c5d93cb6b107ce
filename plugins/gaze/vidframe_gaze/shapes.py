"""What a head can be turned to, by what is known of a zone: a sector of yaws, an outline in the picture, a surface in space."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import Final, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vidframe import Face
from vidframe.geometry import Mounting, Point, is_inside
from vidframe_gaze.floor import FACE_METRES, Floor
from vidframe_gaze.head_pose import line_of_sight
from vidframe_gaze.outlines import Corners, hull, in_pixels
from vidframe_gaze.zones import Zone

Array = NDArray[np.float64]

ATTRACTION: Final = 3.0  # how much likelier a named zone is looked at than an unnamed place of its size
INTO_CAMERA: Final = 15.0  # degrees: closer to the line to the camera, a direction in the picture means nothing


class Lens:
    """Pixels to directions in space, for a picture whose size and horizontal field of view (degrees) are known.

    Camera coordinates: metres, x to the right, y up, the camera looks along -z. `floor` is known for a camera whose
    mounting is.
    """

    def __init__(self, size: tuple[int, int], field_of_view: float, mounting: Mounting | None = None) -> None:
        self.floor = None if mounting is None else Floor(replace(mounting, field_of_view=field_of_view), size)
        self._middle = size[0] / 2, size[1] / 2
        self._focal = size[0] / 2 / np.tan(np.radians(field_of_view) / 2)  # pixels

    def ray(self, pixel: ArrayLike) -> Array:
        """Unit vector from the camera to what a pixel shows."""
        x, y = np.asarray(pixel, np.float64)
        ray = np.array([x - self._middle[0], self._middle[1] - y, -self._focal])
        return np.asarray(ray / np.linalg.norm(ray), np.float64)

    def head(self, face: Face) -> Array:
        """Where a face is, by its width, and by how high heads are where the mounting is known."""
        if self.floor is not None:
            return self.floor.before_camera(self.floor.head(face))
        return np.asarray(self.ray(face.box.centre) * (self._focal * FACE_METRES / max(face.box.width, 1.0)))


class Onlooker:
    """One face, and the n directions that it may be turned to, each as probable as the next."""

    def __init__(self, face: Face, directions: Array, lens: Lens | None) -> None:
        """`directions`: n x 3, relative to the line to the camera; `lens`: None where it is unknown."""
        self.face = face
        self.directions = directions
        self._lens = lens

    @cached_property
    def rays(self) -> Array:
        """2 x n: the directions as the picture shows them, y down, of length 1."""
        rays = self.directions[:, :2].T * ((1,), (-1,))
        return np.asarray(rays / np.maximum(np.hypot(*rays), 1e-9))

    @cached_property
    def into_camera(self) -> NDArray[np.bool_]:
        """Which directions draw no ray."""
        return np.asarray(self.directions[:, 2] > np.cos(np.radians(INTO_CAMERA)))

    @cached_property
    def head(self) -> Array:
        """Where the head is, camera coordinates."""
        assert self._lens is not None
        return self._lens.head(self.face)

    @cached_property
    def in_space(self) -> Array:
        """n x 3: the directions in camera coordinates."""
        return self.directions @ line_of_sight(self.head).T


class Shape(Protocol):
    """A zone that directions can meet."""

    zone: Zone
    attraction: float

    def met(self, onlooker: Onlooker) -> Array:
        """Metres (roughly) from the face to where each direction meets the zone; infinity where it misses."""
        ...

    def away(self, face: Face) -> float:
        """How far the face is from the zone, in face widths, over the floor as far as that is known."""
        ...

    def metres(self, place: Point) -> float | None:
        """Metres over the floor to a place on it; None where it is not known where the zone is."""
        ...

    def around(self, metres: float) -> Corners | None:
        """Outline in the picture of the floor up to so far from the zone; None where it is not known where that is."""
        ...

    def width_from(self, place: tuple[float, float]) -> float:
        """Degrees that the zone takes up for a face at a place in the picture."""
        ...


class Sector:
    """A range of yaws: products left and right of a camera on the shelf."""

    attraction = 1.0

    def __init__(self, zone: Zone, sector: tuple[float, float]) -> None:
        self.zone = zone
        self._from, self._to = sector

    def met(self, onlooker: Onlooker) -> Array:
        yaws = np.degrees(np.arctan2(onlooker.directions[:, 0], onlooker.directions[:, 2]))
        return np.where((yaws >= self._from) & (yaws < self._to), 0.0, np.inf)

    def away(self, face: Face) -> float:
        return 0.0  # who shows his face to a camera on the shelf is there

    def metres(self, place: Point) -> float | None:
        return None

    def around(self, metres: float) -> Corners | None:
        return None

    def width_from(self, place: tuple[float, float]) -> float:
        return self._to - self._from


class Outline:
    """A polygon in the picture, of unknown distance."""

    attraction = 1.0  # a ray has no end: an outline is met too often rather than too rarely

    def __init__(self, zone: Zone, corners: Corners) -> None:
        self.zone = zone
        self._corners = corners
        self._across = _across(np.roll(corners, -1, axis=0) - corners)  # its edges
        self._left, self._right = float(corners[:, 0].min()), float(corners[:, 0].max())

    def met(self, onlooker: Onlooker) -> Array:
        box = onlooker.face.box
        # Who stands before a shelf and shows the camera his face has the shelf behind him.
        if is_inside(self._corners.tolist(), box.centre):
            return np.full(len(onlooker.directions), np.inf)
        pixels = np.where(onlooker.into_camera, np.inf, self._pixels_along(onlooker.rays, box.centre))
        return pixels * (FACE_METRES / max(box.width, 1.0))

    def away(self, face: Face) -> float:
        x = face.box.centre[0]
        return max(self._left - x, x - self._right, 0.0) / max(face.box.width, 1.0)

    def metres(self, place: Point) -> float | None:
        return None

    def around(self, metres: float) -> Corners | None:
        return None

    def width_from(self, place: tuple[float, float]) -> float:
        offsets = self._corners - place
        return _span(np.degrees(np.arctan2(offsets[:, 1], offsets[:, 0])))

    def _pixels_along(self, rays: Array, place: tuple[float, float]) -> Array:
        """How far from a place each ray (2 x n, y down) first crosses an edge; infinity for those that cross none."""
        from_corners = place - self._corners
        slopes = self._across @ rays  # edges x rays, as all below
        slopes[slopes == 0] = np.nan  # a ray along an edge meets others first
        pixels = -(self._across * from_corners).sum(axis=1)[:, None] / slopes
        parts = _across(from_corners) @ rays / slopes
        hits = (pixels > 0) & (parts >= 0) & (parts <= 1)
        return np.asarray(np.where(hits, pixels, np.inf).min(axis=0))


class Surface:
    """A polygon in space, before a camera whose lens is known."""

    attraction = ATTRACTION

    def __init__(self, zone: Zone, corners: Corners, lens: Lens) -> None:
        self.zone = zone
        self._lens = lens
        self._corners = _in_space(zone, corners, lens)
        self._middle = self._corners.mean(axis=0)
        standing = self._corners if lens.floor is None else lens.floor.in_shop(self._corners)
        self._below = standing[:, [0, 2]]
        self._on_floor = _outline(self._below)

    def met(self, onlooker: Onlooker) -> Array:
        inside = surrounds(self._corners - onlooker.head, onlooker.in_space)
        return np.where(inside, np.linalg.norm(self._middle - onlooker.head), np.inf)

    def away(self, face: Face) -> float:
        place = self._lens.head(face)[[0, 2]] if self._lens.floor is None else self._lens.floor.stand_of(face)
        return self._steps(place) / FACE_METRES

    def metres(self, place: Point) -> float | None:
        return None if self._lens.floor is None else self._steps(place)

    def around(self, metres: float) -> Corners | None:
        if self._lens.floor is None:
            return None
        turns = np.linspace(0, 2 * np.pi, 16, endpoint=False)
        places = self._below[:, None] + metres * np.column_stack([np.cos(turns), np.sin(turns)])
        mounting, size = self._lens.floor.mounting, self._lens.floor.size
        pixels = [mounting.picture(x, 0.0, z, size) for x, z in places.reshape(-1, 2).tolist()]
        seen = [pixel for pixel in pixels if pixel is not None]
        return hull(np.array(seen)) if seen else None

    def _steps(self, place: ArrayLike) -> float:
        return float(np.hypot(*(self._on_floor - np.asarray(place)).T).min())

    def width_from(self, place: tuple[float, float]) -> float:
        to_corners = self._corners - self._lens.ray(place) * np.linalg.norm(self._middle)
        return _span(np.degrees(np.arctan2(to_corners[:, 0], to_corners[:, 2])))


def shape_of(zone: Zone, size: tuple[int, int], lens: Lens | None) -> Shape:
    """A product zone in a picture of that size."""
    if zone.sector is not None:
        return Sector(zone, zone.sector)
    corners = in_pixels(zone.polygon or (), *size)
    if lens is None or (zone.distance is None and (zone.height is None or lens.floor is None)):
        return Outline(zone, corners)
    return Surface(zone, corners, lens)


def _in_space(zone: Zone, corners: Corners, lens: Lens) -> Array:
    """The corners in camera coordinates, by their distances or heights; ValueError where one is nowhere."""
    known = zone.distance if zone.height is None else zone.height
    metres = np.broadcast_to(np.array(known, np.float64), len(corners))
    if zone.height is None:
        return np.array([lens.ray(corner) * far for corner, far in zip(corners, metres, strict=True)])
    assert lens.floor is not None
    placed = []
    for (x, y), height in zip(corners.tolist(), metres.tolist(), strict=True):
        place = lens.floor.mounting.at_height((x, y), lens.floor.size, height)
        if place is None:
            raise ValueError(
                f"zone {zone.name!r}: what the camera sees at ({x:.0f}, {y:.0f}) is nowhere {height:g} m above the floor"
            )
        placed.append((place[0], height, place[1]))
    return lens.floor.before_camera(np.array(placed))


def surrounds(to_corners: Array, directions: Array) -> NDArray[np.bool_]:
    """Whether each of n x 3 directions lies inside the polygon of m x 3 corners, all as seen from the origin.

    Looking along a direction, its line goes through the polygon if it has an odd number of edges to one side.
    """
    x, y, z = directions.T
    level = np.maximum(np.hypot(x, z), 1e-9)
    right = to_corners @ np.array([-z / level, np.zeros_like(x), x / level])  # corners x directions, as all below
    above = to_corners @ np.array([-x * y / level, level, -z * y / level])
    next_right, next_above = np.roll(right, -1, axis=0), np.roll(above, -1, axis=0)
    crosses = (above > 0) != (next_above > 0)
    to_the_right = (right * next_above > next_right * above) == (next_above > above)
    is_ahead = directions @ to_corners.mean(axis=0) > 0
    return np.asarray(np.logical_xor.reduce(crosses & to_the_right, axis=0) & is_ahead)


def _across(vectors: Array) -> Array:
    """n x 2 vectors turned by 90 degrees: what, multiplied with others, gives the third component of a cross product."""
    return np.asarray(vectors[:, ::-1] * (-1, 1))


def _outline(corners: Array) -> Array:
    """Points on the edges of a polygon (n x 2), nine on each."""
    steps = np.linspace(0, 1, 9)[:, None, None]
    return np.asarray((corners + steps * (np.roll(corners, -1, axis=0) - corners)).reshape(-1, 2))


def _span(degrees: Array) -> float:
    """The smallest range of directions that holds them all."""
    ordered = np.sort(degrees % 360)
    gaps = np.diff(np.append(ordered, ordered[0] + 360))
    return float(360 - gaps.max())
