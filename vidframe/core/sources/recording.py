"""A video file: every picture, as fast as they are taken or at the pace in which they were recorded."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from time import monotonic
from types import TracebackType
from typing import Any, Literal, Self

import av

from vidframe.core.frame import Packet
from vidframe.core.sources.shot import Shot, SourceError, State
from vidframe.core.sources.stream import VideoStream
from vidframe.core.sources.timeline import RecordedTime

Pace = Literal["fast", "real"]


class Recording:
    """Every picture of one container. SourceError if it cannot be opened."""

    is_live = False
    dropped = 0

    def __init__(
        self, path: Path, camera: str, *, wants_packets: bool = False, pace: Pace = "fast", threads: int = 1
    ) -> None:
        self.name = str(path)
        self.state = State.CONNECTING
        self._who = f"{camera}: {path}"
        self._wants_packets = wants_packets
        self._pace = pace
        self._stopped = Event()
        self._container = _open(path, self._who)
        try:
            self._stream = VideoStream(self._container, threads=threads)
        except ValueError as error:
            self._container.close()
            raise SourceError(f"{self._who} {error}; a recording needs a video stream") from None
        self._start = _start_time(self._container, path, self.duration)
        self.state = State.LIVE

    @property
    def fps(self) -> float | None:
        return self._stream.fps

    @property
    def size(self) -> tuple[int, int] | None:
        return self._stream.size

    @property
    def frame_count(self) -> int | None:
        return self._stream.frame_count

    @property
    def duration(self) -> float | None:
        return self._stream.duration

    @property
    def damaged(self) -> int:
        return self._stream.damaged

    def utc(self, seconds: float) -> datetime:
        return self._start + timedelta(seconds=seconds)

    def stop(self) -> None:
        self._stopped.set()

    def __iter__(self) -> Iterator[Shot]:
        began = monotonic()
        for shot in self._shots():
            if self._pace == "real":
                self._stopped.wait(began + shot.seconds - monotonic())
            if self._stopped.is_set():
                return
            yield shot

    def _shots(self) -> Iterator[Shot]:
        packets: list[Packet] = []
        seconds = 0.0
        found_any = False
        for packet, shots in self._packets():
            if packet is not None:
                packets.append(packet)
            for shot in shots:
                found_any, seconds = True, shot.seconds
                yield Shot(shot.picture, seconds, tuple(packets))
                packets.clear()
        self._check_end(seconds, found_any)

    def _packets(self) -> Iterator[tuple[Packet | None, list[Shot]]]:
        timeline = RecordedTime(1 / (self.fps or 25))
        try:
            yield from self._stream.read(timeline, wants_packets=self._wants_packets)
        except av.error.FFmpegError as error:
            self._fault = error.strerror
        except OSError as error:
            self._fault = str(error.strerror)

    _fault: str | None = None

    def _check_end(self, seconds: float, found_any: bool) -> None:
        if not found_any:
            raise SourceError(f"{self._who} has no picture that can be decoded; it is empty or damaged")
        log = logging.getLogger(__name__)
        if self._fault or self._ends_early(seconds):
            of = f" of {self.duration:.1f}" if self.duration else ""
            why = self._fault or "it was cut off or is damaged"
            log.warning("%s ends after %.1f%s seconds: %s", self._who, seconds, of, why)
        if self.damaged:
            log.warning("%s: %d damaged pictures were left out", self._who, self.damaged)

    def _ends_early(self, seconds: float) -> bool:
        step = 1 / (self.fps or 25)
        if self.duration is None or self._stopped.is_set():
            return False
        return seconds + 2.5 * step < self.duration

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._container.close()


def _open(path: Path, who: str) -> Any:
    if not path.exists():
        raise SourceError(f"{who} does not exist; give the path of a video file or the URL of a camera")
    if path.is_file() and path.stat().st_size == 0:
        raise SourceError(f"{who} is empty (0 bytes); give a file that holds video")
    try:
        # With the prefix no name is taken for another protocol, and a playlist reaches nothing but files.
        return av.open(f"file:{path}", options={"protocol_whitelist": "file"})
    except av.error.InvalidDataError:
        raise SourceError(
            f"{who} is not a video that FFmpeg can read; it is of another kind, damaged, or its recording was cut off"
        ) from None
    except (av.error.FFmpegError, OSError) as error:
        raise SourceError(f"{who} cannot be opened: {error.strerror}") from None


def _start_time(container: Any, path: Path, duration: float | None) -> datetime:
    """As the recorder noted it; else reckoned back from when the file was last written."""
    try:
        noted = datetime.fromisoformat(container.metadata["creation_time"])
        if noted.year >= 1990:  # cameras without a clock note 1904 or 1970
            return noted.astimezone(UTC) if noted.tzinfo else noted.replace(tzinfo=UTC)
    except (KeyError, ValueError):
        pass
    return datetime.fromtimestamp(path.stat().st_mtime, UTC) - timedelta(seconds=duration or 0)
