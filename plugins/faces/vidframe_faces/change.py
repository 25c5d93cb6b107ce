"""Where a picture changed since it was last searched: what lets a quiet scene cost next to nothing."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from vidframe import Box

COLUMNS = 80  # cells across the picture: 16 pixels each at 1280, half a face of the smallest size that is searched
ROUNDING = 0.001  # seconds: what the times of frames are off, so that "200ms" is every second frame of ten a second
GRAY_WIDTH = 320  # pixels across the grey picture that cells are averaged from

Cells = NDArray[np.float32]  # rows x COLUMNS, mean luma 0..255
Mask = NDArray[np.bool_]  # rows x COLUMNS


def cells_of(gray: NDArray[np.uint8]) -> Cells:
    """Mean luma of each cell of a grey picture."""
    height, width = gray.shape
    rows = max(1, round(COLUMNS * height / width))
    if width >= 2 * COLUMNS and height >= 2 * rows:  # two steps, of which OpenCV does the first four times as fast
        gray = np.asarray(cv2.resize(gray, (2 * COLUMNS, 2 * rows), interpolation=cv2.INTER_AREA), np.uint8)
    return cv2.resize(gray, (COLUMNS, rows), interpolation=cv2.INTER_AREA).astype(np.float32)


def changed_cells(before: Cells, after: Cells, threshold: float) -> Mask:
    """Where mean luma differs by the threshold or more."""
    changed: Mask = np.abs(after - before) >= threshold
    return changed


class Change:
    """Remembers each cell as it was, and when, at its last search.

    A slow drift adds up until it is a change; what never changes is never searched again.
    """

    def __init__(self, width: int, height: int, threshold: float) -> None:
        self.width = width
        self.height = height
        self._threshold = threshold  # of mean luma, 0..255
        self._searched: Cells | None = None
        self._when: NDArray[np.float64] | None = None

    def due(self, cells: Cells, now: float, pause: float) -> Mask:
        """Cells that changed since they were searched, unless that was less than `pause` seconds ago."""
        if self._searched is None or self._when is None:
            self._searched = np.full_like(cells, np.inf)
            self._when = np.full(cells.shape, -np.inf)
        changed = changed_cells(self._searched, cells, self._threshold)
        if changed.any():
            changed &= now - self._when >= pause - ROUNDING
        return changed

    def searched(self, region: Box, cells: Cells, now: float) -> None:
        """Notes that the region was searched as it is in `cells`."""
        assert self._searched is not None
        assert self._when is not None
        part = self.part(region, cells)
        self._searched[part] = cells[part]
        self._when[part] = now

    def part(self, region: Box, cells: Cells) -> tuple[slice, slice]:
        """The cells whose middle lies in the region."""
        rows, columns = cells.shape
        across, down = columns / self.width, rows / self.height
        left, right = region.x * across, (region.x + region.width) * across
        top, bottom = region.y * down, (region.y + region.height) * down
        return (
            slice(max(0, round(top)), max(0, round(bottom))),
            slice(max(0, round(left)), max(0, round(right))),
        )

    def differs(self, region: Box, before: Cells, after: Cells) -> bool:
        """Whether anything changed in the region between two pictures."""
        part = self.part(region, after)
        return bool(changed_cells(before[part], after[part], self._threshold).any())
