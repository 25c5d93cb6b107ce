"""A camera: read by a thread of its own, the newest picture only, connected again for ever."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from errno import EIO
from threading import Event, Thread
from time import monotonic
from types import TracebackType
from typing import Self

import av

from vidframe.core.sources.abort import abort_waits_after
from vidframe.core.sources.connection import Connect, Pause, RefusedError, is_hopeless, is_timeout, refusal
from vidframe.core.sources.decoded import DecodedFrame, Options, State
from vidframe.core.sources.newest import Newest
from vidframe.core.sources.stillness import Patience, StalledError, Stillness
from vidframe.core.sources.stream import NoVideoError, VideoStream
from vidframe.core.sources.timeline import ArrivalTime, WallClock


class ChangedError(Exception):
    """The stream is no longer what its header says: recorders need it from its beginning."""


class LiveCamera:
    """A camera that comes and goes. Its thread runs from `__enter__` to `__exit__`."""

    is_live = True
    frame_count = None
    duration = None

    def __init__(self, name: str, connect: Connect, options: Options) -> None:
        self.name = name
        self.fps: float | None = None
        self.size: tuple[int, int] | None = None
        self._connect = connect
        self._options = options
        self._closed = Event()
        self._state: tuple[State, str] | None = None
        self._has_pictures = False  # the present connection brought some
        self._newest = Newest()
        self._time = ArrivalTime()
        self._wall = WallClock()
        self._stillness = Stillness(options.frozen_after)
        self._bug: BaseException | None = None
        self._reader = Thread(target=self._read, name=f"source {name}", daemon=True)

    @property
    def dropped(self) -> int:
        return self._newest.dropped

    @property
    def now(self) -> float:
        return self._time.now

    def utc(self, seconds: float) -> datetime:
        return datetime.fromtimestamp(self._wall.of(self._time.start + seconds), UTC)

    def __enter__(self) -> Self:
        self._reader.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed.set()
        self._reader.join(1.0)  # a name server that hangs is not waited for

    def __iter__(self) -> Iterator[DecodedFrame]:
        while not self._ended:
            states, shot = self._newest.take(timeout=0.1)
            for state, reason in states:
                self._options.on_state(state, reason)
            if shot is not None:
                yield shot
            elif self._bug is not None:
                raise self._bug
            else:
                self._options.on_idle()

    @property
    def _ended(self) -> bool:
        return self._options.stop.is_set() or self._closed.is_set()

    def _read(self) -> None:
        abort_waits_after(self._closed)
        try:
            self._connect_for_ever()
        except BaseException as bug:
            self._bug = bug

    def _connect_for_ever(self) -> None:
        self._tell(State.CONNECTING, "")
        pause = Pause()
        while not self._ended:
            began = monotonic()
            with ExitStack() as held:
                error = self._visit(held)
                # Told before the container is closed, which takes its time where the camera hangs.
                self._lost(error)
            pause.wait(self._closed, lived=monotonic() - began, hopeless=is_hopeless(error))

    def _visit(self, held: ExitStack) -> Exception | None:
        """Connects and follows the stream to its end, and returns what ended it."""
        self._has_pictures = False
        try:
            container = held.enter_context(closing(self._connect()))
            self._follow(VideoStream(container))
        except (av.error.FFmpegError, OSError, NoVideoError, RefusedError, StalledError, ChangedError) as error:
            return error
        return None

    def _follow(self, stream: VideoStream) -> None:
        self._time.reconnect(is_timed=stream.is_timed)
        self.fps = stream.fps if stream.is_timed else None
        patience = Patience(self._options.timeout)
        for packet, shots in stream.read(self._time, wants_packets=self._options.wants_packets):
            if self._ended:
                return
            patience.check(has_picture=bool(shots))
            if packet is not None:
                self._newest.put_packet(packet)
            for shot in shots:
                self._show(shot)
            if stream.has_outgrown_header:
                raise ChangedError("the size of its picture changed")

    def _show(self, shot: DecodedFrame) -> None:
        self._has_pictures = True
        self.size = shot.picture.width, shot.picture.height
        self._wall.check()
        if self._stillness.is_frozen(shot.picture, shot.seconds):
            self._tell(State.STALLED, f"frozen: the picture has been the same for {self._stillness.after:g} s")
        else:
            self._tell(State.LIVE, "")
        self._newest.put_shot(shot)

    def _lost(self, error: Exception | None) -> None:
        if isinstance(error, StalledError):
            self._tell(State.STALLED, str(error))
        elif self._has_pictures and is_timeout(error):
            self._tell(State.STALLED, f"nothing came for {self._options.timeout:g} s")
        else:
            state = State.CONNECTING if self._has_pictures else State.DOWN
            was_cut = self._has_pictures and getattr(error, "errno", 0) == EIO
            self._tell(state, "the connection was cut" if was_cut else refusal(error, self._options.timeout))

    def _tell(self, state: State, reason: str) -> None:
        if self._state != (state, reason):
            self._state = state, reason
            self._newest.put_state(state, reason)
