"""Faces that are drawn, a portrait in the public domain, and networks that answer what a test wants."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from vidframe import Box, Face

PORTRAIT_KEYPOINTS = ((204, 112), (246, 108), (228, 134), (227, 153), (170, 122), (264, 112))

MakeFace = Callable[..., Face]


@pytest.fixture
def make_face() -> MakeFace:
    """A frontal face whose eyes are `apart` pixels apart, about (x, y)."""

    def make(x: float = 160, y: float = 120, apart: float = 40, nose: float = 0.0, track: int | None = 1) -> Face:
        keypoints = [(-0.5, 0), (0.5, 0), (nose, 0.55), (0, 1.07), (-1, 0.2), (1, 0.2)]
        points = np.array([(x + dx * apart, y + dy * apart) for dx, dy in keypoints], np.float32)
        return Face(Box(x - apart, y - apart, 2 * apart, 2.6 * apart), track=track, keypoints=points)

    return make


@pytest.fixture(scope="session")
def portrait() -> NDArray[np.uint8]:
    """An astronaut who smiles, 512 x 512 x 3, BGR (NASA, public domain)."""
    from skimage.data import astronaut

    return np.ascontiguousarray(astronaut()[:, :, ::-1])


@pytest.fixture
def portrait_face() -> Face:
    """Where her face is, read off by eye."""
    return Face(Box(178, 72, 92, 105), track=1, keypoints=np.array(PORTRAIT_KEYPOINTS, np.float32))
