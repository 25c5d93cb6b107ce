"""Carries a face along by optical flow between two calls of a model; knows no camera and no time."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vidframe import Box
from vidframe_faces.detector import Detection, Pixels, frozen

Points = NDArray[np.float32]

# Points of the mesh that a picture shows clearly and that hardly move with an expression: corners of the eyes, brows,
# root, tip and wings of the nose, corners of the mouth.
CLEAR = [33, 133, 362, 263, 105, 107, 336, 334, 168, 4, 98, 327, 61, 291]
# What the six keypoints of a detector lie between: right and left eye, nose tip, mouth, right and left ear.
KEYPOINTS = np.array(((33, 133), (362, 263), (1, 1), (13, 14), (234, 234), (454, 454)))

SIDE = 112  # pixels of a patch: a face is half as wide
WINDOW = (11, 11)  # pixels that are compared about each point
TURNED = 0.07  # sine of the angle from which a head shows another side: 4 degrees
OFF = 0.015  # of the face's width: how far off the points may be, root mean square


class Patch:
    """The picture of a face whose landmarks were made out, to find it again in the next pictures."""

    def __init__(self, gray: Pixels, face: Detection) -> None:
        assert face.landmarks is not None
        self._face = face
        self._side = 2 * max(face.box.width, 1.0)
        self._pixels = self._cut(gray, face.box)
        self._points = (face.landmarks[CLEAR, :2] - self._corner(face.box)) * (SIDE / self._side)
        self._clear = np.column_stack([face.landmarks[CLEAR], np.ones(len(CLEAR))])
        self._solve = np.linalg.pinv(self._clear)  # of least squares

    def found_again(self, gray: Pixels, expected: Box) -> Detection | None:
        """The face where it is now; None if it cannot be told, or has turned so far that it shows another side.

        `gray`: the frame's luma; `expected`: about where the face is, give or take a third of its width.
        """
        now = self._cut(gray, expected)
        moved, found, _ = cv2.calcOpticalFlowPyrLK(
            self._pixels, now, self._points.astype(np.float32), np.empty(0), winSize=WINDOW, maxLevel=2
        )
        if not found.all():
            return None
        places = moved * (self._side / SIDE) + self._corner(expected)
        # A head that is far away compared with its depth moves, grows, tilts and turns by an affine map of its points.
        motion = self._solve @ places
        off = _length(self._clear @ motion - places) / math.sqrt(len(CLEAR))
        scale = _length(motion[:2]) / math.sqrt(2)
        turned = _length(motion[2]) / max(scale, 1e-6)
        if off > OFF * self._face.box.width or turned > TURNED:
            return None
        return moved_to(self._face, self._carried(motion, scale))

    def _carried(self, motion: NDArray[np.float64], scale: float) -> Points:
        """All landmarks after the motion (4 x 2: three coordinates and a shift) of the clear ones."""
        assert self._face.landmarks is not None
        with_depth = np.zeros((4, 3), np.float32)
        with_depth[:, :2], with_depth[2, 2] = motion, scale
        return frozen(self._face.landmarks @ with_depth[:3] + with_depth[3])

    def _cut(self, gray: Pixels, box: Box) -> Pixels:
        x, y = self._corner(box)
        scale = SIDE / self._side
        matrix = np.array([[scale, 0, -x * scale], [0, scale, -y * scale]])
        cut = cv2.warpAffine(gray, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(cut, np.uint8)

    def _corner(self, box: Box) -> tuple[float, float]:
        x, y = box.centre
        return x - self._side / 2, y - self._side / 2


def moved_to(face: Detection, landmarks: Points) -> Detection:
    """The face with other landmarks: its box moves and grows, and each keypoint moves, as they do."""
    assert face.landmarks is not None
    (x, y, spread), (x_now, y_now, spread_now) = _middle_and_spread(face.landmarks), _middle_and_spread(landmarks)
    growth, (left, top, width, height) = spread_now / max(spread, 1e-6), face.box
    return replace(
        face,
        box=Box(x_now + (left - x) * growth, y_now + (top - y) * growth, width * growth, height * growth),
        keypoints=frozen(face.keypoints + _keypoints(landmarks) - _keypoints(face.landmarks)),
        landmarks=landmarks,
    )


def shifted(face: Detection, to: Box) -> Detection:
    """The face about another place."""
    assert face.landmarks is not None
    offset = np.subtract(to.centre, face.box.centre)
    box = face.box._replace(x=face.box.x + offset[0], y=face.box.y + offset[1])
    landmarks = face.landmarks + np.append(offset, 0)
    return replace(face, box=box, keypoints=frozen(face.keypoints + offset), landmarks=frozen(landmarks))


def _middle_and_spread(landmarks: Points) -> tuple[float, float, float]:
    """The middle (x, y) of the points, and their distance from it, summed up as squares."""
    points = landmarks[:, :2]
    # A product with ones takes a third of the time of `mean`.
    middle = np.ones(len(points), np.float32) @ points / len(points)
    return float(middle[0]), float(middle[1]), _length(points - middle)


def _keypoints(landmarks: Points) -> Points:
    return np.asarray(landmarks[KEYPOINTS, :2].mean(axis=1))


def _length(vectors: NDArray[np.floating[Any]]) -> float:
    return math.sqrt(np.vdot(vectors, vectors))
