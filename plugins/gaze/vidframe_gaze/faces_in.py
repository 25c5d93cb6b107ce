"""Faces of single pictures, found by whichever `faces` step is installed: plugins do not import each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.metadata import entry_points
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from vidframe import Face, Frame
from vidframe.testing import make_camera, make_frame, stepwise


class StepMissing(RuntimeError):
    """A step that this needs is not installed; the message says which and how to get it."""


class FindFaces(Protocol):
    """Fills `faces` of one frame, as if it were the first of its camera."""

    def __call__(self, picture: NDArray[np.uint8]) -> list[Face]: ...


def installed_step(name: str, **settings: Any) -> Any:
    """A new instance of an installed plugin, found by name; StepMissing if there is none."""
    found = list(entry_points(group="vidframe.plugins", name=name))
    if not found:
        raise StepMissing(f"no plugin named {name!r} is installed; pip install vidframe-{name}")
    return found[0].load()(**settings)


@contextmanager
def face_finder(**settings: Any) -> Iterator[FindFaces]:
    """Finds the faces of pictures (BGR) that have nothing to do with each other; closes its models at the end."""
    camera = make_camera("pictures")
    step = installed_step("faces", **settings)

    def find(picture: NDArray[np.uint8]) -> list[Face]:
        frame = make_frame(picture, camera=camera)
        for _ in stepwise(step, [frame], camera=camera):
            pass
        return frame.faces

    try:
        yield find
    finally:
        camera.close()  # type: ignore[attr-defined]


def through(steps: Iterable[Any], frames: Iterable[Frame]) -> Iterator[Frame]:
    """Takes each frame through the steps in turn; opens them before the first and closes them after the last."""
    opened: list[Any] = []
    steps = list(steps)
    try:
        for frame in frames:
            for step in steps[len(opened) :]:
                opened.append(step)
                _call(step, "open_camera", camera=frame.camera)
            for step in steps:
                _call(step, "process_frame", frame=frame)
            yield frame
    finally:
        for step in reversed(opened):
            _call(step, "close_camera")


def _call(step: Any, hook: str, **arguments: Any) -> None:
    method = getattr(step, hook, None)
    if method is not None:
        wanted = method.__code__.co_varnames[: method.__code__.co_argcount]
        method(**{name: value for name, value in arguments.items() if name in wanted})
