"""One camera's watch: waits until the exposure has settled, takes the reference, then looks at each picture."""

from collections import deque

import cv2
import numpy as np

from vidframe_abnormality.change import Look, Reference, shrink
from vidframe_abnormality.incidents import Box, Change, Seen
from vidframe_abnormality.light import Gray
from vidframe_abnormality.plugin import Abnormality, ignored

STEADY = 0.02  # change of the mean brightness within SETTLED_FOR below which the exposure has settled
SETTLED_FOR = 1.0  # seconds


class Watch:
    """Turns pictures into what the incidents need to know."""

    def __init__(self, settings: Abnormality) -> None:
        self._settings = settings
        self.forget()

    def forget(self) -> None:
        """Starts anew, as at the switch to night."""
        self._reference: Reference | None = None
        self._began: float | None = None
        self._brightness: deque[tuple[float, float]] = deque()

    def look(self, gray: Gray, seconds: float) -> Seen:
        """Looks at one picture of at most 320 pixels width."""
        picture = shrink(gray)
        if self._reference is None or self._shape != picture.shape:
            self._begin(picture, seconds)
        assert self._reference is not None
        if self._reference.is_learning:
            self._learn(self._reference, picture, seconds)
            return Seen(seconds)
        return _as_seen(self._reference.look(picture, seconds), seconds, picture.shape)

    def _begin(self, picture: Gray, seconds: float) -> None:
        self._shape = picture.shape
        self._began = seconds
        self._brightness.clear()
        self._reference = Reference(
            threshold=self._settings.threshold,
            min_area=self._settings.min_area,
            mask=ignored(self._settings, *picture.shape[:2]),
        )

    def _learn(self, reference: Reference, picture: Gray, seconds: float) -> None:
        reference.learn(picture, seconds)
        assert self._began is not None
        elapsed = seconds - self._began
        is_settled = self._has_settled(picture, seconds)
        if elapsed >= self._settings.settle_limit or (elapsed >= self._settings.warm_up and is_settled):
            reference.start()

    def _has_settled(self, picture: Gray, seconds: float) -> bool:
        self._brightness.append((seconds, cv2.mean(picture)[0]))
        while seconds - self._brightness[0][0] > SETTLED_FOR:
            self._brightness.popleft()
        values = np.array([value for _, value in self._brightness])
        return len(values) > 1 and bool(np.ptp(values) <= max(1.0, STEADY * values.mean()))


def _as_seen(look: Look, seconds: float, shape: tuple[int, ...]) -> Seen:
    height, width = shape[:2]
    boxes: tuple[Box, ...] = tuple(
        (blob.left / width, blob.top / height, blob.width / width, blob.height / height) for blob in look.blobs
    )
    change: Change = "light" if look.is_light else "motion"
    return Seen(seconds, look.area, boxes, change)
