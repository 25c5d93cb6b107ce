"""Reads what people wrote down about pictures and clips: CSV tables and JSON files."""

from __future__ import annotations

import codecs
import csv
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any, TypeVar

import click
from pydantic import TypeAdapter, ValidationError

from vidframe.tools import did_you_mean

T = TypeVar("T")
YES_NO = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


class DataError(click.ClickException):
    """A file cannot be used; the message says which, where in it, what was found and what would do."""

    exit_code = 2


@dataclass(frozen=True)
class Line:
    """One line of a table."""

    path: Path
    number: int  # of the line in the file, from 1
    cells: Mapping[str, str]  # column name -> text without blanks around it; "" for an optional column that is missing

    def error(self, problem: object) -> DataError:
        """The problem, with file and line."""
        return DataError(f"{self.path}:{self.number}: {problem}")

    def text(self, column: str) -> str:
        """A cell that must not be empty."""
        if not self.cells[column]:
            raise self.error(f"{column} is empty")
        return self.cells[column]

    def number_in(self, column: str, least: float = -math.inf) -> float:
        """A finite number of at least `least`."""
        try:
            value = float(self.cells[column])
        except ValueError:
            value = math.nan
        if not (math.isfinite(value) and value >= least):
            wanted = "a number" if least == -math.inf else f"a number of at least {least:g}"
            raise self.error(f"{column} must be {wanted}, found {self.cells[column]!r}")
        return value

    def choice_in(self, column: str, choices: Mapping[str, T]) -> T:
        """What one of a few words stands for, in whatever case."""
        word = self.cells[column].lower()
        if word not in choices:
            raise self.error(f"{column} must be one of {', '.join(choices)}, found {self.cells[column]!r}")
        return choices[word]

    def file_in(self, column: str) -> Path:
        """A file that exists, named relative to the table."""
        path = self.path.parent / self.text(column)
        if not path.is_file():
            raise self.error(f"no file {self.cells[column]!r} in {self.path.parent}")
        return path


def read_text(path: Path) -> str:
    """A text file in UTF-8, or in UTF-16 with a byte order mark, as spreadsheets and editors write it."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}") from None
    is_utf16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return content.decode("utf-16" if is_utf16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        number = content.count(b"\n", 0, error.start) + 1
        found = f"byte 0x{content[error.start]:02X}"
        raise DataError(
            f"{path}:{number}: {found} is not {error.encoding.upper()}; save the file as UTF-8 (CSV UTF-8 in a spreadsheet)"
        ) from None


def read_table(path: Path, columns: Sequence[str], optional: Sequence[str] = ()) -> Iterator[Line]:
    """The lines of a CSV file with a header; empty lines are left out, and so are further columns.

    DataError where a column is missing or misspelt, or a line is shorter or longer than the header.
    """
    reader = csv.reader(StringIO(read_text(path), newline=""), skipinitialspace=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        _check_header(path, header, columns, optional)
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield _line(path, reader.line_num, header, cells, optional)
    except csv.Error as error:
        raise DataError(f"{path}:{reader.line_num}: {error}; write comma-separated values") from None


def read_json(path: Path) -> Any:
    """Plain values."""
    try:
        return json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise DataError(f"{path}:{error.lineno}: no JSON: {error.msg} at column {error.colno}") from None


def read_as(kind: Any, path: Path) -> Any:
    """The JSON file as what pydantic makes of it."""
    return checked(kind, read_json(path), path)


def checked(kind: Any, content: Any, path: Path) -> Any:
    """What pydantic makes of plain values; DataError names the first one that is wrong."""
    try:
        return TypeAdapter(kind).validate_python(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        found = "" if first["type"] == "missing" else f", found {str(first['input'])[:60]}"
        raise DataError(f"{path}: {where}: {first['msg']}{found}") from None


def _check_header(path: Path, header: Sequence[str], columns: Sequence[str], optional: Sequence[str]) -> None:
    missing = [name for name in columns if name not in header]
    if missing:
        found = ", ".join(header) or "nothing"
        hint = "; separate the columns by commas" if len(header) == 1 and any(c in header[0] for c in ";\t") else ""
        raise DataError(f"{path}:1: no column {', '.join(missing)}; found {found}{hint}")
    twice = sorted({name for name in header if name and header.count(name) > 1})
    if twice:
        raise DataError(f"{path}:1: column {twice[0]} is there twice")
    for name in header:
        meant = did_you_mean(name, set(optional) - set(header)) if name not in (*columns, *optional) else ""
        if meant:
            raise DataError(f"{path}:1: column {name!r} is not known{meant}")


def _line(path: Path, number: int, header: Sequence[str], cells: Sequence[str], optional: Iterable[str]) -> Line:
    if len(cells) != len(header):
        raise DataError(f"{path}:{number}: {len(cells)} cells, but the header names {len(header)} columns")
    named = {name: cell.strip() for name, cell in zip(header, cells, strict=True)}
    return Line(path, number, dict.fromkeys(optional, "") | named)
