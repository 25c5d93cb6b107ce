"""Tells standing from walking by how a face or the foot of a body moved over the last second."""

from __future__ import annotations

import math
from collections import deque
from statistics import median
from typing import Final

from vidframe import Box, Person

FACE_STILL: Final = 0.6  # face widths a second (9 cm), up to which somebody stands
FOOT_STILL: Final = 0.10  # body heights a second (17 cm), up to which somebody stops
FOOT_WALKS: Final = 0.20  # ... and from which somebody who stands walks on: boxes of standing people tremble
STEADY: Final = 0.04  # body heights in STEADY_FOR seconds
STEADY_FOR: Final = 0.4
SIDE: Final = 0.01  # of the picture's width
FEET_SHOWN: Final = 0.94  # of the picture's height: boxes that reach lower may end at the picture, not at the feet


class Standing:
    """Whether one person stands, and for how long already."""

    def __init__(self, still_for: float) -> None:
        """`still_for`: seconds that somebody stands before it is a stop."""
        self._still_for = still_for
        self._places: deque[tuple[float, Box]] = deque()
        self._seen_by = ""
        self._cut_below = math.inf  # y from which the lower edge of the picture may hide the feet
        self._last = -math.inf  # time of the place before the newest
        self._counted = -math.inf  # until when the standing was told
        self.since: float | None = None  # since when the person stands; None while he walks

    @property
    def is_still(self) -> bool:
        """Whether the person stands."""
        return self.since is not None

    @property
    def is_steady(self) -> bool:
        """Whether the body hardly moved just now: what moves at its side is an arm."""
        if self._places[-1][0] - self._places[0][0] < STEADY_FOR:
            return False
        now, found = self._places[-1]
        was = next(box for at, box in reversed(self._places) if now - at >= STEADY_FOR)
        return max(abs(_across(was, found)), abs(_down(was, found, is_cut=False))) < STEADY * max(found.height, 1.0)

    def moved(self, person: Person, seconds: float, picture: tuple[int, int]) -> float:
        """Takes the newest place; returns the seconds of standing that it adds.

        The seconds before a stop is known to be one come with it; not at the side of the picture (`picture`: its width
        and height in pixels), where the box of somebody who has left may rest for a moment.
        """
        width, height = picture
        self._cut_below = FEET_SHOWN * height
        is_leaving = person.box.x < SIDE * width or person.box.x + person.box.width > (1 - SIDE) * width
        if person.seen_by != self._seen_by:  # the place of a face is none of a foot
            self._places.clear()
            self._seen_by = person.seen_by
        self._last = self._places[-1][0] if self._places else seconds
        self._places.append((seconds, person.box))
        while len(self._places) > 2 and seconds - self._places[1][0] >= self._still_for:
            self._places.popleft()
        since = self._places[0][0]
        if seconds - since < 0.9 * self._still_for or not self._stands():
            self.since = None
            return 0.0
        self.since = since if self.since is None else self.since
        if is_leaving:
            since = self._last
        stood = seconds - max(since, self._counted)
        self._counted = seconds
        return stood

    def _stands(self) -> bool:
        if self._seen_by == "face":
            (begun, first), (now, last) = self._places[0], self._places[-1]
            return _face_speed(first, last, now - begun) < FACE_STILL
        return self._foot_speed() < (FOOT_WALKS if self.is_still else FOOT_STILL)

    def _foot_speed(self) -> float:
        """Body heights a second, between the first and the last third of the time: medians, since boxes tremble."""
        begun, now = self._places[0][0], self._places[-1][0]
        part = 0.34 * (now - begun)
        first = [place for place in self._places if place[0] <= begun + part]
        last = [place for place in self._places if place[0] >= now - part]
        passed = median(at for at, _ in last) - median(at for at, _ in first)
        was, found = _middle([box for _, box in first]), _middle([box for _, box in last])
        is_cut = max(was.y + was.height, found.y + found.height) > self._cut_below
        across, down = _across(was, found), _down(was, found, is_cut)
        return math.hypot(across, down) / max(was.height, found.height, 1.0) / max(passed, 1e-3)


def _middle(boxes: list[Box]) -> Box:
    return Box(*(median(values) for values in zip(*boxes, strict=True)))


def _across(was: Box, found: Box) -> float:
    """Pixels to the right. An arm that is stretched out moves one side of the box and leaves the other: that is no step."""
    left, right = found.x - was.x, found.x + found.width - was.x - was.width
    return math.copysign(min(abs(left), abs(right)), left) if left * right > 0 else 0.0


def _down(was: Box, found: Box, is_cut: bool) -> float:
    """Pixels that somebody moved in the picture, as the feet tell it, or the head where the picture cuts the feet off.

    A head that goes down over feet that stay is somebody who bends; one that rises comes nearer.
    """
    head, feet = found.y - was.y, found.y + found.height - was.y - was.height
    if is_cut or (head < 0 and abs(head) > abs(feet)):
        return head
    return 0.0 if abs(feet) > 0.2 * was.height and abs(head) < 0.2 * abs(feet) else feet  # a board hides the legs


def _face_speed(first: Box, last: Box, passed: float) -> float:
    """Face widths a second across the picture, and towards the camera: there, a face grows."""
    width = (first.width + last.width) / 2
    (x1, y1), (x2, y2) = first.centre, last.centre
    across = math.hypot(x2 - x1, y2 - y1) / max(width, 1.0)
    # A face that is a tenth larger came a tenth of its distance closer: at 3 m that is two face widths.
    towards = 20 * max(0.0, abs(math.log(max(last.width, 1.0) / max(first.width, 1.0))) - 0.05)
    return math.hypot(across, towards) / passed
