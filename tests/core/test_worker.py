"""Cameras spread over worker processes that are killed, stopped, hung and orphaned."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.cameras import free_port, wait_for
from tests.clips import moving_square, write_clip, write_long_clip
from tests.conftest import InstallPlugin
from tests.core.test_monitor import samples

NOTING = """
    import ctypes, os
    from dataclasses import dataclass
    from pathlib import Path
    from time import sleep
    import vidframe.core.observe.metrics
    import vidframe.core.run.worker
    from vidframe import hookimpl

    # Patience of minutes is not for tests.
    vidframe.core.observe.metrics.STUCK = vidframe.core.run.worker.STUCK = 3
    vidframe.core.run.worker.SILENCE = 3

    class Model:
        def __init__(self): Path("models").open("a").write(f"{os.getpid()} ")

    @dataclass
    class Noting:
        "Notes what happens to it."
        word: str = "old"

        @hookimpl
        def open_camera(self, camera):
            self.camera, self.has_seen = camera, False
            camera.share("model", Model)
            self.note("opened")

        @hookimpl
        def process_frame(self, frame):
            sleep(0.02)
            if not self.has_seen: self.note("first frame")
            self.has_seen = True
            if frame.index % 10 == 0: frame.report("tenth", index=frame.index)

        @hookimpl
        def close_camera(self): self.note("closed")

        def note(self, what): Path("notes").open("a").write(f"{self.camera.name} {self.word} {what}\\n")

    class Fatal:
        "Ends its process at the tenth frame."
        @hookimpl
        def process_frame(self, frame):
            if frame.index == 10: os._exit(7)

    class Hanging:
        "Does not come back from the tenth frame."
        @hookimpl
        def process_frame(self, frame):
            if frame.index == 10: sleep(1000)

    class Hogging:
        "Keeps the interpreter to itself from the tenth frame on."
        @hookimpl
        def process_frame(self, frame):
            if frame.index == 10: ctypes.PyDLL(None).sleep(1000)
