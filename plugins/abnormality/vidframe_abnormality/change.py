"""What differs from the reference frame: arrays in, blobs out. Knows no event and no setting of a shop.

Threshold background subtraction against the frame taken at the switch to night (Piccardi, "Background subtraction
techniques: a review", SMC 2004), with what plain subtraction lacks, each in a file of its own: thresholds that follow
the noise (noise.py), a reference frame that follows drift (reference.py) and is taken over several frames (warm_up.py),
light told from objects (light.py, objects.py), and no ghosts of what stood still and left (ghosts.py).
"""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from vidframe_abnormality.alignment import moved_back, shift_of
from vidframe_abnormality.blobs import Blob, change_mask, covered_shares, enlarged, find_blobs, mask_of, total_area
from vidframe_abnormality.ghosts import Absorbed
from vidframe_abnormality.light import Gray, at_least
from vidframe_abnormality.noise import IGNORED, SEED, SpeckModel
from vidframe_abnormality.objects import KnownObjects, light_labels
from vidframe_abnormality.reference import ReferenceFrame

UPDATE_EVERY = 0.5  # seconds between two updates of the reference frame
MAX_SHAKE = 5.5  # pixels of the shrunk frame by which a camera may tremble
LIGHT_STAYS = 1.2  # seconds for which another light must stand still before it is the light of the reference frame
FAINT = 0.5  # of the threshold: what differs so much belongs to an object beside it
LIGHT_EVERYWHERE = 0.25  # share of the frame from which a change of light is worth a word
MORE, AT_LEAST = 1.3, 0.01  # times the changed share, and share of the frame: so much more asks for a new light field
MIN_BLOB = 1 / 3  # of the least area that counts: the smallest blob that counts towards it
_AROUND = np.ones((9, 9), np.uint8)
_BESIDE = np.ones((15, 15), np.uint8)


class Foreground(NamedTuple):
    """What one comparison found."""

    blobs: Sequence[Blob] = ()
    labels: Gray | None = None  # half the frame's size: the label of each blob, elsewhere 0
    lit: float = 0.0  # share of the frame in which the light changed
    measured: float = 0.0  # share of the frame that changed, also where it is too little to count

    @property
    def area(self) -> float:
        """Share of the frame that changed and is no light, 0..1."""
        return total_area(self.blobs)

    @property
    def is_calm(self) -> bool:
        """Whether hardly a pixel differs."""
        return self.labels is None


