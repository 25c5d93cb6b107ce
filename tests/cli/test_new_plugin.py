"""`vidframe new-plugin` makes a package that passes its tests and checks as it is."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import venv
from pathlib import Path

import pytest
from click.testing import CliRunner

from vidframe.cli.new_plugin import new_plugin

ROOT = Path(__file__).parents[2]
KINDS = ("step", "detector", "sink", "source")


def make(name: str, into: Path, kind: str = "step") -> Path:
    made = CliRunner().invoke(new_plugin, [name, "--kind", kind, "--into", str(into)])
    assert made.exit_code == 0, made.output
    return into / f"vidframe-{name.replace('_', '-')}"


def run(folder: Path, *arguments: str) -> str:
    """What a module of this Python writes in a folder; fails with it."""
    ran = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout
    return ran.stdout


@pytest.mark.parametrize("kind", KINDS)
def test_the_new_plugin_passes_its_own_tests_and_conformance(tmp_path: Path, kind: str) -> None:
    told = run(make("shelf-light", tmp_path, kind), "pytest", "-v", "-p", "no:cacheprovider")

    assert "2 passed" in told
    assert ("conformance[shelf_light]" in told) == (kind != "source")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["zq", "x" * 30])
def test_style_and_format_are_right_whatever_the_name(tmp_path: Path, kind: str, name: str) -> None:
    folder = make(name, tmp_path, kind)

    run(folder, "ruff", "check", ".")
    run(folder, "ruff", "format", "--check", ".")


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_types_are_right(tmp_path: Path, kind: str) -> None:
    assert "no issues found" in run(make("shelf_light", tmp_path, kind), "mypy")


@pytest.mark.slow
def test_the_readmes_commands_work_in_a_bare_environment(tmp_path: Path) -> None:
    folder = make("shelf-light", tmp_path)
    home = tmp_path / "venv"
    venv.create(home, with_pip=True)
    environment = {"PATH": f"{home / 'bin'}:/usr/bin:/bin", "HOME": str(tmp_path)}
    environment |= {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_", "http"))}
    (block,) = re.findall(r"```console\n(.*?)```", (folder / "README.md").read_text(), re.DOTALL)

    for command in (f"pip install -q {ROOT}", *block.splitlines()):
        ran = subprocess.run(
            ["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, f"{command}\n{ran.stdout}\n{ran.stderr}"
        if command == "vidframe plugins":
            assert "shelf_light" in ran.stdout


def test_a_folder_that_exists_is_left_alone(tmp_path: Path) -> None:
    make("shelf_light", tmp_path)
    (tmp_path / "vidframe-shelf-light" / "README.md").write_text("mine")

    again = CliRunner().invoke(new_plugin, ["shelf_light", "--into", str(tmp_path)])

    assert again.exit_code != 0
    assert "nothing was written" in again.output
    assert (tmp_path / "vidframe-shelf-light" / "README.md").read_text() == "mine"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Light", "lower-case letters"),
        ("9lives", "lower-case letters"),
        ("a b", "lower-case letters"),
        ("_light", "lower-case letters"),
        ("light_", "lower-case letters"),
        ("x" * 31, "at most 30"),
        ("class", "word of Python"),
        ("faces", "installed plugin"),
        ("every", "option of every step"),
        ("run", "vidframe run"),
        ("new_plugin", "vidframe new-plugin"),
        ("queue", "module of Python itself"),
        ("test", "module of Python itself"),
        ("numpy", "module numpy already"),
        ("vidframe", "part of vidframe"),
        ("core", "part of vidframe"),
    ],
)
def test_a_name_that_cannot_be_or_is_taken_is_refused_with_a_reason(tmp_path: Path, name: str, reason: str) -> None:
    refused = CliRunner().invoke(new_plugin, [name, "--into", str(tmp_path)])

    assert refused.exit_code == 2
    assert reason in " ".join(refused.output.replace("│", " ").split())
    assert list(tmp_path.iterdir()) == []


def test_a_scheme_that_vidframe_reads_is_no_new_source(tmp_path: Path) -> None:
    refused = CliRunner().invoke(new_plugin, ["rtsp", "--kind", "source", "--into", str(tmp_path)])

    assert "rtsp://" in refused.output
