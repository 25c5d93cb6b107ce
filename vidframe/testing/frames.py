"""Frames, cameras and events that no camera sent."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidframe.core.model.camera import Camera, StepMetricValues
from vidframe.core.model.events import Attachment, Event
from vidframe.core.model.frames import Frame
from vidframe.core.model.packets import Packet
from vidframe.core.model.people import Detection, Face, Person
from vidframe.core.sources.array import ArrayPicture

START = datetime(2026, 1, 1, tzinfo=UTC)  # what made cameras call second 0
EVERYTHING_NEEDED = frozenset(
    {"faces", "faces.landmarks", "faces.expression", "faces.head_pose", "people", "detections", "motion", "packets"}
)

DrawnPicture = ArrayPicture  # its name for those who write tests


class Reported:
    """A `report` that keeps each event in `events`."""

    def __init__(self, camera: str, utc: Callable[[float], datetime]) -> None:
        self.events: list[Event] = []
        self.seconds = 0.0
        self._camera = camera
        self._utc = utc

    def __call__(self, kind: str, /, *files: Attachment, **facts: Any) -> Event:
        identity = f"{self._camera}.test-{len(self.events):06d}"
        event = Event(identity, kind, self._camera, self._utc(self.seconds), facts, files)
        self.events.append(event)
        return event


class SharedObjects:
    """A `share` that keeps what plugins share, and closes it after the run."""

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


@dataclass(frozen=True)
class TestCamera(Camera):
    """A Camera that keeps what is reported and measured."""

    __test__ = False  # pytest: no class of tests

    report: Reported
    share: SharedObjects
    metric: StepMetricValues = field(default_factory=StepMetricValues)

    @property
    def events(self) -> list[Event]:
        """What was reported so far."""
        return self.report.events

    @property
    def metrics(self) -> dict[str, float]:
        """The plugin's own metrics by name."""
        return self.metric.values

    def close(self) -> None:
        """Closes what plugins shared."""
        self.share.close()


@cache
def _states() -> tempfile.TemporaryDirectory[str]:
    """Where made cameras keep their state; removed when Python ends."""
    return tempfile.TemporaryDirectory(prefix="vidframe-", ignore_cleanup_errors=True)


def make_camera(name: str = "test", *, start: datetime = START, **overrides: Any) -> TestCamera:
    """A camera at 10 frames a second, a recording; `overrides` are fields of Camera. Its state folder exists."""

    def utc(seconds: float) -> datetime:
        return start + timedelta(seconds=seconds)

    fields: dict[str, Any] = {
        "name": name,
        "source": "drawn",
        "fps": 10.0,
        "is_live": False,
        "needed": EVERYTHING_NEEDED,
        "state": overrides.pop("state", None) or Path(tempfile.mkdtemp(dir=_states().name)),
        "report": Reported(name, utc),
        "share": SharedObjects(),
        "utc": utc,
    }
    camera = TestCamera(**fields | overrides)
    camera.state.mkdir(parents=True, exist_ok=True)
    return camera


def make_frame(
    pixels: NDArray[np.uint8] | None = None,
    *,
    camera: Camera | None = None,
    index: int = 0,
    seconds: float | None = None,
    mode: str | None = None,
    motion: float | None = None,
    faces: Iterable[Face] | None = None,
    people: Iterable[Person] | None = None,
    detections: Iterable[Detection] | None = None,
    notes: dict[str, Any] | None = None,
    packets: Iterable[Packet] = (),
) -> Frame:
    """A frame from an array (grey or BGR; without one 320 x 240 black), at 10 frames a second.

    What is given of `mode`, `motion`, `faces`, `people`, `detections` and `notes` is on the frame as if a step had
    added it.
    """
    if pixels is None:
        pixels = np.zeros((240, 320, 3), np.uint8)
    camera = camera or make_camera()
    frame = Frame(DrawnPicture(pixels), camera, index, index / 10 if seconds is None else seconds, tuple(packets))
    frame.mode, frame.motion = mode, motion
    for name, items in (("faces", faces), ("people", people), ("detections", detections)):
        if items is not None:
            setattr(frame, name, list(items))
    frame.notes.update(notes or {})
    if isinstance(camera.report, Reported):
        camera.report.seconds = frame.seconds
    return frame


def film(
    pictures: Iterable[NDArray[np.uint8]] | int, *, fps: float = 10.0, camera: Camera | None = None, **given: Any
) -> list[Frame]:
    """Frames of one camera, one after the other: of arrays, or so many black ones.

    `given` are arguments of `make_frame`, the same for each frame.
    """
    camera = camera or make_camera()
    arrays: Iterable[Any] = [None] * pictures if isinstance(pictures, int) else pictures
    return [
        make_frame(pixels, camera=camera, index=index, seconds=index / fps, **given)
        for index, pixels in enumerate(arrays)
    ]


_numbers = count()


def make_event(
    kind: str, *files: Attachment, camera: str = "test", time: datetime = START, reporter: str = "other", **facts: Any
) -> Event:
    """An event, checked as a reported one is."""
    return Event(f"{camera}.made-{next(_numbers):06d}", kind, camera, time, facts, files, reporter)
