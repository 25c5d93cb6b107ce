"""What differs from the reference: arrays in, decisions out. Knows no frame, no event and no setting of a shop.

Threshold background subtraction against the picture taken at the switch to night, with what plain subtraction
lacks: light is told from objects (light.py), the threshold follows the noise of the sensor and the sway of
plants, the reference follows slow drift outside of what changed (selective update; Piccardi, "Background
subtraction techniques: a review", 2004), and what stands still becomes part of it (still.py).
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from vidframe_abnormality import light
from vidframe_abnormality.alignment import Shift, moved_back, shift_of
from vidframe_abnormality.light import Floats, Gray

LEAST_NOISE = 0.7  # grey levels
FOLLOWS_DRIFT = 4.0  # seconds
FORGETS_SWAY = 10.0  # seconds
UPKEEP = 0.5  # seconds between two updates of the reference
SAMPLES, SAMPLE_EVERY = 9, 0.25  # pictures of the warm-up of which the reference is the median; seconds between them
WHITE, WHITE_LIMIT = 245, 40  # grey levels: of a surface that is overexposed; by which it must differ
MANY = 4  # parts at a time that nobody who comes in is made of
TREMBLE = 5.5  # pixels of the shrunk picture by which a camera may shake
LIGHT_STAYS = 1.2  # seconds for which another light must stand still before it is the light of the reference
FAINT = 0.5  # of the threshold: what differs so much belongs to an object beside it
TRUSTED = 3  # looks for which a part that was found to be no light needs not be tried again
LIGHT_EVERYWHERE = 0.25  # share of the picture from which a change of light is worth a word
MIN_PART = 1 / 3  # of the least area that counts: the smallest part that counts towards it
SEED = 1 / 10  # and the smallest from which one can grow, where nothing flickers
_SMALL = np.ones((3, 3), np.uint8)
_WIDE = np.ones((5, 5), np.uint8)
_AROUND = np.ones((9, 9), np.uint8)
_BESIDE = np.ones((15, 15), np.uint8)


class Part(NamedTuple):
    """A connected part of the picture that changed: its rectangle, 0..1, and its place in `Look.labels`."""

    box: tuple[float, float, float, float]  # left, top, width, height
    area: float  # share of the picture
    label: int


class Look(NamedTuple):
    """What one look at the picture found."""

    parts: Sequence[Part] = ()
    labels: Gray | None = None  # half the picture's size: the label of each part, elsewhere 0
    lit: float = 0.0  # share of the picture in which the light changed since the last look
    measured: float = 0.0  # share of the picture that changed, also where it is too little to count

    @property
    def area(self) -> float:
        """Share of the picture that changed and is no light."""
        return sum(part.area for part in self.parts)

    @property
    def is_calm(self) -> bool:
        """Whether hardly a pixel differs."""
        return self.labels is None


@dataclass
class Reference:
    """Compares each picture with the one that was taken when the night began."""

    threshold: float = 20.0  # grey levels at a mean luma of 90 or more; less in darker pictures
    min_area: float = 0.006  # share of the picture, of all changed parts together
    ignored: NDArray[np.bool_] | None = None  # True where changes do not count
    noise: float = field(default=2.0, init=False)  # standard deviation, grey levels
    is_learning: bool = field(default=True, init=False)

    def learn(self, picture: Gray, seconds: float) -> None:
        """Takes in one picture of the warm-up."""
        now = picture.astype(np.float32)
        if not hasattr(self, "picture"):
            self.picture: Floats = now
            self._samples: deque[tuple[float, Gray]] = deque(maxlen=SAMPLES)
            self._sway: Floats = np.zeros_like(now)
            self._learnt = 0
            self._speck = 0.0  # share of the picture: what rain or noise draws
        else:
            self._learnt += 1
            difference = cv2.absdiff(now, self.picture)
            self._sway += (difference - self._sway) / min(self._learnt, 30)
            self.noise += (_noise_of(picture, self.picture) - self.noise) / min(self._learnt, 30)
            cv2.accumulateWeighted(now, self.picture, 0.2)
            over = cv2.absdiff(picture, self.shown)
            self._note_specks(find_parts(self._beyond(over, self.limits, None), SEED * self.min_area)[1], 0.2)
        if not self._samples or seconds - self._samples[-1][0] >= SAMPLE_EVERY:
            self._samples.append((seconds, picture))
        self.kept_at, self._kept = seconds, picture
        self._show(self.picture)

    def start(self) -> None:
        """Ends the warm-up: the reference is what most of its pictures show, without who walked through them."""
        self.is_learning = False
        self.picture = np.median([picture for _, picture in self._samples], axis=0).astype(np.float32)
        self._show(self.picture)
        self._before: Floats = self.picture.copy()
        self._has_absorbed = False
        self._known: Gray | None = None
        self._known_for = 0
        self._differed = 0.0
        self._lit_since: float | None = None
        self._lit_picture = self.shown

    def look(self, picture: Gray, seconds: float) -> Look:
        """Compares one picture, shrunk and smoothed. While nothing changes, a tenth of the work of decoding it."""
        over = cv2.subtract(cv2.absdiff(picture, self.shown), self.limits)
        changed = cv2.countNonZero(over)
        if changed < max(1.0, MIN_PART * self.min_area * picture.size):
            self._known = self._lit_since = None
            if seconds - self.kept_at >= UPKEEP:
                self._keep_up(picture, seconds, None)
            return Look(measured=changed / picture.size)
        return self._look_closely(picture, seconds, changed / picture.size)

    def differing(self, gray: Gray) -> float:
        """Share of the picture, half as wide as one to look at and not yet smoothed, that differs, be it light."""
        shown = cv2.resize(self.shown, gray.shape[::-1], interpolation=cv2.INTER_AREA)
        limits = cv2.resize(self.limits, gray.shape[::-1], interpolation=cv2.INTER_NEAREST)
        over = cv2.subtract(cv2.absdiff(shrink(gray), shown), limits)
        return cv2.countNonZero(over) / gray.size

    def ignore(self, where: tuple[slice, slice]) -> None:
        """Changes do not count there from now on: rows and columns."""
        if self.ignored is None:
            self.ignored = np.zeros(self.shown.shape, np.bool_)
        if not self.ignored[where].all():
            self.ignored[where] = True
            self._show(self.lit)

    def absorb(self, picture: Gray, part: Gray) -> None:
        """Makes `part` (1 where it is, half the size) of the picture part of the reference."""
        is_part = _upscaled(cv2.dilate(part, _SMALL), picture)
        cv2.copyTo(self.picture, is_part, self._before)
        self._has_absorbed = True
        cv2.copyTo(picture.astype(np.float32), is_part, self.picture)
        self._show(self.picture)
        self._known = None

    def absorb_all(self, picture: Gray) -> None:
        """Makes the whole picture the reference."""
        self._before = self.picture
        self._has_absorbed = True
        self.picture = picture.astype(np.float32)
        self._show(self.picture)
        self._known = None

    @property
    def scene(self) -> Gray:
        """The reference in the light in which it was taken."""
        return np.asarray(cv2.convertScaleAbs(self.picture))

    def _look_closely(self, picture: Gray, seconds: float, differed: float) -> Look:
        shift = shift_of(picture.astype(np.float32), self.lit, TREMBLE) if self._known is None else None
        if shift is not None:
            picture = moved_back(picture, shift)
        if self._known is None or self._known_for >= TRUSTED or differed > 1.3 * self._differed + 0.01:
            self._relight(picture)
            self._differed = differed
        labels, parts = self._candidates(picture, shift)
        objects = self._objects(picture, labels, parts)
        lights = [part for part in parts if part not in objects]
        objects = self._without_returned(picture, labels, objects)
        self._remember(labels, objects)
        if seconds - self.kept_at >= UPKEEP and shift is None:
            self._keep_up(picture, seconds, self._frozen(picture, labels, objects))
        self._follow_light(picture, seconds, labels, lights, objects)
        area = sum(part.area for part in objects)
        lit = differed - area
        counts = objects if area >= self.min_area else []
        return Look(counts, labels, lit if lit > LIGHT_EVERYWHERE else 0.0, area)

    def _candidates(self, picture: Gray, shift: Shift | None) -> tuple[Gray, list[Part]]:
        """The parts that differ, light or object."""
        # The light around an object is guessed; what looks as it did in the old light has not changed.
        over = cv2.min(cv2.absdiff(picture, self.shown), cv2.absdiff(picture, self.scene))
        labels, specks = find_parts(self._beyond(over, self.limits, shift), SEED * self.min_area)
        least = self._least_seed
        parts = [part for part in specks if part.area >= least]
        if sum(part.area for part in parts) < self.min_area:
            self._note_specks(specks, 0.05)
        if least < MIN_PART * self.min_area and shift is None:
            return self._grown(over, labels, parts)
        return labels, parts

    @property
    def _least_seed(self) -> float:
        """Share of the picture that a part must have to be looked at: more than what flickers here."""
        return min(max(3 * self._speck, SEED * self.min_area), self.min_area)

    def _note_specks(self, parts: list[Part], weight: float) -> None:
        """Learns how large the parts are that rain, snow and noise draw: many at a time."""
        areas = sorted((part.area for part in parts if part.area < self.min_area), reverse=True)
        many = areas[MANY - 1] if len(areas) >= MANY else 0.0
        self._speck += (weight if many > self._speck else 0.01) * (many - self._speck)

    def _beyond(self, over: Gray, limits: Gray, shift: Shift | None) -> Gray:
        """1 where the difference is beyond the limits, half its size; holes of a pixel or two are closed."""
        mask = cv2.threshold(cv2.subtract(over, limits), 0, 255, cv2.THRESH_BINARY)[1]
        if shift is not None:
            margin = int(max(map(abs, shift))) + 2
            mask[:margin] = mask[-margin:] = mask[:, :margin] = mask[:, -margin:] = 0
        mask = cv2.threshold(light.halved(mask), 127, 1, cv2.THRESH_BINARY)[1]
        return np.asarray(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, _SMALL))

    def _grown(self, over: Gray, labels: Gray, parts: list[Part]) -> tuple[Gray, list[Part]]:
        """The parts with what differs faintly beside them: somebody in clothes like the wall behind."""
        seeds = masked(labels, parts)
        limits = light.at_least(cv2.convertScaleAbs(self.limits, alpha=FAINT), 4 * self.noise)
        limits[self.limits == 255] = 255
        grown = cv2.max(seeds, cv2.min(self._beyond(over, limits, None), cv2.dilate(seeds, _BESIDE)))
        labels, parts = find_parts(np.asarray(grown), MIN_PART * self.min_area)
        shares = shares_of(labels, parts, seeds)
        return labels, [part for part in parts if shares[part.label] > 0]

    def _follow_light(
        self, picture: Gray, seconds: float, labels: Gray, lights: list[Part], objects: list[Part]
    ) -> None:
        """Takes a light that stands still into the reference: what is seen as it is, the rest as it would look."""
        if sum(part.area for part in lights) < MIN_PART * self.min_area:
            self._lit_since = None
            return
        seen = 1 - np.asarray(cv2.dilate(_upscaled(masked(labels, objects), picture), _AROUND))
        if self._lit_since is None or not self._is_still(picture, seen):
            self._lit_since, self._lit_picture = seconds, picture
        elif seconds - self._lit_since >= LIGHT_STAYS:
            self.picture = self.lit.copy()
            cv2.copyTo(picture.astype(np.float32), seen, self.picture)
            self._show(self.picture)
            self._known = self._lit_since = None

    def _is_still(self, picture: Gray, seen: Gray) -> bool:
        """Whether what is seen looks as it did when the light was new."""
        return cv2.mean(cv2.absdiff(picture, self._lit_picture), seen)[0] < 1.0 + self.noise

    def _relight(self, picture: Gray) -> None:
        # Light is measured over cells of many pixels: a quarter of them tells as much.
        found = light.structure(light.halved(picture).astype(np.float32), light.halved(self.picture), self.noise)
        self._show(light.relit(self.picture, light.light_field(found)))

    def _objects(self, picture: Gray, labels: Gray, parts: list[Part]) -> list[Part]:
        """The parts that are no light. Those that were found to be objects a moment ago are not tried again."""
        unknown = self._unknown(labels, parts)
        if not unknown:
            return parts
        step = max(10 * _dimness(self.shown), 4 * self.noise)
        outlines = light.changed_outlines(picture, cv2.convertScaleAbs(self.picture), step)
        outlines = cv2.threshold(light.halved(outlines), 60, 1, cv2.THRESH_BINARY)[1]
        height, width = picture.shape
        cells = (max(1, width // 10), max(1, height // 10))
        found = light.structure(picture.astype(np.float32), self.picture, self.noise, cells, flattened=True)
        light_parts = {part.label for part in unknown if _is_light(labels, part.label, outlines, found)}
        return [part for part in parts if part.label not in light_parts]

    def _unknown(self, labels: Gray, parts: list[Part]) -> list[Part]:
        """The parts to be tried: none for a while where objects that were found are still there, and enough."""
        if self._known is None or self._known_for >= TRUSTED:
            return parts
        shares = shares_of(labels, parts, self._known)
        unknown = [part for part in parts if shares[part.label] <= 0.5]
        is_enough = sum(part.area for part in parts) - sum(part.area for part in unknown) >= self.min_area
        return [] if is_enough else unknown

    def _remember(self, labels: Gray, objects: list[Part]) -> None:
        self._known_for = 0 if self._known is None or self._known_for >= TRUSTED else self._known_for + 1
        self._known = masked(labels, objects) if objects else None

    def _without_returned(self, picture: Gray, labels: Gray, objects: list[Part]) -> list[Part]:
        """Takes back what had become part of the reference and is gone again: the picture is as it was before."""
        if not self._has_absorbed:
            return objects
        back = []
        for part in objects:
            is_part = _upscaled(masked(labels, [part]), picture)
            difference = cv2.absdiff(cv2.convertScaleAbs(self._before), picture)
            of_before = cv2.countNonZero(cv2.bitwise_and(cv2.subtract(difference, self.limits), is_part * 255))
            if of_before < 0.1 * cv2.countNonZero(is_part):
                cv2.copyTo(self._before, cv2.dilate(is_part, _WIDE), self.picture)
                back.append(part)
        return [part for part in objects if part not in back]

    def _frozen(self, picture: Gray, labels: Gray, objects: list[Part]) -> Gray:
        """1 where the reference must stay as it is: objects, what is near them, and what half differs there."""
        half = cv2.subtract(cv2.absdiff(picture, self.shown), cv2.convertScaleAbs(self.limits, alpha=0.5))
        differs = cv2.threshold(half, 0, 1, cv2.THRESH_BINARY)[1]
        if not objects:
            return np.asarray(differs)
        return np.asarray(cv2.dilate(cv2.max(differs, _upscaled(masked(labels, objects), picture)), _AROUND))

    def _keep_up(self, picture: Gray, seconds: float, frozen: Gray | None) -> None:
        """Follows drift, noise and sway outside of `frozen`; None where the whole picture is as expected."""
        elapsed = min(seconds - self.kept_at, 2.0)
        self.kept_at = seconds
        free = None if frozen is None else 1 - frozen
        noise = min(_noise_of(picture, self.lit, free), 2 * self.noise)
        if noise > 2 * LEAST_NOISE + 2:
            # A change that stays is no noise: it is in the difference from the reference, but not in that of two looks.
            noise = min(noise, 2 * _noise_of(picture, self._kept) + 2)
        self.noise += 0.2 * elapsed * (noise - self.noise)
        self._kept = picture
        cv2.accumulateWeighted(cv2.absdiff(picture, self.shown), self._sway, 1 - np.exp(-elapsed / FORGETS_SWAY), free)
        weight = 1 - np.exp(-elapsed / FOLLOWS_DRIFT)
        if free is None:
            self.picture = self.lit.copy()
            cv2.accumulateWeighted(picture, self.picture, weight)
            self._show(self.picture)
        else:
            now = picture.astype(np.float32)
            # What lies under an object is not seen: it keeps the light in which it was last seen.
            as_was = cv2.multiply(now, cv2.divide(self.picture, np.maximum(self.lit, 1.0)))
            is_right = (now < light.BRIGHTEST) & (self.lit < light.BRIGHTEST)  # nobody knows how bright white is
            cv2.accumulateWeighted(as_was, self.picture, weight, free * is_right)

    def _show(self, lit: Floats) -> None:
        """Sets what pictures are compared with, and the thresholds that go with it."""
        self.lit = lit
        self.shown = cv2.convertScaleAbs(lit)
        least = max(self.threshold * _dimness(self.shown), 5 * self.noise)
        limits = light.at_least(cv2.dilate(cv2.convertScaleAbs(self._sway, alpha=3), _WIDE), least)
        # Beyond white nobody knows how bright it was.
        white = cv2.threshold(self.shown, WHITE - 1, WHITE_LIMIT, cv2.THRESH_BINARY)[1]
        limits = np.asarray(cv2.max(limits, white))
        if self.ignored is not None:
            limits[self.ignored] = 255
        self.limits: Gray = np.asarray(limits)


def shrink(gray: Gray) -> Gray:
    """Smooths the shrunk picture, so that single pixels of noise do not count."""
    return np.asarray(cv2.GaussianBlur(gray, (5, 5), 0))


def masked(labels: Gray, parts: Sequence[Part]) -> Gray:
    """1 where one of the parts is."""
    chosen = np.zeros(256, np.uint8)
    chosen[[part.label for part in parts]] = 1
    return np.asarray(cv2.LUT(labels, chosen))


def shares_of(labels: Gray, parts: Sequence[Part], mask: Gray) -> dict[int, float]:
    """For the label of each part, the share of its pixels where `mask` is not 0."""
    inside = cv2.calcHist([labels], [0], mask, [256], [0, 256]).ravel()
    return {part.label: float(inside[part.label]) / (part.area * mask.size) for part in parts}


def find_parts(mask: Gray, least: float) -> tuple[Gray, list[Part]]:
    """The connected parts of at least `least` of the picture, the largest where there are more than 255."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8, ltype=cv2.CV_16U)
    height, width = mask.shape
    areas = stats[:, cv2.CC_STAT_AREA].copy()
    areas[0] = 0  # what belongs to no part
    large = np.flatnonzero(areas >= max(1, least * mask.size))
    if len(large) > 255:
        large = np.sort(large[np.argsort(areas[large])[-255:]])
    parts = []
    number = np.zeros(len(stats), np.uint8)
    for label, found in enumerate(large.tolist(), start=1):
        left, top, wide, high, area = stats[found].tolist()
        number[found] = label
        box = (left / width, top / height, wide / width, high / height)
        parts.append(Part(box, area / mask.size, label))
    return np.take(number, np.asarray(labels)), parts


