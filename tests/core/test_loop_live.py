"""The loop on a live camera: events do not wait for pictures."""

from __future__ import annotations

import threading
from pathlib import Path

from vidframe import Event, hookimpl
from vidframe.core.config import CameraConfig, StepConfig
from vidframe.core.loop import run_camera
from vidframe.core.metrics import CameraFigures
from vidframe.core.registry import inspected
from vidframe.core.shared import Shared


def test_that_a_camera_is_down_is_told_although_no_picture_comes(tmp_path: Path) -> None:
    stop = threading.Event()
    heard: list[tuple[str, str]] = []

    class Listener:
        @hookimpl
        def handle_event(self, event: Event) -> None:
            heard.append((event.kind, event.facts.get("state", "")))
            if event.facts.get("state") == "down":
                stop.set()

    step = StepConfig("listener", inspected("listener", Listener))
    camera = CameraConfig("door", "http://127.0.0.1:9/stream", chains={"always": (step,)})
    alarm = threading.Timer(20, stop.set)
    alarm.start()

    run_camera(camera, state=tmp_path, shared=Shared(), figures=CameraFigures("door"), stop=stop)
    alarm.cancel()

    assert ("camera.state", "down") in heard
    assert heard[-1] == ("camera.closing", "")
