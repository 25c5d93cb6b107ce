"""kill -9 in the middle of an incident: whoever heard of it hears at the next start that it is over."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from vidframe_abnormality.plugin import Abnormality

from vidframe import Event
from vidframe.testing import make_camera

# Watches a drawn shop until an incident is open, and says so; then waits for its end.
VICTIM = """
import sys, time
from pathlib import Path
from tests.plugins.abnormality.scenes import film, frames, walks_through
from vidframe.testing import make_camera
from vidframe_abnormality.plugin import Abnormality

camera = make_camera(state=Path(sys.argv[1]))
plugin = Abnormality()
plugin.open_camera(camera)
for frame in frames(film(walks_through, 80), camera):
    plugin.process_frame(frame)
print(*[event.facts["incident"] for event in camera.events], flush=True)
time.sleep(600)
"""


def killed_in_mid_incident(state: Path) -> str:
    """The name of the incident that was open."""
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[3])}
    command = [sys.executable, "-c", VICTIM, str(state)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        name = process.stdout.readline().strip()
        process.send_signal(signal.SIGKILL)
    return name


def started(state: Path) -> list[Event]:
    """What the next start reports."""
    camera = make_camera(state=state)
    plugin = Abnormality()
    plugin.open_camera(camera)
    plugin.close_camera()
    return camera.events


def test_the_next_start_closes_the_incident_that_a_kill_left_open_and_only_once(tmp_path: Path) -> None:
    name = killed_in_mid_incident(tmp_path)

    assert name
    assert Abnormality().has_pending(tmp_path)
    (closed,) = started(tmp_path)
    assert closed.kind == "incident.closed"
    assert closed.facts["incident"] == name
    assert closed.facts["start"] == "2026-01-01T00:00:06.000000Z"
    assert closed.facts["end"] == "2026-01-01T00:00:06.200000Z"  # when it was last told of
    assert not Abnormality().has_pending(tmp_path)
    assert started(tmp_path) == []


@pytest.mark.parametrize("content", ["", "[1, 2]", '{"start": 1}', "\0"])
def test_a_damaged_note_is_no_incident(tmp_path: Path, content: str) -> None:
    (tmp_path / "incident.json").write_text(content)

    assert started(tmp_path) == []
    assert list(tmp_path.iterdir()) == []
