"""Landmarks that move along with a face between two calls of the landmarker."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from vidframe_faces.detector import Detection
from vidframe_faces.landmarks import carried
from vidframe_faces.plugin import Faces
from vidframe_faces.watch import Watch

from vidframe import Box
from vidframe.testing import make_camera, make_frame

# Right and left eye, nose tip, mouth, right and left ear of a face that is 100 pixels wide and looks ahead.
KEYPOINTS = np.array([[630, 240], [670, 240], [650, 265], [650, 285], [605, 250], [695, 250]], np.float32)
DEPTHS = np.array([0, 0, -25, -12, 45, 45])  # pixels, smaller is nearer
LANDMARKS = np.column_stack([KEYPOINTS, DEPTHS]).astype(np.float32)


def face(keypoints: NDArray[Any], landmarks: NDArray[Any] | None = None) -> Detection:
    return Detection(Box(600, 200, 100, 100), 0.9, keypoints.astype(np.float32), landmarks)


def turned(yaw: float) -> NDArray[Any]:
    """The keypoints of the head turned by so many degrees."""
    sine, cosine = np.sin(np.radians(yaw)), np.cos(np.radians(yaw))
    x, depth = KEYPOINTS[:, 0] - 650, DEPTHS
    return np.column_stack([650 + x * cosine - depth * sine, KEYPOINTS[:, 1]])


def test_landmarks_move_grow_and_tilt_as_the_keypoints_do() -> None:
    tilt = np.array([[0.96, -0.28], [0.28, 0.96]]) * 1.2

    moved = carried(face(KEYPOINTS, LANDMARKS), face(KEYPOINTS @ tilt.T + (40, -30)))

    assert moved is not None
    assert moved.landmarks is not None
    assert moved.landmarks[:, :2] == pytest.approx(KEYPOINTS @ tilt.T + (40, -30), abs=0.01)
    assert moved.landmarks[:, 2] == pytest.approx(1.2 * DEPTHS, abs=0.01)


def test_they_are_of_no_use_for_a_head_that_has_turned_since() -> None:
    then = face(KEYPOINTS, LANDMARKS)

    assert carried(then, face(turned(2))) is not None
    assert carried(then, face(turned(10))) is None
    assert carried(then, face(turned(-10))) is None


def test_a_face_without_landmarks_or_with_keypoints_in_one_place_carries_none() -> None:
    assert carried(face(KEYPOINTS), face(KEYPOINTS)) is None
    assert carried(face(np.zeros((6, 2)), LANDMARKS), face(KEYPOINTS)) is None


class Moving:
    """A finder whose face walks to the right and may turn its head; it notes when landmarks are made out."""

    def __init__(self, yaws: list[float]) -> None:
        self.yaws, self.frame, self.made_out = yaws, 0, list[int]()

    def search(self, image: Any, regions: Any, known: list[Box], confidence: float) -> list[Detection]:
        return [] if known else [self.landmarked(image, self.follow(image, Box(0, 0, 0, 0), 0))]

    def follow(self, image: Any, expected: Box, reach: float) -> Detection:
        walked = 5 * self.frame
        keypoints = turned(self.yaws[self.frame]) + np.array([walked, 0])
        return Detection(Box(600 + walked, 200, 100, 100), 0.9, keypoints.astype(np.float32))

    def landmarked(self, image: Any, face: Detection) -> Detection:
        self.made_out.append(self.frame)
        points = np.column_stack([face.keypoints, DEPTHS]).astype(np.float32)
        return Detection(face.box, face.score, face.keypoints, points)


def watched(yaws: list[float], *, changing: int = 999, **settings: Any) -> tuple[Moving, list[float]]:
    """The finder, and the x of the right eye's landmark in each frame; 30 frames a second,
    of which the first few (`changing`) differ."""
    finder, camera, eyes = Moving(yaws), make_camera(), list[float]()
    watch = Watch(Faces(**settings), finder, with_landmarks=True)  # type: ignore[arg-type]
    for index in range(len(yaws)):
        finder.frame = index
        pixels = np.full((720, 1280, 3), 50 + 100 * (min(index, changing) % 2), np.uint8)
        (face,) = watch.faces_in(make_frame(pixels, camera=camera, index=index, seconds=index / 30))
        assert face.landmarks is not None
        eyes.append(face.landmarks[0, 0])
    return finder, eyes


def test_landmarks_of_a_walking_face_are_made_out_ten_times_a_second_and_move_along_meanwhile() -> None:
    finder, eyes = watched([0.0] * 10)

    assert finder.made_out == [0, 3, 6, 9]
    assert eyes == pytest.approx([630 + 5 * index for index in range(10)], abs=0.01)


def test_a_head_that_turns_is_looked_at_in_each_frame() -> None:
    finder, eyes = watched([0.0, 0.0, 10.0, 20.0, 30.0, 30.0, 30.0])

    assert finder.made_out == [0, 2, 3, 4]
    assert eyes[4] == pytest.approx(turned(30)[0, 0] + 20, abs=0.01)


def test_a_head_that_comes_to_rest_is_looked_at_once_more() -> None:
    finder, _ = watched([0.0] * 12, changing=4)

    assert finder.made_out == [0, 3, 6]


def test_without_refresh_landmarks_are_made_out_in_each_frame() -> None:
    assert watched([0.0] * 5, refresh=0)[0].made_out == [0, 1, 2, 3, 4]
