"""Where changes count: the zones and masks of a camera, as polygons with x and y from 0 to 1 of the frame."""

from collections.abc import Iterable, Mapping, Sequence

import cv2
import numpy as np

from vidframe.geometry import is_inside
from vidframe_abnormality.incidents import Box
from vidframe_abnormality.light import Gray
from vidframe_abnormality.noise import IGNORED

Points = Sequence[tuple[float, float]]  # of a polygon: x, y, each 0..1


def ignore_mask(masks: Iterable[Points], zones: Mapping[str, Points], shape: tuple[int, ...]) -> Gray:
    """255 where changes do not count, elsewhere 0: inside of a mask, and outside of all zones if there are any."""
    height, width = shape
    mask = np.full((height, width), IGNORED if zones else 0, np.uint8)
    for polygons, value in ((zones.values(), 0), (masks, IGNORED)):
        for polygon in polygons:
            cv2.fillPoly(mask, [np.rint(np.array(polygon) * (width, height)).astype(np.int32)], value)
    return mask


def zones_of(boxes: Iterable[Box], zones: Mapping[str, Points]) -> list[str]:
    """Names of the zones in which the boxes stand, by the middle of each box's lower edge."""
    feet = [(x + width / 2, y + height) for x, y, width, height in boxes]
    return [name for name, polygon in zones.items() if any(is_inside(polygon, foot) for foot in feet)]
