"""The plugin on frames, with a network at its seam that answers what a test wants."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from vidframe_emotion import model
from vidframe_emotion.classes import CLASSES
from vidframe_emotion.plugin import Emotion

from vidframe import Camera, Face, Frame
from vidframe.testing import make_camera, make_frame

Pixels = NDArray[Any]
MakeFace = Callable[..., Face]
OpenPlugin = Callable[..., tuple[Emotion, "FakeClassifier"]]


class FakeClassifier:
    """Answers happy for every face, or what `answers` says; keeps what it was asked."""

    side = 48
    classes = CLASSES

    def __init__(self, *settings: object) -> None:
        self.batches: list[Pixels] = []
        self.answer = np.eye(7, dtype=np.float32)[CLASSES.index("happy")]

    def __call__(self, faces: Pixels) -> NDArray[np.float32]:
        self.batches.append(faces)
        return np.stack([self.answer] * len(faces))

    def will_say(self, name: str) -> None:
        self.answer = np.eye(7, dtype=np.float32)[CLASSES.index(name)]


@pytest.fixture
def camera() -> Camera:
    return make_camera()


@pytest.fixture
def open_plugin(monkeypatch: pytest.MonkeyPatch, camera: Camera) -> OpenPlugin:
    def make(**settings: Any) -> tuple[Emotion, FakeClassifier]:
        monkeypatch.setattr(model, "Classifier", FakeClassifier)
        plugin = Emotion(**settings)
        plugin.open_camera(camera)
        assert isinstance(plugin._classifier, FakeClassifier)
        return plugin, plugin._classifier

    return make


@pytest.fixture
def picture() -> Pixels:
    """Fine grain, so that nothing in it is blurred."""
    return np.random.default_rng(1).integers(0, 255, (240, 320), dtype=np.uint8)


def run(plugin: Emotion, picture: Pixels, faces: list[Face], seconds: float = 0.0) -> Frame:
    frame = make_frame(picture, seconds=seconds, faces=faces)
    plugin.process_frame(frame)
    return frame


def test_a_face_gets_probabilities_that_sum_to_one_and_a_valence(
    open_plugin: OpenPlugin, picture: Pixels, make_face: MakeFace
) -> None:
    plugin, _ = open_plugin()

    (face,) = run(plugin, picture, [make_face()]).faces

    assert face.expression is not None
    assert face.expression.label == "happy"
    assert sum(face.expression.probabilities.values()) == pytest.approx(1)
    assert face.expression.valence == pytest.approx(0.81)


def test_all_faces_of_a_frame_go_through_the_network_in_one_batch(
    open_plugin: OpenPlugin, picture: Pixels, make_face: MakeFace
) -> None:
    plugin, network = open_plugin()

    run(plugin, picture, [make_face(x=80, track=1), make_face(x=160, track=2), make_face(x=240, track=None)])

    assert [batch.shape for batch in network.batches] == [(3, 48, 48)]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"apart": 8}, "small"),
        ({"nose": 0.7}, "turned"),
    ],
)
def test_a_face_that_is_too_small_or_too_turned_gets_no_estimate(
    open_plugin: OpenPlugin, picture: Pixels, make_face: MakeFace, change: dict[str, float], why: str
) -> None:
    plugin, network = open_plugin()

    (face,) = run(plugin, picture, [make_face(**change)]).faces

    assert face.expression is None, why
    assert not network.batches


def test_a_blurred_face_gets_no_estimate(open_plugin: OpenPlugin, picture: Pixels, make_face: MakeFace) -> None:
    plugin, network = open_plugin()
    ramp = np.tile(np.linspace(0, 255, 320).astype(np.uint8), (240, 1))

    (blurred,) = run(plugin, cv2.GaussianBlur(ramp, (0, 0), 9), [make_face()]).faces
    (sharp,) = run(plugin, picture, [make_face()], seconds=1).faces

    assert blurred.expression is None
    assert sharp.expression is not None
    assert len(network.batches) == 1


def test_a_face_without_keypoints_or_mesh_gets_no_estimate(
    open_plugin: OpenPlugin, picture: Pixels, make_face: MakeFace
) -> None:
    plugin, _ = open_plugin()
    face = make_face()
    face.keypoints = None

    run(plugin, picture, [face])

    assert face.expression is None


def test_between_two_estimates_a_face_keeps_its_last(
    open_plugin: OpenPlugin, picture: Pixels, make_face: MakeFace
) -> None:
    plugin, network = open_plugin(refresh=0.2)

    frames = [run(plugin, picture, [make_face()], seconds=index / 25) for index in range(11)]

    assert [batch.shape[0] for batch in network.batches] == [1, 1, 1]  # at 0.0, 0.2 and 0.4 s
    assert all(frame.faces[0].expression is not None for frame in frames)


def test_an_expression_is_averaged_over_time_and_follows_a_change(
    open_plugin: OpenPlugin, picture: Pixels, make_face: MakeFace
) -> None:
    plugin, network = open_plugin(refresh=0, smoothing=0.5)
    run(plugin, picture, [make_face()], seconds=0)

    network.will_say("sad")
    (soon,) = run(plugin, picture, [make_face()], seconds=0.1).faces
    (late,) = run(plugin, picture, [make_face()], seconds=3).faces

    assert soon.expression is not None
    assert soon.expression.label == "happy"
    assert soon.expression.probabilities["sad"] == pytest.approx(1 - np.exp(-0.2), abs=1e-3)
    assert late.expression is not None
    assert late.expression.label == "sad"


def test_a_face_that_turns_away_loses_its_expression_at_the_next_look(
    open_plugin: OpenPlugin, picture: Pixels, make_face: MakeFace
) -> None:
    plugin, _ = open_plugin(refresh=0.2)
    run(plugin, picture, [make_face()], seconds=0)

    (turned,) = run(plugin, picture, [make_face(nose=0.9)], seconds=0.2).faces
    (still_turned,) = run(plugin, picture, [make_face(nose=0.9)], seconds=0.24).faces

    assert turned.expression is None
    assert still_turned.expression is None


def test_two_tracks_do_not_share_their_averages(open_plugin: OpenPlugin, picture: Pixels, make_face: MakeFace) -> None:
    plugin, network = open_plugin()
    run(plugin, picture, [make_face(track=1)], seconds=0)

    network.will_say("sad")
    (other,) = run(plugin, picture, [make_face(track=2)], seconds=0.1).faces

    assert other.expression is not None
    assert other.expression.label == "sad"


def test_a_track_that_is_gone_is_forgotten(open_plugin: OpenPlugin, picture: Pixels, make_face: MakeFace) -> None:
    plugin, _ = open_plugin()
    run(plugin, picture, [make_face(track=1)], seconds=0)

    run(plugin, picture, [], seconds=60)

    assert not plugin._memories


def test_two_cameras_share_one_network(open_plugin: OpenPlugin, camera: Camera) -> None:
    _first, network = open_plugin()
    second = Emotion()
    second.open_camera(camera)

    assert id(second._classifier) == id(network)
