"""Whole runs on a machine that has no disk, or no file descriptor, left: named, survived, and nothing lost."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import pytest

from tests.cameras import free_port, mjpeg_camera, wait_for
from tests.clips import moving_square
from tests.conftest import InstallPlugin
from tests.core.test_monitor import samples, status
from tests.disks import failing_disk, small_disk
from tests.plugins.shop.shops import TOKEN, PlainShop

PLUGINS = """
    import os, resource, threading, time
    import vidframe.core.run.chain
    from vidframe import hookimpl

    vidframe.core.run.chain.REOPEN_EVERY /= 15  # from 30 s; half a minute is not for tests

    class Alarm:
        "An event a second, each with its number."
        @hookimpl
        def open_camera(self, camera): self.due, self.number = 0.0, 0
        @hookimpl
        def process_frame(self, frame):
            if frame.seconds >= self.due:
                self.due = frame.seconds + 1
                frame.report("incident", number=self.number)
                self.number += 1

    class Greedy:
        "Holds all file descriptors while there is a file `take`."
        @hookimpl
        def open_camera(self, camera): threading.Thread(target=self.work, daemon=True).start()

        def work(self):
            resource.setrlimit(resource.RLIMIT_NOFILE, (200, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
            taken = []
            while True:
                time.sleep(0.02)
                if os.path.exists("take"):
                    try:
                        while True: taken.append(os.open("/dev/null", os.O_RDONLY))
                    except OSError:
                        pass
                while taken and not os.path.exists("take"): os.close(taken.pop())
"""


@pytest.fixture
def shop() -> Iterator[PlainShop]:
    server = PlainShop()
    yield server
    server.stop()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", 6, lazily=True) as disk:
        yield disk


@contextmanager
def running(folder: Path, camera: str, shop: PlainShop, state: Path, *more: str) -> Iterator[str]:
    """A vidframe with an alarm a second, a clip of each, and a shop; yields where its metrics are."""
    address = f"127.0.0.1:{free_port()}"
    (folder / "shop.yaml").write_text(
        f"cameras: {{door: {{source: '{camera}', timeout: 2s}}}}\n"
        f"state: {state}\nmetrics: {address}\nalways:\n"
        + "".join(f"  - {step}\n" for step in ("alarm", *more))
        + "  - recorder: {before: 0s, after: 0.2s, keep_free: 0}\n"
        + f"  - shop: {{url: '{shop.url}', token: !env TOKEN}}\n"
    )
    command = [sys.executable, "-m", "vidframe", "run", "shop.yaml", "--verbose"]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, stderr=log, stdout=log, env=os.environ | {"TOKEN": TOKEN})
    try:
        wait_for(lambda: status(address, "/readyz")[0] == 200, 60)
        yield address
        process.terminate()
        assert process.wait(10) in (0, 1)  # 1: a step failed once, and is counted
    finally:
        process.kill()
        process.wait()
        print((folder / "log").read_text())  # shown where a test fails


def numbers(shop: PlainShop) -> list[int]:
    return [event["facts"]["number"] for event in shop.events.values() if event["kind"] == "incident"]


def clips(shop: PlainShop) -> int:
    return sum(event["kind"] == "clip.ready" for event in shop.events.values())


def assert_no_gap(shop: PlainShop) -> None:
    """Every alarm of the run arrived, and each once."""
    assert sorted(numbers(shop)) == list(range(len(numbers(shop))))


@pytest.fixture
def folder(tmp_path: Path, install_plugin: InstallPlugin) -> Path:
    install_plugin(PLUGINS, alarm="Alarm", greedy="Greedy")
    return tmp_path


@pytest.mark.slow
def test_a_full_disk_loses_no_event_and_clips_come_again_when_there_is_room(
    folder: Path, disk: Path, shop: PlainShop
) -> None:
    with mjpeg_camera(moving_square(50)) as camera, running(folder, camera, shop, disk) as address:
        wait_for(lambda: clips(shop) > 0, 30)
        filler = disk / "filler"
        with pytest.raises(OSError, match="No space"), filler.open("wb", buffering=0) as file:
            while True:
                file.write(b"\0" * 4096)
        before = len(numbers(shop))

        wait_for(lambda: "No space" in str([event["facts"] for event in shop.events.values()]), 30)
        wait_for(lambda: len(numbers(shop)) > before + 3, 30)  # the camera goes on, and so do its alarms
        assert samples(address)["vidframe_camera_state", ("door", "live")] == 1

        filler.unlink()
        before = clips(shop)
        wait_for(lambda: clips(shop) > before + 1, 30)

    assert_no_gap(shop)
    for clip in (disk / "door" / "clips").glob("*.mp4"):
        with av.open(str(clip)) as container:
            assert any(container.decode(video=0))


def test_a_disk_that_is_read_only_at_the_start_is_named_and_used_as_soon_as_it_can_be(
    folder: Path, disk: Path, shop: PlainShop
) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)

    with mjpeg_camera(moving_square(50)) as camera, running(folder, camera, shop, disk) as address:
        log = folder / "log"
        wait_for(lambda: "step shop disabled" in log.read_text(), 30)
        assert "ead-only file system" in log.read_text()
        wait_for(lambda: samples(address)["vidframe_camera_frames_analysed_total", ("door",)] > 20, 30)

        subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
        wait_for(lambda: clips(shop) > 0, 60)

        assert samples(address)["vidframe_step_disabled", ("door", "shop")] == 0


@pytest.mark.slow
def test_a_disk_that_fails_while_all_runs_is_named_and_no_event_is_lost(folder: Path, shop: PlainShop) -> None:
    disk = folder / "disk"
    with (
        failing_disk(disk, folder / "image") as fail,
        mjpeg_camera(moving_square(50)) as camera,
        running(folder, camera, shop, disk) as address,
    ):
        wait_for(lambda: clips(shop) > 0, 30)
        fail()
        before = len(numbers(shop))

        wait_for(lambda: re.search("ead-only file system|disk I/O error", (folder / "log").read_text()), 30)
        wait_for(lambda: len(numbers(shop)) > before + 5, 30)
        assert samples(address)["vidframe_camera_state", ("door", "live")] == 1

    assert_no_gap(shop)


@pytest.mark.slow
def test_a_process_without_file_descriptors_names_it_and_recovers(folder: Path, shop: PlainShop) -> None:
    with (
        mjpeg_camera(moving_square(50), ends_after=45) as camera,
        running(folder, camera, shop, folder / "state", "greedy") as address,
    ):
        wait_for(lambda: clips(shop) > 0, 30)
        take = folder / "take"
        take.touch()
        wait_for(lambda: "camera door is down: too many open files" in (folder / "log").read_text(), 30)
        take.unlink()
        wait_for(lambda: samples_or_none(address).get(("vidframe_camera_state", ("door", "live"))) == 1, 30)
        before = len(numbers(shop))
        before_clips = clips(shop)
        wait_for(lambda: len(numbers(shop)) > before + 1 and clips(shop) > before_clips, 30)

    assert_no_gap(shop)


def samples_or_none(address: str) -> dict[tuple[str, tuple[str, ...]], float]:
    return samples(address) if status(address, "/metrics")[0] == 200 else {}
