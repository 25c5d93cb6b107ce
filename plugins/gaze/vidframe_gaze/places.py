"""Where people are as the zones of one camera see it: at a shelf, at a counter, among staff, on a poster."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from vidframe import Box, Person
from vidframe.geometry import Mounting, Point, is_inside
from vidframe_gaze.facing import NARROW, Facing
from vidframe_gaze.floor import FACE_METRES
from vidframe_gaze.outlines import Corners, hull, in_pixels, unlike_the_picture
from vidframe_gaze.turned import Around
from vidframe_gaze.zones import Zone

BODY_METRES: Final = 1.7
STEP_BELOW: Final = 1.0  # body heights below the goods that the feet of those may be who stand before them
STEP_ABOVE: Final = 0.1  # ... and above: behind a table
AT_EDGE: Final = 0.02  # of the picture's width or height
MOSTLY: Final = 0.5  # of a body's box


class Places:
    """The zones of a picture of one size."""

    def __init__(
        self,
        zones: Sequence[Zone],
        size: tuple[int, int],
        field_of_view: float | None,
        reach: float,
        mounting: Mounting | None = None,
    ) -> None:
        """`size`: width and height in pixels; `reach`: face widths (15 cm) beside a zone that are still at it."""
        self.size = size
        self.facing = Facing(zones, size, field_of_view, mounting)
        self.outlines = [(zone, in_pixels(zone.polygon, *size)) for zone in zones if zone.polygon]
        self._corners = {zone.name: corners for zone, corners in self.outlines}
        self._products = [zone for zone in zones if zone.kind == "product"]
        self._areas = {zone.name: in_pixels(zone.area, *size) for zone in self._products if zone.area}
        self._floors = self.facing.around(reach * FACE_METRES) | self._areas
        self._around = {zone.name: Around(self._corners.get(zone.name), zone.sector) for zone in self._products}
        self._kinds = {zone.name: zone.kind for zone in zones}
        self._reach = reach

    def at(self, person: Person) -> set[str]:
        """Names of the products' zones that a person is at."""
        if person.seen_by == "face":
            return self.facing.near(person.face, self._reach) if person.face else set()
        metres = self.facing.metres(person)
        return {zone.name for zone in self._products if self._stands_at(zone, person, metres.get(zone.name))}

    def turned(self, person: Person, names: set[str]) -> dict[str, float]:
        """How probably the body is turned to each of these zones; empty where nothing is known of its direction."""
        if person.facing is None:
            return {}
        return {name: self._around[name].turned(person.box, person.facing) for name in names}

    def is_ignored(self, person: Person) -> bool:
        """Whether somebody is a picture on a poster or a screen: the middle of a face, or most of a body."""
        return any(self._is_mostly_in(corners, person) for corners in self._of_kind("ignore"))

    def among_staff(self, person: Person) -> bool:
        """Whether somebody stands in a staff area: with his feet, or with his face where no body is seen."""
        return any(is_inside(corners.tolist(), _stand(person)) for corners in self._of_kind("staff"))

    def at_service(self, person: Person) -> list[str]:
        """Names of the service zones that somebody is in, with his feet or with his face."""
        points = [_stand(person), *([person.face.box.centre] if person.face else [])]
        return [
            name
            for name, corners in self._corners.items()
            if self._kinds[name] == "service" and any(is_inside(corners.tolist(), point) for point in points)
        ]

    def floor(self, zone: Zone, height: float) -> Corners | None:
        """Where the feet of those are who stand at a zone and are so tall in the picture (pixels).

        None where that is everywhere, for a camera on the shelf.
        """
        if zone.name in self._floors:
            return self._floors[zone.name]
        corners = self._corners.get(zone.name)
        if corners is None:
            return None
        beside = (self._reach * FACE_METRES / BODY_METRES + 0.2) * height  # half a body is 0.2 of its height
        steps = [(x, y) for x in (-beside, beside) for y in (-STEP_ABOVE * height, STEP_BELOW * height)]
        return hull((corners[:, None] + np.array(steps)).reshape(-1, 2))

    def touches_the_edge(self, box: Box) -> bool:
        """Whether a person at the edge of the picture may have left it."""
        width, height = self.size
        beside = min(box.x, width - box.x - box.width) / width
        return min(beside, box.y / height, (height - box.y - box.height) / height) < AT_EDGE

    def warnings(self) -> Iterator[str]:
        """What is wrong with the zones of this picture, a sentence each."""
        for name, corners in (*self._corners.items(), *self._areas.items()):
            wrong = unlike_the_picture(corners, self.size)
            if wrong:
                yield f"zone {name!r} {wrong}"
        yield from self.facing.overlaps.told()
        for name, width in self.facing.narrow_zones().items():
            yield (
                f"zone {name!r} is {width:.0f} degrees wide from where people stand; "
                f"head direction cannot tell zones below {NARROW:.0f} degrees apart: join it with its neighbour"
            )

    def _stands_at(self, zone: Zone, person: Person, metres: float | None) -> bool:
        """`metres`: from the zone over the floor, where that is known."""
        if metres is not None and zone.name not in self._areas:
            return metres <= self._reach * FACE_METRES
        floor = self.floor(zone, person.box.height)
        return floor is None or is_inside(floor.tolist(), person.foot)

    def _of_kind(self, kind: str) -> list[Corners]:
        return [corners for name, corners in self._corners.items() if self._kinds[name] == kind]

    def _is_mostly_in(self, corners: Corners, person: Person) -> bool:
        if person.seen_by == "face":
            return is_inside(corners.tolist(), person.box.centre)
        inside = [is_inside(corners.tolist(), point) for point in _spread(person.box)]
        return sum(inside) > MOSTLY * len(inside)


def _stand(person: Person) -> Point:
    return person.foot if person.seen_by == "body" else person.box.centre


def _spread(box: Box) -> list[Point]:
    """Five by five points of a box."""
    parts = [0.1, 0.3, 0.5, 0.7, 0.9]
    return [(box.x + x * box.width, box.y + y * box.height) for x in parts for y in parts]
