"""Cameras start, end and change beside each other."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.clips import write_long_clip
from tests.conftest import InstallPlugin

COUNTING = """
    import os
    from dataclasses import dataclass
    from pathlib import Path
    from time import sleep
    from vidframe import hookimpl

    class Model:
        def __init__(self): Path("models").open("a").write("loaded ")

    @dataclass
    class Counting:
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

        @hookimpl
        def close_camera(self): self.note("closed")

        def note(self, what): Path("notes").open("a").write(f"{self.camera.name} {self.word} {what}\\n")
"""


def config(word: str, *cameras: str) -> str:
    with_till = f", overrides: {{counting: {{word: {word}}}}}"
    lines = [f"  {name}: {{source: clip.mp4{with_till if name == 'till' else ''}}}" for name in cameras]
    return "\n".join(["cameras:", *lines, "always: [counting]", ""])


def wait_for(path: Path, *lines: str) -> str:
    text = ""
    for _ in range(200):
        text = path.read_text() if path.exists() else ""
        if all(line in text for line in lines):
            return text
        time.sleep(0.05)
    raise AssertionError(f"never saw {lines} in {text!r}")


@pytest.fixture
def running(tmp_path: Path, install_plugin: InstallPlugin) -> Any:
    install_plugin(COUNTING, counting="Counting")
    write_long_clip(tmp_path / "clip.mp4")
    (tmp_path / "shop.yaml").write_text(config("old", "door", "till"))
    process = subprocess.Popen(
        [sys.executable, "-m", "vidframe", "run", "shop.yaml"], cwd=tmp_path, stderr=subprocess.PIPE, text=True
    )
    wait_for(tmp_path / "notes", "door old first frame", "till old first frame")
    yield process
    process.kill()
    process.communicate()


def test_a_reload_restarts_only_the_camera_that_changed_and_loads_no_model_again(
    running: subprocess.Popen[str], tmp_path: Path
) -> None:
    (tmp_path / "shop.yaml").write_text(config("new", "door", "till", "yard"))
    running.send_signal(signal.SIGHUP)

    notes = wait_for(tmp_path / "notes", "till old closed", "till new first frame", "yard old first frame")

    assert "door old closed" not in notes
    assert (tmp_path / "models").read_text() == "loaded "


def test_of_a_camera_that_runs_only_the_step_that_changed_is_rebuilt(
    running: subprocess.Popen[str], tmp_path: Path
) -> None:
    two_steps = "cameras: {{door: {{source: clip.mp4}}}}\nalways: [{{counting: {{word: first}}}}, {{counting: {{word: {0}}}}}]\n"
    (tmp_path / "shop.yaml").write_text(two_steps.format("second"))
    running.send_signal(signal.SIGHUP)
    wait_for(tmp_path / "notes", "door first first frame", "door second first frame", "door old closed")

    (tmp_path / "shop.yaml").write_text(two_steps.format("third"))
    running.send_signal(signal.SIGHUP)
    notes = wait_for(tmp_path / "notes", "door second closed", "door third first frame")

    assert "door first closed" not in notes
    assert notes.count("door first opened") == 1
    assert notes.index("second closed") < notes.index("third opened")
    assert (tmp_path / "models").read_text() == "loaded "


def test_a_camera_that_is_gone_from_the_config_is_closed(running: subprocess.Popen[str], tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(config("old", "door"))
    running.send_signal(signal.SIGHUP)

    notes = wait_for(tmp_path / "notes", "till old closed")

    assert "door old closed" not in notes


def test_a_config_with_mistakes_changes_nothing_and_says_why(running: subprocess.Popen[str], tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text("cameras: {door: clip.mp4}\nalways: [countin]\n")
    running.send_signal(signal.SIGHUP)
    time.sleep(0.5)

    assert "closed" not in (tmp_path / "notes").read_text()
    running.send_signal(signal.SIGTERM)
    _, errors = running.communicate(timeout=60)
    assert "shop.yaml:2:10: no plugin named 'countin' is installed" in errors
    assert "reload refused; the old config stays" in errors
    assert os.path.exists(tmp_path / "notes")
