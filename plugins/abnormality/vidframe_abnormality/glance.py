"""Whether anything stirs in a calm scene: a quarter of the pixels of a look, and a fifth of its work."""

from typing import NamedTuple

import cv2
import numpy as np

from vidframe_abnormality.light import Gray, smoothed
from vidframe_abnormality.noise import IGNORED

SENSITIVE = 0.5  # of the thresholds of a look, so that nothing is passed by that a look would find
FEWEST = 0.5  # of the pixels that a look would need


class _Rest(NamedTuple):
    """A look that found nothing."""

    frame: Gray  # smoothed
    thresholds: Gray  # grey levels by which a pixel of another frame must differ
    until: float  # seconds: when the next look is due


class Glance:
    """Compares frames with that of the last look, if it found nothing. All of them are half as wide as a look's."""

    def __init__(self, least: float) -> None:
        self._least = FEWEST * least  # share of the frame
        self._rest: _Rest | None = None

    @property
    def is_calm(self) -> bool:
        """Whether the last look found nothing."""
        return self._rest is not None

    def rest(self, gray: Gray, thresholds: Gray, until: float) -> None:
        """A look found nothing in this frame, in which pixels had to differ by `thresholds`; the next is at `until`."""
        small = cv2.resize(thresholds, gray.shape[::-1], interpolation=cv2.INTER_NEAREST)
        halved = cv2.convertScaleAbs(small, alpha=SENSITIVE)
        halved[small == IGNORED] = IGNORED
        self._rest = _Rest(smoothed(gray), np.asarray(halved), until)

    def is_due(self, seconds: float) -> bool:
        """Whether the next look is due even if nothing stirs."""
        return self._rest is not None and seconds >= self._rest.until

    def forget(self) -> None:
        """A look found something."""
        self._rest = None

    def stirs(self, gray: Gray, seconds: float) -> bool:
        """Whether a look is needed."""
        rest = self._rest
        if rest is None or rest.frame.shape != gray.shape or seconds >= rest.until:
            return True
        over = cv2.subtract(cv2.absdiff(smoothed(gray), rest.frame), rest.thresholds)
        return cv2.countNonZero(over) > self._least * gray.size
