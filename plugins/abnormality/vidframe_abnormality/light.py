"""Is it light or an object? Light changes how bright a surface is; an object changes what is drawn on it.

The tests follow two old observations: under another light the local structure stays correlated with the
reference (normalised cross-correlation; Jacques, Jung, Musse, "Background subtraction and shadow detection in
grayscale video sequences", SIBGRAPI 2005), and an object brings outlines that the reference does not have,
while light fades softly. Light may multiply (a lamp, the exposure) or add (a beam in haze, glare on the lens).
"""

from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

# OpenCV's type hints promise no element type, so these names say it instead.
Gray = NDArray[Any]  # uint8
Floats = NDArray[Any]  # float32

CELLS = (16, 9)  # columns and rows of the grid on which light is measured
SAME_STRUCTURE = 0.6  # correlation from which a surface counts as the same surface
DARKEST, BRIGHTEST = 4.5, 245.0  # luma outside of which a surface says nothing about the light
GAINS = (0.15, 6.0)  # a larger change is no change of light but the loss of the scene
NEIGHBOURHOOD = (25, 25)  # pixels over which light is taken to be even
FLATTENED = (9, 9)  # pixels
_SMALL = np.ones((3, 3), np.uint8)
_WIDE = np.ones((5, 5), np.uint8)


class Structure(NamedTuple):
    """Cell by cell: how much the light changed, and whether the surface is still there."""

    mean: Floats  # grey levels, of the frame
    was: Floats  # of the reference
    correlation: Floats  # -1..1; meaningless where the reference has no texture
    is_textured: NDArray[np.bool_]

    @property
    def gain(self) -> Floats:
        """By how much brighter each cell is than in the reference."""
        return np.asarray((self.mean + 1) / (self.was + 1))


def structure(
    frame: Floats, reference: Floats, noise: float, cells: tuple[int, int] = CELLS, *, flattened: bool = False
) -> Structure:
    """Compares frame and reference cell by cell; `noise` is the standard deviation of the sensor's noise.

    `flattened`: what changes slowly from pixel to pixel is taken away first, so that the soft edge of a shadow that lies
    across a cell is no structure.
    """
    mean, was = _means(frame, cells), _means(reference, cells)
    now, then = (_flat(frame), _flat(reference)) if flattened else (frame, reference)
    middle, middle_then = (_means(now, cells), _means(then, cells)) if flattened else (mean, was)
    variance = _means(cv2.multiply(now, now), cells) - middle * middle
    variance_then = _means(cv2.multiply(then, then), cells) - middle_then * middle_then
    covariance = _means(cv2.multiply(now, then), cells) - middle * middle_then
    correlation = covariance / np.sqrt(np.maximum(variance * variance_then, 1e-3))
    texture = np.sqrt(np.maximum(variance_then, 0))
    return Structure(mean, was, correlation, texture > np.maximum(3 * noise, 0.03 * was))


def common_gain(found: Structure) -> float:
    """How much brighter the whole frame is than the reference; 1 where nothing can be said."""
    now, then = found.mean, found.was
    usable = (now > DARKEST) & (now < BRIGHTEST) & (then > DARKEST) & (then < BRIGHTEST)
    if usable.sum() < usable.size / 8:
        return 1.0
    gains = np.sort(now[usable] / then[usable])
    middle = (gains[(len(gains) - 1) // 2] + gains[len(gains) // 2]) / 2  # a tenth of the time of np.median
    return float(np.clip(middle, *GAINS))


def light_field(found: Structure) -> Floats:
    """The gain of each cell, read where the surface is still there and spread from there to the rest.

    What is common to the whole frame stands where there is no such surface near.
    """
    gain = found.gain
    is_lit = found.is_textured & (found.correlation > SAME_STRUCTURE) & (gain > GAINS[0]) & (gain < GAINS[1])
    spread = cv2.GaussianBlur(is_lit.astype(np.float32), (5, 5), 0) + 0.02
    lit = cv2.GaussianBlur(np.where(is_lit, gain, 0).astype(np.float32), (5, 5), 0) + 0.02 * common_gain(found)
    return np.asarray(lit / spread, dtype=np.float32)


def relit(reference: Floats, field: Floats) -> Floats:
    """The reference as it would look in the light that `field` describes."""
    size = (reference.shape[1], reference.shape[0])
    return np.asarray(cv2.multiply(reference, cv2.resize(field, size, interpolation=cv2.INTER_LINEAR)))


def halved(frame: Gray) -> Gray:
    """Half as wide and high, each pixel the mean of four."""
    height, width = frame.shape
    return np.asarray(cv2.resize(frame, (max(1, width // 2), max(1, height // 2)), interpolation=cv2.INTER_AREA))


def smoothed(frame: Gray) -> Gray:
    """Without the noise of single pixels (Gaussian filter)."""
    return np.asarray(cv2.GaussianBlur(frame, (5, 5), 0))


def at_least(frame: Gray, least: float) -> Gray:
    """The frame with nothing below `least` grey levels."""
    return np.asarray(cv2.max(frame, int(min(255, least))))  # type: ignore[call-overload]  # takes a number, too


def less(frame: Gray, by: float) -> Gray:
    """The frame by so many grey levels darker."""
    return np.asarray(cv2.subtract(frame, by))  # type: ignore[call-overload]  # takes a number, too


def outlines(frame: Gray) -> Gray:
    """The height of the steps between neighbouring pixels (morphological gradient)."""
    return np.asarray(cv2.morphologyEx(frame, cv2.MORPH_GRADIENT, _SMALL))


def changed_outlines(frame: Gray, reference: Gray, step: float) -> Gray:
    """Where an outline of at least `step` grey levels is new or gone, 255; else 0.

    An outline may grow or shrink with the brightness around it (light that multiplies) or stay as it is (light
    that adds), and anything between. The slope of a soft shadow is none.
    """
    around, around_then = cv2.blur(frame, NEIGHBOURHOOD), cv2.blur(reference, NEIGHBOURHOOD)
    gain = cv2.divide(around, around_then, dtype=cv2.CV_32F)
    now, then = (
        outlines(np.asarray(cv2.addWeighted(view, 1, mean, -1, 128)))
        for view, mean in ((frame, around), (reference, around_then))
    )
    highest = cv2.multiply(then, np.maximum(gain, 1.0), dtype=cv2.CV_8U)
    lowest = cv2.multiply(then, np.minimum(gain, 1.0), dtype=cv2.CV_8U)
    new = cv2.subtract(now, cv2.dilate(highest, _WIDE))
    gone = cv2.subtract(lowest, cv2.dilate(now, _WIDE))
    return np.asarray(cv2.threshold(cv2.max(new, gone), step, 255, cv2.THRESH_BINARY)[1])


def _flat(frame: Floats) -> Floats:
    return np.asarray(cv2.subtract(frame, cv2.blur(frame, FLATTENED)))


def _means(frame: Floats, cells: tuple[int, int]) -> Floats:
    return np.asarray(cv2.resize(frame, cells, interpolation=cv2.INTER_AREA))
