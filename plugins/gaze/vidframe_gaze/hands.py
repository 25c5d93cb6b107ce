"""Whose hands move over the goods: parts of the picture that move beside people's trunks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median
from typing import Final

import cv2
import numpy as np

from vidframe import Box
from vidframe_gaze.shelf import Mask

TRUNK: Final = 0.6  # of a box's width: the rest is arms, where they are stretched out
LEGS: Final = 0.8  # of a box's height, from where on what moves are legs
ARM: Final = 0.35  # body heights that a hand gets out of the box, which often ends at the elbow
WIDE: Final = 0.04  # body heights across: what is narrower is the side of a body that sways
HAND: Final = 0.004  # squared body heights: a hand and half of a forearm, seen from the side (8 x 14 cm)


def reaching(moving: Mask, origin: tuple[int, int], boxes: Sequence[Box]) -> set[int]:
    """Indices of the people whose hands move in a part of the picture whose upper left corner is `origin`.

    What moves belongs to whoever is nearest to it, and what moves within a trunk to nobody: who turns round before a
    shelf reaches for nothing.
    """
    areas = dict.fromkeys(range(len(boxes)), 0)
    wide = max(3, round(WIDE * median(box.height for box in boxes)))
    moving = np.asarray(cv2.morphologyEx(moving.astype(np.uint8), cv2.MORPH_OPEN, np.ones((2, wide), np.uint8)), bool)
    for middle, area in _blobs(_without_trunks(moving, origin, boxes)):
        x, y = middle[0] + origin[0], middle[1] + origin[1]
        away, owner = min((_away(box, x, y), index) for index, box in enumerate(boxes))
        if away <= ARM:
            areas[owner] += area
    return {index for index, area in areas.items() if area >= HAND * boxes[index].height ** 2}


def _without_trunks(moving: Mask, origin: tuple[int, int], boxes: Sequence[Box]) -> Mask:
    free = moving.copy()
    for box in boxes:
        left, top = box.x + (1 - TRUNK) / 2 * box.width - origin[0], box.y - origin[1]
        rows, columns = (
            (max(0, round(top)), round(top + box.height)),
            (max(0, round(left)), round(left + TRUNK * box.width)),
        )
        free[rows[0] : max(0, rows[1]), columns[0] : max(0, columns[1])] = False
    return free


def _blobs(mask: Mask) -> Iterator[tuple[tuple[float, float], int]]:
    """The middle and the area, in pixels, of each part."""
    count, _, stats, middles = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    for index in range(1, count):
        yield (float(middles[index][0]), float(middles[index][1])), int(stats[index, cv2.CC_STAT_AREA])


def _away(box: Box, x: float, y: float) -> float:
    """Body heights from a box, above its legs; within it a little, by how far it is from its middle."""
    height = max(box.height, 1.0)
    beside = max(box.x - x, x - box.x - box.width, 0.0)
    above = max(box.y - y, y - box.y - LEGS * box.height, 0.0)
    return float(np.hypot(beside, above) / height + 0.01 * abs(x - box.centre[0]) / height)
