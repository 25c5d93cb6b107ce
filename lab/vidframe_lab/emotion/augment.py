"""Changes faces as cameras and people do, so that a network learns the expression and not the picture."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Augmentation:
    """How far pictures are changed; each bound is the end of an even distribution."""

    degrees: float = 14.0
    scale: float = 0.13  # 0.13: between 1 / 1.13 and 1.13
    stretch: float = 0.06  # width against height
    shift: float = 0.085  # share of the side
    gamma: float = 0.35  # exponent between 1 / 1.35 and 1.35
    erase: float = 0.5  # probability that a rectangle is blanked
    erased_side: tuple[float, float] = (0.15, 0.35)  # its sides as shares of the picture's
    coarse: float = 0.12  # probability that the face is one of few pixels
    coarse_side: tuple[int, int] = (18, 40)  # pixels a side of such a face

    def __call__(self, pictures: NDArray[np.uint8], size: int, random: np.random.Generator) -> NDArray[np.float32]:
        """N x size x size from N x 48 x 48, values 0..255."""
        return np.stack([self._change(picture, size, random) for picture in pictures]).astype(np.float32)

    def _change(self, picture: NDArray[np.uint8], size: int, random: np.random.Generator) -> NDArray[np.uint8]:
        if random.random() < self.coarse:
            picture = _coarse(picture, int(random.integers(*self.coarse_side)))
        matrix = self._warp(picture.shape[0], size, random)
        changed = cv2.warpAffine(
            picture, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
        )
        exponent = _around_one(self.gamma, random)
        curve = (255 * (np.arange(256) / 255) ** exponent).astype(np.uint8)
        changed = curve[changed]
        if random.random() < self.erase:
            self._erase(changed, random)
        return np.asarray(changed, np.uint8)

    def _warp(self, side: int, size: int, random: np.random.Generator) -> NDArray[np.float64]:
        """2 x 3 from source to target pixels."""
        zoom = _around_one(self.scale, random) * size / side
        stretch = _around_one(self.stretch, random)
        angle = np.radians(random.uniform(-self.degrees, self.degrees))
        mirror = 1 if random.random() < 0.5 else -1
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        linear = zoom * turn @ np.diag([mirror * stretch, 1 / stretch])
        centre = (size - 1) / 2 + random.uniform(-self.shift, self.shift, 2) * size
        return np.column_stack([linear, centre - linear @ np.full(2, (side - 1) / 2)])

    def _erase(self, picture: NDArray[np.uint8], random: np.random.Generator) -> None:
        side = picture.shape[0]
        width, height = (side * random.uniform(*self.erased_side, 2)).astype(int)
        x, y = random.integers(0, side - width + 1), random.integers(0, side - height + 1)
        picture[y : y + height, x : x + width] = int(picture.mean())


def _around_one(spread: float, random: np.random.Generator) -> float:
    return float(np.exp(random.uniform(-1, 1) * np.log1p(spread)))


def _coarse(picture: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    small = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, picture.shape[::-1], interpolation=cv2.INTER_LINEAR), dtype=np.uint8)
