"""Finds people and things of COCO's kinds in one image: SSDLite on MobileNet v2, trained on COCO.

Liu et al. 2016 (SSD), Sandler et al. 2018 (MobileNet v2); anchors and decoding as in the TensorFlow Object
Detection API.
"""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vidframe import Box, Detection
from vidframe_people.model_files import BODIES
from vidframe_people.network import Network

SIDE = 300  # pixels of the network's square input
SAME = 0.5  # overlap from which two boxes of a kind are one
MOST = 100  # boxes of an image
LOCATION, SIZE = 10.0, 5.0  # by which the network's offsets are scaled

# The classes' places in the network's output; COCO leaves some out.
LABELS = {
    1: "person", 2: "bicycle", 3: "car", 4: "motorcycle", 5: "airplane", 6: "bus", 7: "train", 8: "truck", 9: "boat",
    10: "traffic light", 11: "fire hydrant", 13: "stop sign", 14: "parking meter", 15: "bench", 16: "bird", 17: "cat",
    18: "dog", 19: "horse", 20: "sheep", 21: "cow", 22: "elephant", 23: "bear", 24: "zebra", 25: "giraffe",
    27: "backpack", 28: "umbrella", 31: "handbag", 32: "tie", 33: "suitcase", 34: "frisbee", 35: "skis",
    36: "snowboard", 37: "sports ball", 38: "kite", 39: "baseball bat", 40: "baseball glove", 41: "skateboard",
    42: "surfboard", 43: "tennis racket", 44: "bottle", 46: "wine glass", 47: "cup", 48: "fork", 49: "knife",
    50: "spoon", 51: "bowl", 52: "banana", 53: "apple", 54: "sandwich", 55: "orange", 56: "broccoli", 57: "carrot",
    58: "hot dog", 59: "pizza", 60: "donut", 61: "cake", 62: "chair", 63: "couch", 64: "potted plant", 65: "bed",
    67: "dining table", 70: "toilet", 72: "tv", 73: "laptop", 74: "mouse", 75: "remote", 76: "keyboard",
    77: "cell phone", 78: "microwave", 79: "oven", 80: "toaster", 81: "sink", 82: "refrigerator", 84: "book",
    85: "clock", 86: "vase", 87: "scissors", 88: "teddy bear", 89: "hair drier", 90: "toothbrush",
}  # fmt: skip

Floats = NDArray[np.float32]


class CocoSsd:
    """The detector `coco_ssd`. An image is seen as a square: give it squares, or people look squeezed."""

    def __init__(self) -> None:
        self._network = Network(BODIES, [("Preprocessor/sub:0", [1, SIDE, SIDE, 3])], ["concat:0", "concat_1:0"])
        self._anchors = _anchors()

    def detect(self, image: NDArray[np.uint8], least: float = 0.3) -> list[Detection]:
        """What is in an image (height x width x 3, BGR), best first; see `vidframe.detectors.Detector`."""
        offsets, logits = self._network(_input(image))
        scores = logits[0]
        anchors, classes = np.nonzero(scores[:, 1:] > math.log(least / (1 - least)))
        if not len(anchors):
            return []
        boxes = _boxes(offsets.reshape(-1, 4)[anchors], self._anchors[anchors])
        height, width = image.shape[:2]
        boxes = np.clip(boxes, 0, 1) * (width, height, width, height)
        sure = 1 / (1 + np.exp(-scores[anchors, classes + 1]))
        return _best(boxes, sure, classes + 1)


def _input(image: NDArray[np.uint8]) -> Floats:
    """1 x SIDE x SIDE x 3, RGB, -1..1."""
    shrunk = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
    blob = cv2.cvtColor(shrunk, cv2.COLOR_BGR2RGB).astype(np.float32)
    blob *= 2 / 255
    blob -= 1
    return np.asarray(blob[None])


def _anchors() -> Floats:
    """n x 4: centre y, centre x, height and width as parts of the image.

    Six maps; on the first three shapes a cell, on the others six, of scales from 0.2 to 0.95.
    """
    sides = [19, 10, 5, 3, 2, 1]
    scales = [0.2 + 0.15 * level for level in range(6)] + [1.0]
    maps = []
    for level, side in enumerate(sides):
        if level == 0:
            shapes = [(0.1, 1.0), (scales[0], 2.0), (scales[0], 0.5)]
        else:
            shapes = [(scales[level], ratio) for ratio in (1.0, 2.0, 0.5, 3.0, 0.3333)]
            shapes.append((math.sqrt(scales[level] * scales[level + 1]), 1.0))
        rows, columns = (np.mgrid[0:side, 0:side].astype(np.float32) + 0.5) / side
        cells = [
            np.stack([rows, columns, np.full_like(rows, s / math.sqrt(r)), np.full_like(rows, s * math.sqrt(r))], -1)
            for s, r in shapes
        ]
        maps.append(np.stack(cells, 2).reshape(-1, 4))
    return np.concatenate(maps).astype(np.float32)


def _boxes(offsets: Floats, anchors: Floats) -> Floats:
    """n x 4: left, top, right, bottom as parts of the image."""
    centres = offsets[:, :2] / LOCATION * anchors[:, 2:] + anchors[:, :2]
    halves = np.exp(offsets[:, 2:] / SIZE) * anchors[:, 2:] / 2
    return np.concatenate([(centres - halves)[:, ::-1], (centres + halves)[:, ::-1]], 1)


def _best(boxes: NDArray[Any], scores: NDArray[Any], classes: NDArray[Any]) -> list[Detection]:
    """Of boxes of a kind that overlap, the surest."""
    corners = [(left, top, right - left, bottom - top) for left, top, right, bottom in boxes.tolist()]
    kept = cv2.dnn.NMSBoxesBatched(corners, scores.tolist(), classes.tolist(), 0.0, SAME)
    found = [
        Detection(Box(*corners[index]), LABELS[int(classes[index])], float(scores[index]))
        for index in np.asarray(kept).ravel()[:MOST]
        if int(classes[index]) in LABELS
    ]
    return sorted(found, key=lambda each: -each.score)
