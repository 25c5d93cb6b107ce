"""Ends the waits of FFmpeg for a camera that was closed.

FFmpeg asks PyAV some ten times a second whether it has waited long enough, and PyAV, which has no other way to be told,
looks at its clock. A thread that was left waiting would end the program with a segmentation fault if it asked while the
interpreter is being taken down.
"""

from __future__ import annotations

import itertools
import time
from threading import Event, local

import av.container.core

_here = local()


def abort_waits_after(closed: Event) -> None:
    """Let each wait of FFmpeg in this thread fail as if its time were over, from the moment that `closed` is set."""
    _here.closed = closed


class _Clock:
    """PyAV's clock: `time.monotonic`, and for a thread whose camera was closed always later than any end."""

    def __init__(self) -> None:
        self._never = itertools.count(10**9, 10**9)  # seconds; a wait that begins now is over when next looked at

    def monotonic(self) -> float:
        closed: Event | None = getattr(_here, "closed", None)
        return time.monotonic() if closed is None or not closed.is_set() else float(next(self._never))


av.container.core.time = _Clock()  # type: ignore[attr-defined]
