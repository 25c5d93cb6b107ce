"""How one person moves: a steadied point, and whether it stands still."""

from __future__ import annotations

import math
from collections import deque
from typing import Final

from vidframe import Person
from vidframe.geometry import Point

STEADIED: Final = 0.2  # seconds: time constant that takes the jitter of boxes off
WINDOW: Final = 1.0  # seconds over which standing is judged
STILL: Final = 0.15  # body heights a second (25 cm) up to which somebody stands
FACE_WIDTHS: Final = 11.0  # of 15 cm in a body height


def place_of(person: Person) -> tuple[Point, float]:
    """Where a person is and the height of the body, in pixels: by the foot, or by the middle of a face seen alone."""
    if person.seen_by == "face":
        return person.box.centre, max(FACE_WIDTHS * person.box.width, 1.0)
    return person.foot, max(person.box.height, 1.0)


class Motion:
    """The steadied point of one person, and since when it stands."""

    def __init__(self, point: Point, seconds: float) -> None:
        self.point = point
        self.still_since: float | None = None  # seconds; None: moves, or not known yet
        self.stood = 0.0  # seconds of standing that the newest point added
        self._seconds = seconds
        self._points = deque([(seconds, point)])
        self._counted = seconds  # until when the standing was counted

    def moved(self, point: Point, height: float, seconds: float) -> None:
        """Takes the newest point of a body of that height, both in pixels."""
        share = 1 - math.exp((self._seconds - seconds) / STEADIED)
        (x, y), self._seconds = self.point, seconds
        self.point = x + share * (point[0] - x), y + share * (point[1] - y)
        points = self._points
        points.append((seconds, self.point))
        while seconds - points[1][0] >= WINDOW:
            points.popleft()
        self._judge(height, seconds)

    def _judge(self, height: float, seconds: float) -> None:
        """Standing is known a second late; that second is counted with it."""
        began, first = self._points[0]
        passed = seconds - began
        self.stood = 0.0
        if passed < 0.9 * WINDOW or math.dist(first, self.point) > STILL * height * passed:
            self.still_since = None
            return
        if self.still_since is None:
            self.still_since = began
        self.stood = seconds - max(self._counted, began)
        self._counted = seconds
