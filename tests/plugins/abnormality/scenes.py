"""Draws a shop at night: a textured room, the noise of a camera, and whoever comes in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from vidframe_abnormality.plugin import Abnormality

from vidframe import Camera, Event, Frame
from vidframe.testing import make_camera, make_frame, run_plugin

Pixels = NDArray[Any]  # uint8
Change = Callable[[int, Pixels], Pixels]
FPS = 10
SIZE = (180, 320)


def room(height: int = SIZE[0], width: int = SIZE[1]) -> Pixels:
    """Walls, shelves with goods, and a floor; grey, mean luma about 100."""
    rng = np.random.default_rng(5)
    picture = np.full((height, width), 120, np.uint8)
    picture[height * 2 // 3 :] = 80
    for shelf in range(4):
        y = height // 8 + shelf * height // 8
        for place in range(14):
            x = width // 3 + place * width // 24
            picture[y : y + height // 10, x : x + width // 30] = rng.integers(40, 200)
    for _ in range(60):
        x, y = int(rng.integers(width)), int(rng.integers(height * 2 // 3, height))
        cv2.line(picture, (x, y), (x + width // 12, y + 2), int(rng.integers(50, 110)), 1)
    return np.asarray(picture)


def film(change: Change, count: int, *, noise: float = 2.0, ground: Pixels | None = None) -> Iterator[Pixels]:
    """`count` pictures of the room as `change` leaves it, with the noise of a camera."""
    ground = room() if ground is None else ground
    grains = np.random.default_rng(7).normal(0, noise, (16, *ground.shape)).round().astype(np.int16)
    for index in range(count):
        picture = change(index, ground.copy()).astype(np.int16)
        yield np.clip(picture + grains[index % 16], 0, 255).astype(np.uint8)


def person(picture: Pixels, x: int, *, shade: int = 30, height: float = 0.6) -> Pixels:
    """Somebody who stands with the left foot at `x` pixels."""
    rows, _width = picture.shape
    tall, wide = int(rows * height), int(rows * height * 0.3)
    top = rows - tall - rows // 12
    cv2.circle(picture, (x + wide // 2, top + wide // 3), wide // 3, 160, -1)
    cv2.rectangle(picture, (x, top + wide * 2 // 3), (x + wide, top + tall * 2 // 3), shade, -1)
    cv2.rectangle(picture, (x, top + tall * 2 // 3), (x + wide // 3, top + tall), shade + 20, -1)
    cv2.rectangle(picture, (x + wide * 2 // 3, top + tall * 2 // 3), (x + wide, top + tall), shade + 20, -1)
    return picture


def walks_through(index: int, picture: Pixels) -> Pixels:
    """Somebody crosses the room from frame 60 to 99."""
    return person(picture, 10 + 7 * (index - 60)) if 60 <= index < 100 else picture


def frames(pictures: Iterable[Pixels], camera: Camera | None = None, fps: float = FPS) -> Iterator[Frame]:
    """The pictures as frames of one camera."""
    camera = camera or make_camera(fps=fps)
    for index, picture in enumerate(pictures):
        yield make_frame(picture, camera=camera, index=index, seconds=index / fps)


def incidents(
    change: Change, count: int = 150, *, noise: float = 2.0, fps: float = FPS, **settings: object
) -> list[Event]:
    """What the step reports of a drawn film; without a detector, where the settings name none."""
    plugin = Abnormality(**{"detector": None} | settings)  # type: ignore[arg-type]
    return run_plugin(plugin, frames(film(change, count, noise=noise), fps=fps))


def kinds(events: Iterable[Event]) -> list[str]:
    """The kinds of events without the updates, `opened` and so on."""
    return [event.kind.removeprefix("incident.") for event in events if event.kind != "incident.updated"]
