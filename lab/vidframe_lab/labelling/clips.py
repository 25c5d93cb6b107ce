"""Single frames of a clip, numbered as a chain numbers them."""

from __future__ import annotations

from bisect import bisect_left
from collections import OrderedDict
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import cv2
import numpy as np
from numpy.typing import NDArray

from vidframe import open_source
from vidframe.sources import DecodedFrame, decoded_frames

CACHED = 256  # frames that are kept as JPEG
QUALITY = 90


@dataclass(frozen=True)
class Shown:
    """One frame as a browser shows it."""

    index: int  # from 0, in the order in which frames are decoded
    seconds: float  # since the first frame
    size: tuple[int, int]  # width and height
    jpeg: bytes


class Clip:
    """A clip that is read from its beginning to its end, and anew for what lies further back and was not kept.

    Frames are read by the same source as in `vidframe run`, so that their numbers are those of `frame.index`.
    Called by several threads.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = Lock()
        self._open = ExitStack()
        self._kept: OrderedDict[int, Shown] = OrderedDict()
        self._times: list[float] = []  # of the frames from the first on that were read at any time
        self._rewind()

    def at_index(self, index: int) -> Shown | None:
        """One frame; None where the clip has fewer."""
        with self._lock:
            return self._at(index)

    def at_seconds(self, seconds: float) -> Shown | None:
        """The first frame at this time or later; None after the last one."""
        with self._lock:
            while not self._times or self._times[-1] < seconds:
                if not self._read():
                    return None
            return self._at(bisect_left(self._times, seconds))

    def close(self) -> None:
        """Lets the file go."""
        with self._lock:
            self._open.close()

    def _at(self, index: int) -> Shown | None:
        if index not in self._kept:
            if index < self._number:
                self._rewind()
            while self._number < index:
                if not self._read():
                    return None
            self._keep()
        self._kept.move_to_end(index)
        return self._kept[index]

    def _rewind(self) -> None:
        self._open.close()
        source = self._open.enter_context(open_source(str(self.path), camera="label", pace="fast"))
        self._frames = decoded_frames(source)
        self._number = -1  # of the frame that was read last
        self._frame: DecodedFrame | None = None

    def _read(self) -> bool:
        """Reads the next frame; False at the end."""
        frame = next(self._frames, None)
        if frame is None:
            return False
        self._number, self._frame = self._number + 1, frame
        if self._number == len(self._times):
            self._times.append(frame.seconds)
        return True

    def _keep(self) -> None:
        assert self._frame is not None
        picture = self._frame.picture
        self._kept[self._number] = Shown(
            self._number, self._frame.seconds, (picture.width, picture.height), _jpeg(picture.bgr())
        )
        while len(self._kept) > CACHED:
            self._kept.popitem(last=False)


def _jpeg(pixels: NDArray[np.uint8]) -> bytes:
    return cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()
