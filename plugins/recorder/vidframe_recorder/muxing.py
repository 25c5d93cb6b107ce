"""Packets into an MP4 file: copied as they are where a browser can play them, else decoded and encoded anew.

Fragmented MP4 with fragments of 0.8 seconds: what was written plays, also after a power loss.
"""

import re
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import IO, Any, Protocol

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from vidframe.packets import Packet
from vidframe.tools import iso_time

FRAGMENTED = {
    "movflags": "empty_moov+default_base_moof+skip_trailer",
    "frag_duration": "800000",  # microseconds
    "flush_packets": "1",
}
PLAYS_EVERYWHERE = frozenset({"h264"})
_TICKS = 90_000  # a second; multiplied, because a division by a fraction takes ten times as long
_CLOCK = Fraction(1, _TICKS)
_ROUNDING = 90  # ticks: a millisecond
_LONGEST_STEP = 18_000  # ticks between two chosen pictures that were apart
_START_CODE = re.compile(rb"\x00\x00\x00?\x01")


class Sink(Protocol):
    """Where packets go."""

    def write(self, packet: Packet) -> None: ...

    def close(self) -> None: ...


def open_sink(file: IO[bytes], first: Packet, began: datetime, *, chosen: bool = False) -> Sink:
    """Copies if a browser plays the codec and MP4 can hold it, else encodes; `chosen`: only the pictures chosen."""
    encoding = first.encoding
    metadata = {"creation_time": iso_time(began)}
    if chosen:
        return Chosen(file, first, metadata)
    if encoding.codec in PLAYS_EVERYWHERE and encoding.header:
        return Copied(file, first, metadata)
    return Encoded(file, first, metadata)


class Copied:
    """Packets as the camera sent them: no loss, next to no work."""

    def __init__(self, file: IO[bytes], first: Packet, metadata: dict[str, str]) -> None:
        self._start = first.decode_seconds
        self._is_annex_b = not first.encoding.extradata.startswith(b"\x01")
        self._last = -1
        self._container = av.open(file, "w", format="mp4", options=FRAGMENTED)
        self._container.metadata.update(metadata)
        with av.open(BytesIO(first.encoding.header)) as template:
            self._stream = self._container.add_stream_from_template(template.streams.video[0], opaque=True)

    def write(self, packet: Packet) -> None:
        """Adds one packet; decoding times that do not grow are moved on by one tick."""
        copied = av.Packet(_with_lengths(packet.data) if self._is_annex_b else packet.data)
        copied.stream = self._stream
        copied.time_base = _CLOCK
        copied.dts = max(self._last + 1, round((packet.decode_seconds - self._start) * _TICKS))
        copied.pts = max(copied.dts, round((packet.seconds - self._start) * _TICKS))
        copied.is_keyframe = packet.is_keyframe
        self._last = copied.dts
        self._container.mux(copied)

    def close(self) -> None:
        """Writes what is left."""
        self._container.close()


class Encoded:
    """Decoded and encoded again, as H.264; as VP9 where this FFmpeg has no x264."""

    def __init__(self, file: IO[bytes], first: Packet, metadata: dict[str, str]) -> None:
        self._start = first.seconds
        self._file = file
        self._metadata = metadata
        self._container: Any = None
        self._stream: Any = None
        self._last = -1
        self._rotate = first.encoding.rotate
        self._decoder = _decoder(first)

    def write(self, packet: Packet) -> None:
        """Decodes one packet and encodes the pictures that come of it."""
        self.write_pictures(pictures(self._decoder, packet))

    def write_pictures(self, decoded: Iterable[Any]) -> None:
        """Encodes pictures as `pictures` made them."""
        for picture in decoded:
            if self._container is None:
                self._open(picture)
            ready = picture.reformat(self._stream.width, self._stream.height, "yuv420p")
            ready.pts = max(self._last + 1, picture.pts - round(self._start * _TICKS))
            ready.time_base, ready.pict_type = _CLOCK, 0
            self._last = ready.pts
            self._container.mux(self._stream.encode(ready))

    def close(self) -> None:
        """Writes what the decoder and the encoder still hold."""
        self.write_pictures(pictures(self._decoder, None))
        if self._container is not None:
            self._container.mux(self._stream.encode())
            self._container.close()

    def _open(self, picture: Any) -> None:
        self._container = av.open(self._file, "w", format="mp4", options=FRAGMENTED)
        self._container.metadata.update(self._metadata)
        self._stream = self._container.add_stream(encoder(), rate=25, options=_OPTIONS[encoder()])
        # 4:2:0 needs even sizes.
        self._stream.width, self._stream.height = max(2, picture.width & ~1), max(2, picture.height & ~1)
        self._stream.pix_fmt = "yuv420p"
        if self._rotate:
            self._stream.set_display_rotation(-self._rotate)
        self._stream.codec_context.time_base = _CLOCK
        self._stream.codec_context.thread_count = 1


