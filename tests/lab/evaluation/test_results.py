"""`--json` and `--plot`, which are the same for every `vidframe eval`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner
from vidframe_lab.evaluation.results import present, result_options, share, show, write_plot

from vidframe.cli import cli


@click.command()
@result_options
def command(json_to: str | None, plot: Path | None) -> None:
    present({"recall": 0.5}, json_to, lambda: show("A table", {"recall": 0.5}))
    if plot:
        write_plot(plot, lambda axes: axes.plot([0, 1]))


def called(*arguments: str) -> Any:
    return CliRunner().invoke(command, arguments)


def test_a_file_gets_json_beside_the_tables(tmp_path: Path) -> None:
    result = called("--json", str(tmp_path / "m.json"))

    assert "A table" in result.stdout
    assert json.loads((tmp_path / "m.json").read_text()) == {"recall": 0.5}


def test_a_dash_prints_json_alone() -> None:
    result = called("--json", "-")

    assert json.loads(result.stdout) == {"recall": 0.5}
    assert result.stderr == ""


@pytest.mark.parametrize("further", [(), ("--plot", "drawn.png")])
def test_without_a_file_json_is_printed_and_a_warning_says_how_to_write_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, further: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)

    result = called("--json", *further)

    assert json.loads(result.stdout) == {"recall": 0.5}
    assert "deprecated; `--json -` prints" in result.stderr


@pytest.mark.parametrize(
    ("option", "name", "message"),
    [
        ("--json", "missing/m.json", "cannot write missing/m.json: No such file or directory"),
        ("--plot", "missing/p.png", "cannot draw into missing/p.png"),
        ("--plot", "p.docx", "cannot draw into p.docx: Format 'docx' is not supported"),
    ],
)
def test_a_result_that_cannot_be_written_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, option: str, name: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)

    result = called(option, name)

    assert result.exit_code == 2
    assert message in result.stderr


@pytest.mark.parametrize("name", ["abnormality", "emotion", "faces", "footfall", "gaze", "interest", "people"])
def test_every_eval_command_has_the_same_options(name: str) -> None:
    help = CliRunner().invoke(cli, ["eval", name, "--help"]).output

    assert "--json FILE" in help
    assert "--plot FILE" in help


def test_a_share_of_nothing_is_none() -> None:
    assert (share(1, 3), share(0, 0)) == (0.333, None)
