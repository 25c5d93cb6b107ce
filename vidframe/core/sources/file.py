"""A video file."""

from __future__ import annotations

import errno
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import av

from vidframe.core.sources.address import path_problem
from vidframe.core.sources.decoded import SourceError
from vidframe.core.sources.options import Options
from vidframe.core.sources.recording import Recording, open_stream, read_to_end

_CAUSES = "it is of another kind, damaged, or its recording was cut off"


def open_file(path: Path, options: Options) -> Recording:
    """Every frame of a video file; SourceError if it cannot be read."""
    who = f"{options.camera}: {path}"
    with ExitStack() as held:
        container = held.enter_context(_open(path, who))
        stream = open_stream(container, who, options)
        frames = read_to_end(stream, who, wants_packets=options.wants_packets)
        start = _start_time(container.metadata, path, stream.duration)
        return Recording(
            frames, held, options, name=str(path), start=start, fps=stream.fps, frame_count=stream.frame_count
        )


def _open(path: Path, who: str) -> Any:
    if not path.exists():
        raise SourceError(f"{who} does not exist; give the path of a video, a folder of images or a camera's URL")
    if (problem := path_problem(path)) is not None:
        raise SourceError(f"{who} {problem}")
    if path.is_file() and path.stat().st_size == 0:
        raise SourceError(f"{who} is empty (0 bytes); give a file that holds video")
    try:
        # With the prefix no name is taken for another protocol, and a playlist reaches nothing but files.
        return av.open(f"file:{path}", options={"protocol_whitelist": "file"}, metadata_errors="replace")
    except (av.error.FFmpegError, OSError) as error:
        if isinstance(error, av.error.InvalidDataError | EOFError) or error.errno == errno.EIO:
            raise SourceError(f"{who} is not a video that FFmpeg can read; {_CAUSES}") from None
        raise SourceError(f"{who} cannot be opened: {error.strerror}") from None


def _start_time(metadata: dict[str, str], path: Path, duration: float | None) -> datetime:
    """As the recorder noted it; else reckoned back from when the file was last written."""
    try:
        noted = datetime.fromisoformat(metadata["creation_time"])
        if noted.year >= 1990:  # cameras without a clock note 1904 or 1970
            return noted.astimezone(UTC) if noted.tzinfo else noted.replace(tzinfo=UTC)
    except (KeyError, ValueError):
        pass
    return datetime.fromtimestamp(path.stat().st_mtime, UTC) - timedelta(seconds=duration or 0)
