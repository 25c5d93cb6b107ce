"""Carries boxes from one frame to the next by optical flow (Lucas and Kanade 1981, pyramidal: Bouguet 2000)."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

import cv2
import numpy as np
from numpy.typing import NDArray

from vidframe import Box

LEAST_POINTS = 4  # of nine, that must be found again
GRID = np.array([(x, y) for y in (0.15, 0.35, 0.55) for x in (0.28, 0.5, 0.72)], np.float32)  # head and trunk

Gray = NDArray[np.uint8]


def shifts_of(before: Gray, after: Gray, boxes: Sequence[Box]) -> list[tuple[float, float] | None]:
    """How far each box moved between two pictures, in their pixels; None where that is not known."""
    if not boxes:
        return []
    points = np.concatenate([GRID * (box.width, box.height) + (box.x, box.y) for box in boxes]).astype(np.float32)
    found, status, _ = cv2.calcOpticalFlowPyrLK(before, after, points[:, None], None, winSize=(11, 11), maxLevel=2)  # type: ignore[call-overload]
    moves, is_found = (found[:, 0] - points).reshape(-1, 9, 2), status.reshape(-1, 9) > 0
    return [_median(move[known]) for move, known in zip(moves, is_found, strict=True)]


def _median(moves: NDArray[np.float32]) -> tuple[float, float] | None:
    if len(moves) < LEAST_POINTS:
        return None
    across, down = moves.T.tolist()
    return median(across), median(down)  # of nine numbers at most, for which NumPy takes ten times as long
