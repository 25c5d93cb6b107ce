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
DARKEST, BRIGHTEST = 4.0, 245.0  # luma outside of which a surface says nothing about the light
GAINS = (0.15, 6.0)  # a larger change is no change of light but a lost picture
NEIGHBOURHOOD = (15, 15)  # pixels over which light is taken to be even
_SMALL = np.ones((3, 3), np.uint8)
_WIDE = np.ones((5, 5), np.uint8)


class Structure(NamedTuple):
    """Cell by cell: how much the light changed, and whether the surface is still there."""

    gain: Floats  # mean of the picture / mean of the reference
    correlation: Floats  # -1..1; meaningless where the reference has no texture
    is_textured: NDArray[np.bool_]


def structure(picture: Floats, reference: Floats, noise: float, cells: tuple[int, int] = CELLS) -> Structure:
    """Compares picture and reference cell by cell; `noise` is the standard deviation of the sensor's noise."""
    mean, mean_reference = _means(picture, cells), _means(reference, cells)
    variance = _means(cv2.multiply(picture, picture), cells) - mean * mean
    variance_reference = _means(cv2.multiply(reference, reference), cells) - mean_reference * mean_reference
    covariance = _means(cv2.multiply(picture, reference), cells) - mean * mean_reference
    correlation = covariance / np.sqrt(np.maximum(variance * variance_reference, 1e-3))
    texture = np.sqrt(np.maximum(variance_reference, 0))
    gain = (mean + 1) / (mean_reference + 1)
    return Structure(gain, correlation, texture > np.maximum(3 * noise, 0.03 * mean_reference))


def common_gain(picture: Gray, reference: Gray) -> float:
    """How much brighter the whole picture is than the reference; 1 where nothing can be said."""
    now = cv2.resize(picture, CELLS, interpolation=cv2.INTER_AREA).astype(np.float32)
    then = cv2.resize(reference, CELLS, interpolation=cv2.INTER_AREA).astype(np.float32)
    usable = (now > DARKEST) & (now < BRIGHTEST) & (then > DARKEST) & (then < BRIGHTEST)
    if usable.sum() < usable.size / 8:
        return 1.0
    return float(np.clip(np.median(now[usable] / then[usable]), *GAINS))


def light_field(found: Structure, common: float) -> Floats:
    """The gain of each cell, read where the surface is still there and spread from there to the rest.

    `common` stands where there is no such surface near.
    """
    is_lit = found.is_textured & (found.correlation > SAME_STRUCTURE)
    is_lit &= (found.gain > GAINS[0]) & (found.gain < GAINS[1])
    weight = is_lit.astype(np.float32)
    spread = cv2.GaussianBlur(weight, (5, 5), 0) + 0.02
    gain = cv2.GaussianBlur(np.where(is_lit, found.gain, 0).astype(np.float32), (5, 5), 0) + 0.02 * common
    return np.asarray(gain / spread, dtype=np.float32)


def relit(reference: Floats, field: Floats) -> Floats:
    """The reference as it would look in the light that `field` describes."""
    size = (reference.shape[1], reference.shape[0])
    return np.asarray(cv2.multiply(reference, cv2.resize(field, size, interpolation=cv2.INTER_LINEAR)))


def outlines(picture: Gray) -> Gray:
    """The height of the steps between neighbouring pixels (morphological gradient)."""
    return np.asarray(cv2.morphologyEx(picture, cv2.MORPH_GRADIENT, _SMALL))


def changed_outlines(picture: Gray, reference: Gray, step: float) -> Gray:
    """Where an outline of at least `step` grey levels is new or gone, 255; else 0.

    An outline may grow or shrink with the brightness around it (light that multiplies) or stay as it is (light
    that adds), and anything between.
    """
    gain = cv2.divide(cv2.blur(picture, NEIGHBOURHOOD), cv2.blur(reference, NEIGHBOURHOOD), dtype=cv2.CV_32F)
    now, then = outlines(picture), outlines(reference)
    highest = cv2.multiply(then, np.maximum(gain, 1.0), dtype=cv2.CV_8U)
    lowest = cv2.multiply(then, np.minimum(gain, 1.0), dtype=cv2.CV_8U)
    new = cv2.subtract(now, cv2.dilate(highest, _WIDE))
    gone = cv2.subtract(lowest, cv2.dilate(now, _WIDE))
    return np.asarray(cv2.threshold(cv2.max(new, gone), step, 255, cv2.THRESH_BINARY)[1])


def _means(picture: Floats, cells: tuple[int, int]) -> Floats:
    return np.asarray(cv2.resize(picture, cells, interpolation=cv2.INTER_AREA))
