"""Video that another program writes to standard input."""

from __future__ import annotations

import os
import select
from contextlib import ExitStack
from datetime import UTC, datetime
from threading import Event
from typing import IO, Any

import av

from vidframe.core.sources.decoded import SourceError
from vidframe.core.sources.options import Options
from vidframe.core.sources.recording import Recording, open_stream, read_to_end


def open_pipe(url: str, options: Options, stdin: IO[bytes]) -> Recording:
    """`-`: any format that FFmpeg knows by its looks (Motion JPEG, YUV4MPEG, MPEG-TS, Matroska ...).

    `-:640x480:bgr24`: raw pictures of that size and of that FFmpeg pixel format, `fps` of them a second.
    """
    who = f"{options.camera}: standard input"
    with ExitStack() as held:
        container = held.enter_context(_open(Pipe(stdin, options.stop), who, url, options.fps))
        stream = open_stream(container, who, options)
        frames = read_to_end(stream, who, wants_packets=options.wants_packets)
        return Recording(frames, held, options, name="standard input", start=datetime.now(UTC), fps=stream.fps)


class Pipe:
    """Reads like a file, but gives up waiting when `stop` is set."""

    def __init__(self, stdin: IO[bytes], stop: Event) -> None:
        self.is_empty = True
        self._stdin = stdin
        self._stop = stop

    def read(self, size: int) -> bytes:
        """At most `size` bytes, as soon as there are some; none at the end."""
        while not self._stop.is_set():
            if select.select([self._stdin], [], [], 0.1)[0]:
                content = os.read(self._stdin.fileno(), size)
                self.is_empty = self.is_empty and not content
                return content
        return b""


def _open(pipe: Pipe, who: str, url: str, fps: float | None) -> Any:
    rate = {"framerate": str(fps)} if fps else {}
    try:
        if url == "-":
            return av.open(pipe, metadata_errors="replace")
        _, size, pixels = url.split(":")
        return av.open(pipe, format="rawvideo", options=rate | {"video_size": size, "pixel_format": pixels})
    except (av.error.FFmpegError, OSError, ValueError):
        if pipe.is_empty and url == "-":
            raise SourceError(f"{who} ended before the first frame") from None
        raise SourceError(
            f"{who} does not bring video that FFmpeg knows; raw frames need -:WIDTHxHEIGHT:PIXELS, found {url!r}"
        ) from None
