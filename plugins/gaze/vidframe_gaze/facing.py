"""Which zone a head is turned to, as a probability for each.

A head direction is known to some degrees only. So a fan of directions around the estimate is followed, each as
probable as the next, and a zone's probability is the share of the fan that meets it first; what meets none is
turned to nothing that the shop has named. Shops name what
people look at, so a zone in space counts ATTRACTION times as much as an unnamed place of its size. Three ways to follow a direction, by what is known of a zone:

- a polygon alone: along the ray that the direction draws in the picture, from the face on. Directions that lead
  nearly into the camera draw no ray and meet nothing.
- a polygon with distances, and the camera's field of view: in space.
- a sector, for a camera on the shelf itself: yaw alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from statistics import NormalDist
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from vidframe import Face, Gaze
from vidframe_gaze.head_pose import direction_of, line_of_sight
from vidframe_gaze.zones import Corners, Zone, contains, in_pixels

Array = NDArray[np.float64]

FACE_METRES: Final = 0.15  # brow-to-chin box of a grown-up
ATTRACTION: Final = 3.0  # how much likelier a named zone is looked at than an unnamed place of its size
INTO_CAMERA: Final = 15.0  # degrees: closer to the line to the camera, a direction in the picture means nothing
PITCH_FACTOR: Final = 1.4  # pitch is known less well than yaw
NARROW: Final = 20.0  # degrees: zones narrower than this cannot be told from their neighbours
_STEPS: Final = (15, 9)  # directions of the fan: yaws x pitches


class Shape(Protocol):
    """A zone that directions can meet."""

    zone: Zone
    attraction: float

    def met(self, face: Face, directions: Array) -> Array:
        """Metres (roughly) from the face to where each of n x 3 directions meets the zone; infinity where it misses."""
        ...

    def away(self, face: Face) -> float:
        """How far the face is from the zone, in face widths, over the floor as far as that is known."""
        ...

    def width_from(self, place: tuple[float, float]) -> float:
        """Degrees that the zone takes up for a face at a place in the picture."""
        ...


class Facing:
    """The product zones of one camera."""

    def __init__(self, zones: Iterable[Zone], size: tuple[int, int], field_of_view: float | None = None) -> None:
        """`size`: width and height of the picture; `field_of_view`: horizontal, in degrees."""
        self.size = size
        self.shapes = [_shape(zone, size, field_of_view) for zone in zones if zone.kind == "product"]
        self._fan = np.array(list(product(*(_quantiles(steps) for steps in _STEPS))))

    def probabilities(self, face: Face) -> dict[str, float]:
        """Name of each zone that the face may be turned to -> probability; their sum is at most 1."""
        if face.gaze is None or not self.shapes:
            return {}
        directions = self._directions(face.gaze)
        metres = np.array([shape.met(face, directions) for shape in self.shapes])
        first = np.where(np.isfinite(metres).any(axis=0), metres.argmin(axis=0), -1)
        shares = np.bincount(first[first >= 0], minlength=len(self.shapes)) / len(first)
        nothing = 1 - shares.sum()
        shares *= [shape.attraction for shape in self.shapes]
        shares /= shares.sum() + nothing
        return {shape.zone.name: float(share) for shape, share in zip(self.shapes, shares, strict=True) if share > 0}

    def near(self, face: Face, reach: float) -> set[str]:
        """Names of the zones whose area the face is in or, without an area, that are within `reach` face widths."""
        return {shape.zone.name for shape in self.shapes if self._is_near(shape, face, reach)}

    def narrow_zones(self) -> dict[str, float]:
        """Zones that are too narrow to be told apart from where people stand, with their widths in degrees.

        Known for sectors, and for zones that say where people stand (`area`).
        """
        widths = {}
        for shape in self.shapes:
            if shape.zone.sector is not None or shape.zone.area is not None:
                width = shape.width_from(self._stand(shape.zone))
                if width < NARROW:
                    widths[shape.zone.name] = width
        return widths

    def _directions(self, gaze: Gaze) -> Array:
        spread = self._fan * (gaze.sigma, PITCH_FACTOR * gaze.sigma)
        return direction_of(gaze.yaw + spread[:, 0], np.clip(gaze.pitch + spread[:, 1], -89, 89))

    def _is_near(self, shape: Shape, face: Face, reach: float) -> bool:
        if shape.zone.area is not None:
            return contains(in_pixels(shape.zone.area, *self.size), face.box.centre)
        return shape.away(face) <= reach

    def _stand(self, zone: Zone) -> tuple[float, float]:
        if zone.area is None:
            return self.size[0] / 2, self.size[1] / 2
        x, y = in_pixels(zone.area, *self.size).mean(axis=0)
        return float(x), float(y)


class Sector:
    """A range of yaws: products left and right of a camera on the shelf."""

    attraction = 1.0

    def __init__(self, zone: Zone, sector: tuple[float, float]) -> None:
        self.zone = zone
        self._from, self._to = sector

    def met(self, face: Face, directions: Array) -> Array:
        yaws = np.degrees(np.arctan2(directions[:, 0], directions[:, 2]))
        return np.where((yaws >= self._from) & (yaws < self._to), 0.0, np.inf)

    def away(self, face: Face) -> float:
        return 0.0  # who shows his face to a camera on the shelf is there

    def width_from(self, place: tuple[float, float]) -> float:
        return self._to - self._from


class Outline:
    """A polygon in the picture, of unknown distance."""

    attraction = 1.0  # a ray has no end: an outline is met too often rather than too rarely

    def __init__(self, zone: Zone, corners: Corners) -> None:
        self.zone = zone
        self._corners = corners
        self._edges = np.roll(corners, -1, axis=0) - corners

    def met(self, face: Face, directions: Array) -> Array:
        # Who stands before a shelf and shows the camera his face has the shelf behind him.
        if contains(self._corners, face.box.centre):
            return np.full(len(directions), np.inf)
        rays = directions[:, :2] * (1, -1)
        into_camera = directions[:, 2] > np.cos(np.radians(INTO_CAMERA))
        pixels = np.where(into_camera, np.inf, self._pixels_along(rays, face.box.centre))
        return pixels * FACE_METRES / max(face.box.width, 1.0)

    def away(self, face: Face) -> float:
        x = face.box.centre[0]
        left, right = self._corners[:, 0].min(), self._corners[:, 0].max()
        return float(max(left - x, x - right, 0.0) / max(face.box.width, 1.0))

    def width_from(self, place: tuple[float, float]) -> float:
        offsets = self._corners - place
        return _span(np.degrees(np.arctan2(offsets[:, 1], offsets[:, 0])))

    def _pixels_along(self, rays: Array, place: tuple[float, float]) -> Array:
        """How far from a place each ray (n x 2, y down) first crosses an edge; infinity for those that cross none."""
        lengths = np.maximum(np.linalg.norm(rays, axis=1, keepdims=True), 1e-9)
        along = (rays / lengths)[:, None]
        to_corner = self._corners - place
        slope = _cross(along, self._edges)
        with np.errstate(divide="ignore", invalid="ignore"):
            pixels = _cross(to_corner, self._edges) / slope
            part = _cross(to_corner, along) / slope
        hits = (pixels > 0) & (part >= 0) & (part <= 1)
        return np.asarray(np.where(hits, pixels, np.inf).min(axis=1))


class Surface:
    """A polygon in space, before a camera whose field of view is known.

    Camera coordinates: metres, x to the right, y up, the camera looks along -z.
    """

    attraction = ATTRACTION

    def __init__(self, zone: Zone, corners: Corners, size: tuple[int, int], field_of_view: float) -> None:
        self.zone = zone
        self._size = size
        self._focal = size[0] / 2 / np.tan(np.radians(field_of_view) / 2)  # pixels
        rays = np.array([self._ray(corner) for corner in corners])
        self._corners = rays * np.broadcast_to(np.array(zone.distance, np.float64).reshape(-1, 1), (len(corners), 1))

    def met(self, face: Face, directions: Array) -> Array:
        head = self._head(face)
        to_corners = self._corners - head
        inside = surrounds(to_corners, directions @ line_of_sight(head).T)
        return np.where(inside, np.linalg.norm(to_corners.mean(axis=0)), np.inf)

    def away(self, face: Face) -> float:
        floor = (self._corners - self._head(face))[:, [0, 2]]
        steps = np.linspace(0, 1, 9)[:, None, None]
        outline = floor + steps * (np.roll(floor, -1, axis=0) - floor)
        return float(np.linalg.norm(outline, axis=-1).min() / FACE_METRES)

    def width_from(self, place: tuple[float, float]) -> float:
        nearest = float(np.linalg.norm(self._corners.mean(axis=0)))
        to_corners = self._corners - self._ray(np.array(place)) * nearest
        return _span(np.degrees(np.arctan2(to_corners[:, 0], to_corners[:, 2])))

    def _ray(self, pixel: Array) -> Array:
        x, y = pixel
        ray = np.array([x - self._size[0] / 2, self._size[1] / 2 - y, -self._focal])
        return np.asarray(ray / np.linalg.norm(ray), np.float64)

    def _head(self, face: Face) -> Array:
        metres = self._focal * FACE_METRES / max(face.box.width, 1.0)
        return np.asarray(self._ray(np.array(face.box.centre)) * metres)


def _shape(zone: Zone, size: tuple[int, int], field_of_view: float | None) -> Shape:
    if zone.sector is not None:
        return Sector(zone, zone.sector)
    corners = in_pixels(zone.polygon or (), *size)
    if zone.distance is not None and field_of_view is not None:
        return Surface(zone, corners, size, field_of_view)
    return Outline(zone, corners)


def _quantiles(steps: int) -> Array:
    """Places on a standard normal distribution that stand for equal shares of it."""
    return np.array([NormalDist().inv_cdf((step + 0.5) / steps) for step in range(steps)])


def surrounds(to_corners: Array, directions: Array) -> NDArray[np.bool_]:
    """Whether each of n x 3 directions lies inside the polygon of m x 3 corners, all as seen from the origin."""
    across = np.cross(directions, (0.0, 1.0, 0.0))
    across /= np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-9)
    above = np.cross(across, directions)
    angles = np.arctan2(above @ to_corners.T, across @ to_corners.T)
    steps = (np.roll(angles, -1, axis=1) - angles + np.pi) % (2 * np.pi) - np.pi
    turns = np.abs(steps.sum(axis=1)) > np.pi
    ahead = (directions @ to_corners.T).mean(axis=1) > 0
    return np.asarray(turns & ahead)


def _span(degrees: Array) -> float:
    """The smallest range of directions that holds them all."""
    ordered = np.sort(degrees % 360)
    gaps = np.diff(np.append(ordered, ordered[0] + 360))
    return float(360 - gaps.max())


def _cross(a: Array, b: Array) -> Array:
    """The third component of the cross product, of (... x 2) vectors."""
    return np.asarray(a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0])
