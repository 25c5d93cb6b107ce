"""For plugin authors: made frames, a camera that keeps what was reported, and a run of one plugin over pictures."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Hashable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidframe.core.frame import Attachment, Box, Camera, Event, Face, Frame, Packet, Pixels

START = datetime(2026, 1, 1, tzinfo=UTC)  # what made cameras call second 0


class DrawnPicture:
    """A picture from an array: height x width (grey) or height x width x 3 (BGR), uint8."""

    def __init__(self, pixels: NDArray[np.uint8]) -> None:
        self.pixels = np.ascontiguousarray(pixels)
        self.height, self.width = pixels.shape[:2]

    def gray(self) -> Pixels:
        """Luma; the array itself where it is grey."""
        if self.pixels.ndim == 2:
            return self.pixels.view()
        import cv2

        return np.asarray(cv2.cvtColor(self.pixels, cv2.COLOR_BGR2GRAY), dtype=np.uint8)

    def bgr(self, width: int | None = None) -> Pixels:
        """BGR, scaled to `width` where it is given."""
        import cv2

        bgr = self.pixels.view() if self.pixels.ndim == 3 else cv2.cvtColor(self.pixels, cv2.COLOR_GRAY2BGR)
        if width is not None:
            height = max(1, round(self.height * width / self.width))
            bgr = cv2.resize(bgr, (width, height), interpolation=cv2.INTER_AREA)
        return np.asarray(bgr, dtype=np.uint8)

    def chroma(self) -> tuple[Pixels, Pixels] | None:
        """Cb and Cr at full size; None for a grey array."""
        if self.pixels.ndim == 2:
            return None
        import cv2

        ycrcb = cv2.cvtColor(self.pixels, cv2.COLOR_BGR2YCrCb)
        return np.asarray(ycrcb[:, :, 2], dtype=np.uint8), np.asarray(ycrcb[:, :, 1], dtype=np.uint8)


class Reported:
    """Stands in for the loop: keeps each reported event in `events`, and the plugin's own figures in `figures`."""

    def __init__(self, camera: str, utc: Callable[[float], datetime]) -> None:
        self.events: list[Event] = []
        self.figures: dict[str, float] = {}
        self.seconds = 0.0
        self._camera = camera
        self._utc = utc

    def __call__(self, kind: str, /, *files: Attachment, **facts: Any) -> Event:
        event = Event(
            f"{self._camera}.test-{len(self.events):06d}", kind, self._camera, self._utc(self.seconds), facts, files
        )
        self.events.append(event)
        return event


class Shared:
    """Stands in for the process: keeps what plugins share, and closes it after the run."""

    def __init__(self) -> None:
        self._made: dict[Hashable, Any] = {}

    def __call__(self, key: Hashable, make: Callable[[], Any], /) -> Any:
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]

    def close(self) -> None:
        """Closes what has a `close`; the next call makes it anew."""
        while self._made:
            _, made = self._made.popitem()
            if hasattr(made, "close"):
                made.close()


def make_camera(name: str = "test", *, start: datetime = START, **overrides: Any) -> Camera:
    """A camera at 10 frames a second whose `report` is a `Reported`; `overrides` are fields of Camera."""

    def utc(seconds: float) -> datetime:
        return start + timedelta(seconds=seconds)

    reported = Reported(name, utc)
    fields: dict[str, Any] = {
        "name": name,
        "source": "drawn",
        "fps": 10.0,
        "is_live": False,
        "needed": frozenset({"faces", "faces.landmarks", "packets"}),
        "state": overrides.pop("state", None) or Path(tempfile.mkdtemp(prefix="vidframe-")),
        "report": reported,
        "share": Shared(),
        "utc": utc,
        "figure": reported.figures.__setitem__,
    }
    return Camera(**fields | overrides)


def make_frame(
    pixels: NDArray[np.uint8] | None = None,
    *,
    camera: Camera | None = None,
    index: int = 0,
    seconds: float | None = None,
    mode: str | None = None,
    faces: Iterable[Face] = (),
    packets: Iterable[Packet] = (),
) -> Frame:
    """A frame from an array (grey or BGR; without one 320 x 240 black), at 10 frames a second."""
    if pixels is None:
        pixels = np.zeros((240, 320, 3), np.uint8)
    camera = camera or make_camera()
    frame = Frame(DrawnPicture(pixels), camera, index, index / 10 if seconds is None else seconds, tuple(packets))
    frame.mode = mode
    frame.faces = list(faces)
    if isinstance(camera.report, Reported):
        camera.report.seconds = frame.seconds
    return frame


