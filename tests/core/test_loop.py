"""The loop of one camera."""

from __future__ import annotations

import gc
import threading
import weakref
from datetime import UTC, datetime
from pathlib import Path

from tests.cameras import free_port, wait_for
from tests.clips import moving_square, write_clip
from vidframe import Event, Frame, hookimpl
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
