"""What can be read to its end: every frame, as fast as it is taken or at the pace in which it was recorded."""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from itertools import chain
from time import monotonic
from typing import Any, Self

import av

from vidframe.core.model.packets import Packet
from vidframe.core.sources.decoded import DecodedFrame, Moment, SourceError, State, StateChange
from vidframe.core.sources.options import Options
from vidframe.core.sources.picture import turned_frame
from vidframe.core.sources.stream import NoVideoError, VideoStream
from vidframe.core.sources.timeline import RecordedTime


class Recording:
    """Every frame of `frames`, the first of which is read at once, so that a useless file is known as one early.

    It takes over what `held` holds. `start` is when the first frame was taken, UTC.
    """

    is_live = False

    def __init__(
        self,
        frames: Generator[DecodedFrame],
        held: ExitStack,
        options: Options,
        *,
        name: str,
        start: datetime,
        fps: float | None,
        frame_count: int | None = None,
    ) -> None:
        first = next(frames, None)
        self.name = name
        self.fps = fps
        self.frame_count = frame_count
        self._start = start
        self._frames = frames if first is None else chain([first], frames)
        self._options = options
        self._held = held.pop_all()
        self._held.callback(frames.close)

    def utc(self, seconds: float) -> datetime:
        return self._start + timedelta(seconds=seconds)

    def __iter__(self) -> Iterator[Moment]:
        yield StateChange(State.LIVE)
        began = monotonic()
        for decoded in self._frames:
            if self._options.pace == "real":
                self._options.stop.wait(began + decoded.seconds - monotonic())
            if self._options.stop.is_set():
                return
            yield turned_frame(decoded, self._options.rotate)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._held.close()


def open_stream(container: Any, who: str, options: Options) -> VideoStream:
    """The container's video; SourceError where there is none."""
    try:
        return VideoStream(container, threads=options.threads, rotate=options.rotate)
    except NoVideoError as error:
        raise SourceError(f"{who} {error}; give a source with a video stream") from None


def read_to_end(stream: VideoStream, who: str, *, wants_packets: bool) -> Generator[DecodedFrame]:
    """Every frame of the stream; SourceError if there is none. Warns at the end of what could not be read."""
    packets: list[Packet] = []
    shown, seconds, fault = 0, 0.0, ""
    try:
        for packet, frames in stream.read(RecordedTime(1 / (stream.fps or 25)), wants_packets=wants_packets):
            if packet is not None:
                packets.append(packet)
            for decoded in frames:
                shown, seconds = shown + 1, decoded.seconds
                yield DecodedFrame(decoded.picture, seconds, tuple(packets))
                packets.clear()
    except (av.error.FFmpegError, OSError) as error:
        fault = error.strerror or "reading failed"
    if not shown:
        kind = "an animated WebP, which FFmpeg cannot read" if stream.codec == "webp" else "cut off"
        raise SourceError(f"{who} has no frame that can be decoded: {fault or f'it is empty, damaged or {kind}'}")
    _warn(who, stream, shown, seconds, fault)


def _warn(who: str, stream: VideoStream, shown: int, seconds: float, fault: str) -> None:
    log = logging.getLogger(__name__)
    step = seconds / (shown - 1) if shown > 1 else 1 / (stream.fps or 25)
    if fault or _is_cut(stream, seconds, step):
        log.warning("%s ends after %s: %s", who, _progress(stream, shown, seconds + step), fault or "it is cut off")
    if stream.damaged:
        lost = max(stream.damaged, stream.packets_read - shown)
        log.warning("%s: %d of %d frames are damaged and were skipped", who, lost, stream.packets_read)


def _is_cut(stream: VideoStream, seconds: float, step: float) -> bool:
    """Whether pictures are missing at the end: fewer came than stated, and the last long before the stated end."""
    all_came = stream.stated_count is not None and stream.packets_read >= stream.stated_count
    if all_came or stream.duration is None:
        return False
    # Some containers count a few pictures' delay of the decoder as part of the length.
    return stream.has_guessed_duration or seconds + 5 * step < 0.98 * stream.duration


def _progress(stream: VideoStream, shown: int, end: float) -> str:
    if stream.stated_count is not None:
        return f"{shown} of {stream.stated_count} frames"
    return f"{end:.1f} of {stream.duration:.1f} seconds" if stream.duration else f"{end:.1f} seconds"