def run_plugin(plugin: Any, frames: Iterable[Frame], *, camera: Camera | None = None) -> list[Event]:
    """Opens the plugin, gives it the frames and all events but its own, closes it, and returns what it reported.

    The frames' own camera is used unless one is given.
    """
    return [event for events in stepwise(plugin, frames, camera=camera) for event in events]


def stepwise(plugin: Any, frames: Iterable[Frame], *, camera: Camera | None = None) -> Iterator[list[Event]]:
    """Like `run_plugin`, but yields after each frame what was reported in it, and last what closing reported."""
    reported: Reported | None = None
    seen = 0
    try:
        for frame in frames:
            if reported is None:
                camera = camera or frame.camera
                assert isinstance(camera.report, Reported), "run_plugin needs a camera of make_camera()"
                reported = camera.report
                _call(plugin, "open_camera", camera=camera)
            _call(plugin, "process_frame", frame=frame)
            yield reported.events[seen:]
            seen = len(reported.events)
    finally:
        _call(plugin, "close_camera")
        if camera is not None and isinstance(camera.share, Shared):
            camera.share.close()
    if reported is not None:
        yield reported.events[seen:]


def _call(plugin: Any, hook: str, **arguments: Any) -> None:
    method = getattr(plugin, hook, None)
    if method is not None:
        names = method.__code__.co_varnames[: method.__code__.co_argcount]
        method(**{name: value for name, value in arguments.items() if name in names})


def conformance(kind: type[Any], **settings: Any) -> None:
    """Checks that a plugin class keeps the contract; AssertionError or PluginError says what it breaks.

    `settings` are those that have no default. The plugin meets frames of odd sizes, of one pixel and without
    colour, an event that it does not know, two cameras after each other, and is closed twice and unopened.
    """
    from vidframe.core.registry import inspected

    plugin = inspected(kind.__name__.lower(), kind)
    assert plugin.summary, f"{kind.__name__} has no docstring; `vidframe plugins` shows its first line"
    never_opened = kind(**settings)
    _call(never_opened, "close_camera")
    instance = kind(**settings)
    for name in ("first", "second"):
        camera = make_camera(name)
        _call(instance, "open_camera", camera=camera)
        for index, pixels in enumerate(_difficult_pictures()):
            _process_checked(instance, make_frame(pixels, camera=camera, index=index), frozenset(plugin.adds))
        _call(instance, "handle_event", event=camera.report("unheard.of", anything=1))
        _call(instance, "close_camera")
        _call(instance, "close_camera")
        camera.share.close()  # type: ignore[attr-defined]


def _difficult_pictures() -> Iterator[NDArray[np.uint8]]:
    rng = np.random.default_rng(0)
    for shape in ((240, 320, 3), (240, 320, 3), (241, 319, 3), (240, 320), (1, 1, 3), (1, 1), (720, 1280, 3)):
        yield rng.integers(0, 255, shape, dtype=np.uint8)


def _process_checked(plugin: Any, frame: Frame, adds: frozenset[str]) -> None:
    frame.faces = [Face(Box(frame.width / 4, frame.height / 4, frame.width / 4, frame.height / 4), track=1)]
    before, pixels = _snapshot(frame), frame.image.copy()
    _call(plugin, "process_frame", frame=frame)
    assert np.array_equal(frame.image, pixels), "the plugin changed the picture, which others see too"
    for name, value in _snapshot(frame).items():
        is_own = name in adds or (name.startswith("faces.") and "faces" in adds)
        if before.get(name) != value and not is_own:
            raise AssertionError(f"the plugin wrote {name}, which is not in its `adds` {sorted(adds)}")


def _snapshot(frame: Frame) -> dict[str, Any]:
    found: dict[str, Any] = {
        "mode": frame.mode,
        "motion": frame.motion,
        "faces": [(id(face), face.box, face.track) for face in frame.faces],
    }
    for part in ("landmarks", "emotion", "gaze"):
        found[f"faces.{part}"] = [id(getattr(face, part)) for face in frame.faces]
    return found | {f"notes.{name}": id(value) for name, value in frame.notes.items()}
