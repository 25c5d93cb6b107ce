"""Other ways to find what changed, for shops that want them: models that follow the scene.

They know no light from an object, lose who stands still, and are there to compare with; docs/plugins/abnormality.md has
the figures.
"""

from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from vidframe_abnormality.change import Look, find_parts
from vidframe_abnormality.light import Gray, halved

FOLLOWS = 30.0  # seconds in which the running average follows the scene
_OPEN = np.ones((3, 3), np.uint8)


class Running:
    """Difference from a running average (Wren et al., "Pfinder", PAMI 1997, without the variance)."""

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self._mean: NDArray[Any] | None = None
        self._at = 0.0

    def apply(self, picture: Gray, seconds: float) -> Gray:
        """255 where the picture differs."""
        if self._mean is None:
            self._mean, self._at = picture.astype(np.float32), seconds
        over = cv2.absdiff(picture, cv2.convertScaleAbs(self._mean))
        weight = 1 - np.exp(-(seconds - self._at) / FOLLOWS)
        cv2.accumulateWeighted(picture, self._mean, weight)
        self._at = seconds
        return np.asarray(cv2.threshold(over, self._threshold, 255, cv2.THRESH_BINARY)[1])


class Mixture:
    """OpenCV's MOG2 (Zivkovic, ICPR 2004) or KNN (Zivkovic, van der Heijden, 2006), shadows left out."""

    def __init__(self, method: Literal["mog2", "knn"]) -> None:
        make: Any = cv2.createBackgroundSubtractorMOG2 if method == "mog2" else cv2.createBackgroundSubtractorKNN
        self._model = make(detectShadows=True)

    def apply(self, picture: Gray, seconds: float) -> Gray:
        """255 where the picture differs."""
        mask = self._model.apply(picture)
        return np.asarray(cv2.threshold(mask, 200, 255, cv2.THRESH_BINARY)[1])


class Follower:
    """One of these models in the place of the reference."""

    noise = 2.0

    def __init__(
        self,
        method: Literal["running", "mog2", "knn"],
        threshold: float,
        min_area: float,
        ignored: NDArray[np.bool_] | None,
    ) -> None:
        self._model: Running | Mixture = Running(threshold) if method == "running" else Mixture(method)
        self._min_area = min_area
        self._ignored = ignored
        self.is_learning = True

    def learn(self, picture: Gray, seconds: float) -> None:
        """Takes in one picture of the warm-up."""
        self._model.apply(picture, seconds)

    def start(self) -> None:
        """Ends the warm-up."""
        self.is_learning = False

    def look(self, picture: Gray, seconds: float) -> Look:
        """Compares one picture."""
        mask = cv2.morphologyEx(self._model.apply(picture, seconds), cv2.MORPH_OPEN, _OPEN)
        if self._ignored is not None:
            mask[self._ignored] = 0
        labels, parts = find_parts(
            np.asarray(cv2.threshold(halved(mask), 127, 1, cv2.THRESH_BINARY)[1]), self._min_area / 3
        )
        area = sum(part.area for part in parts)
        return Look(parts, labels, measured=area) if area >= self._min_area else Look(measured=area)
