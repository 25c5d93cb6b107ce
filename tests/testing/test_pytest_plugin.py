"""What pytest learns from an installed vidframe, seen in packages of outsiders."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PYPROJECT = """\
[project]
name = "acme"
version = "1"

[project.entry-points."vidframe.plugins"]
good = "acme:Good"
shared = "acme:Shared"

[tool.vidframe.conformance.good]
url = "http://127.0.0.1:9"
every_so_often = "2s"

[tool.pytest.ini_options]
testpaths = ["tests"]
"""
MODULE = '''\
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from vidframe import Seconds, hookimpl


@dataclass
class Good:
    """Keeps the contract."""

    url: Annotated[str, Field(description="where to")]
    every_so_often: Annotated[Seconds, Field(description="how often")]

    @hookimpl
    def process_frame(self, frame):
        assert self.every_so_often == 2.0


class Shared:
    """Breaks it."""

    seen = []

    @hookimpl
    def process_frame(self, frame):
        self.seen.append(frame.index)
'''
TESTS = """\
import time

from vidframe.testing import film, replay, run_chain
from acme import Good


def test_fixtures(vidframe_camera, vidframe_clock, tmp_path):
    vidframe_clock.advance(3)
    run_chain([Good("", 2.0)], film(2, camera=vidframe_camera))
    assert time.monotonic() == 3
    assert vidframe_camera.state == tmp_path
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    folder = tmp_path / "package"
    (folder / "tests").mkdir(parents=True)
    (folder / "pyproject.toml").write_text(PYPROJECT)
    (folder / "acme.py").write_text(MODULE)
    (folder / "tests" / "test_acme.py").write_text(TESTS)
    return folder


def run(folder: Path, *arguments: str) -> str:
    """What pytest tells of a package."""
    path = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider", *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.stdout + ran.stderr


def test_each_plugin_of_the_package_in_hand_is_a_test(package: Path) -> None:
    told = run(package)

    assert "test_fixtures PASSED" in told
    assert "pyproject.toml::conformance[good] PASSED" in told
    assert "pyproject.toml::conformance[shared] FAILED" in told
    assert "Shared changes Shared.seen" in told
    assert "1 failed, 2 passed" in told


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "3 tests collected"),
        (["tests"], "3 tests collected"),
        (["."], "3 tests collected"),
        (["tests/test_acme.py"], "1 test collected"),
        (["pyproject.toml"], "2 tests collected"),
        (["pyproject.toml::conformance[good]"], "1 test collected"),
        (["-k", "conformance"], "2/3 tests collected"),
        (["-k", "fixtures"], "1/3 tests collected"),
    ],
)
def test_it_is_there_where_folders_are_tested_or_it_is_named(package: Path, arguments: list[str], told: str) -> None:
    assert told in run(package, "--collect-only", "-q", *arguments)


def test_it_works_in_several_processes(package: Path) -> None:
    assert "1 failed, 2 passed" in run(package, "-n", "2")


def test_a_class_that_is_not_there_is_told(package: Path) -> None:
    (package / "pyproject.toml").write_text(PYPROJECT.replace("acme:Good", "acme:Better"))

    assert "good = acme:Better does not load" in run(package, "-k", "good")


def test_who_has_no_plugin_is_not_disturbed(package: Path) -> None:
    for text in ("[project]\nname = 'acme'\n", "project = 1", ""):
        (package / "pyproject.toml").write_text(text)
        (package / "pytest.ini").write_text("[pytest]\n")
        assert "1 test collected" in run(package, "--collect-only", "-q")
    (package / "pyproject.toml").unlink()
    assert "1 test collected" in run(package, "--collect-only", "-q")


def test_the_option_lets_replay_write_its_files(package: Path) -> None:
    replaying = (
        "import os\nfrom pathlib import Path\n"
        "def test_update():\n    Path('update').write_text(os.environ.get('VIDFRAME_UPDATE', ''))\n"
    )
    (package / "tests" / "test_acme.py").write_text(replaying)

    run(package, "tests/test_acme.py")
    assert (package / "update").read_text() == ""
    run(package, "tests/test_acme.py", "--vidframe-update")
    assert (package / "update").read_text() == "1"
