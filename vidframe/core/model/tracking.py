"""Follows boxes from frame to frame."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count

from vidframe.core.model.geometry import Box
from vidframe.core.model.people import Detection


@dataclass
class _Track:
    number: int
    label: str
    box: Box
    seconds: float  # when it was last seen
    velocity: tuple[float, float] = (0.0, 0.0)  # pixels a second

    def expected(self, seconds: float) -> Box:
        passed = seconds - self.seconds
        return self.box._replace(x=self.box.x + self.velocity[0] * passed, y=self.box.y + self.velocity[1] * passed)


class BoxTracker:
    """Gives detections of one camera numbers that stay the same over frames.

    Each detection goes to the track of its label whose expected box (moved on at its last speed) it overlaps most,
    pairs with the largest overlap first, as in SORT (Bewley et al. 2016) without its Kalman filter. Where boxes
    move further than their own size between two frames, the nearest within `reach` sizes is taken.
    """

    def __init__(self, *, min_overlap: float = 0.2, lost_after: float = 1.0, reach: float = 1.0) -> None:
        self._min_overlap = min_overlap  # intersection over union, 0..1
        self._lost_after = lost_after  # seconds without a detection after which a number is not used again
        self._reach = reach  # in diagonals of the box
        self._tracks: list[_Track] = []
        self._numbers = count(1)

    def update(self, detections: Iterable[Detection], seconds: float) -> None:
        """Sets `track` of each detection of a frame that was taken at `seconds`."""
        self._tracks = [track for track in self._tracks if seconds - track.seconds <= self._lost_after]
        waiting = list(detections)
        pairs = [(self._score(track, each, seconds), track, each) for track in self._tracks for each in waiting]
        taken: set[int] = set()
        for score, track, each in sorted(pairs, key=lambda pair: pair[0], reverse=True):
            if score > 0 and id(track) not in taken and id(each) not in taken:
                taken |= {id(track), id(each)}
                self._follow(track, each, seconds)
        for each in waiting:
            if id(each) not in taken:
                each.track = next(self._numbers)
                self._tracks.append(_Track(each.track, each.label, each.box, seconds))

    def _score(self, track: _Track, detection: Detection, seconds: float) -> float:
        """Above 1 for boxes that overlap, 0 to 1 for near ones, 0 for others."""
        if track.label != detection.label:
            return 0.0
        expected = track.expected(seconds)
        overlap = expected.overlap(detection.box)
        if overlap >= self._min_overlap:
            return 1 + overlap
        (x1, y1), (x2, y2) = expected.centre, detection.box.centre
        distance = ((x1 - x2) ** 2 + (y1 - y2) ** 2) ** 0.5
        size: float = (expected.width**2 + expected.height**2) ** 0.5 * self._reach
        return max(0.0, 1 - distance / size) if size else 0.0

    def _follow(self, track: _Track, detection: Detection, seconds: float) -> None:
        passed = seconds - track.seconds
        if passed > 0:
            (x1, y1), (x2, y2) = track.box.centre, detection.box.centre
            track.velocity = (x2 - x1) / passed, (y2 - y1) / passed
        track.box, track.seconds, detection.track = detection.box, seconds, track.number
