"""Opens whatever a camera's `source:` names: a recording, a folder of pictures, a webcam, a stream, a pipe."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Literal

from vidframe.core.sources.address import SCHEMES, read_address
from vidframe.core.sources.connection import camera_connector, webcam_connector
from vidframe.core.sources.decoded import DecodedFrame, Options, Source, SourceError, State
from vidframe.core.sources.file import open_file
from vidframe.core.sources.folder import open_folder
from vidframe.core.sources.live import LiveCamera
from vidframe.core.sources.pipe import open_pipe

__all__ = ["DecodedFrame", "Source", "SourceError", "State", "open_source"]


def open_source(
    url: str,
    *,
    camera: str = "camera",
    credentials: str | None = None,
    wants_packets: bool = False,
    pace: Literal["fast", "real"] = "fast",
    fps: float | None = None,
    threads: int = 1,
    timeout: float = 5.0,
    frozen_after: float = 60.0,
    stop: Event | None = None,
    on_state: Callable[[State, str], None] | None = None,
    on_idle: Callable[[], None] | None = None,
) -> Source:
    """The source that `url` names; SourceError if it cannot be used.

    Recordings are a video file, a folder of pictures, or `-` (standard input; `-:640x480:bgr24` where it brings raw
    pictures): every picture comes, at a `pace` as fast as the chain goes or as it was recorded. Live are `webcam:0`,
    `/dev/video0` and URLs: only the newest picture comes, and what was lost is connected again for ever.

    `credentials` is `user:password`. `fps` is for folders, raw pictures and webcams. `threads` decode one recording.
    A camera without a picture for `timeout` seconds is connected again; one whose picture has been the same for
    `frozen_after` seconds counts as stalled. Setting `stop` ends the iteration within a fraction of a second.
    `on_state` is called, in the thread that iterates, whenever the state changes, with the reason in one line
    that holds no secret; `on_idle` some times a second while a live camera brings no picture.
    """
    options = Options(
        camera,
        wants_packets,
        pace,
        fps,
        threads,
        timeout,
        frozen_after,
        stop or Event(),
        on_state or _nobody,
        on_idle or _nothing,
    )
    if url == "-" or url.startswith("-:"):
        return open_pipe(url, options, sys.stdin.buffer)
    if "://" in url:
        return _open_camera(url, credentials, options)
    if url.startswith(("webcam:", "/dev/video")):
        return LiveCamera(url, webcam_connector(url.removeprefix("webcam:"), fps, timeout), options)
    path = Path(url)
    return open_folder(path, options) if path.is_dir() else open_file(path, options)


def _open_camera(url: str, credentials: str | None, options: Options) -> LiveCamera:
    address = read_address(url, credentials)
    scheme = url.split("://", 1)[0].lower()
    if scheme not in SCHEMES:
        known = ", ".join(SCHEMES)
        raise SourceError(f"{options.camera}: {address} is of an unknown kind, {scheme!r}; known are {known}")
    return LiveCamera(address.shown, camera_connector(address, options.timeout), options)


def _nothing() -> None:
    """What there is to do between pictures where no one wants anything."""


def _nobody(state: State, reason: str) -> None:
    """Hears of a change of state where no one else wants to."""
