"""Follows bodies: which detection is whose, who is hidden, and who has left."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vidframe import Box, Detection
from vidframe_people.cells import Cells
from vidframe_people.life import Life
from vidframe_people.regions import share_inside

LEAST_OVERLAP = 0.25  # of a detection with where a body is expected
BEHIND = 0.25  # share of a body that another covers, from which its pixels may be the other's
FASTEST = 1.6  # body heights a second that a hidden body may go
NEAR = 0.7  # body heights within which somebody who was just seen is the same, whatever the colours
KEPT = 0.2  # share of the old box in a new one: detections jitter

Look = NDArray[np.float32]  # a histogram of colours; sums to 1


@dataclass(eq=False)
class Track:
    """One body over time."""

    box: Box
    score: float
    seen: float  # when there was last evidence of it, in seconds
    life: Life
    cells: Cells  # of the frame in which it was last seen
    look: Look | None = None
    hits: int = 1
    number: int | None = None  # once it is told
    told: float = math.inf  # when that was
    faced: float = -math.inf  # when its face was last seen
    is_gone: bool = False  # the place where it was is empty
    velocity: tuple[float, float] = (0.0, 0.0)  # pixels a second, between the last two sightings
    sighted: Box | None = None  # where it was at the last sighting

    def moved(self, across: float, down: float) -> None:
        """Carries the box along."""
        self.box = self.box._replace(x=self.box.x + across, y=self.box.y + down)

    def see(self, detection: Detection, now: float, cells: Cells, look: Look | None) -> None:
        """Takes a new sighting."""
        passed = now - self.seen
        if self.sighted is not None and 0 < passed < 1:
            (x1, y1), (x2, y2) = self.sighted.centre, detection.box.centre
            newest = (x2 - x1) / passed, (y2 - y1) / passed
            self.velocity = (self.velocity[0] + newest[0]) / 2, (self.velocity[1] + newest[1]) / 2
        self.sighted = detection.box
        kept = KEPT if passed < 1 else 0.0
        self.box = Box(*(kept * old + (1 - kept) * new for old, new in zip(self.box, detection.box, strict=True)))
        self.score, self.seen, self.hits = detection.score, now, self.hits + 1
        self.cells, self.look, self.is_gone = cells, look, False


@dataclass
class Tracker:
    """The bodies of one camera."""

    sure: float  # score from which a body begins a track
    unsure: float  # score from which it continues one
    tracks: list[Track] = field(default_factory=list)

    def split(self, detections: Sequence[Detection], now: float) -> list[Detection]:
        """Those that show one body each. Of two that are before each other a detector makes one; both are still there."""
        single = []
        for each in detections:
            inside = [track for track in self.tracks if track.number and _is_part(track.box, each.box)]
            if len(inside) < 2:
                single.append(each)
            for track in inside if len(inside) > 1 else ():
                track.seen = now
        return single

    def is_beside(self, track: Track) -> bool:
        """Whether another body that was told is before or behind it."""
        return any(
            other is not track and other.number and share_inside(track.box, other.box) > BEHIND for other in self.tracks
        )

    def assign(self, detections: Sequence[Detection], now: float) -> tuple[dict[int, Track], list[Detection]]:
        """Gives detections to tracks, sure ones first (ByteTrack, Zhang et al. 2022); returns who got which by index,
        and the sure ones that nobody got."""
        owners: dict[int, Track] = {}
        for least, most in ((self.sure, math.inf), (self.unsure, self.sure)):
            waiting = [i for i, each in enumerate(detections) if least <= each.score < most]
            self._give(detections, waiting, owners, now)
        left = [each for i, each in enumerate(detections) if i not in owners and each.score >= self.sure]
        return owners, left

    def _give(
        self, detections: Sequence[Detection], waiting: Iterable[int], owners: dict[int, Track], now: float
    ) -> None:
        taken = {id(track) for track in owners.values()}
        free = [track for track in self.tracks if id(track) not in taken]
        pairs = [(fit, i, track) for i in waiting for track in free if (fit := _fit(track, detections[i], now)) > 0]
        for _, i, track in sorted(pairs, key=lambda pair: -pair[0]):
            if i not in owners and id(track) not in taken:
                owners[i] = track
                taken.add(id(track))


def _is_part(box: Box, other: Box) -> bool:
    return share_inside(box, other) > 0.6 and other.area > 1.3 * box.area


def _fit(track: Track, detection: Detection, now: float) -> float:
    """How well a detection fits to where the body is expected; 0: not at all. The untold come after the told."""
    overlap = track.box.overlap(detection.box)
    # Half hidden behind a shelf, the box of the visible part lies in the old one; of who steps out, the old in the new.
    within = max(share_inside(detection.box, track.box), share_inside(track.box, detection.box))
    if overlap < LEAST_OVERLAP and within < 0.85:
        return 0.0
    told = 0.1 if track.number is not None else 0.0
    return max(overlap, 0.8 * within * min(1.0, 2 * overlap + 0.2)) + told


def find_again(
    lost: Sequence[Track], detection: Detection, look: Look | None, now: float, lost_after: float
) -> Track | None:
    """The body that was lost nearby a moment ago, is about as large, and wears the same colours."""
    fits = [(_distance(track, detection.box, now), track) for track in lost if now - track.seen <= lost_after]
    near = [
        (away, track)
        for away, track in fits
        # Who comes in piece by piece changes colours, but is near.
        if away is not None and (_is_alike(track.look, look) or (now - track.seen < 1 and away < NEAR))
    ]
    return min(near, key=lambda pair: pair[0])[1] if near else None


def _distance(track: Track, box: Box, now: float) -> float | None:
    """In body heights; None if it cannot be the same body."""
    size = max(track.box.height, box.height, 1.0)
    if not 0.4 < max(box.height, 1.0) / max(track.box.height, 1.0) < 2.5:
        return None
    away = math.dist(track.box.centre, box.centre) / size
    return away if away < 0.4 + FASTEST * (now - track.seen) else None


def _is_alike(one: Look | None, other: Look | None) -> bool:
    """Bhattacharyya coefficient of two histograms."""
    return one is None or other is None or float(np.sqrt(one * other).sum()) > 0.75
