"""`vidframe check` and `schema`: warnings, and plugins that are files."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.clips import moving_square, write_clip
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
