"""MediaPipe's face mesh over one face whose place is known; knows no camera and no time.

A face landmarker of MediaPipe Tasks looks for the face itself, with a detector, at each call. Here that is known, so the mesh
is run alone: an image embedder gives what a model puts out as it is.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from mediapipe.tasks.python import BaseOptions, vision
from mediapipe.tasks.python.vision.core.image import Image, ImageFormat
from numpy.typing import NDArray

from vidframe_faces.detector import NOTHING, Detection, Pixels, frozen
from vidframe_faces.quiet import without_noise

POINTS = 478
EYE_CORNERS = (33, 263)  # the outer ones
SIDE = 192  # pixels, of the model's picture
MARGIN = 1.5  # sides of the model's picture for one of the face, as it was trained
PRESENT = 0.0  # least logit of the model's own answer to whether there is a face: one half


class Place(NamedTuple):
    """The square that the mesh looks at, in pixels of the frame."""

    x: float  # its middle
    y: float
    side: float
    tilt: float  # radians, clockwise, of the line through the eyes


class Mesh:
    """MediaPipe's attention mesh, one face at a time. One object serves any number of threads."""

    def __init__(self, model: Path) -> None:
        options = vision.ImageEmbedderOptions(base_options=BaseOptions(model_asset_path=str(model)))
        with without_noise():
            self._model = vision.ImageEmbedder.create_from_options(options)
            self.find(NOTHING, Place(96, 96, SIDE, 0))

    def find(self, image: Pixels, place: Place) -> NDArray[np.float32] | None:
        """478 x 3 pixels of the frame (z in the same scale, smaller is nearer); None where there is no face.

        `image`: height x width x 3, BGR.
        """
        to_model = _matrix(place)
        cut = cv2.warpAffine(image, to_model, (SIDE, SIDE), flags=cv2.INTER_LINEAR)
        seen = Image(image_format=ImageFormat.SRGB, data=cv2.cvtColor(cut, cv2.COLOR_BGR2RGB))
        mesh, presence = (found.embedding for found in self._model.embed(seen).embeddings)
        if presence[0] < PRESENT:
            return None
        points = np.asarray(mesh, np.float64).reshape(POINTS, 3)
        to_frame = cv2.invertAffineTransform(to_model)
        return frozen(
            np.column_stack([points[:, :2] @ to_frame[:, :2].T + to_frame[:, 2], points[:, 2] * place.side / SIDE])
        )

    def close(self) -> None:
        """Frees the model. MediaPipe prints a TypeError at exit for an object that was not closed."""
        with without_noise():
            self._model.close()


def place_of_box(face: Detection) -> Place:
    """Where the mesh looks for a face that a detector found."""
    x, y = face.box.centre
    return Place(x, y, MARGIN * max(face.box.width, face.box.height), _tilt(face.keypoints[0], face.keypoints[1]))


def place_of_landmarks(landmarks: NDArray[np.float32]) -> Place:
    """Where the mesh looks for a face whose landmarks are about known."""
    tilt = _tilt(landmarks[EYE_CORNERS[0], :2], landmarks[EYE_CORNERS[1], :2])
    cos, sin = math.cos(tilt), math.sin(tilt)
    points = np.array([[cos, sin], [-sin, cos]], np.float32) @ landmarks[:, :2].T
    (left, top), (right, bottom) = points.min(axis=1).tolist(), points.max(axis=1).tolist()
    across, down = (left + right) / 2, (top + bottom) / 2
    side = MARGIN * max(right - left, bottom - top)
    return Place(across * cos - down * sin, across * sin + down * cos, side, tilt)


def _tilt(right_eye: NDArray[np.float32], left_eye: NDArray[np.float32]) -> float:
    across, down = (left_eye - right_eye).tolist()
    return math.atan2(down, across)


def _matrix(place: Place) -> NDArray[np.float64]:
    """From the frame to the model's picture (2 x 3): the place upright, and its middle in the middle."""
    scale = SIDE / max(place.side, 1.0)
    cos, sin = scale * math.cos(place.tilt), scale * math.sin(place.tilt)
    return np.array(
        [
            [cos, sin, SIDE / 2 - cos * place.x - sin * place.y],
            [-sin, cos, SIDE / 2 + sin * place.x - cos * place.y],
        ]
    )
