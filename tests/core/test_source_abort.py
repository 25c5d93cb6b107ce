"""PyAV's clock: replaced while a live camera is open, for its thread alone, and put back."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from typing import Any

import av.container.core
import pytest

from tests.cameras import mjpeg_camera
from tests.clips import moving_square
from tests.core.test_source_live import Watcher, silent_server
from vidframe.core.sources.abort import waits_end_with

PYAV: Any = av.container.core


def test_importing_replaces_nothing() -> None:
    code = "import time, vidframe.core.sources.opening, av.container.core as core; assert core.time is time"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_pyav_still_looks_at_the_name_that_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    class Clock:
        looked = 0

        def monotonic(self) -> float:
            Clock.looked += 1
            return Clock.looked * 1e9

    assert PYAV.time is time
    monkeypatch.setattr(PYAV, "time", Clock())

    with silent_server() as url:
        began = time.monotonic()
        with pytest.raises(av.error.FFmpegError):
            av.open(url, timeout=20)

    assert Clock.looked > 1
    assert time.monotonic() - began < 5


def test_the_clock_is_replaced_while_a_camera_is_open_and_put_back_after_the_last_one() -> None:
    with mjpeg_camera(moving_square()) as url:
        with Watcher(url) as one:
            one.wait_for_picture()
            assert PYAV.time is not time
            with Watcher(url) as two:
                two.wait_for_picture()
            one.wait_for_picture()
            assert PYAV.time is not time
        assert PYAV.time is time


def test_for_a_thread_that_reads_no_camera_it_is_the_clock_as_ever() -> None:
    closed = threading.Event()
    closed.set()
    seen: list[float] = []

    with waits_end_with(closed):
        here = PYAV.time.monotonic()
        other = threading.Thread(target=lambda: seen.append(PYAV.time.monotonic()))
        other.start()
        other.join()

    assert here > time.monotonic() + 1e8
    assert abs(seen[0] - time.monotonic()) < 5
    assert PYAV.time.monotonic() == pytest.approx(time.monotonic(), abs=5)
