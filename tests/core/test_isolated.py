"""Plugins in processes of their own: what they find comes back, and when they die or hang the camera goes on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import psutil
import pytest

from tests.clips import moving_square, write_clip
from tests.conftest import InstallPlugin
from vidframe.core.config.reading import ConfigError, load
from vidframe.core.observe.metrics import CameraMetrics
from vidframe.core.run.loop import run_camera
from vidframe.core.run.resources import ResourceCache

PLUGINS = """
    import ctypes, os, zlib
    from dataclasses import dataclass
    from time import sleep
    import numpy as np
    from vidframe import Attachment, Box, Expression, Face, hookimpl

    SEEN = []
    STOP = None  # set once a result is back

    @dataclass
    class Finder:
        "Finds a face, and notes what the picture is."
        adds = ("faces", "notes.sums", "motion")

        @hookimpl
        def open_camera(self, camera):
            self.camera = camera
            camera.metric("opened", 1)
        @hookimpl
        def process_frame(self, frame):
            frame.faces = [Face(Box(frame.index, 2, 3, 4), track=9, landmarks=np.ones((478, 3), np.float32))]
            frame.motion = 0.25
            sums = [zlib.crc32(np.ascontiguousarray(a)) for a in (frame.gray, frame.image)]
            frame.notes["sums"] = (*sums, frame.width, frame.height, str(frame.time), os.getpid())
            frame.report("found", Attachment("snapshot", "image/jpeg", b"jpeg"), number=frame.index)

    class Feeler(Finder):
        "Needs what another found."
        needs = ("faces",)
        adds = ("faces.expression",)
        @hookimpl
        def process_frame(self, frame):
            for face in frame.faces: face.expression = Expression({"happy": 1.0}, face.box.x)

    class Odd:
        "Meets its end at the fifth frame."
        adds = ("notes.odd",)
        how: str = "dies"
        def __init__(self, *, how: str = "dies"): self.how = how
        @hookimpl
        def process_frame(self, frame):
            frame.notes["odd"] = os.getpid()
            if frame.index == 5:
                if self.how == "dies": ctypes.string_at(0)
                if self.how == "hangs": ctypes.CDLL(None).sleep(1000)
                if self.how == "hogs": ctypes.PyDLL(None).sleep(1000)
                if self.how == "fails": raise ValueError("five")
                if self.how == "ends": os._exit(3)
        @hookimpl
        def handle_event(self, event):
            if event.kind == "camera.closing": self.camera.report("heard")
        @hookimpl
        def open_camera(self, camera): self.camera = camera

    class Keeper:
        "Keeps what it sees, in the test's process."
        needs = ("faces?", "notes.sums?", "notes.odd?")
        @hookimpl
        def process_frame(self, frame):
            SEEN.append(frame)
            if STOP and frame.index > 5 and "odd" in frame.notes: STOP.set()
        @hookimpl
        def handle_event(self, event): SEEN.append(event)
