"""A decoded picture as the decoder left it: planes are looked at in place, colours made only when asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
from av import VideoFrame
from av.video.reformatter import Interpolation

from vidframe.core.model.frames import Pixels

# 8-bit formats whose first plane is luma; the number is the step between two samples of a colour plane.
_LUMA_FIRST = {
    "gray": 0,
    **dict.fromkeys(
        ["yuv420p", "yuv422p", "yuv444p", "yuv440p", "yuv411p", "yuv410p", "yuva420p", "yuva422p", "yuva444p"], 1
    ),
    **dict.fromkeys(["yuvj420p", "yuvj422p", "yuvj444p", "yuvj440p", "yuvj411p"], 1),
    **dict.fromkeys(["nv12", "nv16", "nv24"], 2),
}


class DecodedPicture:
    """One picture, upright. Its arrays are read-only and keep the decoder's memory alive.

    `turn` is how often it has to be turned by 90 degrees, counter-clockwise, to stand upright.
    """

    def __init__(self, decoded: VideoFrame, turn: int = 0) -> None:
        self.decoded = decoded
        self.turn = turn
        self._yuv: VideoFrame | None = None
        width, height = decoded.width, decoded.height
        self.width, self.height = (height, width) if turn % 2 else (width, height)

    def gray(self) -> Pixels:
        """Luma; the decoder's own plane, in whatever range it came, unless the picture is RGB, deep or turned."""
        return self._upright(_plane(self._planar(), 0))

    def chroma(self) -> tuple[Pixels, Pixels] | None:
        """Cb and Cr in whatever size they came; None for RGB and grey."""
        planar = self._planar()
        step = _LUMA_FIRST[planar.format.name]
        if step == 0:
            return None
        if step == 2:
            both = _plane(planar, 1, 2)
            return self._upright(both[:, 0::2]), self._upright(both[:, 1::2])
        return self._upright(_plane(planar, 1)), self._upright(_plane(planar, 2))

    def bgr(self, width: int | None = None) -> Pixels:
        """BGR, scaled to `width` where it is given, in one step."""
        width, height = self._decoder_size(width or self.width)
        area = Interpolation.AREA if width < self.decoded.width else Interpolation.BILINEAR
        bgr = self.decoded.reformat(width, height, "bgr24", interpolation=area)
        return self._upright(_plane(bgr, 0, 3).reshape(height, width, 3))

    def _decoder_size(self, width: int) -> tuple[int, int]:
        height = max(1, round(self.height * width / self.width))
        return (height, width) if self.turn % 2 else (width, height)

    def _planar(self) -> VideoFrame:
        if self._yuv is None:
            self._yuv = _eight_bit_planar(self.decoded)
        return self._yuv

    def _upright(self, pixels: Pixels) -> Pixels:
        if self.turn:
            pixels = np.ascontiguousarray(np.rot90(pixels, self.turn))
        pixels.setflags(write=False)
        return pixels


def upright(decoded: VideoFrame) -> DecodedPicture:
    """The picture, turned as its recorder noted (phones do)."""
    return DecodedPicture(decoded, round(decoded.rotation / 90) % 4)


def _eight_bit_planar(decoded: VideoFrame) -> VideoFrame:
    layout = decoded.format
    if layout.name in _LUMA_FIRST:
        return decoded
    if layout.is_rgb or layout.has_palette or len(layout.components) < 3:
        return decoded.reformat(format="gray")
    return decoded.reformat(format="yuv444p" if layout.chroma_width(2) == 2 else "yuv420p")


def _plane(frame: VideoFrame, index: int, samples: int = 1) -> Pixels:
    """A view of one plane, height x (width x samples)."""
    plane: Any = frame.planes[index]
    rows: Pixels = np.frombuffer(plane, np.uint8).reshape(plane.height, abs(plane.line_size))
    return rows[:, : plane.width * samples]
