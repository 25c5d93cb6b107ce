"""What a program that runs for months needs again and again: back-off, files that are whole or not there, times, words."""

from __future__ import annotations

import difflib
import os
import random
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic


class Backoff:
    """The wait before the next try: doubled after each failure, forgotten after a time without one.

    `spread`: share by which each wait is shortened at random, so that not all come back at the same moment.
    """

    def __init__(self, first: float, longest: float, *, forget_after: float = 60.0, spread: float = 0.0) -> None:
        self.failures = 0  # one after the other
        self._first = first
        self._longest = longest
        self._forget_after = forget_after
        self._spread = spread
        self._last = float("-inf")

    def failed(self) -> float:
        """Counts a failure and returns how long to wait, seconds."""
        now = monotonic()
        if now - self._last > self._forget_after:
            self.failures = 0
        self.failures += 1
        pause = min(self._longest, self._first * 2.0 ** min(self.failures - 1, 30))
        self._last = now + pause
        return pause * random.uniform(1 - self._spread, 1)

    def succeeded(self) -> None:
        """Begins anew with the shortest wait."""
        self.failures = 0


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The known word that was probably meant, as the end of a message; empty if none is near."""
    close = difflib.get_close_matches(str(word), list(known), n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else ""


def write_atomically(path: Path, content: bytes | str, *, mode: int = 0o666) -> None:
    """Writes a file that is either the old or the new one, also after a power cut; OSError where it cannot be written.

    The folder is made where it is missing. Readers never see a part of it; what a crash leaves ends in `.part`.
    `mode`: its permissions, less the umask.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.unlink(missing_ok=True)
    data = content.encode() if isinstance(content, str) else content
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Waits until names that were made, changed or taken away in a folder are on the disk; a power cut keeps them then."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # file systems that cannot do that have nothing to wait for
            os.fsync(handle)
    finally:
        os.close(handle)


def iso_time(moment: datetime) -> str:
    """ISO 8601 in UTC with microseconds and Z, as 2026-11-22T01:14:07.120000Z."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def printable(text: str) -> str:
    """Text of somebody else on one line: line ends, terminal escapes and what else cannot be seen are escaped."""
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def reason_of(error: BaseException) -> str:
    """Kind and text of somebody else's exception, one line of at most 500 characters."""
    try:
        text = str(error)
    except BaseException:
        text = "its text cannot be made"
    return printable(" ".join(f"{type(error).__name__}: {text}".rstrip(": ").split()))[:500]
