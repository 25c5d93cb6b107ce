"""From a difference of two frames to blobs: thresholded, closed, and split into connected components.

Masks are arrays of uint8, 0 where nothing is. They, and the labels of the blobs, are half as wide and high as the
frames that were compared.
"""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from vidframe_abnormality.light import Gray, halved

MOST_BLOBS = 255  # a label is a uint8, and 0 belongs to no blob
_SMALL = np.ones((3, 3), np.uint8)


class Blob(NamedTuple):
    """A connected component of a mask."""

    box: tuple[float, float, float, float]  # left, top, width, height: each 0..1 of the frame
    area: float  # share of the frame, 0..1
    label: int  # 1..255: its value in the array of labels


def change_mask(difference: Gray, thresholds: Gray, border: int = 0) -> Gray:
    """1 where the difference is above the threshold of the pixel; half the size of both.

    Most of four pixels must be above it. Holes of a pixel or two are closed, and `border` pixels (of full size) at
    each side are left out.
    """
    mask = cv2.threshold(cv2.subtract(difference, thresholds), 0, 255, cv2.THRESH_BINARY)[1]
    if border:
        mask[:border] = mask[-border:] = mask[:, :border] = mask[:, -border:] = 0
    mask = cv2.threshold(halved(mask), 127, 1, cv2.THRESH_BINARY)[1]
    return np.asarray(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, _SMALL))


def find_blobs(mask: Gray, min_area: float) -> tuple[Gray, list[Blob]]:
    """Labels and blobs of at least `min_area` (share of the mask); the largest where there are more than 255."""
    _, components, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8, ltype=cv2.CV_16U)
    height, width = mask.shape
    areas = stats[:, cv2.CC_STAT_AREA].copy()
    areas[0] = 0  # the background
    large = np.flatnonzero(areas >= max(1, min_area * mask.size))
    if len(large) > MOST_BLOBS:
        large = np.sort(large[np.argsort(areas[large])[-MOST_BLOBS:]])
    blobs = []
    labels = np.zeros(len(stats), np.uint8)  # of each component
    for label, component in enumerate(large.tolist(), start=1):
        left, top, wide, high, area = stats[component].tolist()
        labels[component] = label
        box = (left / width, top / height, wide / width, high / height)
        blobs.append(Blob(box, area / mask.size, label))
    return np.take(labels, np.asarray(components)), blobs


def mask_of(labels: Gray, blobs: Sequence[Blob]) -> Gray:
    """1 where one of the blobs is."""
    is_chosen = np.zeros(MOST_BLOBS + 1, np.uint8)
    is_chosen[[blob.label for blob in blobs]] = 1
    return np.asarray(cv2.LUT(labels, is_chosen))


def covered_shares(labels: Gray, blobs: Sequence[Blob], mask: Gray) -> dict[int, float]:
    """For the label of each blob, the share of its pixels, 0..1, where `mask` is not 0."""
    bins = MOST_BLOBS + 1
    covered = cv2.calcHist([labels], [0], mask, [bins], [0, bins]).ravel()
    return {blob.label: float(covered[blob.label]) / (blob.area * mask.size) for blob in blobs}


def total_area(blobs: Sequence[Blob]) -> float:
    """Share of the frame that all of them cover, 0..1."""
    return sum(blob.area for blob in blobs)


def enlarged(mask: Gray, frame: Gray) -> Gray:
    """The mask as large as the frame."""
    height, width = frame.shape
    return np.asarray(cv2.resize(mask, (width, height), interpolation=cv2.INTER_NEAREST))
