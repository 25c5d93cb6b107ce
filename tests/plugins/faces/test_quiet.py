"""What reaches the terminal: nothing of MediaPipe's chatter, and everything else."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading

import pytest
from vidframe_faces.quiet import without_noise

RUN = """
import numpy as np
from vidframe.testing import make_frame, run_plugin
from vidframe_faces.plugin import Faces
run_plugin(Faces(), [make_frame(np.zeros((240, 320, 3), np.uint8))])
"""


def test_a_run_prints_nothing_from_its_start_to_its_exit() -> None:
    ran = subprocess.run([sys.executable, "-c", RUN], capture_output=True, text=True, check=False)

    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


def test_what_others_write_meanwhile_comes_through(capfd: pytest.CaptureFixture[str]) -> None:
    with without_noise():
        os.write(2, b"INFO: Created TensorFlow Lite XNNPACK delegate for CPU.\ncamera door is down\n")

    assert capfd.readouterr().err == "camera door is down\n"


def test_what_another_thread_logs_meanwhile_comes_afterwards_and_whole(capfd: pytest.CaptureFixture[str]) -> None:
    own = logging.StreamHandler(os.fdopen(2, "w", closefd=False))
    own.setFormatter(logging.Formatter("%(threadName)s: %(message)s"))
    log = logging.Logger("door")
    log.addHandler(own)

    with without_noise():
        other = threading.Thread(target=_log_lines, args=(log,), name="door")
        other.start()
        other.join()
        assert capfd.readouterr().err == ""

    assert capfd.readouterr().err == "door: line 0\ndoor: line 1\ndoor: line 2\n"


def test_what_was_written_before_an_error_comes_through(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="broken"), without_noise():
        os.write(2, b"the model is broken\n")
        raise ValueError("broken")

    assert capfd.readouterr().err == "the model is broken\n"


def _log_lines(log: logging.Logger) -> None:
    for number in range(3):
        log.error("line %d", number)
