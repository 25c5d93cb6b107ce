"""A made detector that sees marked figures, and films of such figures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from vidframe_people.crowd import Crowd
from vidframe_people.fixtures import Fixtures
from vidframe_people.settings import Settings

from vidframe import Box, Camera, Detection, Face, Person
from vidframe.testing import make_camera, make_frame

Pixels = NDArray[np.uint8]
NOISE = np.random.default_rng(7).normal(0, 2, (7, 360, 640, 3)).round().astype(np.int16)  # of a sensor
MARK = (200, 0, 200)  # the colour by which the made detector knows a figure, BGR


class MarkDetector:
    """Sees every marked figure of which half an image's 60 x 20 cells are left; counts how often it is asked."""

    def __init__(self, score: float = 0.9) -> None:
        self.calls = 0
        self.score = score

    def detect(self, image: Pixels, least: float = 0.3) -> list[Detection]:
        self.calls += 1
        marked = cv2.inRange(image, np.array([150, 0, 150]), np.array([255, 60, 255]))
        marked = cv2.dilate(marked, np.ones((7, 7), np.uint8))
        count, _, boxes, _ = cv2.connectedComponentsWithStats(marked)
        found = [Box(*box[:4]) for box in boxes[1:count].tolist() if box[4] > 200]
        return [Detection(box, "person", self.score) for box in found if self.score >= least]


def room(seed: int = 0) -> Pixels:
    """An empty room of 640 x 360 with some texture."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(60, 180, (18, 32, 3)).astype(np.uint8)
    return np.asarray(cv2.resize(coarse, (640, 360), interpolation=cv2.INTER_LINEAR))


def figure(image: Pixels, x: float, y: float, height: float = 150, seed: int = 1) -> Pixels:
    """The image with a marked figure whose feet are at (x, y); `seed` decides its pattern."""
    image = image.copy()
    width = height * 0.4
    left, top = round(x - width / 2), round(y - height)
    part = image[max(0, top) : max(0, round(y)), max(0, left) : max(0, left + round(width))]
    if part.size:
        part[:] = MARK
        rng = np.random.default_rng(seed)
        dark = cv2.resize(
            rng.integers(0, 2, (8, 4)).astype(np.uint8), (part.shape[1], part.shape[0]), interpolation=cv2.INTER_NEAREST
        )
        part[dark > 0] = (160, 40, 160)
    return image


def new_crowd(camera: Camera, detector: MarkDetector | None = None) -> Crowd:
    """Of a camera that may have run before."""
    return Crowd(Settings(), detector or MarkDetector(), None, Fixtures(camera))


def people_in(
    images: Iterable[Pixels],
    *,
    detector: MarkDetector | None = None,
    fps: float = 10.0,
    faces: Iterable[list[Face]] | None = None,
    crowd: Crowd | None = None,
    start: int = 0,
) -> Iterator[list[Person]]:
    """The people that the step finds in each image."""
    camera = make_camera()
    crowd = crowd or new_crowd(camera, detector)
    found = iter(faces) if faces is not None else None
    for index, image in enumerate(images, start):
        noisy = np.asarray(cv2.add(image, NOISE[index % len(NOISE)], dtype=cv2.CV_8U), np.uint8)
        frame = make_frame(noisy, camera=camera, index=index, seconds=index / fps)
        frame.faces = next(found) if found is not None else []
        yield crowd.people_in(frame)


@pytest.fixture(scope="session")
def empty() -> Pixels:
    return room()
