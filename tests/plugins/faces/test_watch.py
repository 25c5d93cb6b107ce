"""When the watch doubts a face: on frames that change all the time, with a finder that answers as the test says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from vidframe_faces.detector import Detection
from vidframe_faces.plugin import Faces
from vidframe_faces.regions import regions_of
from vidframe_faces.watch import Watch

from vidframe import Box
from vidframe.testing import make_camera, make_frame

HEAD = Detection(Box(600, 200, 60, 60), 0.6, np.zeros((6, 2), np.float32))
LANDMARKS: NDArray[np.float32] = np.zeros((478, 3), np.float32)


@dataclass
class ScriptedFinder:
    """A head that is always there, and shows its face only in some seconds."""

    shows_face: Sequence[bool]  # by second
    now: float = 0.0
    confirmations: list[float] = field(default_factory=list)  # seconds at which the detectors were compared
    searches: list[float] = field(default_factory=list)  # seconds

    def search(self, image: Any, regions: Any, known: list[Box], confidence: float) -> list[Detection]:
        self.searches.append(self.now)
        return [] if known else [HEAD]

    def follow(self, image: Any, expected: Box, reach: float) -> Detection:
        return HEAD

    def landmarked(self, image: Any, face: Detection, about: Any = None) -> Detection:
        shown = self.shows_face[int(self.now)]
        return Detection(face.box, face.score, face.keypoints, LANDMARKS if shown else None)

    def agree(self, image: Any, face: Detection, confidence: float) -> bool:
        self.confirmations.append(self.now)
        return False


def reported(finder: ScriptedFinder, seconds: int) -> list[int]:
    """How many faces each tenth of a second had, while everything moves."""
    watch = Watch(Faces(), finder, with_landmarks=False)  # type: ignore[arg-type]
    camera = make_camera()
    return [len(watch.faces_in(frame)) for frame in flickering(finder, camera, seconds * 10)]


def flickering(finder: ScriptedFinder, camera: Any, count: int) -> Iterable[Any]:
    for index in range(count):
        frame = make_frame(np.full((720, 1280, 3), 50 + 100 * (index % 2), np.uint8), camera=camera, index=index)
        finder.now = frame.seconds
        yield frame


def test_a_face_that_is_confirmed_each_second_is_reported() -> None:
    assert reported(ScriptedFinder([True] * 4), 4) == [1] * 40


def test_a_head_that_turned_its_back_is_not_reported_after_two_failed_tries() -> None:
    counts = reported(ScriptedFinder([True, False, False, False]), 4)

    assert counts[:13] == [1] * 13
    assert counts[13:] == [0] * 27


def test_a_head_that_turns_round_again_is_the_same_face() -> None:
    counts = reported(ScriptedFinder([True, False, False, True, True]), 5)

    assert counts[20] == 0
    assert counts[-10:] == [1] * 10


def test_a_head_in_doubt_is_tried_at_the_pace_of_a_search_and_not_in_each_frame() -> None:
    finder = ScriptedFinder([True, False, False])

    reported(finder, 3)

    pauses = np.diff(finder.confirmations)
    assert pauses.min() > 0.29
    assert len(finder.confirmations) == 7


def test_the_body_of_a_known_face_is_searched_once_a_recheck_only() -> None:
    finder = ScriptedFinder([True] * 3)
    watch = Watch(Faces(), finder, with_landmarks=False)  # type: ignore[arg-type]
    camera = make_camera()

    for index in range(30):
        room = np.full((720, 1280, 3), 50, np.uint8)
        room[300:600, 580:680] = 50 + 20 * (index % 7)  # below the head
        frame = make_frame(room, camera=camera, index=index)
        finder.now = frame.seconds
        watch.faces_in(frame)

    assert np.allclose(finder.searches, [0.0, 1.0, 2.0])


def test_what_moves_beside_a_known_face_is_searched_at_the_usual_pace() -> None:
    finder = ScriptedFinder([True] * 2)
    watch = Watch(Faces(), finder, with_landmarks=False)  # type: ignore[arg-type]
    camera = make_camera()

    for index in range(13):
        room = np.full((720, 1280, 3), 50, np.uint8)
        room[300:600, 100:200] = 50 + 20 * (index % 7)
        frame = make_frame(room, camera=camera, index=index)
        finder.now = frame.seconds
        watch.faces_in(frame)

    assert np.allclose(finder.searches, [0.0, 0.3, 0.6, 0.9, 1.2])


def test_behind_a_known_face_those_of_half_its_size_are_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    least: list[float] = []

    def noting(due: Any, width: int, height: int, min_face: float) -> Any:
        if due.any():
            least.append(min_face)
        return regions_of(due, width, height, min_face)

    monkeypatch.setattr("vidframe_faces.watch.regions_of", noting)
    watch = Watch(Faces(), ScriptedFinder([True] * 2), with_landmarks=False)  # type: ignore[arg-type]
    camera = make_camera()
    for index in range(11):
        room = np.full((720, 1280, 3), 50, np.uint8)
        room[300:600, 580:680] = 50 + 20 * (index % 7)
        watch.faces_in(make_frame(room, camera=camera, index=index))

    assert least == [28, 30]
