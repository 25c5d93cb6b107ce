"""What changed and then stood still: a thing that was left behind, or the gap where one was."""

from collections.abc import Sequence
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from vidframe_abnormality.change import Part, masked, shares_of
from vidframe_abnormality.light import Gray, halved, outlines

SAMPLE_EVERY = 0.2  # seconds between two pictures of which it is asked
MOVES = 8.0  # grey levels at which a pixel is another than it was
STILL = 0.93  # share of a part's pixels that must stand still: somebody who stands moves at the edges
_SMALL = np.ones((3, 3), np.uint8)


class Stillness:
    """Since when each pixel has looked the same. Works on pictures of half the size."""

    def __init__(self, stays: float) -> None:
        self._stays = stays
        self._looked: Gray | None = None
        self._sampled_at = 0.0
        self._since: NDArray[Any] = np.zeros((0, 0), np.float32)

    def look(self, picture: Gray, seconds: float, noise: float) -> None:
        """Takes in one picture, if it is time for another."""
        if self._looked is not None and seconds - self._sampled_at < SAMPLE_EVERY - 0.01:
            return
        self._sampled_at = seconds
        small = halved(picture)
        if self._looked is None or self._looked.shape != small.shape:
            self._looked = small.copy()
            self._since = np.full(small.shape, seconds, np.float64)
            return
        moved = cv2.absdiff(small, self._looked) > max(MOVES, 4 * noise)
        self._looked[moved] = small[moved]
        self._since[moved] = seconds

    def still(self, labels: Gray, parts: Sequence[Part], seconds: float) -> list[Part]:
        """The parts that have stood still long enough."""
        shares = shares_of(labels, parts, (self._since <= seconds - self._stays).astype(np.uint8))
        return [part for part in parts if shares[part.label] >= STILL]

    def forget(self) -> None:
        """Nothing has stood still yet."""
        self._looked = None


def left_or_gone(picture: Gray, reference: Gray, labels: Gray, part: Part) -> Literal["left", "gone"]:
    """Where the part's outline is drawn in the picture, something is there that was not; else something is missing.

    The energy of edges along the boundary decides (Connell, Senior, Hampapur et al., "Detection and tracking in the
    IBM PeopleVision system", ICME 2004).
    """
    inside = masked(labels, [part])
    ring = cv2.subtract(cv2.dilate(inside, _SMALL), cv2.erode(inside, _SMALL, borderValue=0))
    now, then = (cv2.mean(halved(outlines(view)), ring)[0] for view in (picture, reference))
    return "left" if now >= then else "gone"
