"""The plugin `motion` on drawn pictures."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from vidframe_faces.motion import Motion

from vidframe.testing import make_camera, make_frame, run_plugin


def room(lamp: int = 0) -> NDArray[np.uint8]:
    """A dark room with a white square of `lamp` pixels."""
    picture = np.full((720, 1280, 3), 60, np.uint8)
    picture[320 : 320 + lamp, 640 : 640 + lamp] = 255
    return picture


def motion_in(*pictures: NDArray[np.uint8], **settings: float) -> list[float | None]:
    camera = make_camera()
    frames = [make_frame(picture, camera=camera, index=index) for index, picture in enumerate(pictures)]
    run_plugin(Motion(**settings), frames)
    return [frame.motion for frame in frames]


def test_the_first_frame_moves_as_nothing_is_known_before_it() -> None:
    assert motion_in(room()) == [1.0]


def test_a_still_room_does_not_move() -> None:
    assert motion_in(room(), room(), room())[1:] == [0.0, 0.0]


def test_motion_is_the_share_of_the_picture_that_changed() -> None:
    assert motion_in(room(), room(lamp=160))[1] == pytest.approx(160 * 160 / (1280 * 720), rel=0.05)


def test_less_than_the_least_share_is_no_motion() -> None:
    assert motion_in(room(), room(lamp=64), min_share=0.1)[1] == 0.0


def test_noise_is_no_motion() -> None:
    rng = np.random.default_rng(0)
    noisy = [np.clip(room() + rng.normal(0, 8, (720, 1280, 3)), 0, 255).astype(np.uint8) for _ in range(3)]

    assert motion_in(*noisy)[1:] == [0.0, 0.0]
