"""Head direction from points of a face, against rotations that are known exactly."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vidframe_gaze.head_pose import (
    KEYPOINT_ERRORS,
    LANDMARK_ERRORS,
    Angles,
    ErrorModel,
    ReferenceFace,
    angles_of,
    direction_of,
    keypoint_face,
    reference_face,
    rotation_of,
)

FACE = reference_face()
KEYPOINTS = keypoint_face(FACE)

turns = st.tuples(st.floats(-75, 75), st.floats(-60, 60), st.floats(-45, 45))
places = st.tuples(st.floats(2, 400), st.floats(-2000, 2000), st.floats(-2000, 2000))


def angles_in(face: ReferenceFace, points: Any) -> Angles:
    rotation = face.rotation(points)
    assert rotation is not None
    return angles_of(rotation)


def drawn(face: Any, angles: Any, scale: float = 100.0, x: float = 0.0, y: float = 0.0) -> Any:
    """The points of a turned face as a picture shows them, y down."""
    turned = face.points @ rotation_of(*angles).T
    return turned[:, :2] * (scale, -scale) + (x, y)


@settings(max_examples=50)
@given(turns, places)
def test_a_turned_face_gives_back_its_angles_wherever_and_however_large_it_is(angles: Any, place: Any) -> None:
    found = angles_in(FACE, drawn(FACE, angles, *place))

    assert found == pytest.approx(angles, abs=1e-5)


@settings(max_examples=50)
@given(turns, places)
def test_six_keypoints_give_back_the_angles_too(angles: Any, place: Any) -> None:
    found = angles_in(KEYPOINTS, drawn(KEYPOINTS, angles, *place))

    assert found == pytest.approx(angles, abs=1e-5)


@settings(max_examples=50)
@given(turns)
def test_the_mirrored_face_is_turned_to_the_other_side(angles: Any) -> None:
    noise = np.random.default_rng(1).normal(0, 2, (6, 2))
    points = drawn(KEYPOINTS, angles) + noise
    mirrored = (points * (-1, 1))[[1, 0, 2, 3, 5, 4]]

    here, there = angles_in(KEYPOINTS, (points)), angles_in(KEYPOINTS, (mirrored))

    assert there == pytest.approx((-here.yaw, here.pitch, -here.roll), abs=1e-6)


@pytest.mark.parametrize(
    ("angles", "axis", "sign"),
    [
        pytest.param((30, 0, 0), 0, 1, id="positive yaw: to the viewer's right"),
        pytest.param((0, 30, 0), 1, -1, id="positive pitch: up, where y is less"),
    ],
)
def test_the_nose_moves_to_where_the_head_turns(angles: Any, axis: int, sign: int) -> None:
    straight, turned = drawn(FACE, (0, 0, 0)), drawn(FACE, angles)

    assert np.sign((turned[1] - straight[1])[axis]) == sign


def test_positive_roll_leans_the_top_to_the_viewers_right() -> None:
    points = drawn(FACE, (0, 0, 20))
    forehead, chin = points[10], points[152]

    assert forehead[0] > chin[0]


def test_the_direction_of_a_turned_head_is_where_its_face_points() -> None:
    assert direction_of(20, -10) == pytest.approx(rotation_of(20, -10, 33)[:, 2])


def test_noisy_points_cost_little_because_there_are_many() -> None:
    noise = np.random.default_rng(3).normal(0, 3, (200, 468, 2))

    yaws = [angles_in(FACE, (drawn(FACE, (25, 0, 0)) + shift)).yaw for shift in noise]

    assert np.abs(np.array(yaws) - 25).mean() < 0.5


@pytest.mark.parametrize(
    "points",
    [
        pytest.param(np.full((468, 2), np.nan), id="not a number"),
        pytest.param(np.zeros((468, 2)), id="all in one place"),
        pytest.param(np.outer(np.arange(468), (1.0, 0.0)), id="all in one line"),
    ],
)
def test_points_that_are_no_face_have_no_direction(points: Any) -> None:
    assert FACE.rotation(points) is None


def test_a_wrong_number_of_points_is_named() -> None:
    with pytest.raises(ValueError, match="5 points of a face, expected 468"):
        FACE.rotation(np.zeros((5, 2)))


def test_the_reference_face_is_symmetric_and_faces_the_viewer() -> None:
    mirrored = FACE.points * (-1, 1, 1)
    distances = np.linalg.norm(FACE.points[:, None] - mirrored[None], axis=2)

    assert distances.min(axis=1).max() < 0.02
    assert FACE.points[1, 2] == FACE.points[:, 2].max() or FACE.points[1, 2] > 0.3


@pytest.mark.parametrize("errors", [LANDMARK_ERRORS, KEYPOINT_ERRORS])
def test_small_and_turned_faces_are_less_sure(errors: ErrorModel) -> None:
    assert errors.sigma(0, 100) < errors.sigma(0, 20) < errors.sigma(0, 10)
    assert errors.sigma(0, 100) < errors.sigma(45, 100) == errors.sigma(-45, 100) < errors.sigma(70, 100)


def test_a_reference_face_of_other_points_can_be_used() -> None:
    tetrahedron = ReferenceFace([(-1, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)])

    assert angles_in(tetrahedron, (drawn(tetrahedron, (40, 10, 5)))) == pytest.approx((40, 10, 5))
