"""Who tests a plugin with strict types needs no exception for the kit."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import vidframe.testing

USER = '''\
"""Uses all of the kit."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vidframe import Box, Camera, Canvas, Detection, Event, Face, Frame, Person, hookimpl
from vidframe.testing import (
    START,
    DrawnPicture,
    FakeClock,
    Run,
    TestCamera,
    conformance,
    film,
    make_camera,
    make_event,
    make_frame,
    replay,
    run_chain,
    run_plugin,
    stepwise,
)


@dataclass
class Mine:
    """A plugin."""

    limit: int = 3
    needs = ("faces",)
    adds = ("detections",)

    @hookimpl
    def open_camera(self, camera: Camera) -> None:
        self.state: Path = camera.state

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        frame.detections.append(Detection(Box(0, 0, 1, 1), "cup"))

    @hookimpl
    def handle_event(self, event: Event) -> None:
        event.kind.upper()

    @hookimpl
    def draw(self, frame: Frame, canvas: Canvas) -> None:
        canvas.box(frame.detections[0].box)


def test_all(tmp_path: Path, vidframe_camera: TestCamera, vidframe_clock: FakeClock) -> None:
    camera: TestCamera = make_camera("door", start=START, state=tmp_path, fps=25.0)
    image = np.zeros((4, 4, 3), np.uint8)
    face = Face(Box(0, 0, 1, 1))
    frame = make_frame(image, camera=camera, faces=[face], people=[Person(face.box, face=face)], motion=0.5, mode="day")
    frames: list[Frame] = film([image, image], fps=5, camera=camera, faces=[face], notes={"mine": 1})
    run: Run = run_chain({"mine": Mine(limit=2)}, [frame, *frames], isolate=False, strict=True, fail=False)
    number: float = run.metrics["mine"].get("boxes", 0.0) + camera.metrics.get("boxes", 0.0)
    kinds: list[str] = run.kinds("mine") + [event.kind for event in camera.events]
    failures: list[str] = [f"{failure.step} {failure.hook} {failure.error}" for failure in run.failures]
    counts: int = run.calls["mine"] + run.skipped["mine"]
    events: list[Event] = run_plugin(Mine(), frames, camera=camera)
    steps: Iterator[list[Event]] = stepwise(Mine(), film(3), camera=camera)
    with FakeClock(start=START) as clock:
        clock.advance(2.5)
        told: str = f"{clock.now:%H} {clock.seconds}"
    Mine().handle_event(make_event("queue.long", camera="door", time=START, reporter="queue", people=3))
    conformance(Mine, {"note": 1}, limit=5)
    replay("clip.mp4", [Mine()], tmp_path / "events.jsonl", update=True)
    width: int = DrawnPicture(image).width
    print(number, kinds, failures, counts, events, list(steps), told, width, vidframe_camera.name, vidframe_clock.now)
'''


def test_the_example_uses_everything() -> None:
    assert [name for name in vidframe.testing.__all__ if f"    {name},\n" not in USER] == []


@pytest.mark.slow
def test_it_passes_mypy_strict(tmp_path: Path) -> None:
    (tmp_path / "user.py").write_text(USER)

    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "user.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert checked.returncode == 0, checked.stdout
