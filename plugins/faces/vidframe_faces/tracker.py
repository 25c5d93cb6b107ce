"""Gives the same number to the same face from frame to frame; knows boxes and seconds, no pixels.

A track is a box that moves at constant velocity. New boxes are given to tracks greedily, best fit first, which will do for
the few faces of a picture. What fits is decided by overlap, distance
and size alone, so an id says "the same place, a moment later" and nothing about who it is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from vidframe import Box

LEAST_OVERLAP = 0.2
LARGEST_GROWTH = math.log(1.7)  # of a face's width between two sightings
# Face widths a second. A face is 16 cm wide and a customer walks up to 1.5 m/s.
FASTEST = 9.0
SLACK = 0.5  # face widths by which boxes jump although nothing moved
SMOOTHING = 0.5  # share of a new velocity in the kept one


@dataclass(slots=True)
class Track:
    """One face over time."""

    id: int
    box: Box  # where it was last seen
    seen: float  # when, in seconds
    velocity: tuple[float, float] | None = None  # pixels a second; unknown until seen twice

    def predicted(self, now: float) -> Box:
        """Where the face is expected."""
        vx, vy = self.velocity or (0.0, 0.0)
        # Beyond half a second the velocity is no longer known: people stop and turn.
        ahead = min(now - self.seen, 0.5)
        return self.box._replace(x=self.box.x + vx * ahead, y=self.box.y + vy * ahead)

    def reach(self, now: float) -> float:
        """How far off the prediction may be, in face widths."""
        gap = max(0.0, now - self.seen)
        return min(SLACK + (FASTEST if self.velocity is None else FASTEST / 2) * gap, 2.5)

    def see(self, box: Box, now: float) -> None:
        """Takes a new sighting."""
        gap = now - self.seen
        if gap > 0:
            self.velocity = self._velocity(
                (box.centre[0] - self.box.centre[0]) / gap, (box.centre[1] - self.box.centre[1]) / gap
            )
        self.box, self.seen = box, now

    def _velocity(self, vx: float, vy: float) -> tuple[float, float]:
        if self.velocity is None:
            return vx, vy
        kept = 1 - SMOOTHING
        return self.velocity[0] * kept + vx * SMOOTHING, self.velocity[1] * kept + vy * SMOOTHING


@dataclass
class Tracker:
    """The tracks of one camera. `keep`: seconds after which a face that is not seen any more is given up."""

    lost_after: float = 2.0
    tracks: list[Track] = field(default_factory=list)
    _next: int = 1

    def update(self, boxes: Sequence[Box], now: float) -> list[Track]:
        """The track of each box, in the same order; new ones for boxes that fit none."""
        self.tracks = [track for track in self.tracks if now - track.seen <= self.lost_after]
        owners = _assigned(self.tracks, boxes, now)
        result = []
        for index, box in enumerate(boxes):
            track = owners.get(index)
            if track is None:
                track = self._start(box, now)
            else:
                track.see(box, now)
            result.append(track)
        return result

    def _start(self, box: Box, now: float) -> Track:
        track = Track(self._next, box, now)
        self._next += 1
        self.tracks.append(track)
        return track


def _assigned(tracks: Sequence[Track], boxes: Sequence[Box], now: float) -> dict[int, Track]:
    """Box index -> track, best fit first, each at most once."""
    pairs = [
        (cost, index, track)
        for index, box in enumerate(boxes)
        for track in tracks
        if (cost := _cost(track, box, now)) is not None
    ]
    pairs.sort(key=lambda pair: pair[0])
    owners: dict[int, Track] = {}
    taken: set[int] = set()
    for _, index, track in pairs:
        if index not in owners and track.id not in taken:
            owners[index] = track
            taken.add(track.id)
    return owners


def _cost(track: Track, box: Box, now: float) -> float | None:
    """How badly the box fits the track, in face widths; None if it cannot be the same face."""
    predicted = track.predicted(now)
    growth = abs(math.log(max(box.width, 1) / max(predicted.width, 1)))
    if growth > LARGEST_GROWTH:
        return None
    width = (box.width + predicted.width) / 2
    distance = math.dist(box.centre, predicted.centre) / max(width, 1)
    if distance > track.reach(now) and box.overlap(predicted) < LEAST_OVERLAP:
        return None
    return distance + growth
