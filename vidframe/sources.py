"""Sources beside cameras: what `vidframe.open_source` yields, and what a package needs that brings a scheme of its own.

A scheme is an entry point in the group `vidframe.sources`: `scheme = "package:open"`; see docs/sources.md.
"""

from vidframe.core.sources.decoded import DecodedFrame, Idle, SourceError, State, StateChange, decoded_frames
from vidframe.core.sources.extension import SourceOptions, recording

__all__ = [
    "DecodedFrame",
    "Idle",
    "SourceError",
    "SourceOptions",
    "State",
    "StateChange",
    "decoded_frames",
    "recording",
]