def _is_light(labels: Gray, label: int, outlines: Gray, found: light.Structure) -> bool:
    """Light has no outlines of its own, and under it the surfaces are still there."""
    inside = (labels == label).astype(np.uint8)
    perimeter = cv2.countNonZero(cv2.subtract(inside, cv2.erode(inside, _SMALL, borderValue=0)))
    edges = cv2.countNonZero(cv2.bitwise_and(outlines, cv2.dilate(inside, _SMALL)))
    if edges >= 0.2 * perimeter:
        return False
    rows, columns = found.is_textured.shape
    share = cv2.resize(inside.astype(np.float32), (columns, rows), interpolation=cv2.INTER_AREA)
    covers = share > 0.5
    textured = covers & found.is_textured
    if textured.sum() < max(2, 0.1 * covers.sum()):
        return True
    return float((found.correlation[textured] > light.SAME_STRUCTURE).mean()) >= 0.7


def _upscaled(mask: Gray, picture: Gray) -> Gray:
    height, width = picture.shape
    return np.asarray(cv2.resize(mask, (width, height), interpolation=cv2.INTER_NEAREST))


def _dimness(picture: Gray) -> float:
    """How far thresholds come down in a dark picture: 0.45 to 1."""
    return float(np.clip(cv2.mean(picture)[0] / 90, 0.45, 1))


