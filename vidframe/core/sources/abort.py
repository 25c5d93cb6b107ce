"""Ends the waits of FFmpeg for a camera that was closed.

FFmpeg asks PyAV some ten times a second whether it has waited long enough, and PyAV, which has no other way to abort it,
looks at its clock. A thread that was left waiting would end the program with a segmentation fault if it asked while the
interpreter is being taken down.

The clock is a private name of PyAV's. It is replaced while a live camera is open and put back after the last one; in
every thread that does not read a live camera it is `time.monotonic` all the while.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Lock, local
from typing import Any

import av.container.core

_pyav: Any = av.container.core
_here = local()
_lock = Lock()
_users = 0


@contextmanager
def waits_end_with(closed: Event) -> Iterator[None]:
    """Lets each wait of FFmpeg in this thread fail as if its time were over, from the moment that `closed` is set."""
    _here.closed = closed
    _count(1)
    try:
        yield
    finally:
        _count(-1)
        _here.closed = None


def _count(change: int) -> None:
    global _users
    with _lock:
        _users += change
        _pyav.time = _CLOCK if _users else time


class _Clock:
    """PyAV's clock: `time.monotonic`, and for a thread whose camera was closed always later than any end."""

    def __init__(self) -> None:
        self._never = itertools.count(10**9, 10**9)  # seconds; a wait that begins now is over when next looked at

    def monotonic(self) -> float:
        closed: Event | None = getattr(_here, "closed", None)
        return time.monotonic() if closed is None or not closed.is_set() else float(next(self._never))


_CLOCK = _Clock()
