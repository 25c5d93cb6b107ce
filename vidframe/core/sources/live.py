"""A camera: read by a thread of its own, the newest frame only, reconnected for ever."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from threading import Event, Lock, Thread
from time import monotonic
from typing import Self

from vidframe.core.sources.decoded import DecodedFrame, Idle, Moment, State, StateChange
from vidframe.core.sources.newest import Newest
from vidframe.core.sources.options import Options
from vidframe.core.sources.picture import turned_frame
from vidframe.core.sources.reader import Connect, LostError, Reader
from vidframe.core.sources.stillness import Patience, Stillness
from vidframe.core.sources.timeline import ArrivalTime, WallClock
from vidframe.tools import Backoff

_GRACE = 1.0  # seconds over the timeout after which a reader that does not notice it is aborted


class LiveCamera:
    """A camera that comes and goes, read by whatever `connect` makes. Its thread runs from `__enter__` to `__exit__`."""

    is_live = True
    frame_count = None

    def __init__(self, name: str, connect: Connect, options: Options) -> None:
        self.name = name
        self.fps: float | None = None
        self._connect = connect
        self._options = options
        self._closed = Event()
        self._ending = Event()  # of the present connection
        self._due: float | None = None  # when the present connection has to have brought something, monotonic
        self._state: tuple[State, str] | None = None
        self._changing_state = Lock()
        self._has_frames = False  # the present connection brought some
        self._newest = Newest()
        self._time = ArrivalTime()
        self._wall = WallClock()
        self._stillness = Stillness(options.frozen_after)
        self._bug: BaseException | None = None
        self._reader = Thread(target=self._read, name=f"source {name}", daemon=True)

    def utc(self, seconds: float) -> datetime:
        return datetime.fromtimestamp(self._wall.of(self._time.start + seconds), UTC)

    def __enter__(self) -> Self:
        self._reader.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._closed.set()
        self._ending.set()
        self._reader.join(1.0)  # a name server that hangs is not waited for

    def __iter__(self) -> Iterator[Moment]:
        while not self._is_over:
            came = self._newest.take(timeout=0.1)
            yield from came
            if not came:
                if self._bug is not None:
                    raise self._bug
                self._end_what_hangs()
                yield Idle()

    @property
    def _is_over(self) -> bool:
        return self._options.stop.is_set() or self._closed.is_set()

    def _read(self) -> None:
        try:
            self._connect_for_ever()
        except BaseException as bug:
            self._bug = bug

    def _connect_for_ever(self) -> None:
        self._enter(State.CONNECTING)
        pause = Backoff(0.25, 2.5, forget_after=2.5, spread=0.5)
        long_pause = Backoff(30.0, 30.0, spread=0.5)  # many cameras lock a user out after some wrong passwords
        while not self._is_over:
            with ExitStack() as held:
                lost = self._visit(held)
                if self._is_over:
                    return
                # Said before the connection is closed, which takes its time where the camera hangs.
                self._lose(lost)
            self._closed.wait((long_pause if lost.is_hopeless else pause).failed())

    def _visit(self, held: ExitStack) -> LostError:
        """Connects and reads to the end, and returns what ended it."""
        self._has_frames = False
        ending = self._ending = Event()
        try:
            if not self._closed.is_set():
                self._follow(held.enter_context(closing(self._connect(ending))), ending)
        except LostError as lost:
            return lost
        finally:
            self._due = None
        return LostError("the stream ended")

    def _follow(self, reader: Reader, ending: Event) -> None:
        self._time.reconnect(is_timed=reader.is_timed)
        self.fps = reader.fps if reader.is_timed else None
        patience = Patience(self._options.timeout)
        self._due = patience.due + _GRACE
        for packet, frames in reader.read(self._time, wants_packets=self._options.wants_packets):
            if self._is_over:
                return
            patience.check(has_frame=bool(frames))
            if ending.is_set():
                raise LostError(self._silence, is_stalled=True)
            self._due = patience.due + _GRACE
            if packet is not None:
                self._newest.put_packet(packet)
            for decoded in frames:
                self._show(decoded)
        if ending.is_set() and not self._is_over:
            raise LostError(self._silence, is_stalled=True)

    def _end_what_hangs(self) -> None:
        due = self._due
        if due is not None and monotonic() > due:
            self._enter(State.STALLED, self._silence)
            self._ending.set()

    @property
    def _silence(self) -> str:
        return f"no data for {self._options.timeout:g} s"

    def _show(self, decoded: DecodedFrame) -> None:
        self._has_frames = True
        self._wall.check()
        if self._stillness.is_frozen(decoded.picture, decoded.seconds):
            self._enter(State.STALLED, f"frozen: the image has not changed for {self._stillness.after:g} s")
        else:
            self._enter(State.LIVE)
        self._newest.put_frame(turned_frame(decoded, self._options.rotate))

    def _lose(self, lost: LostError) -> None:
        if lost.is_stalled:
            state = State.STALLED
        else:
            state = State.CONNECTING if self._has_frames and not lost.is_hopeless else State.DOWN
        self._enter(state, str(lost))

    def _enter(self, state: State, reason: str = "") -> None:
        with self._changing_state:  # the one that reads and the one that looks may both know
            if self._state != (state, reason):
                self._state = state, reason
                self._newest.put_state(StateChange(state, reason, self._time.now))
