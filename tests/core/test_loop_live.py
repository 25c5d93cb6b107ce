"""The loop on a live camera: events do not wait for pictures."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from pathlib import Path

from tests.cameras import mjpeg_camera
from tests.clips import moving_square
from vidframe import Event, Frame, hookimpl
from vidframe.core.config.reading import CameraConfig, StepConfig
from vidframe.core.observe.metrics import CameraMetrics
from vidframe.core.plugin.registry import inspected
from vidframe.core.run.loop import run_camera
from vidframe.core.run.resources import ResourceCache


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

    run_camera(camera, state=tmp_path, shared=ResourceCache(), metrics=CameraMetrics("door"), stop=stop)
    alarm.cancel()

    assert ("camera.state", "down") in heard
    assert heard[-1] == ("camera.closing", "")


def test_the_last_step_hears_that_a_camera_went_away_after_its_pictures(tmp_path: Path) -> None:
    stop = threading.Event()
    heard: list[tuple[str, str]] = []

    with ExitStack() as switched_on:
        url = switched_on.enter_context(mjpeg_camera(moving_square(10)))

        class Sink:
            @hookimpl
            def process_frame(self, frame: Frame) -> None:
                if frame.index == 3:
                    switched_on.close()

            @hookimpl
            def handle_event(self, event: Event) -> None:
                heard.append((event.facts.get("state", ""), event.reporter))
                if heard[-1][0] in ("connecting", "down") and ("live", "vidframe") in heard:
                    stop.set()

        step = StepConfig("sink", inspected("sink", Sink))
        camera = CameraConfig("door", url, chains={"always": (step,)})
        alarm = threading.Timer(30, stop.set)
        alarm.start()
        run_camera(camera, state=tmp_path, shared=ResourceCache(), metrics=CameraMetrics("door"), stop=stop)
        alarm.cancel()

    states = [state for state, _reporter in heard if state]
    assert states[states.index("live") + 1] in ("connecting", "down")
    assert {reporter for state, reporter in heard if state} == {"vidframe"}
