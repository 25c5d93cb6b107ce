"""A decoded picture as the decoder left it: planes are looked at in place, colours made only when asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from av import VideoFrame
from av.video.reformatter import Interpolation

from vidframe.core.model.frames import Picture, Pixels
from vidframe.core.sources.decoded import DecodedFrame

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
        pixels = turned_pixels(pixels, self.turn)
        pixels.setflags(write=False)
        return pixels


class TurnedPicture:
    """A picture that is none of the decoder's, turned by 90 degrees, counter-clockwise, so many times."""

    def __init__(self, picture: Picture, turn: int) -> None:
        self._picture = picture
        self._turn = turn
        size = picture.width, picture.height
        self.width, self.height = size[::-1] if turn % 2 else size

    def gray(self) -> Pixels:
        """Luma."""
        return turned_pixels(self._picture.gray(), self._turn)

    def chroma(self) -> tuple[Pixels, Pixels] | None:
        """Cb and Cr; None where the picture has none."""
        planes = self._picture.chroma()
        return None if planes is None else (turned_pixels(planes[0], self._turn), turned_pixels(planes[1], self._turn))

    def bgr(self, width: int | None = None) -> Pixels:
        """BGR, scaled to `width` where it is given."""
        if width is not None and self._turn % 2:
            height = max(1, round(self.height * width / self.width))
            return turned_pixels(self._picture.bgr(height), self._turn)
        return turned_pixels(self._picture.bgr(width), self._turn)


def turned(picture: Picture, clockwise: int) -> Picture:
    """The picture, turned by 0, 90, 180 or 270 degrees; nothing is copied before somebody looks at it."""
    turn = -clockwise // 90 % 4
    if not turn:
        return picture
    if isinstance(picture, DecodedPicture):
        return DecodedPicture(picture.decoded, (picture.turn + turn) % 4)
    return TurnedPicture(picture, turn)


def turned_frame(frame: DecodedFrame, clockwise: int) -> DecodedFrame:
    """The frame with its picture turned; its packets stay as the camera sent them."""
    return replace(frame, picture=turned(frame.picture, clockwise)) if clockwise else frame


def turned_pixels(pixels: Pixels, turn: int) -> Pixels:
    """Height x width or height x width x 3, turned by 90 degrees, counter-clockwise, so many times; a copy if any."""
    if not turn:
        return pixels
    import cv2  # takes a tenth of a second to load; turns five times as fast as NumPy

    code = {1: cv2.ROTATE_90_COUNTERCLOCKWISE, 2: cv2.ROTATE_180, 3: cv2.ROTATE_90_CLOCKWISE}[turn]
    return np.asarray(cv2.rotate(pixels, code), np.uint8)


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
