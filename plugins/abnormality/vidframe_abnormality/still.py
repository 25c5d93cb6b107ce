"""What changed and then stood still: an object that was left behind, or the gap where one was."""

from collections.abc import Sequence
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from vidframe_abnormality.blobs import Blob, covered_shares
from vidframe_abnormality.light import Gray, halved, outlines

SAMPLE_EVERY = 0.2  # seconds between two frames of which it is asked
MOVES = 8.0  # grey levels at which a pixel is another than it was
STILL = 0.93  # share of a blob's pixels that must stand still: somebody who stands moves at the edges
_SMALL = np.ones((3, 3), np.uint8)


class Stillness:
    """Since when each pixel has looked the same. Works on frames of half the size."""

    def __init__(self, stationary_after: float) -> None:
        self._stationary_after = stationary_after
        self._looked: Gray | None = None
        self._sampled_at = 0.0
        self._since: NDArray[Any] = np.zeros((0, 0), np.float32)

    def look(self, frame: Gray, seconds: float, noise: float) -> None:
        """Takes in one frame, if it is time for another; `noise`: standard deviation, grey levels."""
        if self._looked is not None and seconds - self._sampled_at < SAMPLE_EVERY - 0.01:
            return
        self._sampled_at = seconds
        small = halved(frame)
        if self._looked is None or self._looked.shape != small.shape:
            self._looked = small.copy()
            self._since = np.full(small.shape, seconds, np.float64)
            return
        moved = cv2.absdiff(small, self._looked) > max(MOVES, 4 * noise)
        self._looked[moved] = small[moved]
        self._since[moved] = seconds

    def still(self, labels: Gray, blobs: Sequence[Blob], seconds: float) -> list[Blob]:
        """The blobs that have stood still long enough."""
        shares = covered_shares(labels, blobs, (self._since <= seconds - self._stationary_after).astype(np.uint8))
        return [blob for blob in blobs if shares[blob.label] >= STILL]

    def forget(self) -> None:
        """Nothing has stood still yet."""
        self._looked = None


def left_or_gone(frame: Gray, reference: Gray, mask: Gray) -> Literal["left", "gone"]:
    """Where the outline of the blob in `mask` (1, half size) is drawn in the frame, a thing was left; else one is gone.

    The energy of edges along the boundary decides (Connell, Senior, Hampapur et al., "Detection and tracking in the
    IBM PeopleVision system", ICME 2004).
    """
    ring = cv2.subtract(cv2.dilate(mask, _SMALL), cv2.erode(mask, _SMALL, borderValue=0))
    now, then = (cv2.mean(halved(outlines(view)), ring)[0] for view in (frame, reference))
    return "left" if now >= then else "gone"
