"""What a source yields, and how it says that it is well or not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from threading import Event
from types import TracebackType
from typing import Literal, Protocol, Self

from vidframe.core.model.frames import Picture
from vidframe.core.model.packets import Packet


class SourceError(Exception):
    """A source that cannot be used; one line says which camera, what was found and what would do."""


class State(StrEnum):
    """Where a camera stands in its life."""

    CONNECTING = "connecting"  # for the first time, or again after it was live
    LIVE = "live"  # pictures arrive
    STALLED = "stalled"  # connected, but no picture comes, or always the same one
    DOWN = "down"  # could not be reached; tried again for ever


@dataclass(frozen=True, slots=True)
class DecodedFrame:
    """One picture of a source; the loop makes a Frame of it."""

    picture: Picture
    seconds: float  # since the source was opened; always more than the last one's, also over reconnects
    packets: tuple[Packet, ...] = ()  # that came since the last shot, dropped pictures' included


@dataclass(frozen=True, slots=True)
class Options:
    """What whoever opens a source wants of it; see `open_source`."""

    camera: str
    wants_packets: bool
    pace: Literal["fast", "real"]
    fps: float | None
    threads: int
    timeout: float  # seconds
    frozen_after: float  # seconds
    stop: Event
    on_state: Callable[[State, str], None]
    on_idle: Callable[[], None]


class Source(Protocol):
    """Where the pictures of one camera come from: `with open_source(...) as source: for shot in source: ...`."""

    @property
    def name(self) -> str:
        """Path or URL, without credentials."""

    @property
    def is_live(self) -> bool:
        """False: a recording; it ends, and none of its pictures is dropped."""

    @property
    def fps(self) -> float | None:
        """Pictures a second as the source states it; None before a camera has answered."""

    @property
    def size(self) -> tuple[int, int] | None:
        """Width and height in pixels, upright; None before a camera has answered."""

    @property
    def frame_count(self) -> int | None:
        """How many pictures a recording has, or nearly; None where it does not say."""

    @property
    def duration(self) -> float | None:
        """Length of a recording in seconds; None where it does not say."""

    @property
    def dropped(self) -> int:
        """Pictures of a live camera that a newer one replaced before they were taken."""

    @property
    def now(self) -> float:
        """This moment on the clock of `DecodedFrame.seconds`; of a recording, when its last shot was taken."""

    def utc(self, seconds: float) -> datetime:
        """When the picture at `seconds` was taken."""

    def __iter__(self) -> Iterator[DecodedFrame]: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
