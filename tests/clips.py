"""Draws short clips for tests: a light square that moves over a dark, slightly noisy ground."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from functools import cache
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from vidframe.core.model.packets import Packet

Pixels = NDArray[np.uint8]


def moving_square(count: int = 30, width: int = 160, height: int = 120, *, start: int = 0) -> Iterator[Pixels]:
    """BGR pictures; the square is at another place in each, so that no two are alike."""
    noise = np.random.default_rng(0).integers(20, 40, (height, width, 3), dtype=np.uint8)
    side = max(1, min(width, height) // 4)
    for index in range(start, start + count):
        picture = noise.copy()
        x, y = (3 * index) % max(1, width - side), (2 * index) % max(1, height - side)
        picture[y : y + side, x : x + side] = 220
        yield picture


def write_clip(
    path: Path,
    pictures: Iterable[Pixels] | None = None,
    *,
    fps: int = 10,
    codec: str = "libx264",
    pixels: str = "yuv420p",
    times: Iterable[float] | None = None,
    rotation: float = 0,
    metadata: dict[str, str] | None = None,
    options: dict[str, str] | None = None,
    container_options: dict[str, str] | None = None,
) -> Path:
    """Encodes BGR pictures; `times` are seconds for each (variable frame rate), `rotation` is as a phone notes it."""
    pictures = list(pictures if pictures is not None else moving_square())
    tick = Fraction(1, 1000 if times is not None else fps)
    times = list(times) if times is not None else [index / fps for index in range(len(pictures))]
    height, width = pictures[0].shape[:2]
    with av.open(str(path), "w", container_options=container_options or {}) as output:
        output.metadata.update(metadata or {})
        stream: Any = output.add_stream(codec, rate=fps, options=_quick(codec) | (options or {}))
        stream.width, stream.height, stream.pix_fmt = width, height, pixels
        stream.codec_context.time_base = tick
        if rotation:
            stream.set_display_rotation(rotation)
        for picture, seconds in zip(pictures, times, strict=True):
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24").reformat(format=pixels)
            frame.pts, frame.time_base = round(seconds / tick), tick
            output.mux(stream.encode(frame))
        output.mux(stream.encode())
    return path


def write_long_clip(path: Path) -> Path:
    """A clip of 5000 pictures of 64 x 48, ten a second: longer than any test. It is drawn once in a process."""
    path.write_bytes(_long_clip())
    return path


@cache
def _long_clip() -> bytes:
    with TemporaryDirectory() as folder:
        return write_clip(Path(folder) / "long.mp4", moving_square(5000, 64, 48)).read_bytes()


def write_sound(path: Path, seconds: float = 1.0) -> Path:
    """A recording without a picture."""
    with av.open(str(path), "w") as output:
        stream: Any = output.add_stream("aac", rate=16000)
        samples = np.zeros((1, 1024), np.float32)
        for index in range(int(seconds * 16000 / 1024)):
            frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
            frame.sample_rate, frame.pts = 16000, index * 1024
            output.mux(stream.encode(frame))
        output.mux(stream.encode())
    return path


def copy_packets(packets: list[Packet], path: Path) -> Path:
    """Copies the packets of a source into fragmented MP4, from the header that their encoding brings."""
    options = {"movflags": "empty_moov+default_base_moof", "frag_duration": "1000000"}
    with av.open(BytesIO(packets[0].encoding.header)) as header, av.open(str(path), "w", options=options) as output:
        stream = output.add_stream_from_template(header.streams.video[0], opaque=True)
        for packet in packets:
            copy = av.Packet(packet.data)
            copy.stream, copy.time_base, copy.is_keyframe = stream, Fraction(1, 90000), packet.is_keyframe
            copy.pts, copy.dts = round(packet.seconds * 90000), round(packet.decode_seconds * 90000)
            output.mux(copy)
    return path


def _quick(codec: str) -> dict[str, str]:
    return {"preset": "ultrafast", "g": "10"} if codec in {"libx264", "libx265"} else {}
