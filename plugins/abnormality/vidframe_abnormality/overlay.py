"""The time that cameras write into their frames: it changes each second, and all of it at midnight."""

from collections import deque

import cv2
import numpy as np

from vidframe_abnormality.light import Gray, outlines

EVERY = 1.0  # seconds between two samples: the clock has ticked once
SAMPLES = 6
TICKS = 0.34  # share of the samples in which a pixel of the last digit becomes another
CHANGES = 25  # grey levels
EDGE = 0.16  # share of the frame's height, above and below, where such text stands
HEIGHTS = (0.015, 0.1)  # of the text, in heights of the frame
STEEP = 40  # grey levels of the outlines of text
Rows = slice
Rectangle = tuple[slice, slice]  # rows and columns


class Overlay:
    """Finds the line of text in which something ticks."""

    def __init__(self) -> None:
        self._sampled_at = float("-inf")
        self._before: Gray | None = None
        self._changed: deque[Gray] = deque(maxlen=SAMPLES)

    def look(self, frame: Gray, seconds: float) -> Rectangle | None:
        """Takes in a frame; where the text stands, once that is known."""
        if seconds - self._sampled_at < EVERY:
            return None
        self._sampled_at = seconds
        before, self._before = self._before, frame
        if before is None:
            return None
        self._changed.append((cv2.absdiff(frame, before) > CHANGES).astype(np.float32))
        if len(self._changed) < SAMPLES:
            return None
        edge = round(EDGE * frame.shape[0])
        for rows in (slice(0, edge), slice(frame.shape[0] - edge, frame.shape[0])):
            if (found := self._ticking(rows)) is not None:
                return _line_of_text(frame, found)
        return None

    def forget(self) -> None:
        """Somebody is there, whose movements are no clock's."""
        self._before = None
        self._changed.clear()

    def _ticking(self, rows: Rows) -> Rectangle | None:
        """Where a digit changes from second to second, and nothing else does."""
        ticks = [changed[rows] for changed in self._changed]
        if not all(tick.any() for tick in ticks):
            return None
        ys, xs = np.nonzero(np.mean(ticks, axis=0) >= TICKS)
        if len(ys) < 3:
            return None
        top, bottom, left, right = ys.min(), ys.max() + 1, xs.min(), xs.max() + 1
        height = self._changed[0].shape[0]
        is_digit = HEIGHTS[0] <= (bottom - top) / height <= HEIGHTS[1] and right - left <= 3 * (bottom - top)
        return (
            (slice(rows.start + int(top), rows.start + int(bottom)), slice(int(left), int(right))) if is_digit else None
        )


def _line_of_text(frame: Gray, digit: Rectangle) -> Rectangle:
    """From the digit to both sides, as far as there are outlines as steep as those of letters."""
    rows, columns = digit
    high = rows.stop - rows.start
    rows = slice(max(0, rows.start - high // 2 - 2), min(frame.shape[0], rows.stop + high // 2 + 2))
    written = np.flatnonzero((outlines(frame)[rows] >= STEEP).any(axis=0))
    left, right = columns.start, columns.stop
    for x in written[written < left][::-1]:
        left = int(x) if left - x <= 2 * high else left
    for x in written[written >= right]:
        right = int(x) + 1 if x - right <= 2 * high else right
    return rows, slice(max(0, left - high), min(frame.shape[1], right + high))
