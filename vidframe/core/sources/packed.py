"""A picture in memory that two processes share: the decoder's planes as they are.

`gray` and `bgr` are the same in both; what FFmpeg scales may differ by its rounding, which goes by the length of lines.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from av import VideoFrame

from vidframe.core.model.frames import Picture, Pixels
from vidframe.core.sources.picture import DecodedPicture


@dataclass(frozen=True, slots=True)
class Layout:
    """What one has to know of a packed picture to unpack it."""

    format: str  # FFmpeg's name
    width: int  # as the decoder has it, before it is turned
    height: int
    turn: int
    colorspace: int
    color_range: int
    planes: tuple[tuple[int, int], ...]  # rows, and bytes in each

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(rows * length for rows, length in self.planes)


class Packed:
    """A picture that is ready to be written down."""

    def __init__(self, picture: Picture) -> None:
        decoded, turn = _decoded(picture)
        self._planes = [_rows(plane) for plane in decoded.planes]
        self.layout = Layout(
            decoded.format.name,
            decoded.width,
            decoded.height,
            turn,
            int(decoded.colorspace),
            int(decoded.color_range),
            tuple((plane.shape[0], plane.shape[1]) for plane in self._planes),
        )

    def write(self, memory: Any) -> None:
        """Writes it to the beginning of a buffer of at least `layout.size` bytes."""
        for place, plane in zip(_places(self.layout, memory), self._planes, strict=True):
            place[:] = plane


def unpack(layout: Layout, memory: Any) -> Picture:
    """A copy of the picture that was written to `memory`."""
    decoded = VideoFrame(layout.width, layout.height, layout.format)
    for plane, place in zip(decoded.planes, _places(layout, memory), strict=True):
        rows = _rows(plane)
        length = min(rows.shape[1], place.shape[1])  # lines are padded as each allocation likes
        rows[:, :length] = place[:, :length]
    decoded.colorspace, decoded.color_range = layout.colorspace, layout.color_range
    return DecodedPicture(decoded, layout.turn)


def _decoded(picture: Picture) -> tuple[VideoFrame, int]:
    if isinstance(picture, DecodedPicture):
        return picture.decoded, picture.turn
    return VideoFrame.from_ndarray(np.ascontiguousarray(picture.bgr()), format="bgr24"), 0


def _rows(plane: Any) -> Pixels:
    """A view of a plane, one row a line; a palette is one row."""
    pixels: Pixels = np.frombuffer(plane, np.uint8)
    length = abs(plane.line_size) or pixels.size
    return pixels[: pixels.size // length * length].reshape(-1, length)


def _places(layout: Layout, memory: Any) -> list[Pixels]:
    places, start = [], 0
    for rows, length in layout.planes:
        place: Pixels = np.frombuffer(memory, np.uint8, rows * length, start)
        places.append(place.reshape(rows, length))
        start += rows * length
    return places
