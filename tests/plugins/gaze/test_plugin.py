"""The `gaze` step on made faces."""

from typing import Any

import numpy as np
import pytest
from vidframe_gaze.head_pose import KEYPOINT_ERRORS, LANDMARK_ERRORS, keypoint_face, reference_face, rotation_of
from vidframe_gaze.plugin import Gaze

from vidframe import Box, Face
from vidframe.testing import make_camera, make_frame, run_plugin

MESH = reference_face()


def face_turned(
    yaw: float,
    pitch: float = 0.0,
    *,
    track: int | None = 1,
    with_landmarks: bool = True,
    with_keypoints: bool = True,
    width: float = 60.0,
) -> Face:
    def points(face: Any) -> Any:
        turned = (face.points @ rotation_of(yaw, pitch).T) * (30, -30, -30) + (160, 120, 0)
        return turned.astype(np.float32)

    irises = np.zeros((10, 3), np.float32)
    return Face(
        Box(130, 90, width, width),
        track=track,
        landmarks=np.vstack([points(MESH), irises]) if with_landmarks else None,
        keypoints=points(keypoint_face(MESH))[:, :2] if with_keypoints else None,
    )


def gazes(faces: Any, **settings: Any) -> list[Any]:
    """The gaze of one face a frame, 10 frames a second."""
    camera = make_camera()
    frames = [make_frame(camera=camera, index=index, faces=[face]) for index, face in enumerate(faces)]
    run_plugin(Gaze(**settings), frames)
    return [frame.faces[0].gaze for frame in frames]


def test_landmarks_come_first_and_keypoints_stand_in() -> None:
    with_both, keypoints_only = gazes([face_turned(20, 5), face_turned(20, 5, track=2, with_landmarks=False)])

    assert (with_both.yaw, with_both.pitch) == pytest.approx((20, 5), abs=0.01)
    assert with_both.sigma == LANDMARK_ERRORS.sigma(with_both.yaw, 60)
    assert (keypoints_only.yaw, keypoints_only.pitch) == pytest.approx((20, 5), abs=0.01)
    assert keypoints_only.sigma == KEYPOINT_ERRORS.sigma(keypoints_only.yaw, 60)


def test_a_face_without_points_has_no_gaze() -> None:
    assert gazes([face_turned(0, with_landmarks=False, with_keypoints=False)]) == [None]


def test_landmarks_that_are_no_numbers_give_no_gaze() -> None:
    broken = face_turned(0)
    broken.landmarks = np.full((478, 3), np.nan, np.float32)

    assert gazes([broken]) == [None]


def test_each_track_is_steadied_for_itself() -> None:
    camera = make_camera()
    frames = [
        make_frame(camera=camera, index=index, faces=[face_turned(40, track=1), face_turned(-40, track=2)])
        for index in range(5)
    ]

    run_plugin(Gaze(), frames)

    assert [face.gaze.yaw for face in frames[-1].faces if face.gaze] == pytest.approx([40, -40], abs=0.01)


def test_a_face_without_a_track_is_taken_as_it_is() -> None:
    assert [gaze.yaw for gaze in gazes([face_turned(yaw, track=None) for yaw in (0, 40, 0)])] == pytest.approx(
        [0, 40, 0], abs=0.01
    )


def test_a_track_that_was_long_gone_starts_anew() -> None:
    camera = make_camera()
    faces = {0.0: [face_turned(40)], 3.0: [], 6.0: [face_turned(-40)]}
    frames = [make_frame(camera=camera, seconds=at, faces=seen) for at, seen in faces.items()]

    run_plugin(Gaze(), frames)

    (gaze,) = (face.gaze for face in frames[-1].faces)
    assert gaze is not None
    assert gaze.yaw == pytest.approx(-40, abs=0.01)


def test_a_cameras_offsets_are_taken_off() -> None:
    (gaze,) = gazes([face_turned(10, 10)], yaw_offset=4, pitch_offset=-3)

    assert (gaze.yaw, gaze.pitch) == pytest.approx((6, 13), abs=0.01)
