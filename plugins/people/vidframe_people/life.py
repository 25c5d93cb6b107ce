"""Tells people from posters, mannequins and furniture: people move, and not as a rigid surface."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from vidframe import Box

PATCH = (12, 24)  # cells across and down a body
ALIKE = 0.9  # correlation from which two pictures of a place show the same
EVEN = 1.0  # grey levels (standard deviation), up to which a place is even: a white wall
RIGID = 0.985  # correlation of a surface with itself, noise and compression included
SAME_PLACE = 0.5  # overlap up to which a box is where it was
WENT = 0.3  # of the body's width, that it must go from where it was first seen

Gray = NDArray[np.uint8]
Patch = NDArray[np.float32]


def patch_of(gray: Gray, box: Box) -> Patch | None:
    """A small picture of a place, without its brightness and contrast; zeros where it is even, None beyond the picture."""
    height, width = gray.shape
    left, top = max(0, int(box.x)), max(0, int(box.y))
    right, bottom = min(width, math.ceil(box.x + box.width)), min(height, math.ceil(box.y + box.height))
    if right - left < 4 or bottom - top < 4:
        return None
    patch = cv2.resize(gray[top:bottom, left:right], PATCH, interpolation=cv2.INTER_AREA).astype(np.float32)
    patch -= patch.mean()
    norm = float(np.linalg.norm(patch))
    return patch / norm if norm > EVEN * math.sqrt(patch.size) else np.zeros_like(patch)


def likeness(one: Patch | None, other: Patch | None) -> float:
    """Correlation of two patches, -1..1; 1 where both are even, or where there is nothing to compare."""
    if one is None or other is None or not (one.any() or other.any()):
        return 1.0
    return float((one * other).sum())


class Life:
    """What speaks for and against a body being alive. All pictures are grey and of one size; boxes are in their pixels."""

    def __init__(self, before: Gray | None, gray: Gray, box: Box, now: float) -> None:
        """`before`: the picture of a moment ago, None at the start of a camera, when all may have just come."""
        patch = patch_of(gray, box)
        self._place, self._patch = box, patch  # where it was first seen
        self._still, self._still_place, self._still_since = patch, box, now
        self._changes = 0
        self.is_first = before is None
        self.is_shown = before is not None and likeness(patch_of(before, box), patch) < ALIKE

    def look(self, gray: Gray, box: Box, now: float, is_free: bool) -> None:
        """Takes a new picture. `is_free`: nobody else is before it."""
        # Compared at one place: a detector's boxes jitter about a thing that never moves.
        has_gone = box.overlap(self._still_place) < SAME_PLACE
        if has_gone or likeness(self._still, patch_of(gray, self._still_place)) < RIGID:
            self._still, self._still_place, self._still_since = patch_of(gray, box), box, now
        if not self.is_shown and is_free:
            self._compare(gray, box)

    def rigid_for(self, now: float) -> float:
        """For how many seconds it looked exactly the same."""
        return now - self._still_since

    def _compare(self, gray: Gray, box: Box) -> None:
        is_other = likeness(self._patch, patch_of(gray, self._place)) < ALIKE
        self._changes = self._changes + 1 if is_other else 0
        (x1, y1), (x2, y2) = self._place.centre, box.centre
        went = math.hypot(x2 - x1, y2 - y1) > WENT * min(self._place.width, self._place.height)
        self.is_shown = (is_other and went) or self._changes >= 3
