"""Whether one person crosses one line. A box that jitters on it, or a person who turns back, counts nothing."""

from __future__ import annotations

from typing import Final

from vidframe.geometry import Line, Point

MARGIN: Final = 0.15  # body heights (25 cm) beyond the line from which a side is sure
CONFIRMED: Final = 0.15  # seconds that a person has to stay beyond the line then


class Crossing:
    """One person at one line: 1 is to its right, -1 to its left."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._side = 0  # on which the person surely was; 0: not known yet
        self._last: tuple[Point, float] | None = None  # point, and its distance from the line
        self._is_through = False  # whether the last change of sides went between the ends of the line
        self._beyond_since: float | None = None  # since when surely on the other side, while not counted yet

    def moved(self, point: Point, height: float, seconds: float) -> int:
        """Takes the newest point of a body of that height; returns the side to which it has crossed now, else 0."""
        distance = self._line.distance(point)
        if self._last is not None and (distance < 0) != (self._last[1] < 0):
            self._is_through = self._line.crossed(self._last[0], point) != 0
        self._last = point, distance
        is_sure = abs(distance) >= MARGIN * height
        if self._side * distance >= 0:  # still where it was, or not known
            self._beyond_since = None
            if self._side == 0 and is_sure:
                self._side = 1 if distance > 0 else -1
            return 0
        if self._beyond_since is None and is_sure:
            self._beyond_since = seconds
        if self._beyond_since is None or seconds - self._beyond_since < CONFIRMED:
            return 0
        return self._crossed()

    def lost(self, height: float) -> int:
        """The person is not seen any more, and has crossed where last seen a third of the margin beyond the line."""
        is_beyond = self._last is not None and -self._side * self._last[1] >= MARGIN * height / 3
        return self._crossed() if self._side and is_beyond else 0

    def _crossed(self) -> int:
        self._side, self._beyond_since = -self._side, None
        return self._side if self._is_through else 0
