"""A folder of pictures, in natural order: 2.png before 10.png."""

from __future__ import annotations

import logging
import re
from collections.abc import Generator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import av

from vidframe.core.sources.decoded import DecodedFrame, SourceError
from vidframe.core.sources.options import Options
from vidframe.core.sources.picture import DecodedPicture, upright
from vidframe.core.sources.recording import Recording

_PICTURES = {".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"}


def open_folder(path: Path, options: Options) -> Recording:
    """Every picture of a folder, `fps` of them a second (10 where nothing is said)."""
    who = f"{options.camera}: {path}"
    fps = options.fps or 10.0
    files = sorted(
        (file for file in path.iterdir() if file.suffix.lower() in _PICTURES and file.is_file()), key=_natural
    )
    if not files:
        known = " ".join(sorted(_PICTURES))
        raise SourceError(f"{who} is a folder without images; images are files that end in {known}")
    start = datetime.fromtimestamp(files[0].stat().st_mtime, UTC)
    frames = _read(files, fps, who)
    return Recording(frames, ExitStack(), options, name=str(path), start=start, fps=fps, frame_count=len(files))


def _read(files: list[Path], fps: float, who: str) -> Generator[DecodedFrame]:
    unreadable = []
    for index, file in enumerate(files):
        picture = _read_picture(file)
        if picture is None:
            unreadable.append(file.name)
        else:
            yield DecodedFrame(picture, index / fps)
    if len(unreadable) == len(files):
        raise SourceError(f"{who} has {len(files)} images, and none can be read; are they damaged?")
    if unreadable:
        names = ", ".join(unreadable[:5])
        logging.getLogger(__name__).warning(
            "%s: %d of %d images cannot be read: %s", who, len(unreadable), len(files), names
        )


def _read_picture(file: Path) -> DecodedPicture | None:
    try:
        with av.open(f"file:{file}", options={"protocol_whitelist": "file"}, metadata_errors="replace") as container:
            return upright(next(container.decode(video=0)))
    except (av.error.FFmpegError, OSError, IndexError, StopIteration):
        return None


def _natural(file: Path) -> list[tuple[int, str]]:
    parts = re.split(r"(\d+)", file.name.lower())
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]
