"""Cameras that a plugin knows start, change and end while the run goes on."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.clips import write_long_clip
from tests.conftest import InstallPlugin
from vidframe.core.config.reading import ConfigError, load

KNOWING = """
    import json
    from dataclasses import dataclass
    from pathlib import Path
    from time import sleep
    from vidframe import hookimpl

    @dataclass
    class Knows:
        "Knows the cameras of a file."
        path: Path
        word: str = "plain"

        @hookimpl
        def open_camera(self, camera): Path("notes").open("a").write(f"{camera.name} {self.word}\\n")
        @hookimpl
        def process_frame(self, frame): sleep(0.02)

    def cameras(settings, state):
        text = Path(settings["path"]).read_text()
        return text, json.loads(text)
"""


@pytest.fixture
def knowing(tmp_path: Path, install_plugin: InstallPlugin) -> Path:
    folder = install_plugin(KNOWING, distribution="knowing", knows="Knows")
    points = folder / "knowing-1.0.dist-info" / "entry_points.txt"
    points.write_text(points.read_text() + "[vidframe.cameras]\nknows = knowing_plugin:cameras\n")
    write_long_clip(tmp_path / "clip.mp4")
    (tmp_path / "shop.yaml").write_text("cameras: {from: knows}\nalways: [{knows: {path: cameras.json}}]\n")
    return tmp_path


def wait_for(path: Path, line: str) -> None:
    for _ in range(1200):
        if path.exists() and line in path.read_text():
            return
        time.sleep(0.05)
    raise AssertionError(f"never saw {line!r}")


@pytest.mark.parametrize("workers", [0, 2])
def test_a_camera_that_is_added_later_runs_within_seconds(knowing: Path, workers: int) -> None:
    with (knowing / "shop.yaml").open("a") as file:
        file.write(f"workers: {workers}\n")
    clip = str(knowing / "clip.mp4")
    (knowing / "cameras.json").write_text("{}")
    process = subprocess.Popen(
        [sys.executable, "-m", "vidframe", "run", "shop.yaml"], cwd=knowing, stderr=subprocess.PIPE, text=True
    )
    time.sleep(1)
    added = {
        "door": {"source": clip, "overrides": {"knows": {"word": "special"}, "unheard": {}}, "exclude": ["unheard"]}
    }
    (knowing / "cameras.json").write_text(json.dumps(added))

    wait_for(knowing / "notes", "door special")
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=60)

    assert process.returncode == 0, errors


def test_a_plugin_that_knows_no_cameras_is_one_line_and_exit_code_2(knowing: Path) -> None:
    (knowing / "shop.yaml").write_text("cameras: {from: knows}\nalways: []\n")

    done = subprocess.run(
        [sys.executable, "-m", "vidframe", "run", "shop.yaml"], cwd=knowing, capture_output=True, text=True, check=False
    )

    assert done.returncode == 2
    assert "needs the step knows in a chain" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_brought_camera_with_mistakes_says_so_and_does_not_stop_the_others(knowing: Path) -> None:
    cameras = {"aisle": {}, "door": {"source": str(knowing / "clip.mp4")}}
    (knowing / "cameras.json").write_text(json.dumps(cameras))
    process = subprocess.Popen(
        [sys.executable, "-m", "vidframe", "run", "shop.yaml", "--no-progress"], cwd=knowing, stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip

    wait_for(knowing / "notes", "door plain")
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=60)

    assert "camera aisle failed: camera 'aisle' has no source" in errors


def test_mistakes_in_brought_cameras_are_refused(knowing: Path) -> None:
    with pytest.raises(ConfigError, match="camera 'door' has no source"):
        load(knowing / "shop.yaml", cameras={"door": {}})
