"""The loop of one camera."""

from __future__ import annotations

import gc
import threading
import weakref
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.cameras import free_port, wait_for
from tests.clips import moving_square, write_clip
from vidframe import Event, Frame, hookimpl
from vidframe.core.config.keys import OnError
from vidframe.core.config.reading import CameraConfig, StepConfig
from vidframe.core.observe.metrics import CameraMetrics
from vidframe.core.plugin.registry import inspected
from vidframe.core.run.loop import run_camera
from vidframe.core.run.resources import ResourceCache

HEARD: list[Event] = []


class Sink:
    """Keeps every event."""

    @hookimpl
    def handle_event(self, event: Event) -> None:
        HEARD.append(event)


def test_sinks_hear_that_a_camera_is_down_while_it_is_down(tmp_path: Path) -> None:
    HEARD.clear()
    sink = StepConfig("sink", inspected("sink", Sink))
    camera = CameraConfig("door", f"http://127.0.0.1:{free_port()}/video", chains={"always": (sink,)})
    stop = threading.Event()
    options = {"state": tmp_path, "shared": ResourceCache(), "metrics": CameraMetrics("door"), "stop": stop}
    loop = threading.Thread(target=run_camera, args=(camera,), kwargs=options)
    loop.start()

    try:
        wait_for(lambda: [event.facts.get("state") for event in HEARD] == ["connecting", "down"])
        assert HEARD[1].facts["reason"] == "connection refused; is it on, and is the port right?"
        assert abs((datetime.now(UTC) - HEARD[1].time).total_seconds()) < 5
    finally:
        stop.set()
        loop.join()


class Keeper:
    """Knows which frames are still in memory while it sees the next one."""

    def __init__(self) -> None:
        self.seen: list[weakref.ref[Frame]] = []
        self.most = 0

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        self.seen.append(weakref.ref(frame))
        self.most = max(self.most, sum(ref() is not None for ref in self.seen))


def test_a_frame_goes_when_the_next_one_has_come(tmp_path: Path) -> None:
    keeper = Keeper()
    step = StepConfig("keeper", inspected("keeper", Keeper), instance=keeper)
    camera = CameraConfig("door", str(write_clip(tmp_path / "clip.mp4", moving_square(20))), chains={"always": (step,)})
    gc.disable()  # a cycle would keep the images until the collector comes by
    try:
        metrics = CameraMetrics("door")
        run_camera(camera, state=tmp_path, shared=ResourceCache(), metrics=metrics, stop=threading.Event())
    finally:
        gc.enable()

    assert len(keeper.seen) == 20
    assert keeper.most <= 2


def test_a_recording_is_live_once_and_ends_after_its_frames(tmp_path: Path) -> None:
    HEARD.clear()
    sink = StepConfig("sink", inspected("sink", Sink))
    clip = write_clip(tmp_path / "clip.mp4", moving_square(5))
    metrics = CameraMetrics("door")

    camera = CameraConfig("door", str(clip), chains={"always": (sink,)})
    run_camera(camera, state=tmp_path, shared=ResourceCache(), metrics=metrics, stop=threading.Event(), frames=3)

    assert [event.kind for event in HEARD] == ["camera.state", "camera.closing"]
    assert HEARD[0].facts == {"state": "live", "reason": ""}
    assert metrics.entered == {"live": 1, "ended": 1}
    assert (metrics.frames, metrics.frames_expected) == (3, 3)


class Analysis:
    """A step that works on frames, and hears of events too."""

    adds = ("motion",)
    was_opened = False

    @hookimpl
    def open_camera(self) -> None:
        Analysis.was_opened = True

    @hookimpl
    def handle_event(self, event: Event) -> None:
        HEARD.append(event)


@pytest.mark.parametrize("problem", ["", "camera 'door' has no source"])
def test_a_camera_that_cannot_start_says_why_at_once(
    problem: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    HEARD.clear()
    steps = StepConfig("analysis", inspected("analysis", Analysis)), StepConfig("sink", inspected("sink", Sink))
    camera = CameraConfig("door", str(tmp_path / "gone.mp4"), chains={"always": steps}, problem=problem)
    metrics = CameraMetrics("door")

    run_camera(camera, state=tmp_path, shared=ResourceCache(), metrics=metrics, stop=threading.Event())

    missing = f"{tmp_path}/gone.mp4 does not exist; give the path of a video, a folder of images or a camera's URL"
    reason = problem or missing
    assert metrics.error.endswith(reason)
    assert [(event.kind, event.facts) for event in HEARD] == [
        ("camera.state", {"state": "down", "reason": reason}), ("camera.closing", {}),
    ]  # fmt: skip
    assert f"camera door failed: {reason}" in caplog.text
    assert not Analysis.was_opened


class Fails:
    """A step without which its camera is not to run."""

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        raise ValueError("no licence")


def test_a_camera_that_ends_because_of_a_step_says_why(tmp_path: Path) -> None:
    HEARD.clear()
    path = write_clip(tmp_path / "clip.mp4", moving_square(5))
    steps = (
        StepConfig("fails", inspected("fails", Fails), on_error=OnError("stop")),
        StepConfig("sink", inspected("sink", Sink)),
    )
    camera = CameraConfig("door", str(path), chains={"always": steps})

    run_camera(camera, state=tmp_path, shared=ResourceCache(), metrics=CameraMetrics("door"), stop=threading.Event())

    assert ("down", "step fails failed in process_frame: ValueError: no licence") in [
        (event.facts.get("state"), event.facts.get("reason")) for event in HEARD
    ]
