"""The one reader of tables and JSON files: what it takes, and what it says of the rest."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from vidframe_lab.evaluation.files import DataError, read_json, read_table

from vidframe.cli import cli

TEXT = "file,note\na.png,café\nb.png,\n"


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(TEXT.encode(), id="UTF-8"),
        pytest.param(TEXT.encode("utf-8-sig"), id="UTF-8 with a byte order mark"),
        pytest.param(TEXT.encode("utf-16"), id="UTF-16"),
        pytest.param(TEXT.replace("\n", "\r\n").encode(), id="lines of Windows"),
        pytest.param(TEXT.replace(",", " , ").encode(), id="blanks"),
        pytest.param((TEXT + "\n,\n").encode(), id="empty lines"),
        pytest.param(
            TEXT.replace("note", "note,shelf").replace("é", "é,x").replace("g,\n", "g,,\n").encode(), id="more"
        ),
    ],
)
def test_a_table_is_read_however_it_was_saved(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "t.csv").write_bytes(content)

    lines = list(read_table(tmp_path / "t.csv", ("file",), ("note", "later")))

    assert [(line.number, line.cells["file"], line.cells["note"]) for line in lines] == [
        (2, "a.png", "café"),
        (3, "b.png", ""),
    ]
    assert lines[0].cells["later"] == ""


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(TEXT.encode("latin-1"), "t.csv:2: byte 0xE9 is not UTF-8; save the file as UTF-8", id="Latin-1"),
        pytest.param(b"file,note\na.png\n", "t.csv:2: 1 cells, but the header names 2 columns", id="a short line"),
        pytest.param(b"file,note\na.png,b,c\n", "t.csv:2: 3 cells, but the header names 2 columns", id="a long line"),
        pytest.param(b"name,note\n", "t.csv:1: no column file; found name, note", id="another column"),
        pytest.param(b"file;note\n", "found file;note; separate the columns by commas", id="semicolons"),
        pytest.param(b"", "t.csv:1: no column file; found nothing", id="an empty file"),
        pytest.param(b"file,file\n", "t.csv:1: column file is there twice", id="a column twice"),
        pytest.param(b"file,notes\n", "t.csv:1: column 'notes' is not known; did you mean 'note'?", id="misspelt"),
        pytest.param(b'file,note\n"a\nb', "t.csv:3: 1 cells, but the header names 2", id="an open quote"),
    ],
)
def test_what_is_no_table_is_named_with_file_and_line(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "t.csv").write_bytes(content)

    with pytest.raises(DataError) as refused:
        list(read_table(tmp_path / "t.csv", ("file",), ("note",)))

    assert message in refused.value.message
    assert len(refused.value.message.splitlines()) == 1


@pytest.mark.parametrize(
    ("command", "table"),
    [
        ("faces", "faces.csv"),
        ("gaze", "gaze.csv"),
        ("interest", "visits.csv"),
        ("people", "people.json"),
        ("abnormality", "truth.json"),
    ],
)
def test_every_command_says_it_in_one_line(tmp_path: Path, command: str, table: str) -> None:
    (tmp_path / table).write_bytes("\ncafé".encode("latin-1"))

    result = CliRunner().invoke(cli, ["eval", command, "--data", str(tmp_path)])

    assert result.exit_code == 2
    (line,) = result.output.splitlines()
    assert f"{table}:2: byte 0xE9 is not UTF-8" in line


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"{\n nothing\n}", "t.json:2: no JSON: Expecting property name", id="no JSON"),
        pytest.param(b"", "t.json:1: no JSON: Expecting value at column 1", id="an empty file"),
        pytest.param('{"a": "é"}'.encode("latin-1"), "t.json:1: byte 0xE9 is not UTF-8", id="Latin-1"),
        pytest.param(None, "t.json: No such file or directory", id="no file"),
    ],
)
def test_what_is_no_json_is_named_with_file_and_line(tmp_path: Path, content: bytes | None, message: str) -> None:
    if content is not None:
        (tmp_path / "t.json").write_bytes(content)

    with pytest.raises(DataError) as refused:
        read_json(tmp_path / "t.json")

    assert message in refused.value.message


def test_json_in_utf_16_is_read(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_bytes('{"a": "é"}'.encode("utf-16"))

    assert read_json(tmp_path / "t.json") == {"a": "é"}


@pytest.mark.parametrize("text", ["", "left", "nan", "inf", "-1"])
def test_a_number_is_a_finite_one_in_its_range(tmp_path: Path, text: str) -> None:
    (tmp_path / "t.csv").write_text(f"file,seconds\na,{text}\n")
    (line,) = read_table(tmp_path / "t.csv", ("file", "seconds"))

    with pytest.raises(DataError, match=f"t.csv:2: seconds must be a number of at least 0, found '{text}'"):
        line.number_in("seconds", 0)
