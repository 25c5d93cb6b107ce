"""Where a picture changed: mean luma on a coarse grid, so that a quiet scene costs next to nothing."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from vidframe import Box

COLUMNS = 80  # cells across the picture
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


def part_of(box: Box, cells: Cells | Mask, width: int, height: int) -> tuple[slice, slice]:
    """The cells that a box in a frame of that size touches; at least one."""
    rows, columns = cells.shape
    left, top = int(box.x * columns / width), int(box.y * rows / height)
    right, bottom = (box.x + box.width) * columns / width, (box.y + box.height) * rows / height
    left, top = min(max(0, left), columns - 1), min(max(0, top), rows - 1)
    return slice(top, max(top + 1, int(np.ceil(bottom)))), slice(left, max(left + 1, int(np.ceil(right))))


def patches_of(mask: Mask, width: int, height: int) -> list[Box]:
    """The bounding box, in pixels of a frame of that size, of each group of neighbouring cells."""
    joined = cv2.dilate(mask.astype(np.uint8), np.ones((3, 3), np.uint8))
    count, _, groups, _ = cv2.connectedComponentsWithStats(joined)
    across, down = width / mask.shape[1], height / mask.shape[0]
    return [
        Box(x * across, y * down, columns * across, rows * down) for x, y, columns, rows, _ in groups[1:count].tolist()
    ]
