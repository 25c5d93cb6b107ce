"""Opens whatever a camera's `source:` names: a recording, a folder of pictures, a webcam, a stream, a pipe."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from vidframe.core.sources.address import SCHEMES, read_address
from vidframe.core.sources.connection import camera_connector, webcam_connector
from vidframe.core.sources.decoded import Source
from vidframe.core.sources.extension import open_extension
from vidframe.core.sources.file import open_file
from vidframe.core.sources.folder import open_folder
from vidframe.core.sources.live import LiveCamera
from vidframe.core.sources.options import Options
from vidframe.core.sources.pipe import open_pipe


def open_source(url: str, **keywords: Any) -> Source:
    """The source that `url` names; SourceError if it cannot be used.

    `with open_source(url) as source: for moment in source:` gives a DecodedFrame for each frame, a StateChange
    whenever the state changes, with the reason in one line that holds no secret, and of a live camera an Idle some
    times a second while no frame comes (all three are in `vidframe.sources`).

    Recordings are a video file, a folder of pictures, or `-` (standard input; `-:640x480:bgr24` where it brings raw
    pictures): every frame comes, at a `pace` as fast as it is taken or as it was recorded. Live are `webcam:0`,
    `/dev/video0` and URLs: only the newest frame comes, and what was lost is reconnected for ever. What a URL of
    a scheme that a package brings is, that package says.

    The keywords are the fields of `Options`.
    """
    options = Options(**keywords)
    if url == "-" or url.startswith("-:"):
        return open_pipe(url, options, sys.stdin.buffer)
    if "://" in url:
        scheme = url.split("://", 1)[0].lower()
        if scheme not in SCHEMES:
            return open_extension(scheme, url, options)
        address = read_address(url, options.credentials)
        return LiveCamera(address.shown, camera_connector(address, options.timeout, options.rotate), options)
    if url.startswith(("webcam:", "/dev/video")):
        device = url.removeprefix("webcam:")
        return LiveCamera(url, webcam_connector(device, options.fps, options.timeout, options.rotate), options)
    path = Path(url)
    return open_folder(path, options) if path.is_dir() else open_file(path, options)
