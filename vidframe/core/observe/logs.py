"""What vidframe says on standard error: a line each, or a JSON object each."""

from __future__ import annotations

import json
import logging
import os
import sys
from datetime import UTC, datetime
from traceback import TracebackException
from typing import Literal, TextIO

from vidframe.core.sources.address import without_secrets
from vidframe.tools import printable

Form = Literal["text", "json"]
LONGEST_LINE = 2000  # characters of a traceback


def set_up(form: Form, *, verbose: bool = False) -> None:
    """Sends warnings and errors of this process to standard error; where `verbose`, what vidframe notes, too."""
    handler = StandardError()
    handler.setFormatter(JsonLines() if form == "json" else TextLines())
    root = logging.getLogger()
    for earlier in root.handlers:
        if isinstance(earlier, StandardError):
            earlier.close()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("vidframe").setLevel(logging.INFO if verbose else logging.NOTSET)


class StandardError(logging.StreamHandler[TextIO]):
    """Writes to standard error as it is when this is made: a plugin may close it, or replace it."""

    def __init__(self) -> None:
        try:
            own = open(os.dup(sys.stderr.fileno()), "w", encoding="utf-8", errors="backslashreplace")  # noqa: SIM115
        except (OSError, ValueError, AttributeError):  # no file, as in a notebook
            own = None
        super().__init__(own)
        self._own = own

    def close(self) -> None:
        """Gives back what it opened."""
        super().close()
        if self._own is not None:
            self._own.close()


class TextLines(logging.Formatter):
    """A line each, and the traceback indented below. What a plugin wrote adds no line and no terminal escape."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as text."""
        line = f"{record.levelname} {without_secrets(record.getMessage(), _secrets(record))}"
        return "\n  ".join((printable(line), *_traceback(record)))


class JsonLines(logging.Formatter):
    """One object a record: time, level, logger, thread, message, and the traceback where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line of JSON."""
        fields = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "process": record.process,
            "thread": record.threadName,
            "message": without_secrets(record.getMessage(), _secrets(record)),
        }
        if traceback := _traceback(record):
            fields["traceback"] = "\n".join(traceback)
        return json.dumps(fields, ensure_ascii=False)


def _secrets(record: logging.LogRecord) -> tuple[str, ...]:
    """What must not be shown of it, which whoever logs knows: `extra={"secrets": ...}`."""
    return getattr(record, "secrets", ())


def _traceback(record: logging.LogRecord) -> list[str]:
    """The lines of a record's traceback; the text of an exception is one."""
    if not record.exc_info or record.exc_info[1] is None:
        return []
    lines: list[str] = []
    for part in TracebackException.from_exception(record.exc_info[1]).format():
        # A place with its source is several lines. All else may be somebody's text.
        lines += part.rstrip("\n").split("\n") if part.startswith("  File ") else [part.strip("\n")]
    return [printable(without_secrets(line[:LONGEST_LINE], _secrets(record))) for line in lines if line]


def present() -> tuple[Form, bool]:
    """Form and verbosity that this process has, for `set_up` in another."""
    is_json = any(isinstance(handler.formatter, JsonLines) for handler in logging.getLogger().handlers)
    return "json" if is_json else "text", logging.getLogger("vidframe").isEnabledFor(logging.INFO)
