"""The soak of benchmarks/soak.py, short: one fault of each kind, beside cameras that must not notice."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cameras import need_gstreamer

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_a_camera_that_fails_in_every_way_comes_back_and_disturbs_no_other() -> None:
    need_gstreamer()
    # Beside other tests a start takes longer than alone.
    limits = ["--within", "10", "--share", "0.1", "--faults", "5", "--workers", "1"]
    command = [sys.executable, "-m", "benchmarks.soak", *limits]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=200, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert {line.split()[1] for line in done.stdout.splitlines()[:5]} == {
        "killed",
        "hung",
        "changed",
        "slowed",
        "garbled",
    }
