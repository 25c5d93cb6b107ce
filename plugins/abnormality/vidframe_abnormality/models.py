"""Other ways to find what changed, for shops that want them: models that follow the scene.

They know no light from an object, lose who stands still, and are there to compare with; docs/plugins/abnormality.md has
the figures.
"""

from typing import Any, Literal

import cv2
import numpy as np

from vidframe_abnormality.blobs import find_blobs, total_area
from vidframe_abnormality.change import Foreground
from vidframe_abnormality.light import Floats, Gray, halved

FOLLOWS = 30.0  # seconds in which the running average follows the scene
_OPEN = np.ones((3, 3), np.uint8)


class Running:
    """Difference from a running average (Wren et al., "Pfinder", PAMI 1997, without the variance)."""

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self._mean: Floats | None = None
        self._at = 0.0

    def apply(self, frame: Gray, seconds: float) -> Gray:
        """255 where the frame differs."""
        if self._mean is None:
            self._mean, self._at = frame.astype(np.float32), seconds
        over = cv2.absdiff(frame, cv2.convertScaleAbs(self._mean))
        weight = 1 - np.exp(-(seconds - self._at) / FOLLOWS)
        cv2.accumulateWeighted(frame, self._mean, weight)
        self._at = seconds
        return np.asarray(cv2.threshold(over, self._threshold, 255, cv2.THRESH_BINARY)[1])


class Mixture:
    """OpenCV's MOG2 (Zivkovic, ICPR 2004) or KNN (Zivkovic, van der Heijden, 2006), shadows left out."""

    def __init__(self, method: Literal["mog2", "knn"]) -> None:
        make: Any = cv2.createBackgroundSubtractorMOG2 if method == "mog2" else cv2.createBackgroundSubtractorKNN
        self._model = make(detectShadows=True)

    def apply(self, frame: Gray, seconds: float) -> Gray:
        """255 where the frame differs."""
        mask = self._model.apply(frame)
        return np.asarray(cv2.threshold(mask, 200, 255, cv2.THRESH_BINARY)[1])


class Model:
    """One of these models in the place of the reference frame."""

    def __init__(
        self, method: Literal["running", "mog2", "knn"], threshold: float, min_area: float, ignored: Gray
    ) -> None:
        self._model: Running | Mixture = Running(threshold) if method == "running" else Mixture(method)
        self._min_area = min_area
        self._ignored = ignored  # 255 where changes do not count, elsewhere 0

    def learn(self, frame: Gray, seconds: float) -> None:
        """Takes in one frame of the warm-up."""
        self._model.apply(frame, seconds)

    def compare(self, frame: Gray, seconds: float) -> Foreground:
        """Compares one frame."""
        mask = cv2.morphologyEx(self._model.apply(frame, seconds), cv2.MORPH_OPEN, _OPEN)
        mask = cv2.threshold(halved(cv2.subtract(mask, self._ignored)), 127, 1, cv2.THRESH_BINARY)[1]
        labels, blobs = find_blobs(np.asarray(mask), self._min_area / 3)
        area = total_area(blobs)
        return Foreground(blobs, labels, measured=area) if area >= self._min_area else Foreground(measured=area)
