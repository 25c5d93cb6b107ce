"""Opens whatever a camera's `source:` names: a recording, a folder of pictures, a webcam, a stream, a pipe."""

from __future__ import annotations

import sys
from pathlib import Path
from threading import Event
from typing import Literal

from vidframe.core.sources.address import SCHEMES, read_address
from vidframe.core.sources.connection import camera_connector, webcam_connector
from vidframe.core.sources.decoded import Options, Source
from vidframe.core.sources.extension import open_extension
from vidframe.core.sources.file import open_file
from vidframe.core.sources.folder import open_folder
from vidframe.core.sources.live import LiveCamera
from vidframe.core.sources.pipe import open_pipe


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
) -> Source:
    """The source that `url` names; SourceError if it cannot be used.

    `with open_source(url) as source: for moment in source:` gives a DecodedFrame for each frame, a StateChange
    whenever the state changes, with the reason in one line that holds no secret, and of a live camera an Idle some
    times a second while no frame comes (all three are in `vidframe.sources`).

    Recordings are a video file, a folder of pictures, or `-` (standard input; `-:640x480:bgr24` where it brings raw
    pictures): every frame comes, at a `pace` as fast as it is taken or as it was recorded. Live are `webcam:0`,
    `/dev/video0` and URLs: only the newest frame comes, and what was lost is connected again for ever. What a URL of
    a scheme that a package brings is, that package says.

    `credentials` is `user:password`. `fps` is for folders, raw pictures and webcams. `threads` decode one recording.
    A camera without a frame for `timeout` seconds is connected again; one whose picture has been the same for
    `frozen_after` seconds counts as stalled. Setting `stop` ends the iteration within a fraction of a second.
    """
    options = Options(camera, credentials, wants_packets, pace, fps, threads, timeout, frozen_after, stop or Event())
    if url == "-" or url.startswith("-:"):
        return open_pipe(url, options, sys.stdin.buffer)
    if "://" in url:
        scheme = url.split("://", 1)[0].lower()
        if scheme not in SCHEMES:
            return open_extension(scheme, url, options)
        address = read_address(url, credentials)
        return LiveCamera(address.shown, camera_connector(address, timeout), options)
    if url.startswith(("webcam:", "/dev/video")):
        return LiveCamera(url, webcam_connector(url.removeprefix("webcam:"), fps, timeout), options)
    path = Path(url)
    return open_folder(path, options) if path.is_dir() else open_file(path, options)
