"""Encoded video as the camera sent it, for steps that copy it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Encoding:
    """How the packets of a source are encoded; all that a muxer needs to copy them.

    With PyAV: `output.add_stream_from_template(av.open(BytesIO(encoding.header)).streams.video[0], opaque=True)`.
    """

    codec: str  # FFmpeg's name: "h264", "hevc", "mjpeg"
    width: int
    height: int
    extradata: bytes  # codec headers (SPS and PPS for H.264), may be empty
    # An MP4 file with this stream and no packet; empty where MP4 cannot hold the codec. Its matrix has `rotate`.
    header: bytes = b""
    rotate: int = 0  # clockwise degrees by which the decoded images are turned for the steps: the camera's `rotate`


@dataclass(frozen=True, slots=True)
class Packet:
    """One encoded frame as the camera sent it."""

    data: bytes
    seconds: float  # presentation time on the clock of Frame.seconds
    decode_seconds: float  # decoding time on the same clock; differs where there are B-frames
    is_keyframe: bool
    encoding: Encoding