def _noise_of(picture: Gray, other: Gray | Floats, free: Gray | None = None) -> float:
    """Standard deviation of the noise between two pictures, grey levels, at least LEAST_NOISE; from medians, which
    objects hardly touch.

    What is even over some pixels is another light: it counts a little, because no light is followed exactly.
    """
    sample = cv2.subtract(picture[::3, ::3], other[::3, ::3], dtype=cv2.CV_32F)
    fine = cv2.subtract(sample, cv2.blur(sample, (3, 3)))
    if free is not None:
        is_free = free[::3, ::3] > 0
        sample, fine = sample[is_free], fine[is_free]
    if not sample.size:
        return LEAST_NOISE
    return max(LEAST_NOISE, 1.4826 * min(_median(sample), 2.5 * _median(fine)))


def _median(values: Floats) -> float:
    """Of the sizes of the values, up to 16; counted, which takes a fraction of the time of sorting."""
    counts = cv2.calcHist([cv2.convertScaleAbs(values, alpha=16)], [0], None, [256], [0, 256]).ravel().cumsum()
    half = counts[-1] / 2
    at = int(counts.searchsorted(half))
    below = counts[at - 1] if at else 0.0
    # A size is rounded: the first bin is half as wide, and each other begins half a step earlier.
    return float(max(0.0, at - 0.5 + (half - below) / max(counts[at] - below, 1.0))) / 16
