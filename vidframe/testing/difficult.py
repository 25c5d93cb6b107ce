"""Frames that a plugin may meet and that few think of, for `conformance`."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidframe.core.model.camera import Camera
from vidframe.core.model.frames import Frame
from vidframe.core.model.geometry import Box
from vidframe.core.model.people import Detection, Expression, Face, HeadPose, Person
from vidframe.testing.frames import make_frame

_SHAPES = ((240, 320, 3), (240, 320, 3), (241, 319, 3), (241, 319, 3), (240, 320), (1, 1, 3), (1, 1), (720, 1280, 3))


def difficult_frames(
    camera: Camera, *, own: AbstractSet[str] = frozenset(), notes: Mapping[str, Any] | None = None, seed: int = 0
) -> Iterator[Frame]:
    """Noise, black and white in odd sizes, of one pixel, without colour, with a size that changes midway.

    Every other frame carries everything that steps add, but not what is in `own`; the others carry nothing.
    `notes` are copied onto the former.
    """
    for index, pixels in enumerate(_images(seed)):
        if index % 2:
            yield make_frame(pixels, camera=camera, index=index)
            continue
        found = {name: value for name, value in _found(pixels, index + seed).items() if name not in own}
        yield make_frame(pixels, camera=camera, index=index, notes=copy.deepcopy(dict(notes or {})), **found)


def _images(seed: int) -> Iterator[NDArray[np.uint8]]:
    rng = np.random.default_rng(seed)
    for shape in _SHAPES:
        yield rng.integers(0, 255, shape, dtype=np.uint8)
    for value in (0, 0, 255, 255):
        yield np.full((240, 320, 3), value, np.uint8)


def _found(pixels: NDArray[np.uint8], step: int) -> dict[str, Any]:
    """A person who walks, with a face on which everything is known."""
    height, width = pixels.shape[:2]
    box = Box(width / 8 + width / 50 * step, height / 4, width / 4, height / 2)
    face = Face(Box(box.x, box.y, box.width / 2, box.height / 4), track=1)
    face.expression = Expression({"neutral": 0.75, "happy": 0.25}, 0.2)
    face.head_pose = HeadPose(10, 0, 0, 5)
    face.landmarks = _spread(face.box, 478, 3)
    face.keypoints = _spread(face.box, 6, 2)
    return {
        "mode": "day",
        "motion": 0.1,
        "faces": [face],
        "people": [Person(box, track=1, face=face, facing=(10.0, 5.0))],
        "detections": [Detection(box, "person", track=1), Detection(box.grown(0.5), "car", 0.5)],
    }


def _spread(box: Box, count: int, columns: int) -> NDArray[np.float32]:
    """Points all over a box; z, where there is one, is 0."""
    points = np.random.default_rng(count).random((count, columns)) * (box.width, box.height, 0)[:columns]
    return (points + (box.x, box.y, 0)[:columns]).astype(np.float32)
