"""Plain values of a config: each is what it should be, or the document gets a complaint that says what would do."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from vidframe.core.config.document import Document, Place
from vidframe.core.plugin.settings import seconds

MOST_SHOWN = 60  # characters of a wrong value


class Values:
    """Reads the values of one document."""

    def __init__(self, document: Document) -> None:
        self.document = document

    def mapping(self, place: Place, value: Any, known: Iterable[str], what: str) -> dict[str, Any]:
        """The known keys of `key: value` pairs; nothing counts as none."""
        if value is None:
            return {}
        if not isinstance(value, dict):
            found = self.shown(place, value)
            self.document.give_up(place, f"{what} must be `key: value` pairs, found {found}{glued(value)}")
            return {}
        for key in value:
            if key not in known:
                message = f"unknown key {key!r} in {what}{did_you_mean(key, known)}"
                self.document.complain((*place, key), message, of_key=True)
        return {key: entry for key, entry in value.items() if key in known}

    def text(self, place: Place, value: Any) -> str | None:
        """Text that is not empty."""
        if isinstance(value, str) and value:
            return value
        self.document.complain(place, f"{place[-1]} must be text, found {self.shown(place, value)}")
        return None

    def texts(self, place: Place, value: Any) -> tuple[str, ...]:
        """One text, or a list of them."""
        values = value if isinstance(value, list) and value else [value]
        return tuple(text for each in values if (text := self.text(place, each)) is not None)

    def choice(self, place: Place, value: Any, known: tuple[str | int, ...]) -> Any:
        """One of a few words or numbers."""
        if value not in known or isinstance(value, bool):
            words = " or ".join(str(word) for word in known)
            self.document.complain(place, f"{place[-1]} must be {words}, found {self.shown(place, value)}")
        return value

    def duration(self, place: Place, value: Any) -> float:
        """Seconds, above 0."""
        try:
            length = seconds(value)
        except ValueError:
            length = 0.0
        if length <= 0:
            shown = self.shown(place, value)
            self.document.complain(place, f"{place[-1]} must be a time above 0 such as 500ms, 5s or 2m, found {shown}")
        return length

    def positive(self, place: Place, value: Any) -> float | None:
        """A number above 0; nothing stays None."""
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
            self.document.complain(place, f"{place[-1]} must be a number above 0, found {self.shown(place, value)}")
            return None
        return float(value)

    def file(self, place: Place, value: Any) -> Path | None:
        """A file that must be there where one is named, relative to the config."""
        name = self.text(place, value) if value is not None else None
        path = self.document.folder(place) / name if name else None
        if path is not None and not path.is_file():
            self.document.complain(place, f"{place[-1]} must be a file, found none at {path}")
        return path

    def shown(self, place: Place, value: Any) -> str:
        """The value for a message; never one that came from the environment."""
        if any(secret == place[: len(secret)] for secret in self.document.secrets):
            return "the value of that environment variable"
        if isinstance(value, dict | list):
            return "a mapping" if isinstance(value, dict) else "a list"
        shown = "nothing" if value is None else json.dumps(value, ensure_ascii=False)
        return shown if len(shown) <= MOST_SHOWN else f"{shown[:MOST_SHOWN]}..."


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The known word that was probably meant, as the end of a message; empty if none is near."""
    close = difflib.get_close_matches(str(word), list(known), n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else ""


def glued(value: Any) -> str:
    """What to say of `key:value`, which YAML takes for one word."""
    return "; after a colon comes a blank" if isinstance(value, str) and re.match(r"[\w-]+:\S", value) else ""