class Chosen(Encoded):
    """Only the pictures that `choose` keeps, one after the other."""

    def __init__(self, file: IO[bytes], first: Packet, metadata: dict[str, str]) -> None:
        super().__init__(file, first, metadata)
        self._waiting: deque[Any] = deque()
        self._shortened = 0  # ticks that were left out
        self._last_kept: int | None = None

    def write(self, packet: Packet) -> None:
        """Decodes one packet; its pictures wait until it is known whether they are kept."""
        self._waiting.extend(pictures(self._decoder, packet))

    def choose(self, seconds: float, keep: bool) -> None:
        """Keeps or drops the picture of that time; pictures before it that nobody chose are dropped."""
        at = round(seconds * _TICKS)
        while self._waiting and self._waiting[0].pts <= at + _ROUNDING:
            picture = self._waiting.popleft()
            if keep and picture.pts >= at - _ROUNDING:
                self._keep(picture)

    def close(self) -> None:
        """Drops what nobody chose and ends the file."""
        self._decoder.flush_buffers()
        super().close()

    def _keep(self, picture: Any) -> None:
        at = picture.pts
        if self._last_kept is not None:
            self._shortened += max(0, at - self._last_kept - _LONGEST_STEP)
        else:
            self._shortened = at - round(self._start * _TICKS)
        self._last_kept = at
        picture.pts = at - self._shortened
        self.write_pictures([picture])


# zerolatency: without it up to 1.4 s sit in the encoder and are lost with the power.
_OPTIONS = {
    "libx264": {"preset": "veryfast", "crf": "26", "g": "50", "tune": "zerolatency"},
    "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8", "crf": "34", "b": "0", "g": "50", "lag-in-frames": "0"},
}


def encoder() -> str:
    """What this FFmpeg can encode and every browser plays."""
    return "libx264" if "libx264" in av.codecs_available else "libvpx-vp9"


def pictures(decoder: Any, packet: Packet | None) -> Iterator[Any]:
    """Decodes one packet, or with None what the decoder still holds; damaged pictures are left out.

    The `pts` of a picture is its time in ticks of 90 kHz.
    """
    coded = None
    if packet is not None:
        coded = av.Packet(packet.data)
        coded.pts, coded.time_base = round(packet.seconds * _TICKS), _CLOCK
    try:
        yield from decoder.decode(coded)
    except av.error.InvalidDataError:
        return


def thumbnail(path: Path, seconds: float, width: int = 320) -> bytes:
    """A JPEG of the picture at or after `seconds` into the clip; ValueError if it has no picture."""
    with av.open(str(path)) as container:
        video, found = container.streams.video[0], None
        with suppress(av.error.FFmpegError):  # then from the start
            container.seek(round(seconds / (video.time_base or 1)), stream=video)
        for picture in container.decode(video):
            found = picture
            if picture.time is not None and picture.time >= seconds:
                break
    if found is None:
        raise ValueError(f"{path.name} has no frame that can be decoded")
    width = min(width, found.width)
    height = max(1, round(found.height * width / found.width))
    pixels = found.to_ndarray(width=width, height=height, format="bgr24")
    return jpeg(np.rot90(pixels, round(found.rotation / 90)))


def jpeg(pixels: NDArray[Any], quality: int = 85) -> bytes:
    """BGR or grey pixels as a JPEG."""
    done, content = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise ValueError(f"OpenCV could not write a {pixels.shape[1]}x{pixels.shape[0]} JPEG")
    return bytes(content)


def _decoder(first: Packet) -> Any:
    decoder = av.CodecContext.create(first.encoding.codec, "r")
    if first.encoding.extradata:
        decoder.extradata = first.encoding.extradata
    decoder.thread_type = "NONE"
    return decoder


def _with_lengths(data: bytes) -> bytes:
    """H.264 with start codes (ISO/IEC 14496-10, annex B) into the form of MP4, where each unit begins with its length."""
    units = [unit.rstrip(b"\x00") for unit in _START_CODE.split(data)[1:]]
    return b"".join(len(unit).to_bytes(4, "big") + unit for unit in units)
