"""The loop of one camera that comes and goes."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from pathlib import Path

from tests.cameras import free_port, wait_for
from vidframe import Event, hookimpl
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
    wishes = {"state": tmp_path, "shared": ResourceCache(), "metrics": CameraMetrics("door"), "stop": stop}
    loop = threading.Thread(target=run_camera, args=(camera,), kwargs=wishes)
    loop.start()

    try:
        wait_for(lambda: [event.facts.get("state") for event in HEARD] == ["connecting", "down"])
        assert HEARD[1].facts["reason"] == "connection refused; is it on, and is the port right?"
        assert abs((datetime.now(UTC) - HEARD[1].time).total_seconds()) < 5
    finally:
        stop.set()
        loop.join()
