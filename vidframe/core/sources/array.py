"""Frames that come as arrays, or as PyAV made them, from code that is not vidframe's."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterable
from numbers import Real
from typing import Any

import numpy as np
from av import VideoFrame

from vidframe.core.model.frames import Picture, Pixels
from vidframe.core.sources.decoded import DecodedFrame
from vidframe.core.sources.picture import upright
from vidframe.core.sources.timeline import RecordedTime

_WANTED = "an image is a uint8 array, height x width or height x width x 3 (BGR), or a PyAV VideoFrame"


class ArrayPicture:
    """A picture from an array: height x width (grey) or height x width x 3 (BGR), uint8."""

    def __init__(self, pixels: Pixels) -> None:
        self.pixels = np.ascontiguousarray(pixels)
        self.height, self.width = pixels.shape[:2]

    def gray(self) -> Pixels:
        """Luma; the array itself where it is grey."""
        if self.pixels.ndim == 2:
            return self.pixels.view()
        import cv2

        return np.asarray(cv2.cvtColor(self.pixels, cv2.COLOR_BGR2GRAY), dtype=np.uint8)

    def bgr(self, width: int | None = None) -> Pixels:
        """BGR, scaled to `width` where it is given; the array itself where it is neither."""
        import cv2

        bgr = self.pixels.view() if self.pixels.ndim == 3 else cv2.cvtColor(self.pixels, cv2.COLOR_GRAY2BGR)
        if width is not None:
            height = max(1, round(self.height * width / self.width))
            bgr = cv2.resize(bgr, (width, height), interpolation=cv2.INTER_AREA)
        return np.asarray(bgr, dtype=np.uint8)

    def chroma(self) -> tuple[Pixels, Pixels] | None:
        """Cb and Cr at full size; None for a grey array."""
        if self.pixels.ndim == 2:
            return None
        import cv2

        ycrcb: Any = cv2.cvtColor(self.pixels, cv2.COLOR_BGR2YCrCb)
        return np.asarray(ycrcb[:, :, 2], dtype=np.uint8), np.asarray(ycrcb[:, :, 1], dtype=np.uint8)


def picture_of(item: Any) -> tuple[Picture, float | None]:
    """The picture of an image, and its seconds where it comes as `(image, seconds)`; TypeError for what is neither."""
    image, seconds = item if isinstance(item, tuple) and len(item) == 2 else (item, None)
    if seconds is not None:
        if not isinstance(seconds, Real) or not math.isfinite(seconds):
            raise TypeError(f"the seconds of an image are a finite number, found {seconds!r}")
        seconds = float(seconds)
    if isinstance(image, VideoFrame):
        return upright(image), seconds
    if not isinstance(image, np.ndarray):
        raise TypeError(f"{_WANTED}; found {type(image).__name__}")
    if image.dtype != np.uint8 or not (image.ndim == 2 or (image.ndim == 3 and image.shape[2] == 3)) or not image.size:
        raise TypeError(f"{_WANTED}; found {image.dtype} of shape {image.shape}")
    return ArrayPicture(image), seconds


def recorded_frames(items: Iterable[Any], fps: float) -> Generator[DecodedFrame]:
    """A frame for each image; those without seconds follow each other `fps` times a second."""
    timeline = RecordedTime(1 / fps)
    for index, item in enumerate(items):
        picture, seconds = picture_of(item)
        stamp = index / fps if seconds is None else seconds
        yield DecodedFrame(picture, timeline.show(timeline.place(stamp, stamp)[0]))
