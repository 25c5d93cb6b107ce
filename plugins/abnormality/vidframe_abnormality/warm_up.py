"""The warm-up: the exposure settles, and the reference frame is taken meanwhile."""

from collections import deque

import cv2
import numpy as np

from vidframe_abnormality.blobs import change_mask, find_blobs
from vidframe_abnormality.change import ChangeDetector
from vidframe_abnormality.light import Gray
from vidframe_abnormality.noise import SEED, NoiseModel, SpeckModel
from vidframe_abnormality.reference import ReferenceFrame

SAMPLES, SAMPLE_EVERY = 9, 0.25  # frames of which the reference is the median; seconds between them
STEADY = 0.02  # change of the mean brightness within SETTLED_FOR below which the exposure has settled
SETTLED_FOR = 1.0  # seconds


class Exposure:
    """Whether a camera that may still adapt to the dark has settled: its mean brightness stands still."""

    def __init__(self, first_frame: Gray, seconds: float, warm_up: float, settle_limit: float) -> None:
        self._began = seconds
        self._warm_up = warm_up  # seconds: at least
        self._settle_limit = settle_limit  # seconds: at most
        self._brightness = deque([(seconds, cv2.mean(first_frame)[0])])  # seconds and grey levels, of the last second

    def has_settled(self, frame: Gray, seconds: float) -> bool:
        """Takes in one frame."""
        self._brightness.append((seconds, cv2.mean(frame)[0]))
        while seconds - self._brightness[0][0] > SETTLED_FOR:
            self._brightness.popleft()
        elapsed = seconds - self._began
        return elapsed >= self._settle_limit or (elapsed >= self._warm_up and self._is_steady())

    def _is_steady(self) -> bool:
        values = np.array([value for _, value in self._brightness])
        return len(values) > 1 and bool(np.ptp(values) <= max(1.0, STEADY * values.mean()))


class WarmUp:
    """Takes the reference frame: the temporal median of frames, which shows nobody who walked through them.

    Lo and Velastin, "Automatic congestion detection system for underground platforms", ISIMP 2001. Meanwhile the noise
    of the sensor, the sway of plants and the size of specks are learnt against a running average.
    """

    def __init__(self, first_frame: Gray, seconds: float, noise: NoiseModel, min_area: float) -> None:
        self._specks = SpeckModel(min_area)
        self._reference = ReferenceFrame(first_frame, seconds, noise)
        self._min_area = min_area
        self._samples = deque([(seconds, first_frame)], maxlen=SAMPLES)
        self._count = 0  # frames after the first one

    def add(self, frame: Gray, seconds: float) -> None:
        """Takes in one more frame."""
        reference = self._reference
        self._count += 1
        reference.noise.learn(frame, reference.original, self._count)
        difference = cv2.absdiff(frame, reference.expected)
        _, blobs = find_blobs(change_mask(difference, reference.thresholds), SEED * self._min_area)
        self._specks.update(blobs, 0.2)
        reference.average(frame, seconds, 0.2)
        if seconds - self._samples[-1][0] >= SAMPLE_EVERY:
            self._samples.append((seconds, frame))

    def finish(self) -> ChangeDetector:
        """What compares the frames that follow with the reference frame."""
        self._reference.replace(np.median([frame for _, frame in self._samples], axis=0))
        return ChangeDetector(self._reference, self._specks, self._min_area)
