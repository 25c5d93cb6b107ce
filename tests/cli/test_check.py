"""`vidframe check` and `schema`: warnings, and plugins that are files."""

from __future__ import annotations

import json
import logging
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.clips import moving_square, write_clip, write_long_clip
from vidframe.cli.check import check, explain, schema
from vidframe.cli.run import run

MINE = """
from vidframe import hookimpl

class LineCounter:
    '''Counts.'''

    def __init__(self, start: int = 0) -> None: pass

    @hookimpl
    def process_frame(self, frame): pass
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "mine.py").write_text(MINE)
    write_clip(tmp_path / "a.mp4", moving_square(3, 64, 48))
    (tmp_path / "shop.yaml").write_text(
        "cameras: {door: {source: a.mp4, without: [line_counter]}}\nalways: [line_counter]\n"
    )
    return tmp_path


def test_deprecated_names_are_warnings_and_exit_code_0(folder: Path) -> None:
    done = CliRunner().invoke(check, [str(folder / "shop.yaml"), "--plugins-dir", str(folder / "plugins")])

    assert done.exit_code == 0
    assert done.stdout == f"{folder}/shop.yaml: ok, 1 camera\n"
    assert done.stderr.startswith(f"{folder}/shop.yaml:1:33: warning: camera 'door': 'without' is now 'exclude'; ")


def test_explain_and_schema_know_the_plugins_of_a_folder(folder: Path) -> None:
    shown = CliRunner().invoke(explain, [str(folder / "shop.yaml"), "--plugins-dir", str(folder / "plugins")])
    made = CliRunner().invoke(schema, ["--plugins-dir", str(folder / "plugins")])

    assert shown.exit_code == 0
    settings = json.loads(made.stdout)["$defs"]["plugin.line_counter"]["properties"]
    assert settings["start"] == {"default": 0, "title": "Start", "type": "integer"}


def test_run_logs_each_warning_once(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        done = CliRunner().invoke(run, [str(folder / "shop.yaml"), "--plugins-dir", str(folder / "plugins")])

    assert done.exit_code == 0, done.output
    assert (done.stderr + caplog.text).count("'without' is now 'exclude'") == 1


def test_a_reload_keeps_the_folder_of_plugins(folder: Path) -> None:
    write_long_clip(folder / "a.mp4")
    (folder / "shop.yaml").write_text("cameras: {door: {source: a.mp4, pace: real}}\nalways: [line_counter]\n")
    with_plugins = ["shop.yaml", "--plugins-dir", "plugins"]
    process = subprocess.Popen(
        [sys.executable, "-m", "vidframe", "run", *with_plugins], cwd=folder, stderr=subprocess.PIPE, text=True
    )
    for _ in range(200):
        if list(folder.glob(".vidframe/*run*")):
            break
        time.sleep(0.05)
    (folder / "shop.yaml").write_text(
        "cameras: {door: {source: a.mp4, pace: real}}\nalways: [{line_counter: {start: 3}}]\n"
    )

    done = subprocess.run(
        [sys.executable, "-m", "vidframe", "reload", *with_plugins],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=60)

    assert (done.returncode, done.stdout) == (0, "shop.yaml: reloaded\n"), done.stderr + errors
