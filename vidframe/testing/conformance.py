"""Whether a plugin class keeps the contract: what vidframe and other plugins count on, tried one by one."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidframe.core.model import fields
from vidframe.core.model.canvas import Canvas
from vidframe.core.model.events import Event
from vidframe.core.model.frames import Frame
from vidframe.core.model.geometry import Box
from vidframe.core.model.people import Detection, Expression, Face, HeadPose, Person
from vidframe.core.plugin import registry
from vidframe.core.plugin.calling import Hooks
from vidframe.testing.frames import make_camera, make_event, make_frame
from vidframe.testing.running import Run, run_chain


def conformance(kind: type[Any], **settings: Any) -> None:
    """Checks that a plugin class keeps the contract; AssertionError or PluginError says what it breaks.

    `settings` are those that have no default. The plugin meets, in the real chain and strictly, frames of odd sizes,
    of one pixel and without colour, with and without what it needs, a size that changes midway and an event that it
    does not know; two instances in turn, which must not know of each other; it is closed twice and unopened. What
    it adds must survive `isolate: process`. Settings must be described.
    """
    plugin = registry.inspected(registry.snake_case(kind.__name__), kind)
    name = kind.__name__
    assert plugin.summary, f"{name} has no docstring; `vidframe plugins` shows its first line"
    _check_settings(plugin)
    never_opened = Hooks(kind(**settings))
    never_opened.call("close_camera")
    alone = _run(kind(**settings), "first")
    _check_two_cameras(kind, settings, alone)
    _check_closing(kind(**settings))
    _check_travels(plugin, alone)


def _check_settings(plugin: registry.Plugin) -> None:
    untyped = ", ".join(plugin.untyped)
    assert not untyped, f"{plugin.kind.__name__}: the settings {untyped} have no type, so that nothing checks them"


def _run(instance: Any, camera_name: str) -> Run:
    camera = make_camera(camera_name)
    watched = _Watched(instance)
    frames = _frames(camera, instance)
    run = run_chain({"plugin": instance}, watched.each(frames), camera=camera)
    for frame in run.frames[:2]:
        Hooks(instance).call("draw", frame=frame, canvas=Canvas(frame.width, frame.height))
    return run


class _Watched:
    """Frames whose arrays are compared after the plugin had them: it may not write into what others see."""

    def __init__(self, plugin: Any) -> None:
        self._name = type(plugin).__name__

    def each(self, frames: Iterator[Frame]) -> Iterator[Frame]:
        for frame in frames:
            image = frame.image.copy()
            arrays = [(face.landmarks, copy.copy(face.landmarks)) for face in frame.faces]
            yield frame
            assert np.array_equal(frame.image, image), f"{self._name} changed the image, which others see too"
            for now, before in arrays:
                assert np.array_equal(now, before), f"{self._name} changed landmarks in place, which others see too"  # type: ignore[arg-type]


def _frames(camera: Any, instance: Any) -> Iterator[Frame]:
    """Odd images, first with everything on them that any step adds, then with nothing."""
    needed = {need.removesuffix("?") for need in getattr(instance, "needs", ())}
    notes = {name.removeprefix(fields.NOTES) for name in needed if name.startswith(fields.NOTES)}
    for index, pixels in enumerate(_difficult_images()):
        if index % 2 or notes:  # what a foreign note holds is not known here: such a plugin is skipped on all
            yield make_frame(pixels, camera=camera, index=index)
            continue
        height, width = pixels.shape[:2]
        box = Box(width / 4, height / 4, width / 4, height / 4)
        face = Face(box, track=1, expression=Expression({"neutral": 1.0}, 0.0), head_pose=HeadPose(0, 0, 0, 5))
        face.landmarks, face.keypoints = _points(box, 478, 3), _points(box, 6, 2)
        own = set(getattr(instance, "adds", ()))
        given: dict[str, Any] = {
            "mode": "day", "motion": 0.1, "faces": [face], "people": [Person(box, track=1, face=face)],
            "detections": [Detection(box, "person", track=1)],
        }  # fmt: skip
        given = {name: value for name, value in given.items() if name not in own}
        yield make_frame(pixels, camera=camera, index=index, **given)


def _points(box: Box, count: int, dimensions: int) -> NDArray[np.float32]:
    """Points at random places of a box; depth is on the scale of its width."""
    shares = np.random.default_rng(0).random((count, dimensions))
    size, corner = (box.width, box.height, box.width)[:dimensions], (box.x, box.y, 0)[:dimensions]
    return np.asarray(shares * size + corner, np.float32)


def _difficult_images() -> Iterator[NDArray[np.uint8]]:
    rng = np.random.default_rng(0)
    for shape in ((240, 320, 3), (240, 320, 3), (241, 319, 3), (240, 320), (1, 1, 3), (1, 1), (720, 1280, 3)):
        yield rng.integers(0, 255, shape, dtype=np.uint8)


def _check_two_cameras(kind: type[Any], settings: dict[str, Any], alone: Run) -> None:
    """A second instance whose frames come between those of the first changes nothing for the first."""
    beside = kind(**settings)
    other = make_camera("second")
    second = _frames(other, beside)
    hooks = Hooks(beside)
    hooks.call("open_camera", camera=other)

    def between(frames: Iterator[Frame]) -> Iterator[Frame]:
        for frame in frames:
            if (foreign := next(second, None)) is not None and not fields_missing(beside, foreign):
                hooks.call("process_frame", frame=foreign)
            yield frame

    instance, camera = kind(**settings), make_camera("first")
    together = run_chain({"plugin": instance}, between(_frames(camera, instance)), camera=camera)
    hooks.call("close_camera")
    other.close()
    assert [_told(event) for event in together.events] == [_told(event) for event in alone.events], (
        f"{kind.__name__} tells other things where a second camera runs beside the first: its instances share state"
    )
    shared = _shared_state(kind, instance, beside)
    assert not shared, f"{kind.__name__} keeps {shared} in the class, so that its instances share it"


def fields_missing(instance: Any, frame: Frame) -> bool:
    """Whether a frame lacks something that a plugin needs."""
    needs = [need for need in getattr(instance, "needs", ()) if not need.endswith("?")]
    return any(not fields.field(fields.current(need)).is_present(frame) for need in needs)


def _told(event: Event) -> tuple[str, str]:
    numbers = {key: value for key, value in event.facts.items() if isinstance(value, int | float | bool)}
    return event.kind, repr(sorted(numbers.items()))


def _shared_state(kind: type[Any], one: Any, other: Any) -> str:
    """Names of lists, dicts and sets that both instances see and that are not empty any more or belong to the class."""
    found = []
    for base in kind.__mro__[:-1]:
        for name, value in vars(base).items():
            is_mutable = isinstance(value, list | dict | set | bytearray) and not name.startswith("__")
            if is_mutable and getattr(one, name, None) is getattr(other, name, None) is value:
                found.append(name)
    return ", ".join(sorted(set(found) - {"needs", "adds", "renamed"}))


def _check_closing(instance: Any) -> None:
    """Opened, given an event that nobody knows, closed twice."""
    hooks, camera = Hooks(instance), make_camera()
    hooks.call("open_camera", camera=camera)
    hooks.call("handle_event", event=make_event("unheard.of", anything=1))
    hooks.call("handle_event", event=make_event("camera.closing", reporter="vidframe"))
    hooks.call("close_camera")
    hooks.call("close_camera")
    camera.close()


def _check_travels(plugin: registry.Plugin, run: Run) -> None:
    """What it adds goes through pickle, as `isolate: process` needs."""
    for frame in run.frames:
        for name in plugin.adds:
            packed = fields.field(name).pack(frame)
            try:
                pickle.loads(pickle.dumps(packed))
            except Exception as error:
                raise AssertionError(
                    f"{plugin.kind.__name__} adds {name}, which cannot leave its process (isolate: process): {error}"
                ) from error


__all__ = ["conformance"]
