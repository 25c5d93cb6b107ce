"""Which zone a head is turned to, as a probability for each.

A head direction is known to some degrees only. So a fan of directions around the estimate is followed, each as
probable as the next, and a zone's probability is the share of the fan that meets it first; what meets none is
turned to nothing that the shop has named. Where zones overlap, see `Overlaps`. Shops name what people look at, so a
zone in space counts ATTRACTION times as much as an unnamed place of its size. Three ways to follow a direction, by
what is known of a zone:

- a polygon alone: along the ray that the direction draws in the picture, from the face on. Directions that lead
  nearly into the camera draw no ray and meet nothing.
- a polygon with distances, and the camera's field of view: in space.
- a sector, for a camera on the shelf itself: yaw alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from statistics import NormalDist
from typing import Final

import numpy as np

from vidframe import Face, HeadPose, Person
from vidframe.geometry import Mounting, Point, is_inside
from vidframe_gaze.floor import FACE_METRES
from vidframe_gaze.head_pose import direction_of
from vidframe_gaze.outlines import Corners, in_pixels
from vidframe_gaze.overlaps import Overlaps
from vidframe_gaze.shapes import Array, Lens, Onlooker, Shape, shape_of
from vidframe_gaze.zones import Zone

PITCH_FACTOR: Final = 1.4  # pitch is known less well than yaw
NARROW: Final = 20.0  # degrees: zones narrower than this cannot be told from their neighbours
_YAWS, _PITCHES = 15, 9  # directions of the fan


class Facing:
    """The product zones of one camera."""

    def __init__(
        self,
        zones: Iterable[Zone],
        size: tuple[int, int],
        field_of_view: float | None = None,
        mounting: Mounting | None = None,
    ) -> None:
        """`size`: width and height of the picture; `field_of_view`: horizontal, in degrees; default: the mounting's."""
        self.size = size
        if field_of_view is None and mounting is not None:
            field_of_view = mounting.field_of_view
        self._lens = None if field_of_view is None else Lens(size, field_of_view, mounting)
        self.floor = None if self._lens is None else self._lens.floor
        self.shapes = [shape_of(zone, size, self._lens) for zone in zones if zone.kind == "product"]
        self.overlaps = Overlaps([shape.zone for shape in self.shapes], size)
        self._attractions = np.array([shape.attraction for shape in self.shapes])
        self._areas = {shape.zone.name: in_pixels(shape.zone.area, *size) for shape in self.shapes if shape.zone.area}
        self._yaws, self._pitches = _quantiles(_YAWS)[:, None], _quantiles(_PITCHES)

    def probabilities(self, face: Face) -> dict[str, float]:
        """Name of each zone that the face may be turned to -> probability; their sum is at most 1."""
        if face.head_pose is None or not self.shapes:
            return {}
        onlooker = Onlooker(face, self._directions(face.head_pose), self._lens)
        metres = np.array([shape.met(onlooker) for shape in self.shapes])
        shares = self.overlaps.shares(metres)
        nothing = 1 - shares.sum()
        shares *= self._attractions
        shares /= shares.sum() + nothing
        return {shape.zone.name: share for shape, share in zip(self.shapes, shares.tolist(), strict=True) if share > 0}

    def near(self, face: Face, reach: float) -> set[str]:
        """Names of the zones whose area the face is in or, without an area, that are within `reach` face widths."""
        place = None if self.floor is None else self.floor.stand_of(face)
        return {shape.zone.name for shape in self.shapes if self._is_near(shape, face, place, reach)}

    def metres(self, person: Person) -> dict[str, float]:
        """Name of each zone whose place is known -> metres over the floor from where a person stands.

        Empty without a mounting, and where it cannot be told where the person stands.
        """
        place = None if self.floor is None else self.floor.stand(person)
        if place is None:
            return {}
        away = {shape.zone.name: shape.metres(place) for shape in self.shapes}
        return {name: metres for name, metres in away.items() if metres is not None}

    def around(self, metres: float) -> dict[str, Corners]:
        """Name of each zone whose place is known -> outline in the picture of the floor up to so far from it."""
        outlines = {shape.zone.name: shape.around(metres) for shape in self.shapes}
        return {name: outline for name, outline in outlines.items() if outline is not None}

    def narrow_zones(self) -> dict[str, float]:
        """Zones that are too narrow to be told apart from where people stand, with their widths in degrees.

        Known for sectors, and for zones that say where people stand (`area`).
        """
        widths = {}
        for shape in self.shapes:
            area = self._areas.get(shape.zone.name)
            if shape.zone.sector is not None or area is not None:
                width = shape.width_from(self._stand(area))
                if width < NARROW:
                    widths[shape.zone.name] = width
        return widths

    def _directions(self, gaze: HeadPose) -> Array:
        pitches = gaze.pitch + PITCH_FACTOR * gaze.sigma * self._pitches
        return direction_of(gaze.yaw + gaze.sigma * self._yaws, np.clip(pitches, -89, 89)).reshape(-1, 3)

    def _is_near(self, shape: Shape, face: Face, place: Point | None, reach: float) -> bool:
        area = self._areas.get(shape.zone.name)
        if area is not None:
            return is_inside(area.tolist(), face.box.centre)
        metres = None if place is None else shape.metres(place)
        return shape.away(face) <= reach if metres is None else metres <= reach * FACE_METRES

    def _stand(self, area: Corners | None) -> tuple[float, float]:
        if area is None:
            return self.size[0] / 2, self.size[1] / 2
        x, y = area.mean(axis=0)
        return float(x), float(y)


def check_known(zones: Iterable[Zone], field_of_view: float | None, mounting: Mounting | None) -> None:
    """ValueError for a zone that says where it is in a way that this camera's settings do not cover."""
    for zone in zones:
        if zone.height is not None and mounting is None:
            raise ValueError(f"zone {zone.name!r} has a height, which needs the camera's mounting")
        if zone.distance is not None and field_of_view is None and mounting is None:
            raise ValueError(f"zone {zone.name!r} has a distance, which needs field_of_view or the camera's mounting")


def _quantiles(steps: int) -> Array:
    """Places on a standard normal distribution that stand for equal shares of it."""
    return np.array([NormalDist().inv_cdf((step + 0.5) / steps) for step in range(steps)])
