"""What differs from the reference: arrays in, decisions out. Knows no frame, no event and no setting of a shop.

Threshold background subtraction against the picture taken at the switch to night, with what plain subtraction
lacks: the light is told from objects (light.py), the threshold follows the noise of the sensor and the sway of
plants, and the reference follows slow drift outside of what changed (selective update; Piccardi, "Background
subtraction techniques: a review", 2004).
"""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from vidframe_abnormality import light
from vidframe_abnormality.light import Floats, Gray

WIDTH = 320  # pixels to which a picture is shrunk before it is compared
_SMALL = np.ones((3, 3), np.uint8)
_WIDE = np.ones((5, 5), np.uint8)
_FREEZE = np.ones((9, 9), np.uint8)


class Blob(NamedTuple):
    """A connected part of the picture that changed; pixels of the shrunk picture."""

    left: int
    top: int
    width: int
    height: int
    area: int
    label: int


class Look(NamedTuple):
    """What one look at the picture found."""

    area: float  # share of the picture that changed and is no light, 0..1
    blobs: tuple[Blob, ...]
    is_light: bool  # the light changed, much and at once


QUIET = Look(0.0, (), False)


@dataclass
class Reference:
    """Compares each picture with the one that was taken when the night began."""

    threshold: float = 20.0  # grey levels at a mean luma of 90 or more; less in darker pictures
    min_area: float = 0.006  # share of the picture, of all changed parts together
    min_blob: float = 0.002  # share of the picture, of each part
    adapt: float = 4.0  # seconds in which the reference follows drift
    sway_learns: float = 10.0  # seconds in which the sway map forgets
    upkeep: float = 0.5  # seconds between two updates of the reference while nothing changes
    mask: NDArray[np.bool_] | None = None  # True where changes do not count
    noise: float = field(default=2.0, init=False)
    is_learning: bool = field(default=True, init=False)

    def learn(self, picture: Gray, seconds: float) -> None:
        """Takes in one picture of the warm-up; the last one learnt is the reference."""
        now = picture.astype(np.float32)
        if self.is_learning and not hasattr(self, "_sway"):
            self._sway: Floats = np.zeros_like(now)
            self._learnt = 0
            self._last = now
        else:
            self._learnt += 1
            difference = cv2.absdiff(now, self._last)
            self._sway += (difference - self._sway) / min(self._learnt, 30)
            self.noise += (_noise_of(difference) - self.noise) / min(self._learnt, 30)
            cv2.accumulateWeighted(now, self._last, 0.2)
        self.reference: Floats = self._last
        self._kept_at = seconds
        self._show(self.reference)

    def start(self) -> None:
        """Ends the warm-up."""
        self.is_learning = False

    def look(self, picture: Gray, seconds: float) -> Look:
        """Compares one picture, shrunk and smoothed."""
        over = cv2.subtract(cv2.absdiff(picture, self._shown), self._limits)
        if cv2.countNonZero(over) < self.min_blob * picture.size:
            if seconds - self._kept_at >= self.upkeep:
                self._keep_up(picture.astype(np.float32), seconds, None)
            return QUIET
        return self._look_closely(picture, seconds)

    def _look_closely(self, picture: Gray, seconds: float) -> Look:
        now = picture.astype(np.float32)
        common = light.common_gain(picture, self._shown)
        found = light.structure(now, self.reference, self.noise)
        common = light.common_gain(picture, cv2.convertScaleAbs(self.reference))
        lit = light.relit(self.reference, light.light_field(found, common))
        self._show(lit)
        over = cv2.subtract(cv2.absdiff(picture, self._shown), self._limits)
        mask = cv2.threshold(over, 0, 1, cv2.THRESH_BINARY)[1]
        mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, _SMALL)
        blobs, labels = self._blobs(mask)
        objects = self._objects(picture, now, lit, blobs, labels)
        area = sum(blob.area for blob in objects) / picture.size
        frozen = None
        if objects:
            half = cv2.subtract(cv2.absdiff(picture, self._shown), cv2.convertScaleAbs(self._limits, alpha=0.5))
            frozen = cv2.threshold(half, 0, 1, cv2.THRESH_BINARY)[1]
            frozen = cv2.dilate(np.maximum(frozen, np.isin(labels, [b.label for b in objects])), _FREEZE)
        self._keep_up(now, seconds, frozen)
        if area < self.min_area:
            return Look(0.0, (), False)
        return Look(area, tuple(objects), False)

    def _blobs(self, mask: Gray) -> tuple[list[Blob], NDArray[Any]]:
        count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
        least = self.min_blob * mask.size
        blobs = [_blob(stats[i], i) for i in range(1, count) if stats[i, cv2.CC_STAT_AREA] >= least]
        return blobs, np.asarray(labels)

    def _objects(self, picture: Gray, now: Floats, lit: Floats, blobs: list[Blob], labels: NDArray[Any]) -> list[Blob]:
        """The blobs that are no light."""
        if not blobs:
            return []
        step = max(8 * _dimness(self._shown), 4 * self.noise)
        outlines = light.changed_outlines(picture, light.matched(now, lit), step)
        height, width = picture.shape
        cells = (width // 10, height // 10)
        found = light.structure(now, lit, self.noise, cells)
        return [blob for blob in blobs if not self._is_light(blob, labels, outlines, found)]

    def _is_light(self, blob: Blob, labels: NDArray[Any], outlines: Gray, found: light.Structure) -> bool:
        x0, y0 = max(0, blob.left - 3), max(0, blob.top - 3)
        x1, y1 = blob.left + blob.width + 3, blob.top + blob.height + 3
        inside = (labels[y0:y1, x0:x1] == blob.label).astype(np.uint8)
        perimeter = cv2.countNonZero(cv2.subtract(inside, cv2.erode(inside, _SMALL)))
        edges = cv2.countNonZero(cv2.bitwise_and(outlines[y0:y1, x0:x1], cv2.dilate(inside, _WIDE)))
        if edges >= 0.2 * perimeter:
            return False
        rows, columns = found.is_textured.shape
        height, width = labels.shape
        cell = cv2.resize(
            (labels == blob.label).astype(np.float32), (columns, rows), interpolation=cv2.INTER_AREA
        ) > 0.5
        textured = cell & found.is_textured
        if not textured.any():
            return True
        return float((found.correlation[textured] > light.SAME_STRUCTURE).mean()) >= 0.7

    def _keep_up(self, now: Floats, seconds: float, frozen: Gray | None) -> None:
        """Follows drift, noise and sway outside of `frozen`."""
        elapsed = min(seconds - self._kept_at, 2.0)
        self._kept_at = seconds
        difference = cv2.absdiff(now, self._lit)
        free = None if frozen is None else (1 - frozen)
        self.noise += 0.1 * (_noise_of(difference, free) - self.noise)
        cv2.accumulateWeighted(difference, self._sway, 1 - np.exp(-elapsed / self.sway_learns), free)
        weight = 1 - np.exp(-elapsed / self.adapt)
        if free is None:
            self.reference = self._lit.copy()
            cv2.accumulateWeighted(now, self.reference, weight)
            self._show(self.reference)
        else:
            # What lies under an object is not seen: it keeps the light in which it was last seen.
            as_was = now * (self.reference / np.maximum(self._lit, 1))
            cv2.accumulateWeighted(as_was, self.reference, weight, free)

    def _show(self, lit: Floats) -> None:
        """Sets what pictures are compared with, and the thresholds that go with it."""
        self._lit = lit
        self._shown = cv2.convertScaleAbs(lit)
        flat = max(self.threshold * _dimness(self._shown), 5 * self.noise)
        limits = np.maximum(3 * cv2.dilate(self._sway, _WIDE), flat)
        if self.mask is not None:
            limits[self.mask] = 255
        self._limits = cv2.convertScaleAbs(limits)


def _blob(stats: NDArray[Any], label: int) -> Blob:
    left, top, width, height, area = (int(value) for value in stats)
    return Blob(left, top, width, height, area, label)


def _dimness(picture: Gray) -> float:
    """How far thresholds come down in a dark picture: 0.45 to 1."""
    return float(np.clip(cv2.mean(picture)[0] / 90, 0.45, 1))


def _noise_of(difference: Floats, free: Gray | None = None) -> float:
    """Standard deviation of the noise, from the median of absolute differences; grey levels, at least 0.7."""
    sample = difference[::4, ::4]
    if free is not None:
        sample = sample[free[::4, ::4] > 0]
    return max(0.7, 1.4826 * float(np.median(sample))) if sample.size else 0.7


def shrink(gray: Gray) -> Gray:
    """Smooths the shrunk picture, so that single pixels of noise do not count."""
    return np.asarray(cv2.GaussianBlur(gray, (5, 5), 0))
