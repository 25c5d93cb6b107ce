"""Cuts faces out of a frame as the training pictures are framed, and tells which are fit to be judged."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vidframe import Face

# Where FER2013 has the right eye, the left eye and the mouth: the means that MediaPipe's detector finds on 1,462 of
# its pictures, as shares of the side and made symmetric.
FRAMING = np.array([[0.323, 0.392], [0.677, 0.392], [0.5, 0.77]])
_EYES_AND_MOUTH = [0, 1, 3]  # of the six keypoints
_NOSE = 2
# How far the tip of the nose stands before the eyes, in distances between the eyes.
_NOSE_DEPTH = 0.58

_CURVATURE = np.array([[1.0, -2.0, 1.0]])

# Points of the face mesh that make the keypoints: both corners of each eye, the tip of the nose, both inner lips.
_MESH = ((33, 133), (263, 362), (1,), (13, 14))


def keypoints(face: Face) -> NDArray[np.float32] | None:
    """Right eye, left eye, nose tip, mouth in pixels, 4 x 2; None where the face has neither keypoints nor mesh."""
    if face.keypoints is not None:
        return face.keypoints[:4]
    if face.landmarks is not None:
        return np.array([face.landmarks[list(points), :2].mean(axis=0) for points in _MESH], np.float32)
    return None


def turn(points: NDArray[np.float32]) -> float:
    """How far a head is turned to either side, degrees 0..90, from where its nose stands between the eyes.

    A rough measure: it is meant to leave out profiles, not to tell where somebody looks.
    """
    along = points[1] - points[0]
    distance = float(np.hypot(*along))
    if distance < 1e-3:
        return 90.0
    aside = float((points[_NOSE] - points[:2].mean(axis=0)) @ along) / distance**2
    return math.degrees(math.atan(abs(aside) / _NOSE_DEPTH))


def crop(gray: NDArray[np.uint8], points: NDArray[np.float32], side: int) -> NDArray[np.uint8]:
    """The face upright in side x side pixels, with eyes and mouth where the training pictures have them.

    `gray` is the frame at native resolution; what lies outside of it repeats its edge.
    """
    matrix = _to_framing(points[_EYES_AND_MOUTH], FRAMING * side)
    shrink = int(1 / max(math.hypot(*matrix[0, :2]), 1e-6))
    if shrink >= 2:
        gray, matrix = _shrunk(gray, matrix, side, min(shrink, 16))
    return np.asarray(
        cv2.warpAffine(gray, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8
    )


def sharpness(picture: NDArray[np.uint8]) -> float:
    """Share of a picture's contrast that is fine detail along the direction with less of it; about 0.01 to 1.

    A face that moves while the shutter is open keeps its detail across the movement and loses it along.
    """
    contrast = _deviation(picture)
    if contrast < 2:
        return 0.0
    detail = (_deviation(cv2.filter2D(picture, cv2.CV_32F, kernel)) for kernel in (_CURVATURE, _CURVATURE.T))
    return 2 * (min(detail) / contrast) ** 2


def _deviation(picture: NDArray[Any]) -> float:
    """Standard deviation of the pixels, in a tenth of the time of NumPy's."""
    return float(cv2.meanStdDev(picture)[1][0, 0])


def _to_framing(points: NDArray[np.float32], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """The 2 x 3 turn, scale and shift that brings the points nearest to the target (least squares)."""
    source = points.astype(float) @ np.array([1, 1j])
    wanted = target @ np.array([1, 1j])
    centred = source - source.mean()
    factor = np.vdot(centred, wanted - wanted.mean()) / max(np.vdot(centred, centred).real, 1e-9)
    offset = wanted.mean() - factor * source.mean()
    return np.array([[factor.real, -factor.imag, offset.real], [factor.imag, factor.real, offset.imag]])


def _shrunk(
    gray: NDArray[np.uint8], matrix: NDArray[np.float64], side: int, factor: int
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """The face's surroundings `factor` times smaller, each pixel a mean, and the matrix for them."""
    corners = np.array([[0, 0], [side, 0], [0, side], [side, side]], float)
    back = (corners - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T
    height, width = gray.shape
    left, top = np.clip(np.floor(back.min(axis=0)).astype(int) - factor, 0, (width - factor, height - factor))
    right, bottom = np.ceil(back.max(axis=0)).astype(int) + factor
    columns = max(1, (min(right, width) - left) // factor)
    rows = max(1, (min(bottom, height) - top) // factor)
    part = gray[top : top + rows * factor, left : left + columns * factor]
    small = cv2.resize(part, (columns, rows), interpolation=cv2.INTER_AREA)
    linear = matrix[:, :2] * factor
    # Pixel 0 of the small picture is the middle of the first `factor` pixels.
    offset = matrix[:, 2] + matrix[:, :2] @ (np.array([left, top]) + (factor - 1) / 2)
    return np.asarray(small, np.uint8), np.column_stack([linear, offset])
