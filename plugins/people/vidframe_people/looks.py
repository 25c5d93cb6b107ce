"""What colours somebody wears: to find the same person again a moment later, and forgotten with the track."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from vidframe import Box

BINS = (8, 4, 4)  # of hue, saturation and value

Look = NDArray[np.float32]


def look_of(image: NDArray[np.uint8], box: Box) -> Look | None:
    """A histogram of the middle of a body (BGR image); sums to 1. None where there is too little to see."""
    height, width = image.shape[:2]
    left, right = box.x + 0.2 * box.width, box.x + 0.8 * box.width
    top, bottom = box.y + 0.1 * box.height, box.y + 0.8 * box.height
    part = image[max(0, int(top)) : min(height, math.ceil(bottom)), max(0, int(left)) : min(width, math.ceil(right))]
    if min(part.shape[:2]) < 4:
        return None
    step = max(1, min(part.shape[:2]) // 24)
    colours = cv2.cvtColor(np.ascontiguousarray(part[::step, ::step]), cv2.COLOR_BGR2HSV)
    counts = cv2.calcHist([colours], [0, 1, 2], None, list(BINS), [0, 180, 0, 256, 0, 256]).ravel()
    return np.asarray(counts / counts.sum(), np.float32)
