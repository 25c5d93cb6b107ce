"""Whether anything stirs in a calm scene: a quarter of the pixels of a look, and a fifth of its work."""

import cv2
import numpy as np

from vidframe_abnormality.light import Gray

SENSITIVE = 0.5  # of the limits of a look, so that nothing is passed by that a look would find
FEWEST = 0.5  # of the pixels that a look would need


class Glance:
    """Compares pictures with that of the last look, if it found nothing. All of them are half as wide as a look's."""

    def __init__(self, least: float) -> None:
        self._least = FEWEST * least  # share of the picture
        self._calm: Gray | None = None

    @property
    def is_calm(self) -> bool:
        """Whether the last look found nothing."""
        return self._calm is not None

    def rest(self, gray: Gray, limits: Gray, until: float) -> None:
        """A look found nothing in this picture, in which pixels had to differ by `limits`; the next is due at `until`."""
        self._calm, self._until = _smoothed(gray), until
        small = cv2.resize(limits, gray.shape[::-1], interpolation=cv2.INTER_NEAREST)
        self._limits = cv2.convertScaleAbs(small, alpha=SENSITIVE)
        self._limits[small == 255] = 255

    def is_due(self, seconds: float) -> bool:
        """Whether the next look is due even if nothing stirs."""
        return self._calm is not None and seconds >= self._until

    def forget(self) -> None:
        """A look found something."""
        self._calm = None

    def stirs(self, gray: Gray, seconds: float) -> bool:
        """Whether a look is needed."""
        if self._calm is None or self._calm.shape != gray.shape or self.is_due(seconds):
            return True
        over = cv2.subtract(cv2.absdiff(_smoothed(gray), self._calm), self._limits)
        return cv2.countNonZero(over) > self._least * gray.size


def _smoothed(gray: Gray) -> Gray:
    return np.asarray(cv2.GaussianBlur(gray, (5, 5), 0))
