"""Notices a camera that is connected and yet shows nothing, or always the same."""

from __future__ import annotations

import zlib
from time import monotonic

import numpy as np

from vidframe.core.model.frames import Picture
from vidframe.core.sources.reader import LostError

_FIRST_FRAME = 15.0  # seconds; a camera may send its next keyframe only after many


class Patience:
    """Ends after `timeout` seconds without data or without a frame."""

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._last_data = monotonic()
        self._frame_due = self._last_data + max(timeout, _FIRST_FRAME)

    @property
    def due(self) -> float:
        """When the next data has to be here, on the monotonic clock."""
        return self._last_data + self._timeout

    def check(self, *, has_frame: bool) -> None:
        """To be called with each packet; LostError at the end of patience."""
        now = monotonic()
        # When reading times out, FFmpeg first returns the packet that it was putting together.
        if now - self._last_data > 0.95 * self._timeout:
            raise LostError(f"no data for {self._timeout:g} s", is_stalled=True)
        if has_frame:
            self._frame_due = now + self._timeout
        elif now > self._frame_due:
            raise LostError("data arrives, but no frame that can be decoded", is_stalled=True)
        self._last_data = now


class Stillness:
    """Real cameras have noise: pictures that agree in every pixel for `after` seconds come from a frozen one."""

    def __init__(self, after: float) -> None:
        self.after = after
        self._checksum: int | None = None
        self._since = 0.0
        self._looked = float("-inf")
        self._is_frozen = False

    def is_frozen(self, picture: Picture, seconds: float) -> bool:
        """Looks at one picture a second, which costs a third of a millisecond at 720p."""
        if seconds - self._looked < 1:
            return self._is_frozen
        self._looked = seconds
        checksum = zlib.crc32(np.ascontiguousarray(picture.gray()).data)
        if checksum != self._checksum:
            self._checksum, self._since = checksum, seconds
        self._is_frozen = seconds - self._since >= self.after
        return self._is_frozen
