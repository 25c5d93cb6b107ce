"""The reference frame: how the scene looks while nobody is there, in the light of now."""

import cv2
import numpy as np

from vidframe_abnormality import light
from vidframe_abnormality.light import Floats, Gray
from vidframe_abnormality.noise import NoiseModel

FOLLOWS_DRIFT = 4.0  # seconds: time constant with which the reference follows slow drift
LONGEST_STEP = 2.0  # seconds: more time between two updates than this is no reason to trust the later frame more


class ReferenceFrame:
    """The background of the scene, the light on it, and by how much each pixel may differ from it.

    The light of now is put on the reference frame, not taken off the current one: `original` stays as it was taken, and
    frames are compared with `expected`, which is `original` in the light of now.
    """

    def __init__(self, first_frame: Gray, seconds: float, noise: NoiseModel) -> None:
        self.noise = noise
        self.updated_at = seconds
        self.original: Floats = first_frame.astype(np.float32)  # grey levels, in the light in which it was taken
        self.relit: Floats = self.original  # grey levels, in the light of now
        self.expected: Gray = first_frame  # `relit`, rounded
        self.thresholds: Gray = noise.thresholds(first_frame)  # grey levels; 255 where changes do not count

    @property
    def as_taken(self) -> Gray:
        """The reference frame in the light in which it was taken, rounded."""
        return np.asarray(cv2.convertScaleAbs(self.original))

    def replace(self, frame: Gray | Floats) -> None:
        """Makes the frame the reference."""
        self.original = frame.astype(np.float32)
        self._expect(self.original)

    def replace_in(self, mask: Gray, frame: Gray | Floats) -> None:
        """Makes the frame the reference where `mask` (full size) is not 0."""
        self.put_back(mask, frame.astype(np.float32))
        self._expect(self.original)

    def put_back(self, mask: Gray, original: Floats) -> None:
        """Replaces `original` where `mask` (full size) is not 0; `expected` follows with the next relighting."""
        cv2.copyTo(original, mask, self.original)

    def average(self, frame: Gray, seconds: float, weight: float) -> None:
        """Moves towards a frame of the warm-up by `weight`, 0..1 (running average)."""
        cv2.accumulateWeighted(frame.astype(np.float32), self.original, weight)
        self.updated_at = seconds
        self._expect(self.original)

    def ignore(self, rows: slice, columns: slice) -> None:
        """Lets changes in a rectangle count for nothing from now on."""
        if self.noise.ignore(rows, columns):
            self._expect(self.relit)

    def relight(self, frame: Gray) -> None:
        """Sets what to expect in the light of this frame (light.py)."""
        # Light is measured over cells of many pixels: a quarter of them tells as much.
        halved = light.halved(frame).astype(np.float32)
        found = light.structure(halved, light.halved(self.original), self.noise.sigma)
        self._expect(light.relit(self.original, light.light_field(found)))

    def keep_light(self, frame: Gray, visible: Gray) -> None:
        """Makes the light of now that of the reference frame: `frame` where `visible` is 1, elsewhere a guess."""
        self.original = self.relit.copy()
        self.replace_in(visible, frame)

    def changed_share(self, frame: Gray) -> float:
        """Share of a smoothed frame of any size, 0..1, that differs by more than its thresholds, be it light."""
        size = frame.shape[::-1]
        expected = cv2.resize(self.expected, size, interpolation=cv2.INTER_AREA)
        thresholds = cv2.resize(self.thresholds, size, interpolation=cv2.INTER_NEAREST)
        return cv2.countNonZero(cv2.subtract(cv2.absdiff(frame, expected), thresholds)) / frame.size

    def half_changed(self, frame: Gray) -> Gray:
        """1 where a frame differs by more than half of the threshold: too little to count, too much to learn from."""
        difference = cv2.absdiff(frame, self.expected)
        beyond = cv2.subtract(difference, cv2.convertScaleAbs(self.thresholds, alpha=0.5))
        return np.asarray(cv2.threshold(beyond, 0, 1, cv2.THRESH_BINARY)[1])

    def update(self, frame: Gray, seconds: float) -> None:
        """Follows drift, noise and sway in a frame that is as expected (running average)."""
        elapsed = self._elapsed(seconds)
        self.noise.update(frame, self.relit, self.expected, elapsed, None)
        self.original = self.relit.copy()
        cv2.accumulateWeighted(frame, self.original, _weight(elapsed))
        self._expect(self.original)

    def update_outside(self, frozen: Gray, frame: Gray, seconds: float) -> None:
        """Follows drift, noise and sway where `frozen` is 0 (selective update, see change.py)."""
        elapsed = self._elapsed(seconds)
        free = 1 - frozen
        self.noise.update(frame, self.relit, self.expected, elapsed, free)
        now = frame.astype(np.float32)
        # What lies under an object is not seen: it keeps the light in which it was last seen.
        as_was = cv2.multiply(now, cv2.divide(self.original, np.maximum(self.relit, 1.0)))
        is_right = (now < light.BRIGHTEST) & (self.relit < light.BRIGHTEST)  # nobody knows how bright white is
        cv2.accumulateWeighted(as_was, self.original, _weight(elapsed), free * is_right)

    def _elapsed(self, seconds: float) -> float:
        """Seconds since the last update, which this one is from now on."""
        elapsed = min(seconds - self.updated_at, LONGEST_STEP)
        self.updated_at = seconds
        return elapsed

    def _expect(self, relit: Floats) -> None:
        """Sets what frames are compared with, and the thresholds that go with it."""
        self.relit = relit
        self.expected = np.asarray(cv2.convertScaleAbs(relit))
        self.thresholds = self.noise.thresholds(self.expected)


def _weight(elapsed: float) -> float:
    """Of a frame in the running average, 0..1, by the seconds since the one before."""
    return float(1 - np.exp(-elapsed / FOLLOWS_DRIFT))