"""


class Seen:
    """What the step after the isolated ones saw."""

    def __init__(self, things: list[Any], metrics: CameraMetrics) -> None:
        self.frames = [thing for thing in things if hasattr(thing, "index")]
        self.events = [thing for thing in things if hasattr(thing, "kind")]
        self.metrics = metrics

    def notes(self, name: str) -> list[Any]:
        return [frame.notes.get(name) for frame in self.frames]


@pytest.fixture
def folder(tmp_path: Path, install_plugin: InstallPlugin) -> Iterator[Path]:
    install_plugin(PLUGINS, finder="Finder", feeler="Feeler", odd="Odd", keeper="Keeper")
    write_clip(tmp_path / "clip.mp4", moving_square(12, 162, 122))
    others = set(psutil.Process().children())  # of tests before: a browser's
    yield tmp_path
    _, left = psutil.wait_procs(set(psutil.Process().children()) - others, timeout=30)
    assert not left, "a plugin's process is left"


def seen(folder: Path, chain: str, *, source: str = "clip.mp4", until_back: bool = False) -> Seen:
    """Runs one camera with that chain, to its end or until the odd plugin is back after its fifth frame."""
    (folder / "shop.yaml").write_text(f"cameras: {{door: {{source: {source}}}}}\nalways: [{chain}, keeper]\n")
    camera = load(folder / "shop.yaml").cameras[0]
    metrics = CameraMetrics("door")
    stop = threading.Event()
    keeper = camera.steps[-1].plugin.kind.process_frame.__globals__
    keeper["STOP"] = stop if until_back else None
    things = keeper["SEEN"]
    things.clear()
    run_camera(camera, state=folder / "state", shared=ResourceCache(), metrics=metrics, stop=stop)
    return Seen(list(things), metrics)


def test_what_an_isolated_step_sees_and_adds_is_the_same_as_in_the_camera_s_process(folder: Path) -> None:
    here = seen(folder, "finder, feeler")
    there = seen(folder, "{finder: {isolate: process}}, {feeler: {isolate: process}}")

    def facts(of: Seen) -> list[object]:
        return [
            (frame.faces[0].box, frame.faces[0].landmarks.tolist(), frame.faces[0].expression, frame.motion)
            for frame in of.frames
        ]

    assert len(there.frames) == 12
    assert [note[:-1] for note in there.notes("sums")] == [note[:-1] for note in here.notes("sums")]
    assert {note[-1] for note in there.notes("sums")} != {note[-1] for note in here.notes("sums")}
    assert facts(there) == facts(here)
    found = [[(e.kind, e.time, e.facts, e.files, e.reporter) for e in of.events] for of in (here, there)]
    assert found[0] == found[1]
    assert there.metrics.steps["finder"].own == {"opened": 1}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("dies", "its process was killed by SIGSEGV"),
        ("ends", "its process ended with exit code 3"),
        ("hangs", "did not answer within 1 s"),
        ("hogs", "did not answer within 1 s"),
    ],
)
def test_a_plugin_that_dies_or_hangs_costs_its_own_results(
    folder: Path, how: str, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    write_clip(folder / "long.mp4", moving_square(1200, 64, 48), fps=20)

    run = seen(folder, f"{{odd: {{how: {how}, isolate: process}}}}", source="long.mp4, pace: real", until_back=True)

    assert [frame.index for frame in run.frames] == list(range(len(run.frames)))
    with_result = [index for index, note in enumerate(run.notes("odd")) if note]
    assert with_result == [0, 1, 2, 3, 4, len(run.frames) - 1]
    assert len(run.frames) < 1200  # it is back
    assert len(set(run.notes("odd")) - {None}) == 2
    assert run.metrics.steps["odd"].errors == 1
    assert run.metrics.steps["odd"].restarts == 1
    assert reason in caplog.text
    assert [event.kind for event in run.events][-1] == "heard"


def test_an_exception_there_is_an_error_of_the_step_and_its_process_stays(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run = seen(folder, "{odd: {how: fails, isolate: process}}")

    assert [bool(note) for note in run.notes("odd")] == [index != 5 for index in range(12)]
    assert len(set(run.notes("odd")) - {None}) == 1
    assert run.metrics.steps["odd"].restarts == 0
    assert "ValueError: five" in caplog.text


def test_sizes_that_change_cross_too(folder: Path) -> None:
    pictures = folder / "pictures"
    pictures.mkdir()
    import cv2
    import numpy as np

    for number, (height, width) in enumerate([(48, 64), (480, 641), (7, 1)]):
        cv2.imwrite(str(pictures / f"{number}.png"), np.full((height, width, 3), 40 * number, np.uint8))

    here = seen(folder, "finder", source="pictures")
    there = seen(folder, "{finder: {isolate: process}}", source="pictures")

    assert [note[:4] for note in there.notes("sums")] == [note[:4] for note in here.notes("sums")]


def test_a_plugin_that_cannot_be_opened_there_is_switched_off(folder: Path, install_plugin: InstallPlugin) -> None:
    code = """
        import os
        from vidframe import hookimpl
        class Dead:
            "Dies when it is opened."
            @hookimpl
            def open_camera(self, camera): os._exit(1)
    """
    install_plugin(code, distribution="dead", dead="Dead")
    began = monotonic()

    run = seen(folder, "{dead: {isolate: process}}")

    assert len(run.frames) == 12
    assert run.metrics.failed_steps == {"dead"}
    assert monotonic() - began < 60


def test_what_isolate_can_be_is_said(folder: Path) -> None:
    (folder / "shop.yaml").write_text("cameras: {a: clip.mp4}\nalways: [{odd: {isolate: thread}}]\n")

    with pytest.raises(ConfigError, match=r'isolate must be process or \{patience: TIME\}, found "thread"'):
        load(folder / "shop.yaml")
