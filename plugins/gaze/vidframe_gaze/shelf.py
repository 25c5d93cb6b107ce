"""What changes on one shelf: hands that move over the goods, and goods that are gone when everybody has left."""

from __future__ import annotations

from collections import deque
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vidframe_gaze.outlines import Corners

Image = NDArray[Any]  # height x width
Mask = NDArray[np.bool_]

MOVED: Final = 16.0  # grey levels, by which a place differs from a moment ago where something moves
MOMENT: Final = 0.3  # seconds
LONG_AGO: Final = 2.0  # seconds
CELL: Final = 6  # pixels, across, of the cells in which a shelf is compared
ALIKE: Final = 0.5  # correlation of gradients, from which a cell shows the same
TEXTURE: Final = 3.0  # grey levels a pixel: gradients below are noise
RESTLESS: Final = 3  # refreshes for which a cell that changed by itself is left out
MOST: Final = 0.6  # of the cells with something in them, that may change
LEAST_CELLS: Final = 3  # side by side, that make a change
SAMPLE: Final = 2000  # pixels of a polygon that tell how its light changed


class Shelf:
    """The polygon of one product, in grey pictures of one size."""

    def __init__(self, corners: Corners, shape: tuple[int, int]) -> None:
        """`corners`: in pixels of these pictures, whose height and width are `shape`."""
        height, width = shape
        left, top = np.clip(np.floor(corners.min(axis=0)).astype(int), 0, (width - CELL, height - CELL))
        right, low = np.clip(np.ceil(corners.max(axis=0)).astype(int), (left + CELL, top + CELL), (width, height))
        self.origin = int(left), int(top)
        self._part = slice(int(top), int(low)), slice(int(left), int(right))
        mask = np.zeros((low - top, right - left), np.uint8)
        cv2.fillPoly(mask, [np.round(corners - (left, top)).astype(np.int32)], 1)
        self.mask: Mask = mask.astype(bool)
        inside = np.flatnonzero(self.mask)
        self._sample = inside[:: len(inside) // SAMPLE + 1]
        cells = cv2.resize(mask.astype(np.float32), _cells(mask.shape), interpolation=cv2.INTER_AREA)
        self._cells: Mask = cells > min(0.5, 0.9 * cells.max())
        self._restless = np.zeros(cells.shape, int)
        self._moments: deque[tuple[float, Image]] = deque()
        self._reference: Image | None = None

    # --- hands ---

    def moving(self, gray: Image, seconds: float) -> Mask:
        """Where inside the polygon (cut out at `origin`) something moves against a moment ago. Light is no motion."""
        now = cv2.GaussianBlur(gray[self._part], (3, 3), 0).astype(np.float32)
        while len(self._moments) > 1 and seconds - self._moments[1][0] >= MOMENT:
            self._moments.popleft()
        if self._moments and seconds - self._moments[0][0] > LONG_AGO:
            self._moments.clear()
        before = self._moments[0][1] if self._moments else now
        self._moments.append((seconds, now))
        difference = now - before
        light = np.median(difference.ravel()[self._sample]) if len(self._sample) else 0.0
        moved = ((np.abs(difference - light) > MOVED) & self.mask).astype(np.uint8)
        return np.asarray(cv2.morphologyEx(moved, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)), bool)

    # --- goods ---

    def refresh(self, gray: Image) -> None:
        """Takes the shelf as it is while nobody is there. What changes by itself, like a screen, says nothing."""
        now = _gradients(gray[self._part])
        if self._reference is not None:
            self._restless = np.where(_differs(self._reference, now), RESTLESS, np.maximum(self._restless - 1, 0))
        self._reference = now

    def has_changed(self, gray: Image) -> bool | None:
        """Whether goods are gone, new or moved since the last refresh; None if there was none, or too much is new."""
        if self._reference is None:
            return None
        now = _gradients(gray[self._part])
        counts = self._cells & (self._restless == 0)
        changed = _differs(self._reference, now) & counts
        textured = (_energy(self._reference) > TEXTURE**2) & counts
        if changed.sum() > MOST * textured.sum() > 4 * LEAST_CELLS:
            return None  # nobody takes that much: the camera was moved, or the shelf is another
        sizes = cv2.connectedComponentsWithStats(changed.astype(np.uint8), connectivity=8)[2][1:, cv2.CC_STAT_AREA]
        return bool(len(sizes) and sizes.max() >= min(LEAST_CELLS, max(counts.sum(), 1)))


def _gradients(part: Image) -> Image:
    """2 x height x width: grey levels a pixel, to the right and down."""
    smooth = cv2.GaussianBlur(part, (0, 0), 1.2).astype(np.float32)
    return np.stack(
        [cv2.Sobel(smooth, cv2.CV_32F, 1, 0, scale=0.125), cv2.Sobel(smooth, cv2.CV_32F, 0, 1, scale=0.125)]
    )


def _differs(before: Image, now: Image) -> Mask:
    """Cells that show something else: gradients that do not go together. More or less light changes none of that."""
    both = cv2.resize((before * now).sum(axis=0), _cells(before.shape[1:]), interpolation=cv2.INTER_AREA)
    was, here = _energy(before), _energy(now)
    has_texture = np.maximum(was, here) > TEXTURE**2
    return np.asarray(has_texture & (both < ALIKE * np.sqrt(was * here + TEXTURE**4 / 16)))


def _energy(gradients: Image) -> Image:
    """Mean square of the gradients, by cells."""
    return np.asarray(cv2.resize((gradients**2).sum(axis=0), _cells(gradients.shape[1:]), interpolation=cv2.INTER_AREA))


def _cells(shape: tuple[int, ...]) -> tuple[int, int]:
    """Columns and rows of cells."""
    return max(1, round(shape[1] / CELL)), max(1, round(shape[0] / CELL))
