"""How a camera hangs, and so where on the floor stands what its picture shows."""

from __future__ import annotations

import math
from dataclasses import dataclass

from vidframe.core.model.geometry import Point

Size = tuple[int, int]  # width and height of the picture in pixels


@dataclass(frozen=True, slots=True)
class Mounting:
    """A camera's height, tilt and field of view: a pinhole with square pixels that does not lean to a side (no roll).

    On the floor x is metres to the camera's right, z metres ahead; below the camera both are 0. y is metres above
    the floor. With tilt t, height h and focal length f = width / 2 / tan(field_of_view / 2) in pixels, a point lies
    d = (h - y) sin t + z cos t before the camera and u = (y - h) cos t + z sin t above its axis, and is seen at
    (width / 2 + f x / d, height / 2 - f u / d). All methods follow from that; the lens is taken to be free of
    distortion, which a fisheye is not. ValueError for what no camera can be.
    """

    height: float  # metres of the lens above the floor
    tilt: float  # degrees down from level, -90..90
    field_of_view: float  # horizontal, of the picture as the steps see it; degrees

    def __post_init__(self) -> None:
        if not 0 < self.height < math.inf:
            raise ValueError(f"the height of a mounting is greater than 0 metres, found {self.height:g}")
        if not -90 <= self.tilt <= 90:
            raise ValueError(f"the tilt of a mounting is -90 to 90 degrees, found {self.tilt:g}")
        if not 0 < self.field_of_view < 180:
            raise ValueError(f"the field of view of a mounting is 0 to 180 degrees, found {self.field_of_view:g}")

    def focal(self, size: Size) -> float:
        """Focal length in pixels of a picture of that size."""
        return size[0] / 2 / math.tan(math.radians(self.field_of_view) / 2)

    def floor(self, point: Point, size: Size) -> tuple[float, float] | None:
        """(x, z) of the place on the floor that a pixel shows; None on the horizon and above it."""
        return self.at_height(point, size, 0.0)

    def at_height(self, point: Point, size: Size, metres: float) -> tuple[float, float] | None:
        """(x, z) of what a pixel shows if that is so many metres above the floor: of a head, where its owner stands.

        None where the line through the pixel never comes to that height.
        """
        x, y, z = self.ray(point, size)
        steps = (metres - self.height) / y if y else math.inf
        return (steps * x, steps * z) if 0 <= steps < math.inf else None

    def picture(self, x: float, y: float, z: float, size: Size) -> Point | None:
        """The pixel at which a point in the shop is seen, also beyond the picture's edge; None behind the camera."""
        sine, cosine = self._turn
        depth = (self.height - y) * sine + z * cosine
        if depth <= 0:
            return None
        scale = self.focal(size) / depth
        return size[0] / 2 + scale * x, size[1] / 2 - scale * ((y - self.height) * cosine + z * sine)

    def person_height(self, foot: Point, head: Point, size: Size) -> float | None:
        """Metres from the floor to the head of somebody upright, by the pixels of the feet and of the head.

        Where the head is not quite above the feet: of the point above them that is nearest to its line, seen from
        above. None for feet above the horizon, and for a head straight below the camera.
        """
        stand = self.floor(foot, size)
        x, y, z = self.ray(head, size)
        level = x * x + z * z
        if stand is None or level < 1e-9:
            return None
        return self.height + y * (x * stand[0] + z * stand[1]) / level

    def ray(self, point: Point, size: Size) -> tuple[float, float, float]:
        """(x, y, z) of the direction from the camera to what a pixel shows; its part along the camera's axis is 1."""
        focal = self.focal(size)
        right, up = (point[0] - size[0] / 2) / focal, (size[1] / 2 - point[1]) / focal
        sine, cosine = self._turn
        return right, up * cosine - sine, up * sine + cosine

    @property
    def _turn(self) -> tuple[float, float]:
        radians = math.radians(self.tilt)
        return math.sin(radians), math.cos(radians)
