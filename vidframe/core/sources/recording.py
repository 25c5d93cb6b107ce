"""What can be read to its end: every picture, as fast as it is taken or at the pace in which it was recorded."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from time import monotonic
from types import TracebackType
from typing import Any, Self

import av

from vidframe.core.frame import Packet
from vidframe.core.sources.shot import Options, Shot, SourceError, State
from vidframe.core.sources.stream import NoVideoError, VideoStream
from vidframe.core.sources.timeline import RecordedTime


@dataclass(frozen=True)
class Facts:
    """What a recording says of itself."""

    who: str  # camera and path, the beginning of every message
    name: str
    start: datetime  # when its first picture was taken, UTC
    fps: float | None
    frame_count: int | None
    duration: float | None  # seconds


class Recording:
    """Every picture of `shots`, the first of which is read at once: SourceError if there is none."""

    is_live = False
    dropped = 0

    def __init__(self, facts: Facts, shots: Iterator[Shot], held: ExitStack, options: Options) -> None:
        self.name = facts.name
        self.fps = facts.fps
        self.frame_count = facts.frame_count
        self.duration = facts.duration
        self._start = facts.start
        self._options = options
        self._held = held
        with ExitStack() as closing:
            closing.push(held)
            first = next(shots, None)
            if first is None:
                raise SourceError(f"{facts.who} has no picture that can be decoded; it is empty or damaged")
            closing.pop_all()
        self._shots = chain([first], shots)
        self.size = first.picture.width, first.picture.height

    def utc(self, seconds: float) -> datetime:
        return self._start + timedelta(seconds=seconds)

    def __iter__(self) -> Iterator[Shot]:
        self._options.on_state(State.LIVE, "")
        stop, is_paced = self._options.stop, self._options.pace == "real"
        began = monotonic()
        for shot in self._shots:
            if is_paced:
                stop.wait(began + shot.seconds - monotonic())
            if stop.is_set():
                return
            yield shot

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._held.close()


def open_stream(container: Any, who: str, options: Options) -> VideoStream:
    """The container's video; SourceError where there is none."""
    try:
        return VideoStream(container, threads=options.threads)
    except NoVideoError as error:
        raise SourceError(f"{who} {error}; give a source with a video stream") from None


def read_to_end(stream: VideoStream, who: str, *, wants_packets: bool) -> Iterator[Shot]:
    """Every picture of the stream. Warns at its end of what could not be read."""
    step = 1 / (stream.fps or 25)
    packets: list[Packet] = []
    found_any, seconds, fault = False, 0.0, ""
    try:
        for packet, shots in stream.read(RecordedTime(step), wants_packets=wants_packets):
            if packet is not None:
                packets.append(packet)
            for shot in shots:
                found_any, seconds = True, shot.seconds
                yield Shot(shot.picture, seconds, tuple(packets))
                packets.clear()
    except (av.error.FFmpegError, OSError) as error:
        fault = error.strerror or "reading failed"
    if found_any:
        _warn(who, stream, seconds + 2.5 * step, fault)


def _warn(who: str, stream: VideoStream, seconds: float, fault: str) -> None:
    """`seconds`: where the recording may end without being called short."""
    log = logging.getLogger(__name__)
    length = stream.duration
    if fault or (length and seconds < length):
        of = f" of {length:.1f}" if length else ""
        log.warning("%s ends after %.1f%s seconds: %s", who, seconds, of, fault or "it is cut off or damaged")
    if stream.damaged:
        log.warning("%s: %d damaged pictures were left out", who, stream.damaged)
