"""MediaPipe's face detectors over regions of a picture; knows no camera and no time."""

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
    landmarks: NDArray[np.float32] | None = None  # 478 x 3 pixels, as Mesh.find gives them


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


def _rgb(pixels: Pixels) -> Any:
    return Image(image_format=ImageFormat.SRGB, data=cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB))


def _detection(face: Any, view: _View) -> Detection:
    box = face.bounding_box
    height, width = view.pixels.shape[:2]
    keypoints = np.array([(point.x, point.y) for point in face.keypoints], np.float32) * (width, height)
    return Detection(
        Box(box.origin_x + view.left, box.origin_y + view.top, box.width, box.height),
        float(face.categories[0].score),
        frozen(keypoints + np.array((view.left, view.top), np.float32)),
    )


def frozen(points: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """Read-only, as a face that does not move gives the same points to several frames."""
    frozen = np.asarray(points, np.float32)
    frozen.setflags(write=False)
    return frozen
