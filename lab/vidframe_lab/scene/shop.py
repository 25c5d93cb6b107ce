"""The drawn shop: an aisle between two shelves, a table before the camera, a door at the far end.

Camera coordinates: metres, x to the right, y up, the camera stands in the origin, 1.7 m above the floor, and looks
along -z.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray
from vidframe_gaze.zones import Zone

Pixels = NDArray[np.uint8]
Points = NDArray[np.float64]

WIDTH, HEIGHT = 1280, 720
FIELD_OF_VIEW: Final = 60.0
FOCAL: Final = WIDTH / 2 / np.tan(np.radians(FIELD_OF_VIEW) / 2)  # pixels
FLOOR: Final = -1.7
CEILING: Final = 1.15
WALL: Final = 1.0  # half of the aisle's width
END: Final = -7.5
TABLE: Final = -0.62
NEAR_SHELVES: Final = (1.85, 3.2)  # metres from the camera
FURTHER_SHELVES: Final = ((3.3, 4.7), (4.8, 6.6))
SUBPIXELS: Final = 4  # bits, of cv2's drawing functions


@dataclass(frozen=True)
class Place:
    """Something to look at: a flat outline in space."""

    name: str
    product: str
    corners: tuple[tuple[float, float, float], ...]

    @property
    def middle(self) -> Points:
        """The middle of its corners."""
        return np.asarray(np.mean(self.corners, axis=0))

    def zone(self, *, with_distances: bool = False) -> Zone:
        """As a zone of the `interest` step, in pixels."""
        distance = [round(float(np.linalg.norm(corner)), 3) for corner in self.corners]
        polygon = [(round(float(x), 1), round(float(y), 1)) for x, y in pixels(self.corners)]
        settings = {"name": self.name, "product": self.product, "polygon": polygon}
        return Zone.model_validate(settings | ({"distance": distance} if with_distances else {}))


def _shelf(name: str, product: str, x: float, near: float, far: float) -> Place:
    low, high = FLOOR + 0.25, 0.45
    return Place(name, product, ((x, high, -near), (x, high, -far), (x, low, -far), (x, low, -near)))


PLACES: Final = (
    _shelf("tea", "DRI-013", -WALL, *NEAR_SHELVES),
    _shelf("coffee", "DRI-012", WALL, *NEAR_SHELVES),
    Place("honey", "PAN-005", ((-0.3, TABLE, -2.75), (0.3, TABLE, -2.75), (0.3, TABLE, -2.15), (-0.3, TABLE, -2.15))),
)
PALETTES: Final = {
    -WALL: ((60, 120, 60), (90, 160, 110), (50, 90, 150), (120, 170, 190)),
    WALL: ((40, 60, 110), (60, 90, 160), (30, 40, 70), (150, 180, 200)),
}


def pixels(points: ArrayLike) -> Points:
    """Where points (... x 3) in space are in the picture."""
    xyz = np.asarray(points, np.float64)
    depth = np.minimum(xyz[..., 2], -0.05)
    return np.stack([WIDTH / 2 - FOCAL * xyz[..., 0] / depth, HEIGHT / 2 + FOCAL * xyz[..., 1] / depth], axis=-1)


def drawn_shop() -> Pixels:
    """The empty shop by day (BGR)."""
    picture = np.full((HEIGHT, WIDTH, 3), 200, np.uint8)
    rng = np.random.default_rng(7)
    _draw_room(picture)
    _draw_door(picture)
    for side in (-WALL, WALL):
        for near, far in (*reversed(FURTHER_SHELVES), NEAR_SHELVES):
            _draw_shelf(picture, side, near, far, rng)
    noise = rng.normal(0, 1.5, picture.shape)
    return np.asarray(np.clip(cv2.GaussianBlur(picture, (3, 3), 0) + noise, 0, 255), np.uint8)


def draw_table(picture: Any) -> None:
    """The table before the camera, over whatever stands behind it."""
    corners = np.array(PLACES[2].corners)
    legs = corners + np.array((0, FLOOR - TABLE, 0))
    _fill(picture, [corners[3], corners[2], legs[2], legs[3]], (90, 120, 160))
    _fill(picture, corners, (140, 175, 205))
    for x in np.linspace(-0.22, 0.22, 4):
        for z in (-2.6, -2.32):
            _draw_jar(picture, float(x), z)


def _draw_room(picture: Any) -> None:
    wide, far, near = WALL + 0.45, END, -0.6
    _fill(picture, _quad(wide, FLOOR, near, far), (150, 158, 165))
    _fill(picture, _quad(wide, CEILING, near, far), (215, 218, 220))
    for side in (-wide, wide):
        ends = [(side, FLOOR, near), (side, FLOOR, far), (side, CEILING, far), (side, CEILING, near)]
        _fill(picture, ends, (188, 195, 200))
    back = [(-wide, FLOOR, far), (wide, FLOOR, far), (wide, CEILING, far), (-wide, CEILING, far)]
    _fill(picture, back, (205, 210, 212))
    for z in np.arange(-1.0, END, -0.6):
        _line(picture, (-wide, FLOOR, z), (wide, FLOOR, z), (135, 143, 150))
    for x in np.arange(-1.5, 1.6, 0.6):
        _line(picture, (x, FLOOR, near), (x, FLOOR, far), (135, 143, 150))
    for z in (-2.2, -4.2, -6.2):
        lamp = [(-0.5, CEILING, z), (0.5, CEILING, z), (0.5, CEILING, z - 0.5), (-0.5, CEILING, z - 0.5)]
        _fill(picture, lamp, (250, 252, 252))


def _draw_door(picture: Any) -> None:
    for inset, colour in ((0.0, (120, 130, 140)), (0.06, (225, 215, 195))):
        left, right, top = -0.55 + inset, 0.55 - inset, 0.45 - inset
        _fill(picture, [(left, FLOOR, END), (right, FLOOR, END), (right, top, END), (left, top, END)], colour)
    _line(picture, (0, FLOOR, END), (0, 0.4, END), (120, 130, 140))


def _draw_shelf(picture: Any, side: float, near: float, far: float, rng: np.random.Generator) -> None:
    low, high = FLOOR, 0.55
    face = [(side, low, -near), (side, low, -far), (side, high, -far), (side, high, -near)]
    out = side * 1.4
    _fill(picture, face, (70, 80, 92))
    _fill(picture, [(side, low, -far), (out, low, -far), (out, high, -far), (side, high, -far)], (120, 128, 135))
    boards = np.linspace(low + 0.12, high - 0.1, 6)
    for lower, upper in itertools.pairwise(boards):
        colour = PALETTES[side][int(rng.integers(4))]
        for z in np.arange(near + 0.03, far - 0.12, 0.14):
            tone = np.array(colour) * rng.uniform(0.75, 1.25) + rng.uniform(-10, 10)
            _draw_box(picture, side, z, z + 0.12, lower + 0.03, lower + (upper - lower) * rng.uniform(0.6, 0.82), tone)
        board = [(side, lower, -near), (side, lower, -far), (side, lower + 0.03, -far), (side, lower + 0.03, -near)]
        _fill(picture, board, (165, 175, 182))


def _draw_box(picture: Any, side: float, near: float, far: float, low: float, high: float, tone: Points) -> None:
    colour = tuple(float(value) for value in np.clip(tone, 15, 240))
    _fill(picture, [(side, low, -near), (side, low, -far), (side, high, -far), (side, high, -near)], colour)
    label = [low + (high - low) * part for part in (0.35, 0.6)]
    middle = [near + (far - near) * part for part in (0.2, 0.8)]
    at = [
        (side, y, -z) for y, z in zip((label[0], label[0], label[1], label[1]), (*middle, *middle[::-1]), strict=True)
    ]
    _fill(picture, at, tuple(float(value) for value in np.clip(tone * 0.4 + 140, 0, 255)))


def _draw_jar(picture: Any, x: float, z: float) -> None:
    low, high, half = TABLE, TABLE + 0.13, 0.04
    _fill(picture, [(x - half, low, z), (x + half, low, z), (x + half, high, z), (x - half, high, z)], (40, 140, 215))
    _fill(
        picture,
        [(x - half, high, z), (x + half, high, z), (x + half, high + 0.025, z), (x - half, high + 0.025, z)],
        (60, 70, 80),
    )
    _fill(
        picture,
        [(x - half, low + 0.04, z), (x + half, low + 0.04, z), (x + half, low + 0.09, z), (x - half, low + 0.09, z)],
        (210, 230, 240),
    )


def _quad(half_width: float, y: float, near: float, far: float) -> list[tuple[float, float, float]]:
    return [(-half_width, y, near), (half_width, y, near), (half_width, y, far), (-half_width, y, far)]


def _fill(picture: Any, corners: ArrayLike, colour: tuple[float, ...]) -> None:
    at = np.rint(pixels(corners) * 2**SUBPIXELS).astype(np.int32)
    cv2.fillConvexPoly(picture, at, colour, cv2.LINE_AA, SUBPIXELS)


def _line(picture: Any, start: ArrayLike, end: ArrayLike, colour: tuple[float, ...]) -> None:
    a, b = np.rint(pixels(np.array([start, end])) * 2**SUBPIXELS).astype(int)
    cv2.line(picture, tuple(map(int, a)), tuple(map(int, b)), colour, 1, cv2.LINE_AA, SUBPIXELS)
