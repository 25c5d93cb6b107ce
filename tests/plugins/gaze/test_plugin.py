"""The `gaze` step on made faces."""

from typing import Any

import numpy as np
import pytest
from vidframe_gaze.estimate import EYE_SHARE, IRIS_AHEAD, LIDS, Estimator
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
    eyes: float = 0.0,
) -> Face:
    """`eyes`: how far the irises have moved to the viewer's right, in distances of the eye corners."""

    def points(face: Any) -> Any:
        turned = (face @ rotation_of(yaw, pitch).T) * (30, -30, -30) + (160, 120, 0)
        return turned.astype(np.float32)

    irises = [np.add(MESH.points[list(rim)].mean(axis=0), (eyes, 0, IRIS_AHEAD)) for rim in LIDS]
    return Face(
        Box(130, 90, width, width),
        track=track,
        landmarks=points(np.vstack([MESH.points, np.repeat(irises, 5, axis=0)])) if with_landmarks else None,
        keypoints=points(keypoint_face(MESH).points)[:, :2] if with_keypoints else None,
    )


def gazes(faces: Any, **settings: Any) -> list[Any]:
    """The gaze of one face a frame, 10 frames a second."""
    camera = make_camera()
    frames = [make_frame(camera=camera, index=index, faces=[face]) for index, face in enumerate(faces)]
    run_plugin(Gaze(**settings), frames)
    return [frame.faces[0].head_pose for frame in frames]


def test_landmarks_come_first_and_keypoints_stand_in() -> None:
    with_both, keypoints_only = gazes([face_turned(20, 5), face_turned(20, 5, track=2, with_landmarks=False)])

    assert (with_both.yaw, with_both.pitch) == pytest.approx((20, 5), abs=0.01)
    assert with_both.sigma == LANDMARK_ERRORS.sigma(with_both.yaw, 60)
    assert (keypoints_only.yaw, keypoints_only.pitch) == pytest.approx((20, 5), abs=0.01)
    assert keypoints_only.sigma == KEYPOINT_ERRORS.sigma(keypoints_only.yaw, 60)


@pytest.mark.parametrize(("yaw", "pitch"), [(0, 0), (30, 10), (-20, -15)])
def test_the_turn_of_the_eyes_is_measured_whichever_way_the_head_is_turned(yaw: float, pitch: float) -> None:
    ahead, aside = (face_turned(yaw, pitch, eyes=eyes).landmarks for eyes in (0.0, 0.02))
    assert ahead is not None
    assert aside is not None

    eyes_aside, rotation = Estimator().eyes_aside, rotation_of(yaw, pitch)
    assert eyes_aside(ahead, rotation) == pytest.approx(0, abs=0.2)
    assert eyes_aside(aside, rotation) == pytest.approx(9 * np.cos(np.radians(yaw)), abs=1)


def test_lids_that_are_seen_aside_of_where_they_are_hardly_turn_the_eyes() -> None:
    landmarks = face_turned(0).landmarks
    assert landmarks is not None
    aside = landmarks.copy()
    aside[np.array(LIDS).ravel(), 0] += 0.02 * 30

    assert abs(Estimator().eyes_aside(aside, rotation_of(0))) < 9 / 4


def test_a_part_of_the_eyes_turn_counts_and_less_of_it_on_a_small_face_or_one_that_is_turned_away() -> None:
    large, small, turned = (
        gazes([face])[0].yaw - yaw
        for yaw, face in (
            (0, face_turned(0, eyes=0.02, width=200)),
            (0, face_turned(0, eyes=0.02, width=20)),
            (45, face_turned(45, eyes=0.02, width=200)),
        )
    )

    assert large == pytest.approx(EYE_SHARE * 8.8, abs=0.2)
    assert small == pytest.approx(large / 2, abs=0.1)
    assert turned < large / 4


def test_a_head_in_profile_is_turned_further_than_its_landmarks_show() -> None:
    assert gazes(
        [
            face_turned(62, track=None),
        ]
    )[0].yaw == pytest.approx(72, abs=0.5)
    assert gazes([face_turned(-85, track=None)])[0].yaw == pytest.approx(-90, abs=0.5)


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

    assert [face.head_pose.yaw for face in frames[-1].faces if face.head_pose] == pytest.approx([40, -40], abs=0.01)


def test_a_face_without_a_track_is_taken_as_it_is() -> None:
    assert [gaze.yaw for gaze in gazes([face_turned(yaw, track=None) for yaw in (0, 40, 0)])] == pytest.approx(
        [0, 40, 0], abs=0.01
    )


def test_a_track_that_was_long_gone_starts_anew() -> None:
    camera = make_camera()
    faces = {0.0: [face_turned(40)], 3.0: [], 6.0: [face_turned(-40)]}
    frames = [make_frame(camera=camera, seconds=at, faces=seen) for at, seen in faces.items()]

    run_plugin(Gaze(), frames)

    (gaze,) = (face.head_pose for face in frames[-1].faces)
    assert gaze is not None
    assert gaze.yaw == pytest.approx(-40, abs=0.01)


def test_a_cameras_offsets_are_taken_off() -> None:
    (gaze,) = gazes([face_turned(10, 10)], yaw_offset=4, pitch_offset=-3)

    assert (gaze.yaw, gaze.pitch) == pytest.approx((6, 13), abs=0.01)


def test_a_face_that_rests_is_estimated_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls, estimate = list[Face](), Estimator.__call__

    def noted(self: Estimator, face: Face) -> Any:
        calls.append(face)
        return estimate(self, face)

    monkeypatch.setattr(Estimator, "__call__", noted)
    first = face_turned(20)
    for points in (first.landmarks, first.keypoints):
        assert points is not None
        points.setflags(write=False)
    resting = [Face(first.box, track=1, landmarks=first.landmarks, keypoints=first.keypoints) for _ in range(3)]

    found = gazes([first, *resting, face_turned(30)], smoothing=0)

    assert [round(gaze.yaw) for gaze in found] == [20, 20, 20, 20, 30]
    assert len(calls) == 2


def test_points_that_are_written_over_are_estimated_anew() -> None:
    face, other = face_turned(20), face_turned(-20)
    camera, plugin = make_camera(), Gaze(smoothing=0)
    plugin.open_camera()

    plugin.process_frame(make_frame(camera=camera, index=0, faces=[face]))
    for points, new in ((face.landmarks, other.landmarks), (face.keypoints, other.keypoints)):
        assert points is not None
        points[:] = new
    plugin.process_frame(make_frame(camera=camera, index=1, faces=[face]))

    assert face.head_pose is not None
    assert face.head_pose.yaw == pytest.approx(-20, abs=0.1)
