"""Whether a body is turned to a zone: coarse, since a body tells its direction to some 40 degrees only."""

from __future__ import annotations

import cmath
import math
from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vidframe import Box
from vidframe_gaze.outlines import Corners, points_inside

WITHIN: Final = 45.0  # degrees between body and zone up to which the body is turned to it
BEHIND: Final = 0.3  # body heights that goods lie behind who hides them
AT_HAND: Final = 1.0  # body heights to the left and right: of a long shelf, the part that somebody stands at


class Around:
    """A zone as those see it who stand at it: the range of directions in which its goods lie."""

    def __init__(self, polygon: Corners | None, sector: tuple[float, float] | None) -> None:
        """`polygon`: in pixels; `sector`: yaws, for a zone of a camera on the shelf."""
        self._goods = None if polygon is None else points_inside(polygon, across=20)
        self._sector = sector

    def turned(self, box: Box, facing: tuple[float, float]) -> float:
        """Probability that a body is turned to the zone, give or take `WITHIN` degrees.

        `facing`: yaw and its standard error in degrees, as in `Person.facing`.
        """
        yaw, sigma = facing
        middle, half = self._seen_from(box)
        off = (yaw - middle + 180) % 360 - 180
        reach, spread = min(half + WITHIN, 90.0), NormalDist(0, max(sigma, 1.0))
        return sum(spread.cdf(off + turn + reach) - spread.cdf(off + turn - reach) for turn in (-360, 0, 360))

    def _seen_from(self, box: Box) -> tuple[float, float]:
        """The yaw in which the goods lie for a body, and how far they spread to either side."""
        if self._sector is not None:
            return (self._sector[0] + self._sector[1]) / 2, (self._sector[1] - self._sector[0]) / 2
        directions = np.exp(1j * self._directions(box))
        mean = complex(directions.mean())
        off = np.angle(directions / mean)
        return math.degrees(cmath.phase(mean)), math.degrees(math.sqrt(off @ off / len(off)))

    def _directions(self, box: Box) -> NDArray[np.float64]:
        """Yaws of the goods, in radians.

        The picture tells left and right. What is above the head in it lies behind who stands there, what is below the
        feet before him; a shelf of which the body hides a part is behind it.
        """
        if self._goods is None or not len(self._goods):
            return np.zeros(1)
        height = max(box.height, 1.0)
        across = (self._goods[:, 0] - box.centre[0]) / height
        below_head, below_feet = (self._goods[:, 1] - box.y) / height, (self._goods[:, 1] - box.foot[1]) / height
        deep = np.maximum(-below_head, 0) - np.maximum(below_feet, 0)
        is_hidden = (deep == 0) & (np.abs(across) < box.width / height / 2)
        if is_hidden.any():
            deep[deep >= 0] += BEHIND
        at_hand = np.abs(across) <= max(AT_HAND, np.abs(across).min() + BEHIND)
        return np.asarray(np.arctan2(across, -deep)[at_hand])
