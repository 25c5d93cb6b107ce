"""How one person moves: a steadied point, and whether it stands still."""

from __future__ import annotations

import math
from collections import deque
from typing import Final

from vidframe.geometry import Point

STEADIED: Final = 0.2  # seconds: time constant that takes the jitter of boxes off
WINDOW: Final = 1.0  # seconds over which standing is judged
STILL: Final = 0.15  # body heights a second (25 cm) up to which somebody stands


class Motion:
    """The steadied point of one person, and since when it stands."""

    def __init__(self) -> None:
        self.point: Point = (0.0, 0.0)
        self.still_since: float | None = None  # seconds; None: moves, or not known yet
        self.stood = 0.0  # seconds of standing that the newest point added
        self._points: deque[tuple[float, Point]] = deque()
        self._counted = -math.inf  # until when the standing was counted

    def moved(self, point: Point, height: float, seconds: float) -> None:
        """Takes the newest point of a body of that height, both in pixels."""
        points = self._points
        if points:
            share, (x, y) = 1 - math.exp((points[-1][0] - seconds) / STEADIED), self.point
            point = x + share * (point[0] - x), y + share * (point[1] - y)
        self.point = point
        points.append((seconds, point))
        while len(points) > 2 and seconds - points[1][0] >= WINDOW:
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
