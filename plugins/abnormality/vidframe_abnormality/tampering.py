"""A camera that no longer sees its scene: covered, blinded or turned away.

The outlines of the reference are looked for in the frame (as in Saglam and Temizel, "Real-time adaptive camera
tamper detection for video surveillance", AVSS 2009). Light leaves them where they are; a hand, paint, a torch or
a turned camera does not.
"""

import math
from collections import deque
from dataclasses import dataclass, field

import cv2
import numpy as np

from vidframe_abnormality.alignment import FARTHEST, shift_of
from vidframe_abnormality.incidents import Cause
from vidframe_abnormality.light import Floats, Gray, at_least, halved, less, outlines, structure

FEWEST = 0.01  # share of the frame that must be outlines, or nothing can be said
LOST = 0.15  # share of outlines that are still there, below which the scene is lost
ALIKE = 0.5  # correlation of outlines below which a part of the frame shows something else
NEARLY_ALL = 0.75  # share of the parts with outlines
FEWEST_TILES = 4
BLURRED = 0.4  # of the height of the outlines is left
FLAT = 0.3  # outlines of the frame / of the reference, below which it shows next to nothing
BLINDING = 200.0  # mean luma
WHITE, DAZZLED = 245, 0.3  # luma; share of the frame that is white and was not
MOVED = 2.0  # pixels of the shrunk frame
LASTS = 1.0  # seconds that it must last
STEADY = 3.0  # mean difference of grey levels between looks, below which nothing moves in front of the camera
TILES = (4, 3)
_SMALL = np.ones((3, 3), np.uint8)


@dataclass
class Tampering:
    """Tells, look by look, whether the scene has been lost for long enough."""

    _lost_since: float | None = field(default=None, init=False)
    _mean: Floats = field(default_factory=lambda: np.zeros((0, 0), np.float32), init=False)  # of the frames since then
    _recent: deque[tuple[float, Gray]] = field(default_factory=deque, init=False)

    @property
    def suspects(self) -> bool:
        """The scene is lost, but not for long enough."""
        return self._lost_since is not None

    def look(self, frame: Gray, reference: Gray, noise: float, seconds: float, *, differs: bool = True) -> Cause | None:
        """What was done to the camera, once it has lasted; `differs`: the frame is not as expected."""
        is_shifted = differs and _is_shifted(frame, reference)
        cause: Cause | None = "moved" if is_shifted else lost_scene(frame, reference, noise)
        is_steady = self._is_steady(frame, seconds)
        if cause is None or (cause == "moved" and not is_steady):
            self._lost_since = None
            return None
        if self._lost_since is None:
            self._lost_since, self._mean = seconds, frame.astype(np.float32)
        cv2.accumulateWeighted(frame, self._mean, 0.2)
        if seconds - self._lost_since < LASTS:
            return None
        # Snow and rain hide what is behind them, but not on average.
        return cause if is_shifted else lost_scene(np.asarray(cv2.convertScaleAbs(self._mean)), reference, noise)

    def _is_steady(self, frame: Gray, seconds: float) -> bool:
        self._recent.append((seconds, frame))
        while seconds - self._recent[0][0] > 0.5 and len(self._recent) > 2:
            self._recent.popleft()
        return cv2.mean(cv2.absdiff(self._recent[0][1], frame))[0] < STEADY


def lost_scene(frame: Gray, reference: Gray, noise: float) -> Cause | None:
    """What became of the scene, from one frame; None if it is still there or had too few outlines to tell."""
    if _is_dazzled(frame, reference):
        return "blinded"
    then, now = outlines(reference), outlines(frame)
    brightness, was = cv2.mean(frame)[0], cv2.mean(reference)[0]
    step = max(10.0 * float(np.clip(was / 90, 0.3, 1)), 5 * noise)
    drawn = cv2.threshold(then, step, 1, cv2.THRESH_BINARY)[1]
    count = cv2.countNonZero(drawn)
    if count < FEWEST * frame.size:
        return None
    # In less light the outlines are lower, but higher than what noise alone draws.
    gain = float(np.clip((brightness + 1) / (was + 1), 0.05, 1.0))
    of_noise = 5 * noise + 2
    enough = at_least(cv2.convertScaleAbs(then, alpha=0.4 * gain), of_noise)
    seen = cv2.compare(cv2.dilate(now, _SMALL), enough, cv2.CMP_GE)
    kept = cv2.countNonZero(cv2.bitwise_and(seen, drawn)) / count
    has = cv2.countNonZero(cv2.threshold(now, max(step * gain, of_noise), 1, cv2.THRESH_BINARY)[1]) / count
    if has < FLAT and kept < LOST:
        return "blinded" if brightness > BLINDING else "covered"
    if _is_blurred(now, then, of_noise, gain):
        return "blurred"
    return "moved" if has >= FLAT and _is_elsewhere(now, then, noise) else None


def _is_shifted(frame: Gray, reference: Gray) -> bool:
    now, then = (halved(view).astype(np.float32) for view in (frame, reference))
    shift = shift_of(now, then, FARTHEST / 2)
    return shift is not None and 2 * math.hypot(*shift) >= MOVED


def _is_dazzled(frame: Gray, reference: Gray) -> bool:
    """Whether much of the frame is white that was not: a torch, a lamp at the lens."""
    is_new = (frame >= WHITE) & (reference < WHITE - 30)
    return int(np.count_nonzero(is_new)) > DAZZLED * frame.size


def _is_blurred(now: Gray, then: Gray, of_noise: float, gain: float) -> bool:
    """Whether the outlines are faint nearly everywhere: out of focus, grease on the lens, fog."""
    steep, left = (
        cv2.resize(halved(less(view, of_noise)).astype(np.float32), TILES, interpolation=cv2.INTER_AREA)
        for view in (then, now)
    )
    drawn = steep >= 2
    faint = left < BLURRED * gain * steep
    return int(drawn.sum()) >= FEWEST_TILES and int((drawn & faint).sum()) >= NEARLY_ALL * int(drawn.sum())


def _is_elsewhere(now: Gray, then: Gray, noise: float) -> bool:
    """Whether nearly every part of the frame that had outlines has others now."""
    found = structure(halved(now).astype(np.float32), halved(then).astype(np.float32), noise, TILES)
    tiles = int(found.is_textured.sum())
    others = int((found.is_textured & (found.correlation < ALIKE)).sum())
    return tiles >= FEWEST_TILES and others >= NEARLY_ALL * tiles
