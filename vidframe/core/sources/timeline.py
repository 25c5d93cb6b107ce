"""Puts the time stamps of a stream on the clock of one run: from 0, and never backwards."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic, time

_FAR_OFF = 2.0  # seconds between time stamp and arrival that no network explains
_DRIFT = 0.001  # share of the distance to the arrival by which each packet moves the shift
_NEXT = 1e-6  # seconds between two pictures that claim the same time


class Timeline:
    """The times that were given out, so that none comes before an earlier one."""

    def __init__(self) -> None:
        self._last_decoded = 0.0
        self._last_shown = -_NEXT

    def place(self, shown: float | None, decoded: float | None) -> tuple[float, float]:
        """Presentation and decoding time of the next packet, from those of the stream, which may be missing."""
        raise NotImplementedError

    def show(self, seconds: float | None) -> float:
        """The time of the next picture; `seconds` is that of its packet."""
        self._last_shown = max(self._last_shown + _NEXT, seconds if seconds is not None else 0.0)
        return self._last_shown


class RecordedTime(Timeline):
    """The time stamps of a recording, counted from its first picture.

    Where they are missing, one picture follows the other after `step` seconds; where they jump back (joined or
    damaged files), they go on from there.
    """

    def __init__(self, step: float) -> None:
        super().__init__()
        self._step = step
        self._shift: float | None = None

    def place(self, shown: float | None, decoded: float | None) -> tuple[float, float]:
        if decoded is None:
            decoded = shown if shown is not None else self._following()
        if shown is None:
            shown = decoded
        if self._shift is None:
            self._shift = -shown
        elif decoded + self._shift < self._last_decoded:
            self._shift = self._last_decoded + self._step - decoded
        self._last_decoded = decoded + self._shift
        return shown + self._shift, self._last_decoded

    def _following(self) -> float:
        return 0.0 if self._shift is None else self._last_decoded + self._step - self._shift


class ArrivalTime(Timeline):
    """The time stamps of a camera, moved so that they agree with when its packets arrive.

    The camera's own stamps are even and arrival is not, so they are used, with a shift that follows the drift of
    the two clocks. A stamp that lies ahead of its arrival, or far behind it, moves the shift at once.
    """

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        super().__init__()
        self._now = now
        self.start = now()  # second 0, on the monotonic clock
        self._shift: float | None = None
        self._is_timed = True

    @property
    def now(self) -> float:
        """This moment."""
        return self._now() - self.start

    def reconnect(self, *, is_timed: bool) -> None:
        """Begins a new connection, whose time stamps are of use only if it `is_timed`."""
        self._shift = None
        self._is_timed = is_timed

    def place(self, shown: float | None, decoded: float | None) -> tuple[float, float]:
        arrival = self.now
        stamp = decoded if decoded is not None else shown
        if stamp is None or not self._is_timed:
            seconds = arrival
        else:
            seconds = stamp + self._shift_for(stamp, arrival)
        self._last_decoded = max(seconds, self._last_decoded)
        ahead = shown - decoded if shown is not None and decoded is not None else 0.0
        return self._last_decoded + ahead, self._last_decoded

    def _shift_for(self, stamp: float, arrival: float) -> float:
        if self._shift is None:
            self._shift = arrival - stamp
        late = arrival - (stamp + self._shift)
        self._shift += late if late < 0 or late > _FAR_OFF else _DRIFT * late
        return self._shift


class WallClock:
    """Turns times of the monotonic clock into UTC. A step of the wall clock is followed by `check`."""

    def __init__(self, now: Callable[[], float] = monotonic, wall: Callable[[], float] = time) -> None:
        self._now = now
        self._wall = wall
        self._ahead = wall() - now()

    def check(self) -> None:
        """Sets itself by the wall clock if that was put right; noise of reading two clocks changes nothing."""
        ahead = self._wall() - self._now()
        if abs(ahead - self._ahead) > 0.1:
            self._ahead = ahead

    def of(self, seconds: float) -> float:
        """Seconds since 1970, UTC, for seconds of the monotonic clock."""
        return seconds + self._ahead
