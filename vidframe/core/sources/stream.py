"""The video in an opened container: its packets, its pictures, and when each of them is due."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import av
from av.stream import Discard, Disposition

from vidframe.core.model.packets import Encoding, Packet
from vidframe.core.sources.decoded import DecodedFrame
from vidframe.core.sources.picture import upright
from vidframe.core.sources.timeline import Timeline
from vidframe.core.sources.turned_header import turned_header

# Formats whose time stamps FFmpeg makes up from an assumed 25 pictures a second.
_UNTIMED = {"mjpeg", "mpjpeg", "h264", "hevc", "m4v", "image2pipe", "jpeg_pipe", "png_pipe", "rawvideo"}
# FFmpeg shows text files as video of a terminal.
_NO_VIDEO = {"tty", "bin", "xbin", "adf", "idf"}


class NoVideoError(Exception):
    """A container without a picture; says what was found instead."""


class VideoStream:
    """One container's first video stream; NoVideoError if there is none."""

    def __init__(self, container: Any, *, threads: int = 1, rotate: int = 0) -> None:
        """`rotate`: clockwise degrees, which the header of its encoding then asks players for."""
        self._container = container
        self._stream = _video_of(container)
        self._context = self._stream.codec_context
        for other in container.streams:
            if other is not self._stream:
                other.discard = Discard.all
        tick = self._stream.time_base
        self._tick = tick.numerator, tick.denominator  # seconds; a product of fractions takes ten times as long
        self._rotate = rotate
        self._encoding: Encoding | None = None
        self.has_outgrown_header = False  # its size changed, and the header of its encoding did not
        self.packets_read = 0
        self.damaged = 0  # packets that could not be decoded
        # Threads by frame are faster by the clock, but cost a fifth more work and `threads` pictures of delay.
        self._context.thread_type = "FRAME" if threads > 1 else "NONE"
        self._context.thread_count = threads
        self._context.copy_opaque = True

    @property
    def is_timed(self) -> bool:
        """Whether time stamps and frame rate are the stream's own."""
        return self._container.format.name not in _UNTIMED

    @property
    def codec(self) -> str:
        """FFmpeg's name of how the pictures are coded."""
        return str(self._context.name)

    @property
    def fps(self) -> float | None:
        """As the stream states it."""
        rate = self._stream.average_rate or self._stream.guessed_rate
        return float(rate) if rate and 0 < rate <= 1000 else None

    @property
    def duration(self) -> float | None:
        """Seconds, where the container says."""
        if self._stream.duration and self._stream.time_base:
            return float(self._stream.duration * self._stream.time_base)
        return self._container.duration / av.time_base if self._container.duration else None

    @property
    def has_guessed_duration(self) -> bool:
        """Whether the length is reckoned from what is there, so that it does not tell what is missing."""
        return self._container.format.name == "avi" and self.stated_count is not None

    @property
    def stated_count(self) -> int | None:
        """Packets, as the container states."""
        return self._stream.frames or None

    @property
    def frame_count(self) -> int | None:
        """Pictures, as the container states or as length and rate make likely."""
        if self.stated_count:
            return self.stated_count
        return round(self.duration * self.fps) if self.duration and self.fps else None

    def read(self, timeline: Timeline, *, wants_packets: bool) -> Iterator[tuple[Packet | None, list[DecodedFrame]]]:
        """Each packet, where it is wanted, with the frames that it completed; FFmpegError where reading fails."""
        for packet in self._container.demux(self._stream):
            if packet.size:
                self.packets_read += 1
                yield self._take(packet, timeline, wants_packets)
            else:
                yield None, self._decode(packet, timeline)

    def _take(self, packet: Any, timeline: Timeline, wants_packets: bool) -> tuple[Packet | None, list[DecodedFrame]]:
        packet.opaque, decode_seconds = timeline.place(self._seconds(packet.pts), self._seconds(packet.dts))
        if not wants_packets:
            return None, self._decode(packet, timeline)
        data, seconds, is_key = bytes(packet), packet.opaque, packet.is_keyframe
        frames = self._decode(packet, timeline)
        # Asked for after decoding, when the decoder has seen a new size.
        return Packet(data, seconds, decode_seconds, is_key, self._encoding_now(is_key)), frames

    def _seconds(self, ticks: int | None) -> float | None:
        return None if ticks is None else ticks * self._tick[0] / self._tick[1]

    def _decode(self, packet: Any, timeline: Timeline) -> list[DecodedFrame]:
        try:
            pictures = packet.decode()
        except av.error.InvalidDataError:
            self.damaged += 1
            return []
        return [DecodedFrame(upright(decoded), timeline.show(decoded.opaque)) for decoded in pictures]

    def _encoding_now(self, is_keyframe: bool) -> Encoding:
        size = self._context.width, self._context.height
        known = self._encoding
        if known is None or is_keyframe or (known.width, known.height) != size:
            extradata = self._context.extradata or b""
            if known is None or (known.width, known.height, known.extradata) != (*size, extradata):
                self.has_outgrown_header |= known is not None and known.extradata == extradata != b""
                header = turned_header(_header(self._stream), self._rotate)
                known = Encoding(self._context.codec.canonical_name, *size, extradata, header, self._rotate)
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
    videos = [stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic]
    if videos and container.format.name not in _NO_VIDEO:
        if videos[0].codec_context is None:
            raise NoVideoError("is coded in a way that FFmpeg cannot decode")
        return videos[0]
    sounds = ", ".join(stream.codec_context.name for stream in container.streams.audio if stream.codec_context)
    raise NoVideoError(f"has audio ({sounds}) but no video" if sounds else "has no video")
