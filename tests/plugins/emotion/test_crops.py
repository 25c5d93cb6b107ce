"""Where a crop has eyes and mouth, and what counts as turned or blurred."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from vidframe_emotion import crops

from vidframe import Face

Pixels = NDArray[Any]
MakeFace = Callable[..., Face]


def points_of(face: Face) -> NDArray[np.float32]:
    points = crops.keypoints(face)
    assert points is not None
    return points


def spots(points: Pixels, size: tuple[int, int]) -> Pixels:
    """A grey picture with a bright spot at each point."""
    picture = np.zeros(size, np.uint8)
    for x, y in points:
        cv2.circle(picture, (round(float(x)), round(float(y))), max(2, size[0] // 60), 255, -1)
    return picture


@pytest.mark.parametrize("apart", [14, 40, 170])
@pytest.mark.parametrize("degrees", [-25, 0, 40])
def test_eyes_and_mouth_come_to_where_the_training_pictures_have_them(
    make_face: MakeFace, apart: float, degrees: float
) -> None:
    points = points_of(make_face(x=400, y=400, apart=apart))
    turn = cv2.getRotationMatrix2D((400, 400), degrees, 1)
    points = (points @ turn[:, :2].T + turn[:, 2]).astype(np.float32)

    for point, (x, y) in zip(points[[0, 1, 3]], crops.FRAMING * 48, strict=True):
        crop = crops.crop(spots(point[None], (800, 800)), points, 48).astype(float)
        rows, columns = np.indices(crop.shape)
        assert (columns * crop).sum() / crop.sum() == pytest.approx(x, abs=2)
        assert (rows * crop).sum() / crop.sum() == pytest.approx(y, abs=2)


def test_a_face_over_the_edge_of_the_frame_is_still_a_whole_crop(make_face: MakeFace) -> None:
    gray = np.full((240, 320), 90, np.uint8)

    crop = crops.crop(gray, points_of(make_face(x=2, y=-5, apart=60)), 48)

    assert crop.shape == (48, 48)
    assert (crop == 90).all()


def test_the_mesh_serves_where_there_are_no_keypoints(make_face: MakeFace) -> None:
    face = make_face()
    expected = points_of(face)
    face.landmarks = np.zeros((478, 3), np.float32)
    for indices, point in zip(((33, 133), (263, 362), (1,), (13, 14)), expected, strict=True):
        face.landmarks[list(indices), :2] = point
    face.keypoints = None

    assert points_of(face) == pytest.approx(expected)


@pytest.mark.parametrize("nose", [-0.3, 0.0, 0.3])
def test_turning_is_the_same_to_both_sides_and_grows_with_the_nose(make_face: MakeFace, nose: float) -> None:
    turned = crops.turn(points_of(make_face(nose=nose)))

    assert turned == pytest.approx(np.degrees(np.arctan(abs(nose) / 0.58)), abs=0.1)


def test_blurring_takes_sharpness_away() -> None:
    grain: Pixels = np.random.default_rng(0).integers(0, 255, (48, 48), dtype=np.uint8)
    blurred = np.asarray(cv2.GaussianBlur(grain, (0, 0), 3), np.uint8)

    assert crops.sharpness(grain) > 10 * crops.sharpness(blurred)
    assert crops.sharpness(np.full((48, 48), 128, np.uint8)) == 0
