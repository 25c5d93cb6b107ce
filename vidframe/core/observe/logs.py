"""What vidframe says on standard error: a line each, or a JSON object each."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Literal

Form = Literal["text", "json"]


def set_up(form: Form, *, verbose: bool = False) -> None:
    """Sends warnings and errors of this process to standard error; where `verbose`, what vidframe notes, too."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if form == "json" else logging.Formatter("%(levelname)s %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("vidframe").setLevel(logging.INFO if verbose else logging.NOTSET)


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
            "message": record.getMessage(),
        }
        if record.exc_info:
            fields["traceback"] = self.formatException(record.exc_info)
        return json.dumps(fields, ensure_ascii=False)


def present() -> tuple[Form, bool]:
    """Form and verbosity that this process has, for `set_up` in another."""
    is_json = any(isinstance(handler.formatter, JsonLines) for handler in logging.getLogger().handlers)
    return "json" if is_json else "text", logging.getLogger("vidframe").isEnabledFor(logging.INFO)
