"""`vidframe new-plugin` makes a package that passes its own tests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from click.testing import CliRunner

from vidframe.cli.new_plugin import new_plugin


def test_the_new_plugin_passes_its_own_tests(tmp_path: Path) -> None:
    made = CliRunner().invoke(new_plugin, ["shelf-light", "--into", str(tmp_path)])
    folder = tmp_path / "vidframe-shelf-light"

    assert made.exit_code == 0, made.output
    tested = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert tested.returncode == 0, tested.stdout
    assert "2 passed" in tested.stdout


def test_a_folder_that_exists_is_left_alone(tmp_path: Path) -> None:
    CliRunner().invoke(new_plugin, ["light", "--into", str(tmp_path)])
    (tmp_path / "vidframe-light" / "README.md").write_text("mine")

    again = CliRunner().invoke(new_plugin, ["light", "--into", str(tmp_path)])

    assert again.exit_code != 0
    assert "nothing was written" in again.output
    assert (tmp_path / "vidframe-light" / "README.md").read_text() == "mine"


def test_a_name_that_is_no_module_or_is_taken_is_refused(tmp_path: Path) -> None:
    for name in ("Light", "9lives", "class", "a b", "faces"):
        assert CliRunner().invoke(new_plugin, [name, "--into", str(tmp_path)]).exit_code == 2
    assert list(tmp_path.iterdir()) == []