class ChangeDetector:
    """Compares each frame with the reference frame. Frames are grey, shrunk and smoothed, all of one size."""

    def __init__(self, reference: ReferenceFrame, specks: SpeckModel, min_area: float) -> None:
        self.reference = reference
        self._specks = specks
        self._min_area = min_area  # share of the frame, of all blobs together, from which a change counts
        self._absorbed = Absorbed(reference)
        self._known = KnownObjects(min_area)
        self._new_light = NewLight()
        self._changed_when_relit = 0.0  # share of the frame

    def compare(self, frame: Gray, seconds: float) -> Foreground:
        """Compares one frame. While nothing changes, a tenth of the work of decoding it."""
        reference = self.reference
        changed = cv2.countNonZero(cv2.subtract(cv2.absdiff(frame, reference.expected), reference.thresholds))
        if changed >= max(1.0, MIN_BLOB * self._min_area * frame.size):
            return self._compare_closely(frame, seconds, changed / frame.size)
        self._known.forget()
        self._new_light.forget()
        if self._is_update_due(seconds):
            reference.update(frame, seconds)
        return Foreground(measured=changed / frame.size)

    def absorb(self, frame: Gray, mask: Gray) -> None:
        """Makes what stands where `mask` (half size) is 1 part of the reference frame."""
        self._absorbed.add(frame, mask)
        self._known.forget()

    def absorb_all(self, frame: Gray) -> None:
        """Makes the whole frame the reference frame."""
        self._absorbed.add_all(frame)
        self._known.forget()

    def _compare_closely(self, frame: Gray, seconds: float, changed: float) -> Foreground:
        """Finds the objects in a frame of which the share `changed` differs, be it by light."""
        shift = None
        if self._known.is_empty:
            shift = shift_of(frame.astype(np.float32), self.reference.relit, MAX_SHAKE)
        border = 0
        if shift is not None:
            frame = moved_back(frame, shift)
            border = int(max(map(abs, shift))) + 2
        self._relight_if_due(frame, changed)
        labels, blobs = self._candidates(frame, border)
        lit = light_labels(frame, self.reference, labels, self._known.to_test(labels, blobs))
        lights = [blob for blob in blobs if blob.label in lit]
        objects = [blob for blob in blobs if blob.label not in lit]
        objects = self._absorbed.without_ghosts(frame, labels, objects)
        object_mask = mask_of(labels, objects) if objects else None
        self._known.update(object_mask)
        if shift is None and self._is_update_due(seconds):
            self.reference.update_outside(self._frozen(frame, object_mask), frame, seconds)
        self._follow_light(frame, seconds, lights, object_mask)
        area = total_area(objects)
        light_area = changed - area
        return Foreground(
            objects if area >= self._min_area else [],
            labels,
            light_area if light_area > LIGHT_EVERYWHERE else 0.0,
            area,
        )

    def _is_update_due(self, seconds: float) -> bool:
        return seconds - self.reference.updated_at >= UPDATE_EVERY

    def _relight_if_due(self, frame: Gray, changed: float) -> None:
        """Measures the light where all blobs will be tested, or much more differs than when it was measured last."""
        if self._known.is_outdated or changed > MORE * self._changed_when_relit + AT_LEAST:
            self.reference.relight(frame)
            self._changed_when_relit = changed

    def _candidates(self, frame: Gray, border: int) -> tuple[Gray, list[Blob]]:
        """Labels and blobs of what differs, light or object; `border` pixels at each side show no scene."""
        reference = self.reference
        # The light around an object is guessed; what looks as it did in the old light has not changed.
        difference = cv2.min(cv2.absdiff(frame, reference.expected), cv2.absdiff(frame, reference.as_taken))
        labels, specks = find_blobs(change_mask(difference, reference.thresholds, border), SEED * self._min_area)
        least = self._specks.least_area
        blobs = [blob for blob in specks if blob.area >= least]
        if total_area(blobs) < self._min_area:
            self._specks.update(specks, 0.05)
        if least < MIN_BLOB * self._min_area and not border:
            return self._grown(difference, labels, blobs)
        return labels, blobs

    def _grown(self, difference: Gray, labels: Gray, blobs: list[Blob]) -> tuple[Gray, list[Blob]]:
        """The blobs with what differs faintly beside them: somebody in clothes like the wall behind.

        Hysteresis thresholding (Canny, "A computational approach to edge detection", PAMI 1986), one step wide.
        """
        seeds = mask_of(labels, blobs)
        thresholds = self.reference.thresholds
        faint = at_least(cv2.convertScaleAbs(thresholds, alpha=FAINT), 4 * self.reference.noise.sigma)
        faint[thresholds == IGNORED] = IGNORED
        grown = cv2.max(seeds, cv2.min(change_mask(difference, faint), cv2.dilate(seeds, _BESIDE)))
        labels, blobs = find_blobs(np.asarray(grown), MIN_BLOB * self._min_area)
        shares = covered_shares(labels, blobs, seeds)
        return labels, [blob for blob in blobs if shares[blob.label] > 0]

    def _frozen(self, frame: Gray, object_mask: Gray | None) -> Gray:
        """1 where the reference frame must stay as it is: objects, what is near them, and what half differs there."""
        differs = self.reference.half_changed(frame)
        if object_mask is None:
            return differs
        return np.asarray(cv2.dilate(cv2.max(differs, enlarged(object_mask, frame)), _AROUND))

    def _follow_light(self, frame: Gray, seconds: float, lights: list[Blob], object_mask: Gray | None) -> None:
        """Takes a light that stands still into the reference frame; where objects are it is not seen, and guessed."""
        if total_area(lights) < MIN_BLOB * self._min_area:
            self._new_light.forget()
            return
        visible: Gray = np.ones(frame.shape, np.uint8)
        if object_mask is not None:
            visible = 1 - np.asarray(cv2.dilate(enlarged(object_mask, frame), _AROUND))
        if self._new_light.has_settled(frame, seconds, visible, self.reference.noise.sigma):
            self.reference.keep_light(frame, visible)
            self._new_light.forget()
            self._known.forget()


class NewLight:
    """Since when another light than that of the reference frame has stood still."""

    def __init__(self) -> None:
        self._first: tuple[float, Gray] | None = None  # seconds and frame since when it has

    def forget(self) -> None:
        """The light is that of the reference frame."""
        self._first = None

    def has_settled(self, frame: Gray, seconds: float, visible: Gray, sigma: float) -> bool:
        """Whether it has stood still for long enough where `visible` is 1; `sigma`: of the noise, grey levels."""
        if self._first is not None:
            since, first = self._first
            if cv2.mean(cv2.absdiff(frame, first), visible)[0] < 1.0 + sigma:
                return seconds - since >= LIGHT_STAYS
        self._first = seconds, frame
        return False