"""


@pytest.fixture
def folder(tmp_path: Path, install_plugin: InstallPlugin) -> Path:
    install_plugin(NOTING, noting="Noting", fatal="Fatal", hanging="Hanging", hogging="Hogging")
    write_long_clip(tmp_path / "clip.mp4")
    return tmp_path


class Run:
    """A vidframe with two workers."""

    def __init__(self, folder: Path, process: subprocess.Popen[str], address: str) -> None:
        self.folder = folder
        self.process = process
        self.address = address

    def workers(self) -> dict[str, psutil.Process]:
        """Its workers by name."""
        return {child.cmdline()[-2]: child for child in psutil.Process(self.process.pid).children() if child.cmdline()}

    def notes(self) -> list[str]:
        path = self.folder / "notes"
        return path.read_text().splitlines() if path.exists() else []

    def frames(self, camera: str) -> float:
        return samples(self.address).get(("vidframe_camera_frames_analysed_total", (camera,)), 0)

    def restarts(self, worker: str) -> float:
        return samples(self.address).get(("vidframe_process_restarts_total", (worker,)), 0)

    def goes_on(self, camera: str) -> None:
        """Waits until the camera has done some more frames."""
        before = self.frames(camera)
        wait_for(lambda: self.frames(camera) > before + 5, 60)


def config(address: str, cameras: str, chain: str = "[noting]") -> str:
    return f"metrics: {address}\nworkers: 2\ncameras: {cameras}\nalways: {chain}\n"


@contextmanager
def running(folder: Path, cameras: str, chain: str = "[noting]") -> Iterator[Run]:
    address = f"127.0.0.1:{free_port()}"
    (folder / "shop.yaml").write_text(config(address, cameras, chain))
    command = [sys.executable, "-m", "vidframe", "run", "shop.yaml", "--events", "events.jsonl"]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, stderr=log, stdout=log, text=True)
    run = Run(folder, process, address)
    try:
        yield run
    finally:
        for worker in run.workers().values() if process.poll() is None else ():
            worker.kill()
        process.kill()
        process.wait()


BOTH = "{door: clip.mp4, till: clip.mp4}"


def test_a_worker_that_is_killed_is_started_again_and_the_other_notices_nothing(folder: Path) -> None:
    with running(folder, BOTH) as run:
        wait_for(lambda: run.frames("door") > 5 and run.frames("till") > 5, 60)
        before = run.frames("door")

        run.workers()["worker-1"].kill()
        wait_for(lambda: run.notes().count("door old opened") == 2, 60)
        run.goes_on("door")

        assert run.frames("door") > before  # it goes on counting
        assert run.notes().count("till old opened") == 1
        assert run.restarts("worker-1") == 1
        assert run.restarts("worker-2") == 0
        assert "worker-1 was killed by SIGKILL" in (folder / "log").read_text()


def test_a_worker_that_was_stopped_is_replaced(folder: Path) -> None:
    with running(folder, BOTH) as run:
        wait_for(lambda: run.frames("door") > 5, 60)

        run.workers()["worker-1"].send_signal(signal.SIGSTOP)
        wait_for(lambda: run.restarts("worker-1") == 1, 30)
        run.goes_on("door")

        assert "worker-1 does not answer" in (folder / "log").read_text()


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("fatal", "worker-1 ended with exit code 7 (in camera door: step fatal)"),
        ("hanging", "worker-1 hangs: camera door: step hanging has been blocked"),
        ("hogging", "worker-1 does not answer"),
    ],
)
def test_a_plugin_that_takes_its_worker_along_harms_no_other_worker(folder: Path, step: str, expected: str) -> None:
    with running(
        folder, f"{{door: clip.mp4, till: {{source: clip.mp4, exclude: [{step}]}}}}", f"[noting, {step}]"
    ) as run:
        wait_for(lambda: run.restarts("worker-1") >= 1, 60)

        log = (folder / "log").read_text()
        assert expected in log
        assert ("Current thread" in log or "Thread 0x" in log) == (step != "fatal")  # where it hung
        run.goes_on("till")
        assert run.notes().count("till old opened") == 1


def test_workers_end_properly_when_the_supervisor_is_killed(folder: Path) -> None:
    with running(folder, BOTH) as run:
        wait_for(lambda: run.frames("door") > 5 and run.frames("till") > 5, 60)
        workers = run.workers().values()

        run.process.kill()
        run.process.wait()

        _, alive = psutil.wait_procs(workers, timeout=60)
        assert not alive
        assert {"door old closed", "till old closed"} <= set(run.notes())


def test_a_signal_closes_every_camera_of_every_worker(folder: Path) -> None:
    with running(folder, BOTH) as run:
        wait_for(lambda: run.frames("door") > 5 and run.frames("till") > 5, 60)

        began = time.monotonic()
        run.process.terminate()
        code = run.process.wait(10)

        assert time.monotonic() - began < 5
        assert code == 0
        assert {"door old closed", "till old closed"} <= set(run.notes())
        assert (folder / "events.jsonl").read_text().count('"camera.closing"') == 2


def test_a_reload_restarts_only_the_camera_that_changed_and_loads_no_model_again(folder: Path) -> None:
    with running(folder, BOTH) as run:
        wait_for(lambda: run.frames("door") > 5 and run.frames("till") > 5, 60)
        changed = "{door: clip.mp4, till: {source: clip.mp4, overrides: {noting: {word: new}}}, yard: clip.mp4}"
        (folder / "shop.yaml").write_text(config(run.address, changed))

        run.process.send_signal(signal.SIGHUP)
        wait_for(lambda: {"till new first frame", "yard old first frame"} <= set(run.notes()), 60)

        assert "till old closed" in run.notes()
        assert "door old closed" not in run.notes()
        models = (folder / "models").read_text().split()
        assert len(models) == len(set(models)) == 2  # one in each worker


def test_the_end_of_all_recordings_is_the_end_of_the_run(folder: Path) -> None:
    write_clip(folder / "clip.mp4", moving_square(25, 64, 48))
    with running(folder, BOTH) as run:
        assert run.process.wait(60) == 0

    events = (folder / "events.jsonl").read_text()
    assert events.count('"tenth"') == 2 * 3


def test_passwords_stand_in_no_list_of_processes(folder: Path) -> None:
    url = f"rtsp://127.0.0.1:{free_port()}/stream"
    with running(folder, f"{{door: {{source: '{url}', credentials: 'viewer:hunter2'}}}}") as run:
        wait_for(lambda: "worker-1" in run.workers(), 60)

        for process in (psutil.Process(run.process.pid), *run.workers().values()):
            assert "hunter2" not in " ".join([*process.cmdline(), *process.environ().values()])
        wait_for(lambda: "camera door is down" in (folder / "log").read_text(), 60)
        assert "hunter2" not in (folder / "log").read_text()
