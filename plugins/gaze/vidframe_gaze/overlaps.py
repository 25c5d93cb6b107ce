"""Zones that cover the same part of the picture: which of them a direction is at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vidframe_gaze.outlines import Corners, area_of, in_pixels, share_inside
from vidframe_gaze.zones import Zone

SHARED_FROM: Final = 0.05  # of the smaller zone: what overlaps less was drawn side by side
INSIDE_FROM: Final = 0.8  # of the smaller zone: what lies within another to that part has its place to itself
SAME_DEPTH: Final = 0.5  # metres: zones of known distance that lie further apart do not overlap in space


class Overlaps:
    """The overlaps among zones; the order in which they are written does not count."""

    def __init__(self, zones: Sequence[Zone], size: tuple[int, int]) -> None:
        self._zones = zones
        outlines = [None if zone.polygon is None else in_pixels(zone.polygon, *size) for zone in zones]
        areas = [_extent(zone, outline) for zone, outline in zip(zones, outlines, strict=True)]
        count = len(zones)
        self._joined = np.eye(count, dtype=bool)
        self._holds = np.zeros((count, count), bool)  # whether the first has the second within it
        for small, large in np.argwhere(np.less_equal.outer(areas, areas)).tolist():
            share = self._overlap(small, large, outlines)
            if share >= SHARED_FROM:
                self._joined[small, large] = self._joined[large, small] = True
                self._holds[large, small] = share >= INSIDE_FROM and areas[small] < INSIDE_FROM * areas[large]

    def shares(self, metres: NDArray[np.float64]) -> NDArray[np.float64]:
        """The part of the directions that is at each zone.

        `metres`: zones x directions, to where a direction meets a zone, infinity where it misses. A direction is at the
        zone that it meets first. Where others overlap that one and are met, too, the smallest that lies within another
        has it; those of which none lies within the other share it.
        """
        met = metres < np.inf
        candidates = met & self._joined[:, metres.argmin(axis=0)]
        at = candidates & ~(self._holds.astype(int) @ candidates.astype(int) > 0)
        return np.asarray((at / np.maximum(at.sum(axis=0), 1)).sum(axis=1) / metres.shape[1])

    def told(self) -> Iterator[str]:
        """A sentence for each pair of zones that overlap."""
        for one, other in np.argwhere(np.triu(self._joined, 1)).tolist():
            if self._holds[one, other] or self._holds[other, one]:
                outer, inner = (one, other) if self._holds[one, other] else (other, one)
                yield f"zone {self._name(inner)} lies within zone {self._name(outer)}: who looks there looks at {self._name(inner)} alone"
            else:
                yield (
                    f"zones {self._name(one)} and {self._name(other)} overlap: each gets half of the probability where "
                    "they do, which is hardly enough for a look"
                )

    def _name(self, index: int) -> str:
        return repr(self._zones[index].name)

    def _overlap(self, small: int, large: int, outlines: Sequence[Corners | None]) -> float:
        """The part of the smaller zone that the other covers; 0 where they lie one behind the other."""
        zones = self._zones[small], self._zones[large]
        inner, outer = outlines[small], outlines[large]
        if small == large:
            return 0.0
        if inner is None or outer is None:
            return _shared_yaws(zones[0].sector, zones[1].sector)
        depths = [np.mean(zone.distance) for zone in zones if zone.distance is not None]
        if len(depths) == 1 or (depths and abs(depths[0] - depths[1]) > SAME_DEPTH):
            return 0.0
        return share_inside(inner, outer)


def _extent(zone: Zone, outline: Corners | None) -> float:
    """Square pixels of a polygon, degrees of a sector."""
    if outline is not None:
        return area_of(outline)
    return zone.sector[1] - zone.sector[0] if zone.sector else 0.0


def _shared_yaws(one: tuple[float, float] | None, other: tuple[float, float] | None) -> float:
    """The part of one sector that lies in the other; 0 where one is no sector."""
    if one is None or other is None:
        return 0.0
    return max(0.0, min(one[1], other[1]) - max(one[0], other[0])) / (one[1] - one[0])
