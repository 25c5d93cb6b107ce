"""The plugin on drawn scenes with a real face."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from vidframe_faces.plugin import Faces

from vidframe import Box, Camera, Face
from vidframe.testing import make_frame

Pixels = NDArray[np.uint8]
Draw = Callable[..., Pixels]
MakeCamera = Callable[..., Camera]


def watch(plugin: Faces, pictures: Iterable[Pixels], camera: Camera) -> list[list[Face]]:
    """The faces of each picture, at 10 pictures a second."""
    plugin.open_camera(camera)
    result = []
    for index, picture in enumerate(pictures):
        frame = make_frame(picture, camera=camera, index=index)
        plugin.process_frame(frame)
        result.append(frame.faces)
    plugin.close_camera()
    return result


def test_a_face_is_found_where_it_is(scene: Draw, camera: MakeCamera) -> None:
    ((face,),) = watch(Faces(), [scene((600, 200, 95))], camera())

    assert face.box.overlap(Box(600, 200, 95, 105)) > 0.6
    assert face.score > 0.7


@pytest.mark.parametrize("width", [28, 32, 48, 95, 190])
def test_faces_of_all_sizes_are_found_in_one_frame(scene: Draw, camera: MakeCamera, width: int) -> None:
    ((face,),) = watch(Faces(), [scene((700, 300, width))], camera())

    assert face.box.width == pytest.approx(width, rel=0.25)


def test_an_empty_room_has_no_face(scene: Draw, camera: MakeCamera) -> None:
    assert watch(Faces(), [scene()] * 3, camera()) == [[], [], []]


def test_keypoints_lie_where_the_eyes_nose_and_mouth_are(scene: Draw, camera: MakeCamera) -> None:
    ((face,),) = watch(Faces(), [scene((600, 200, 95))], camera())

    assert face.keypoints is not None
    assert face.keypoints.shape == (6, 2)
    right_eye, left_eye, nose, mouth = face.keypoints[:4]
    assert right_eye[0] < nose[0] < left_eye[0]
    assert right_eye[1] < nose[1] < mouth[1]


def test_landmarks_fill_the_face(scene: Draw, camera: MakeCamera) -> None:
    ((face,),) = watch(Faces(), [scene((600, 200, 95))], camera())

    assert face.landmarks is not None
    assert face.landmarks.shape == (478, 3)
    left, right = face.landmarks[:, 0].min(), face.landmarks[:, 0].max()
    assert right - left == pytest.approx(face.box.width, rel=0.35)


def test_irises_lie_between_the_corners_of_the_eyes(scene: Draw, camera: MakeCamera) -> None:
    ((face,),) = watch(Faces(), [scene((600, 200, 95))], camera())

    assert face.landmarks is not None
    x = face.landmarks[:, 0]
    assert x[33] < x[468] < x[133]
    assert x[362] < x[473] < x[263]


def test_there_are_no_landmarks_where_nobody_needs_them(scene: Draw, camera: MakeCamera) -> None:
    ((face,),) = watch(Faces(), [scene((600, 200, 95))], camera(needed=frozenset({"faces"})))

    assert face.landmarks is None


def test_the_same_models_serve_several_cameras_at_once(scene: Draw, camera: MakeCamera) -> None:
    pictures = [scene((100 + 250 * place, 300, 60)) for place in range(4)]

    with ThreadPoolExecutor(4) as cameras:
        results = list(cameras.map(lambda picture: watch(Faces(), [picture] * 3, camera()), pictures))

    for place, frames in enumerate(results):
        assert [round(face.box.x / 10) for faces in frames for face in faces] == [
            pytest.approx(10 + 25 * place, abs=1)
        ] * 3


def test_a_walking_face_keeps_its_number(scene: Draw, camera: MakeCamera) -> None:
    frames = watch(Faces(), [scene((300 + 12 * step, 200, 40)) for step in range(20)], camera())

    assert [[face.track for face in faces] for faces in frames] == [[1]] * 20


def test_two_faces_keep_their_numbers_apart(scene: Draw, camera: MakeCamera) -> None:
    pictures = [scene((300 + 10 * step, 200, 50), (900 - 10 * step, 420, 60)) for step in range(12)]

    frames = watch(Faces(), pictures, camera())

    upper = {face.track for faces in frames for face in faces if face.box.y < 320}
    lower = {face.track for faces in frames for face in faces if face.box.y > 320}
    assert (len(upper), len(lower)) == (1, 1)
    assert upper != lower


def test_a_face_behind_a_pillar_for_a_second_keeps_its_number(scene: Draw, camera: MakeCamera) -> None:
    shown, hidden = scene((600, 200, 60)), scene()

    frames = watch(Faces(), [shown] * 3 + [hidden] * 10 + [shown] * 3, camera())

    assert [face.track for face in frames[2]] == [1]
    assert all(faces == [] for faces in frames[3:13])
    assert [face.track for face in frames[13]] == [1]


def test_a_face_that_stands_still_is_kept_without_a_model(
    scene: Draw, camera: MakeCamera, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = counted_calls(monkeypatch)

    frames = watch(Faces(recheck=60), [scene((600, 200, 60))] * 50, camera())

    assert all([face.track for face in faces] == [1] for faces in frames)
    assert set(calls) == {0}


def test_a_face_that_stands_still_is_looked_at_once_a_second(
    scene: Draw, camera: MakeCamera, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = counted_calls(monkeypatch)

    watch(Faces(), [scene((600, 200, 60))] * 50, camera())

    assert sorted(set(calls)) == [0, 10, 20, 30, 40]


def counted_calls(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The index of the frame at each call of a detector."""
    from vidframe_faces.detector import Detector

    calls: list[int] = []
    frame_index = -1
    find, process = Detector.find, Faces.process_frame

    def counting_process(self: Faces, frame: Any) -> None:
        nonlocal frame_index
        frame_index = frame.index
        process(self, frame)

    def counting_find(self: Detector, image: Pixels, region: Box) -> Any:
        calls.append(frame_index)
        return find(self, image, region)

    monkeypatch.setattr(Faces, "process_frame", counting_process)
    monkeypatch.setattr(Detector, "find", counting_find)
    return calls


def test_a_picture_of_another_size_starts_anew(scene: Draw, camera: MakeCamera) -> None:
    large = scene((600, 200, 95))

    frames = watch(Faces(), [large, np.ascontiguousarray(large[:, :960])], camera())

    assert [len(faces) for faces in frames] == [1, 1]


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (7, 9), (480, 31)])
def test_tiny_and_odd_pictures_have_no_face_and_no_error(camera: MakeCamera, size: tuple[int, int]) -> None:
    picture = np.zeros((*size, 3), np.uint8)

    assert watch(Faces(), [picture, picture], camera()) == [[], []]
