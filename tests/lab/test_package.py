"""The laboratory is a package of its own: what comes with it, and what is said where it is missing."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.needs import need_module
from vidframe import cli
from vidframe.cli import LAB

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_the_wheel_carries_its_pages(tmp_path: Path) -> None:
    need_module("hatchling")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]

    subprocess.run(command, cwd=ROOT / "lab", check=True, capture_output=True, timeout=120)

    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as file:
        pages = {"labelling/faces.html", "labelling/people.html", "mounting/corners.html"}
        assert {f"vidframe_lab/{page}" for page in pages} <= {*file.namelist()}


@pytest.mark.parametrize("name", LAB)
def test_without_the_lab_its_commands_say_how_to_get_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "_plugin_commands", lambda prefix: {})

    called = CliRunner().invoke(cli.cli, [name, "emotion"])

    assert isinstance(called.exception, SystemExit)
    assert f"{name} is a command of vidframe-lab, which is not installed: pip install ./lab" in called.output


def test_the_commands_of_the_lab_are_those_that_are_missed_without_it() -> None:
    from importlib.metadata import distribution

    entries: Any = distribution("vidframe-lab").entry_points.select(group="vidframe.commands")

    assert sorted({entry.name.partition(".")[0] for entry in entries}) == sorted(LAB)
