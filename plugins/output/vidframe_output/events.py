"""Appends every event to a file."""

from __future__ import annotations

import csv
import io
import json
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Annotated, Literal

from pydantic import Field

from vidframe import Camera, Event, hookimpl

COLUMNS = ("time", "camera", "kind", "reporter", "id", "facts")


class Events:
    """Appends every event to a file: a JSON object a line, or a row of CSV."""

    def __init__(
        self,
        *,
        file: Annotated[Path, Field(description="Where the events go; several cameras may share it")],
        format: Annotated[
            Literal["jsonl", "csv"] | None, Field(description="Form of a line; by default the file's ending says it")
        ] = None,
    ) -> None:
        self.file = file
        self.format = format or ("csv" if file.suffix.lower() == ".csv" else "jsonl")
        self._output: _SharedFile | None = None

    @hookimpl
    def open_camera(self, camera: Camera) -> None:
        # One handle for the cameras of a process: a line is never cut by another's.
        heading = _row(COLUMNS) if self.format == "csv" else ""
        self._output = camera.share(("vidframe_output", self.file), lambda: _SharedFile(self.file, heading))

    @hookimpl
    def handle_event(self, event: Event) -> None:
        if self._output is not None:
            self._output.append(_csv(event) if self.format == "csv" else _json(event))

    @hookimpl
    def close_camera(self) -> None:
        self._output = None  # the process closes it after its last camera


class _SharedFile:
    def __init__(self, path: Path, heading: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: IO[str] = path.open("a", encoding="utf-8", newline="", buffering=1)
        self._lock = threading.Lock()
        if heading and not path.stat().st_size:
            self.append(heading)

    def append(self, line: str) -> None:
        """Writes one line."""
        with self._lock:
            self._file.write(line)

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


def _json(event: Event) -> str:
    return json.dumps(event.as_json(), ensure_ascii=False) + "\n"


def _csv(event: Event) -> str:
    fields = event.as_json()
    facts = json.dumps(fields["facts"], ensure_ascii=False)
    return _row([*(fields[column] for column in COLUMNS[:-1]), facts])


def _row(values: Iterable[object]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(values)
    return line.getvalue()
