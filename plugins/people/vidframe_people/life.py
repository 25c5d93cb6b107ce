"""Tells people from posters, mannequins and furniture: people move, and not as a rigid surface."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from vidframe import Box

PATCH = (12, 24)  # cells across and down a body
ALIKE = 0.9  # correlation from which two pictures of a place show the same
RIGID = 0.985  # correlation of a surface with itself, noise and compression included
WENT = 0.3  # of the body's width, that it must go from where it was first seen

Gray = NDArray[np.uint8]
Patch = NDArray[np.float32]


def patch_of(gray: Gray, box: Box) -> Patch | None:
    """A small picture of a place, without its brightness and contrast; None where nothing is to be seen."""
    height, width = gray.shape
    left, top = max(0, int(box.x)), max(0, int(box.y))
    right, bottom = min(width, math.ceil(box.x + box.width)), min(height, math.ceil(box.y + box.height))
    if right - left < 4 or bottom - top < 4:
        return None
    patch = cv2.resize(gray[top:bottom, left:right], PATCH, interpolation=cv2.INTER_AREA).astype(np.float32)
    patch -= patch.mean()
    norm = float(np.linalg.norm(patch))
    return patch / norm if norm > 1.0 * math.sqrt(patch.size) else None


def likeness(one: Patch | None, other: Patch | None) -> float:
    """Correlation of two patches, -1..1; 1 where there is nothing to compare."""
    return float((one * other).sum()) if one is not None and other is not None else 1.0


class Life:
    """Whether a body has shown that it is alive: it went somewhere, or changed where it stood."""

    def __init__(self, gray: Gray, box: Box) -> None:
        self._place = box  # where it was first seen
        self._patch = patch_of(gray, box)
        self._changes = 0
        self.is_shown = False

    def look(self, gray: Gray, box: Box, is_free: bool) -> None:
        """Takes a new picture. `is_free`: nobody else is before it."""
        if self.is_shown or not is_free:
            return
        now = likeness(self._patch, patch_of(gray, self._place))
        (x1, y1), (x2, y2) = self._place.centre, box.centre
        went = math.hypot(x2 - x1, y2 - y1) > WENT * min(self._place.width, self._place.height)
        if went and now < ALIKE:
            self.is_shown = True
        self._changes = self._changes + 1 if now < ALIKE else 0
        if self._changes >= 3:
            self.is_shown = True
