"""The drawn shop by night: lights out, a noisy sensor, an intruder with a torch, and a box that falls off a shelf."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vidframe_lab.scene.shop import END, FLOOR, FOCAL, HEIGHT, SUBPIXELS, WALL, WIDTH, draw_table, pixels

Pixels = NDArray[np.uint8]

DARK: Final = 0.11  # of the light of the day
FADING: Final = 0.8  # seconds from light to dark
INTRUDER: Final = (5.0, 11.5)  # seconds after the lights went out
FALL: Final = (14.5, 15.1)


class Night:
    """The pictures of one night."""

    def __init__(self, shop: Pixels, fps: float, fades: bool) -> None:
        """`shop`: empty, by day; `fades`: whether the lights go out at the beginning or are out already."""
        self._day = shop.copy()
        draw_table(self._day)
        self._fps = fps
        self._fades = fades
        self._noise = np.random.default_rng(11).normal(0, 3.0, (4, HEIGHT, WIDTH)).astype(np.float32)
        self._rng = np.random.default_rng(12)
        self.incidents = [("motion", *INTRUDER), ("motion", *FALL)]

    def pictures(self, length: float) -> Iterator[Pixels]:
        """As many seconds of pictures (BGR, nearly grey)."""
        gray = cv2.cvtColor(self._day, cv2.COLOR_BGR2GRAY).astype(np.float32)
        for number in range(round(length * self._fps)):
            seconds = number / self._fps
            faded = min(1.0, seconds / FADING) if self._fades else 1.0
            light = 1 - (1 - DARK) * faded
            picture = gray * light
            if faded == 1:
                picture += 6  # an open aperture lifts the black
                _draw_fallen_box(picture, seconds)
                if INTRUDER[0] <= seconds <= INTRUDER[1]:
                    _draw_intruder(picture, (seconds - INTRUDER[0]) / (INTRUDER[1] - INTRUDER[0]), seconds)
            noise = np.roll(self._noise[self._rng.integers(4)], self._rng.integers(0, WIDTH, 2), axis=(0, 1))
            night = np.clip(picture + noise, 0, 255).astype(np.uint8)
            dark = cv2.cvtColor(night, cv2.COLOR_GRAY2BGR)
            if faded < 1:
                dark = np.clip((1 - faded) * light * self._day + faded * dark, 0, 255).astype(np.uint8)
            yield np.asarray(dark, np.uint8)


def _draw_intruder(picture: Any, part: float, seconds: float) -> None:
    """A dark shape that comes in through the door, goes to the right shelf and back; its torch lights what it meets."""
    out_and_back = 1 - abs(2 * part - 1)
    x, z = 0.35 * out_and_back, END + 0.4 + 3.4 * out_and_back
    torch = pixels((x + 0.55 + 0.25 * np.sin(seconds * 1.7), FLOOR + 1.0 + 0.3 * np.sin(seconds * 2.3), z + 0.5))
    light = np.zeros_like(picture)
    radius = 0.42 * FOCAL / -z
    cv2.circle(light, _whole(torch), round(radius), 1.0, -1)
    light = cv2.GaussianBlur(light, (0, 0), radius / 3)
    picture += light * (45 + 0.9 * picture)
    thick = FOCAL / -z
    step = np.sin(seconds * 7) * 0.1
    shape = np.zeros(picture.shape, np.uint8)
    for side in (-1, 1):
        leg = [
            pixels((x + 0.07 * side, FLOOR + 0.85, z)),
            pixels((x + 0.1 * side, FLOOR + 0.08 * max(0, side * step), z)),
        ]
        _limb(shape, leg, 0.16 * thick)
    _limb(shape, [pixels((x, FLOOR + 1.32, z)), pixels((x, FLOOR + 0.9, z))], 0.4 * thick)
    _limb(shape, [pixels((x + 0.15, FLOOR + 1.3, z)), pixels((x + 0.4, FLOOR + 1.05, z))], 0.1 * thick)
    cv2.circle(shape, _whole(pixels((x, FLOOR + 1.62, z))), round(0.12 * thick), 255, -1)
    cover = cv2.GaussianBlur(shape, (3, 3), 0).astype(np.float32) / 255
    picture *= 1 - 0.97 * cover
    picture += 4 * cover


def _draw_fallen_box(picture: Any, seconds: float) -> None:
    """A box before the right shelf: on its board, falling, then on the floor."""
    height = FLOOR + 1.25
    if seconds >= FALL[0]:
        fallen = seconds - FALL[0]
        height = max(FLOOR + 0.12, height - 0.5 * 9.81 * fallen**2)
    x = WALL - 0.06 - 0.18 * min(1.0, max(0.0, (seconds - FALL[0]) / 0.3))
    turn = 0.0 if height == FLOOR + 1.25 else min(1.4, 3 * (seconds - FALL[0]))
    corners = []
    for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
        across, up = 0.09 * a, 0.13 * b
        corners.append(
            (x + across * np.cos(turn) - up * np.sin(turn), height + across * np.sin(turn) + up * np.cos(turn), -2.9)
        )
    at = np.rint(pixels(corners) * 2**SUBPIXELS).astype(np.int32)
    cv2.fillConvexPoly(picture, at, 38.0, cv2.LINE_AA, SUBPIXELS)
    cv2.polylines(picture, [at], True, 22.0, 2, cv2.LINE_AA, SUBPIXELS)


def _limb(picture: Any, joints: Any, width: float) -> None:
    at = np.rint(np.array(joints) * 2**SUBPIXELS).astype(np.int32)
    cv2.polylines(picture, [at], False, 255, max(1, round(width)), cv2.LINE_AA, SUBPIXELS)


def _whole(point: Any) -> tuple[int, int]:
    return round(float(point[0])), round(float(point[1]))
