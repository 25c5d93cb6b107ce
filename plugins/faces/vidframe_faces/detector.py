"""MediaPipe's face detectors and landmarker over regions of a picture; knows no camera and no time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from mediapipe.tasks.python import BaseOptions, vision
from mediapipe.tasks.python.vision.core.image import Image, ImageFormat
from numpy.typing import NDArray

from vidframe import Box
from vidframe_faces.quiet import without_noise

Pixels = NDArray[np.uint8]
# A model's first call warns, too; and is slow, which no camera's first frame should pay for.
NOTHING: Pixels = np.zeros((192, 192, 3), np.uint8)


@dataclass(frozen=True, slots=True)
class Detection:
    """One face as a detector found it."""

    box: Box  # brow to chin, pixels of the whole frame
    score: float  # 0..1
    keypoints: NDArray[np.float32]  # 6 x 2 pixels: right and left eye, nose tip, mouth, right and left ear
    landmarks: NDArray[np.float32] | None = None  # 478 x 3 pixels, as Landmarker.find gives them


class Detector:
    """A face detector of MediaPipe Tasks. One object serves any number of threads."""

    def __init__(self, model: Path, least_score: float) -> None:
        options = vision.FaceDetectorOptions(
            base_options=BaseOptions(model_asset_path=str(model)), min_detection_confidence=least_score
        )
        with without_noise():
            self._model = vision.FaceDetector.create_from_options(options)
            self._model.detect(_rgb(NOTHING))

    def find(self, image: Pixels, region: Box) -> list[Detection]:
        """The faces in `region` of `image` (height x width x 3, BGR), best first; none where the region is outside."""
        view = _cut(image, region)
        if view is None:
            return []
        found = self._model.detect(_rgb(view.pixels)).detections
        return sorted((_detection(face, view) for face in found), key=lambda face: -face.score)

    def close(self) -> None:
        """Frees the model. MediaPipe prints a TypeError at exit for an object that was not closed."""
        with without_noise():
            self._model.close()


class Landmarker:
    """MediaPipe's face landmarker for one face at a time. One object serves any number of threads."""

    POINTS = 478

    def __init__(self, model: Path) -> None:
        options = vision.FaceLandmarkerOptions(
            base_options=BaseOptions(model_asset_path=str(model)),
            num_faces=1,
            # Its detector only aims: whether there is a face is decided by the landmark model's own presence score.
            min_face_detection_confidence=0.3,
        )
        with without_noise():
            self._model = vision.FaceLandmarker.create_from_options(options)
            self._model.detect(_rgb(NOTHING))

    def find(self, image: Pixels, face: Box) -> NDArray[np.float32] | None:
        """478 x 3 pixels of the whole frame (z in the same scale, smaller is nearer); None where it sees no face."""
        # 2.2 face widths: the whole head, and few neighbours.
        view = _cut(image, _square(face.grown(2.2)))
        if view is None:
            return None
        found = self._model.detect(_rgb(view.pixels)).face_landmarks
        if not found:
            return None
        height, width = view.pixels.shape[:2]
        points = np.array([(point.x, point.y, point.z) for point in found[0]], np.float32)
        # MediaPipe gives z in the scale of x.
        points *= (width, height, width)
        points[:, 0] += view.left
        points[:, 1] += view.top
        return _frozen(points) if _is_within(points, face) else None

    def close(self) -> None:
        """Frees the model. MediaPipe prints a TypeError at exit for an object that was not closed."""
        with without_noise():
            self._model.close()


@dataclass(frozen=True, slots=True)
class _View:
    pixels: Pixels
    left: int
    top: int


def _cut(image: Pixels, region: Box) -> _View | None:
    left, top = max(0, int(region.x)), max(0, int(region.y))
    right, bottom = int(region.x + region.width), int(region.y + region.height)
    pixels = image[top : max(0, bottom), left : max(0, right)]
    if min(pixels.shape[:2]) < 8:
        return None
    return _View(pixels, left, top)


def _square(box: Box) -> Box:
    side = max(box.width, box.height)
    x, y = box.centre
    return Box(x - side / 2, y - side / 2, side, side)


def _rgb(pixels: Pixels) -> Any:
    return Image(image_format=ImageFormat.SRGB, data=cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB))


def _detection(face: Any, view: _View) -> Detection:
    box = face.bounding_box
    height, width = view.pixels.shape[:2]
    keypoints = np.array([(point.x, point.y) for point in face.keypoints], np.float32) * (width, height)
    return Detection(
        Box(box.origin_x + view.left, box.origin_y + view.top, box.width, box.height),
        float(face.categories[0].score),
        _frozen(keypoints + np.array((view.left, view.top), np.float32)),
    )


def _frozen(points: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """Read-only, as a face that does not move gives the same points to several frames."""
    frozen = np.asarray(points, np.float32)
    frozen.setflags(write=False)
    return frozen


def _is_within(points: NDArray[np.float32], face: Box) -> bool:
    """Whether the landmarks are this face's, and not a neighbour's in the same crop."""
    x, y = points[:, :2].mean(axis=0)
    return bool(face.x < x < face.x + face.width and face.y < y < face.y + face.height)
