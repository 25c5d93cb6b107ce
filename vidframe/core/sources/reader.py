"""One connection to a live camera, whatever reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import Event
from typing import Protocol

from vidframe.core.model.packets import Packet
from vidframe.core.sources.decoded import DecodedFrame
from vidframe.core.sources.timeline import Timeline


class LostError(Exception):
    """A connection could not be made, or ended; its text is the reason, in one line without secrets."""

    def __init__(self, reason: str, *, is_stalled: bool = False, is_hopeless: bool = False) -> None:
        super().__init__(reason)
        self.is_stalled = is_stalled  # connected, but nothing comes
        self.is_hopeless = is_hopeless  # another try soon would fail, too


class Reader(Protocol):
    """Reads one connection to its end. Used by one thread."""

    @property
    def fps(self) -> float | None:
        """Frames a second, where the camera states it."""

    @property
    def is_timed(self) -> bool:
        """Whether its time stamps are of use."""

    def read(self, timeline: Timeline, *, wants_packets: bool) -> Iterator[tuple[Packet | None, list[DecodedFrame]]]:
        """What comes, each time with the frames that it completed; LostError where the connection is lost."""

    def close(self) -> None: ...


# Makes a connection; LostError where that fails. The event is set when the connection has to end.
Connect = Callable[[Event], Reader]
