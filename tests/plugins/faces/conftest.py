"""A portrait that scikit-image ships, put into drawn frames."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from skimage import data

from vidframe import Camera
from vidframe.testing import make_camera

Pixels = NDArray[np.uint8]
FACE = (176, 78, 95)  # x and y of the face's left upper corner in the portrait, and its width


@pytest.fixture(scope="session")
def portrait() -> Pixels:
    """512 x 512, BGR: one face of about 95 pixels."""
    picture: Any = data.astronaut()
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), np.uint8)


@pytest.fixture(scope="session")
def scene(portrait: Pixels) -> Callable[..., Pixels]:
    """Draws a 1280 x 720 room; each face is (x, y, width) of its box."""

    def draw(*faces: tuple[int, int, int]) -> Pixels:
        across = np.linspace(60, 160, 1280)
        room = np.repeat(np.tile(across, (720, 1))[:, :, None], 3, axis=2).astype(np.uint8)
        for x, y, width in faces:
            _put(room, portrait, x, y, width / FACE[2])
        return room

    return draw


def _put(room: Pixels, portrait: Pixels, x: int, y: int, scale: float) -> None:
    # Head and shoulders only.
    person = cv2.resize(portrait[:300, 60:400], None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    left, top = x - round((FACE[0] - 60) * scale), y - round(FACE[1] * scale)
    height, width = person.shape[:2]
    cut = person[max(0, -top) : 720 - top, max(0, -left) : 1280 - left]
    room[max(0, top) : top + height, max(0, left) : left + width] = cut


@pytest.fixture(scope="session")
def session_camera() -> Iterator[Camera]:
    """Shares its models over the whole test run, as the cameras of a process do."""
    camera = make_camera()
    yield camera
    camera.close()


@pytest.fixture
def camera(session_camera: Camera) -> Callable[..., Camera]:
    """Makes cameras that all use the same models."""

    def make(**fields: Any) -> Camera:
        return make_camera(share=session_camera.share, **fields)

    return make
