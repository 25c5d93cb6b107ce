"""What a source yields: frames, changes of its state, and moments in which nothing came."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, Self

from vidframe.core.model.frames import Picture
from vidframe.core.model.packets import Packet


class SourceError(Exception):
    """A source that cannot be used; one line says which camera, what was found and what would do."""


class State(StrEnum):
    """Where a camera stands in its life."""

    CONNECTING = "connecting"  # for the first time, or again after it was live
    LIVE = "live"  # frames arrive
    STALLED = "stalled"  # connected, but no frame comes, or always the same one
    DOWN = "down"  # unreachable; retried for ever


@dataclass(frozen=True, slots=True)
class DecodedFrame:
    """One frame as the decoder left it; the loop makes a Frame of it."""

    picture: Picture
    seconds: float  # since the source was opened; always more than the last one's, also over reconnects
    packets: tuple[Packet, ...] = ()  # that came since the last frame, dropped frames' included
    dropped: int = 0  # frames since the last one that this one replaced before they were taken


@dataclass(frozen=True, slots=True)
class StateChange:
    """A camera came into another state, or has another reason for it."""

    state: State
    reason: str = ""  # one line without secrets
    seconds: float = 0.0  # since the source was opened


@dataclass(frozen=True, slots=True)
class Idle:
    """A moment, some times a second, in which a live camera brought nothing."""


Moment = DecodedFrame | StateChange | Idle


class Source(Protocol):
    """Where the frames of one camera come from: `with open_source(...) as source: for moment in source: ...`."""

    @property
    def name(self) -> str:
        """Path or URL, without credentials."""

    @property
    def is_live(self) -> bool:
        """False: a recording; it ends, and none of its frames is dropped."""

    @property
    def fps(self) -> float | None:
        """Frames a second as the source states it; None before a camera has answered."""

    @property
    def frame_count(self) -> int | None:
        """How many frames a recording has, or nearly; None where it does not say."""

    def utc(self, seconds: float) -> datetime:
        """When the frame at `seconds` was taken."""

    def __iter__(self) -> Iterator[Moment]: ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None: ...


def decoded_frames(source: Iterable[Moment]) -> Iterator[DecodedFrame]:
    """The frames of a source alone."""
    return (moment for moment in source if isinstance(moment, DecodedFrame))
