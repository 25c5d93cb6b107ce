"""Puts the time stamps of a stream on the clock of one run: from 0, and never backwards."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

_FAR_OFF = 2.0  # seconds between arrival and time stamp that no network explains


class RecordedTime:
    """The time stamps of a recording, counted from its first picture.

    Where they are missing, one picture follows the other after `step` seconds; where they jump back (joined or
    damaged files), they go on from there.
    """

    def __init__(self, step: float) -> None:
        self._step = step
        self._shift: float | None = None
        self._last = 0.0

    def place(self, shown: float | None, decoded: float | None) -> tuple[float, float]:
        """Presentation and decoding time of the next packet, from those of the stream."""
        if decoded is None:
            decoded = shown if shown is not None else self._next()
        if shown is None:
            shown = decoded
        if self._shift is None:
            self._shift = -shown
        elif decoded + self._shift < self._last:
            self._shift = self._last + self._step - decoded
        self._last = decoded + self._shift
        return shown + self._shift, self._last

    def _next(self) -> float:
        return 0.0 if self._shift is None else self._last + self._step - self._shift


class LiveTime:
    """The time stamps of a camera, moved so that they agree with when its packets arrive.

    The camera's own stamps are even, arrival is not: they are used with a shift that follows the two clocks' drift.
    A stamp that lies ahead of its arrival, or far behind it, moves the shift at once.
    """

    def __init__(self, now: Callable[[], float] = monotonic, start: float | None = None) -> None:
        self._now = now
        self._start = now() if start is None else start
        self._shift: float | None = None
        self._last = 0.0

    def reconnected(self, *, is_timed: bool = True) -> None:
        """To be told before the first packet of a connection; `is_timed`: its stamps mean something."""
        self._shift = None
        self._is_timed = is_timed

    def place(self, shown: float | None, decoded: float | None) -> tuple[float, float]:
        """Presentation and decoding time of a packet that has just arrived, from those of the stream."""
        arrival = self._now() - self._start
        stamp = decoded if decoded is not None else shown
        seconds = arrival if stamp is None or not self._is_timed else stamp + self._shift_for(stamp, arrival)
        self._last = max(seconds, self._last)
        ahead = shown - decoded if shown is not None and decoded is not None else 0.0
        return self._last + ahead, self._last

    def _shift_for(self, stamp: float, arrival: float) -> float:
        if self._shift is None:
            self._shift = arrival - stamp
        late = arrival - (stamp + self._shift)
        self._shift += late if late < 0 or late > _FAR_OFF else 0.001 * late
        return self._shift
