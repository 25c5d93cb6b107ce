"""Faces that are carried along between two calls of a model, on a portrait that is moved, tilted and covered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from vidframe_faces.detector import Detection
from vidframe_faces.finder import Finder
from vidframe_faces.landmarks import KEYPOINTS, Patch, moved_to, shifted
from vidframe_faces.mesh import Mesh
from vidframe_faces.plugin import Faces

from vidframe import Box, Camera
from vidframe.testing import make_frame

Pixels = NDArray[np.uint8]
MIDDLE = (223, 135)  # of the portrait's face


@pytest.fixture(scope="module")
def face(portrait: Pixels) -> Iterator[Detection]:
    with closing(Finder()) as finder:
        (found,) = finder.search(portrait, [Box(0, 0, 512, 512)], [], 0.7)
        assert found.landmarks is not None
        yield found


def gray(picture: Pixels) -> Pixels:
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)


def again(portrait: Pixels, face: Detection, changed: Pixels) -> Detection | None:
    return Patch(gray(portrait), face).found_again(gray(changed), face.box)


def bulged(portrait: Pixels, pixels: float) -> Pixels:
    """The nose moved aside and the rim of the face left where it is: what a turn of the head looks like."""
    y, x = np.mgrid[:512, :512].astype(np.float32)
    near = np.exp(-((x - MIDDLE[0]) ** 2 + (y - MIDDLE[1]) ** 2) / (2 * 22**2))
    return np.asarray(cv2.remap(portrait, x - pixels * near, y, cv2.INTER_LINEAR), np.uint8)


@pytest.mark.parametrize(("tilt", "scale"), [(0, 1), (5, 1), (-5, 1.05), (0, 0.95)])
def test_landmarks_move_grow_and_tilt_as_the_picture_does(
    portrait: Pixels, face: Detection, tilt: float, scale: float
) -> None:
    matrix = cv2.getRotationMatrix2D(MIDDLE, tilt, scale) + np.array([[0, 0, 6], [0, 0, -4]])

    found = again(portrait, face, np.asarray(cv2.warpAffine(portrait, matrix, (512, 512)), np.uint8))

    assert found is not None
    assert found.landmarks is not None
    assert face.landmarks is not None
    expected = face.landmarks[:, :2] @ matrix[:, :2].T + matrix[:, 2]
    assert np.abs(found.landmarks[:, :2] - expected).max() < 1.5
    assert found.box.width == pytest.approx(face.box.width * scale, rel=0.01)


def test_a_small_turn_is_followed_and_a_large_one_is_not(portrait: Pixels, face: Detection) -> None:
    small, large = again(portrait, face, bulged(portrait, 2)), again(portrait, face, bulged(portrait, 8))

    assert small is not None
    assert small.landmarks is not None
    assert face.landmarks is not None
    nose, ear = small.landmarks[[4, 234], 0] - face.landmarks[[4, 234], 0]
    assert nose > ear + 0.5
    assert large is None


def test_a_face_that_is_covered_is_not_found(portrait: Pixels, face: Detection) -> None:
    covered = portrait.copy()
    covered[60:200, 150:300] = np.random.default_rng(0).integers(0, 255, (140, 150, 3), np.uint8)

    assert again(portrait, face, covered) is None


def test_a_face_on_a_plain_wall_that_is_gone_is_not_found(portrait: Pixels, face: Detection) -> None:
    assert again(portrait, face, np.full_like(portrait, 128)) is None


def test_keypoints_and_box_go_where_the_landmarks_go(face: Detection) -> None:
    assert face.landmarks is not None
    moved = moved_to(face, (face.landmarks * 2 + (10, 20, 0)).astype(np.float32))

    assert moved.box == pytest.approx(Box(2 * face.box.x + 10, 2 * face.box.y + 20, *np.multiply(face.box[2:], 2)))
    steps = moved.keypoints - face.keypoints
    assert steps - (10, 20) == pytest.approx(face.landmarks[KEYPOINTS, :2].mean(axis=1), abs=0.01)


def test_a_shifted_face_is_the_same_elsewhere(face: Detection) -> None:
    there = shifted(face, face.box._replace(x=face.box.x + 30))

    assert there.landmarks is not None
    assert face.landmarks is not None
    assert there.landmarks - face.landmarks == pytest.approx(np.tile([30, 0, 0], (478, 1)), abs=1e-3)
    assert there.keypoints - face.keypoints == pytest.approx(np.tile([30, 0], (6, 1)), abs=1e-3)


@pytest.fixture
def made_out(monkeypatch: pytest.MonkeyPatch, camera: Callable[..., Camera]) -> Callable[..., list[int]]:
    """Watches pictures, 30 a second, each of which must show one face with landmarks; in which the mesh was called."""

    def watched(pictures: list[Pixels], **settings: Any) -> list[int]:
        calls, index, find = set[int](), 0, Mesh.find

        def noted(*given: Any) -> Any:
            calls.add(index)
            return find(*given)

        monkeypatch.setattr(Mesh, "find", noted)
        plugin, mine = Faces(recheck=60, **settings), camera()
        plugin.open_camera(mine)
        for index, picture in enumerate(pictures):
            frame = make_frame(picture, camera=mine, index=index, seconds=index / 30)
            plugin.process_frame(frame)
            assert [face.landmarks is not None for face in frame.faces] == [True]
        return sorted(calls)

    return watched


def test_landmarks_of_a_walking_face_are_made_out_five_times_a_second(
    scene: Callable[..., Pixels], made_out: Callable[..., list[int]]
) -> None:
    assert made_out([scene((300 + 4 * step, 200, 95)) for step in range(14)]) == [0, 6, 12]


def test_a_face_that_comes_to_rest_is_looked_at_once_more(
    scene: Callable[..., Pixels], made_out: Callable[..., list[int]]
) -> None:
    assert made_out([scene((300 + 4 * min(step, 4), 200, 95)) for step in range(20)]) == [0, 6]


def test_without_refresh_landmarks_are_made_out_in_each_frame(
    scene: Callable[..., Pixels], made_out: Callable[..., list[int]]
) -> None:
    assert made_out([scene((300 + 4 * step, 200, 95)) for step in range(4)], refresh=0) == [0, 1, 2, 3]
