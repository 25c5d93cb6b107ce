"""How much frames differ where nothing happens: sensor noise, swaying plants, rain and snow.

Whatever is above that is a change. Thresholds follow from it, for each pixel its own.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from vidframe_abnormality.blobs import Blob
from vidframe_abnormality.light import Floats, Gray, at_least

FIRST_GUESS = 2.0  # grey levels: standard deviation of the noise before anything was measured
LEAST_NOISE = 0.7  # grey levels
FORGETS_SWAY = 10.0  # seconds: time constant of the mean difference of each pixel
REMEMBERS = 30  # frames of the warm-up over which means are taken
WHITE, WHITE_THRESHOLD = 245, 40  # grey levels: of an overexposed surface; by which it must differ
IGNORED = 255  # threshold that no difference exceeds: changes of such a pixel do not count
MANY = 4  # blobs at a time that nobody who comes in is made of
SEED = 1 / 10  # of the least area that counts: the smallest blob worth a test, where nothing flickers
_WIDE = np.ones((5, 5), np.uint8)


class NoiseModel:
    """The noise of the sensor and the sway of each pixel, and the thresholds that follow from them.

    The threshold of a pixel is a multiple of its mean absolute difference from the reference frame, updated only where
    nothing changed (Collins et al., "A system for video surveillance and monitoring", CMU-RI-TR-00-12, 2000), and
    never less than what the light and the noise of the whole frame ask for.
    """

    def __init__(self, first_frame: Gray, threshold: float, ignored: Gray) -> None:
        self.sigma = FIRST_GUESS  # standard deviation of the sensor noise, grey levels
        self._threshold = threshold  # grey levels at a mean luma of 90 or more; less in darker frames
        self._ignored = ignored  # IGNORED where changes do not count, elsewhere 0
        self._sway: Floats = np.zeros(first_frame.shape, np.float32)  # mean absolute difference, grey levels
        self._previous = first_frame

    def thresholds(self, expected: Gray) -> Gray:
        """By how many grey levels each pixel must differ from the expected frame; 255 where changes do not count."""
        least = max(self._threshold * dimness(expected), 5 * self.sigma)
        thresholds = at_least(cv2.dilate(cv2.convertScaleAbs(self._sway, alpha=3), _WIDE), least)
        # Beyond white nobody knows how bright it was.
        white = cv2.threshold(expected, WHITE - 1, WHITE_THRESHOLD, cv2.THRESH_BINARY)[1]
        return np.asarray(cv2.max(cv2.max(thresholds, white), self._ignored))

    def ignore(self, rows: slice, columns: slice) -> bool:
        """Lets changes in a rectangle count for nothing from now on; False if they did already."""
        if self._ignored[rows, columns].all():
            return False
        self._ignored[rows, columns] = IGNORED
        return True

    def learn(self, frame: Gray, mean_frame: Floats, count: int) -> None:
        """Takes in the `count`-th frame of the warm-up after the first one, which differs from the mean by noise."""
        remembered = min(count, REMEMBERS)
        self._sway += (cv2.absdiff(frame.astype(np.float32), mean_frame) - self._sway) / remembered
        self.sigma += (noise_between(frame, mean_frame) - self.sigma) / remembered
        self._previous = frame

    def update(self, frame: Gray, relit: Floats, expected: Gray, elapsed: float, unchanged: Gray | None) -> None:
        """Follows noise and sway over `elapsed` seconds, where `unchanged` is 1; None: everywhere."""
        sigma = min(noise_between(frame, relit, unchanged), 2 * self.sigma)
        if sigma > 2 * LEAST_NOISE + 2:
            # A change that stays is no noise: it is in the difference from the reference, but not in that of two looks.
            sigma = min(sigma, 2 * noise_between(frame, self._previous) + 2)
        self.sigma += 0.2 * elapsed * (sigma - self.sigma)
        self._previous = frame
        difference = cv2.absdiff(frame, expected)
        cv2.accumulateWeighted(difference, self._sway, 1 - np.exp(-elapsed / FORGETS_SWAY), unchanged)


class SpeckModel:
    """How large the specks are that rain, snow and noise draw, many at a time.

    The size is that of the fourth largest blob too small to count: one or two small blobs may be somebody far away.
    """

    def __init__(self, min_area: float) -> None:
        self._min_area = min_area  # share of the frame from which a change counts
        self._area = 0.0  # of a speck, share of the frame

    @property
    def least_area(self) -> float:
        """Share of the frame that a blob must have to be worth a test: more than what flickers here."""
        return min(max(3 * self._area, SEED * self._min_area), self._min_area)

    def update(self, blobs: Sequence[Blob], weight: float) -> None:
        """Takes in the blobs of a frame; `weight`, 0..1, is how fast larger specks are learnt."""
        areas = sorted((blob.area for blob in blobs if blob.area < self._min_area), reverse=True)
        area = areas[MANY - 1] if len(areas) >= MANY else 0.0
        self._area += (weight if area > self._area else 0.01) * (area - self._area)


def dimness(frame: Gray) -> float:
    """The factor by which thresholds are lower in a dark frame: 0.45..1."""
    return float(np.clip(cv2.mean(frame)[0] / 90, 0.45, 1))


def noise_between(frame: Gray, other: Gray | Floats, where: Gray | None = None) -> float:
    """Standard deviation of the noise between two frames, grey levels, at least LEAST_NOISE.

    From the median absolute difference, times 1.4826 as for a normal distribution (Rousseeuw and Croux, "Alternatives
    to the median absolute deviation", JASA 1993), which objects hardly touch. What is even over some pixels is another
    light: it counts a little, because no light is followed exactly. `where`: only pixels where it is not 0.
    """
    sample = cv2.subtract(frame[::3, ::3], other[::3, ::3], dtype=cv2.CV_32F)
    fine = cv2.subtract(sample, cv2.blur(sample, (3, 3)))
    if where is not None:
        is_counted = where[::3, ::3] > 0
        sample, fine = sample[is_counted], fine[is_counted]
    if not sample.size:
        return LEAST_NOISE
    return max(LEAST_NOISE, 1.4826 * min(_median_size(sample), 2.5 * _median_size(fine)))


def _median_size(values: Floats) -> float:
    """Median of the absolute values, up to 16; from a histogram, which takes a fraction of the time of sorting."""
    counts = cv2.calcHist([cv2.convertScaleAbs(values, alpha=16)], [0], None, [256], [0, 256]).ravel().cumsum()
    half = counts[-1] / 2
    at = int(counts.searchsorted(half))
    below = counts[at - 1] if at else 0.0
    # A size is rounded: the first bin is half as wide, and each other begins half a step earlier.
    return float(max(0.0, at - 0.5 + (half - below) / max(counts[at] - below, 1.0))) / 16
