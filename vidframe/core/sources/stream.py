"""The video in an opened container: its packets, its pictures, and when each of them is due."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any, Protocol

import av

from vidframe.core.frame import Encoding, Packet
from vidframe.core.sources.picture import DecodedPicture
from vidframe.core.sources.shot import Shot

# Formats whose time stamps FFmpeg makes up from an assumed 25 pictures a second.
_UNTIMED = {"mjpeg", "mpjpeg", "h264", "hevc", "m4v", "image2pipe", "jpeg_pipe", "png_pipe", "rawvideo"}
# FFmpeg shows text files as video of a terminal.
_NO_VIDEO = {"tty", "bin", "xbin", "adf", "idf"}


class Timeline(Protocol):
    """See timeline.py."""

    def place(self, shown: float | None, decoded: float | None) -> tuple[float, float]: ...


class VideoStream:
    """One container's first video stream; ValueError says what was found if there is none."""

    def __init__(self, container: Any, *, threads: int = 1) -> None:
        self._stream = _video_of(container)
        self._container = container
        self._context = self._stream.codec_context
        self._encoding: Encoding | None = None
        self._last_seconds = -1.0
        self.is_timed = container.format.name not in _UNTIMED
        self.packets_read = 0
        self.damaged = 0
        # Threads by frame are faster by the clock, but cost a fifth more work and `threads` pictures of delay.
        self._context.thread_type = "FRAME" if threads > 1 else "NONE"
        self._context.thread_count = threads
        self._context.copy_opaque = True

    @property
    def fps(self) -> float | None:
        """As the stream states it."""
        rate = self._stream.average_rate or self._stream.guessed_rate
        return float(rate) if rate and 0 < rate <= 1000 else None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels, as stored: not turned."""
        return self._context.width, self._context.height

    @property
    def duration(self) -> float | None:
        """Seconds, where the container says."""
        if self._stream.duration and self._stream.time_base:
            return float(self._stream.duration * self._stream.time_base)
        return self._container.duration / av.time_base if self._container.duration else None

    @property
    def frame_count(self) -> int | None:
        """Pictures, as the container states or as length and rate make likely."""
        if self._stream.frames:
            return int(self._stream.frames)
        return round(self.duration * self.fps) if self.duration and self.fps else None

    @property
    def states_count(self) -> bool:
        """Whether the container itself says how many packets it has."""
        return bool(self._stream.frames)

    def read(self, timeline: Timeline, *, wants_packets: bool) -> Iterator[tuple[Packet | None, list[Shot]]]:
        """Each packet with the pictures that it completed; FFmpeg's errors where the container fails."""
        for packet in self._container.demux(self._stream):
            is_last = packet.size == 0
            data = bytes(packet) if wants_packets and not is_last else b""
            seconds, decode_seconds = (0.0, 0.0) if is_last else self._place(packet, timeline)
            shots = self._decode(packet)
            kept = None
            if data:
                kept = Packet(data, seconds, decode_seconds, packet.is_keyframe, self._encoding_now(packet.is_keyframe))
            yield kept, shots

    def _place(self, packet: Any, timeline: Timeline) -> tuple[float, float]:
        base = packet.time_base
        shown, decoded = (None if ticks is None else float(ticks * base) for ticks in (packet.pts, packet.dts))
        seconds, decode_seconds = timeline.place(shown, decoded)
        packet.opaque = seconds
        self.packets_read += 1
        return seconds, decode_seconds

    def _decode(self, packet: Any) -> list[Shot]:
        try:
            return [self._shot(decoded) for decoded in packet.decode()]
        except av.error.InvalidDataError:
            self.damaged += 1
            return []

    def _shot(self, decoded: Any) -> Shot:
        seconds = decoded.opaque
        if seconds is None or seconds <= self._last_seconds:
            seconds = self._last_seconds + 1e-6
        self._last_seconds = seconds
        return Shot(DecodedPicture(decoded, round(decoded.rotation / 90) % 4), seconds)

    def _encoding_now(self, is_keyframe: bool) -> Encoding:
        size = self._context.width, self._context.height
        known = self._encoding
        if known is None or is_keyframe or (known.width, known.height) != size:
            extradata = self._context.extradata or b""
            if known is None or (known.width, known.height, known.extradata) != (*size, extradata):
                known = Encoding(self._context.codec.canonical_name, *size, extradata, _header(self._stream))
            self._encoding = known
        return known


def _header(stream: Any) -> bytes:
    """An MP4 file without pictures: FFmpeg's own form for what a muxer has to know of a stream."""
    header = BytesIO()
    try:
        with av.open(header, "w", format="mp4", options={"movflags": "empty_moov+default_base_moof"}) as output:
            output.add_stream_from_template(stream, opaque=True)
            output.start_encoding()
    except (av.error.FFmpegError, ValueError):
        return b""
    return header.getvalue()


def _video_of(container: Any) -> Any:
    pictured = av.stream.Disposition.attached_pic
    videos = [stream for stream in container.streams.video if not stream.disposition & pictured]
    if videos and container.format.name not in _NO_VIDEO:
        return videos[0]
    if container.streams.audio:
        codecs = ", ".join(stream.codec_context.name for stream in container.streams.audio)
        raise ValueError(f"has sound ({codecs}) but no picture")
    raise ValueError("has no picture")
