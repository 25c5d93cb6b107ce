"""Where a person stands, by the box: also while goods or other people hide the legs."""

from __future__ import annotations

import math
from typing import Final

from vidframe import Box, Person
from vidframe.geometry import Point

FACE_WIDTHS: Final = 11.0  # of 15 cm in a body height
LEARNT: Final = 0.5  # seconds: time constant of the size of a body
HIDDEN: Final = 0.85  # of its height, that a box keeps at most when legs are hidden
MOVED: Final = 0.2  # body heights from which a head has moved
WALKS_HIDDEN: Final = 5.0  # seconds for which somebody may walk with hidden legs, until the box counts as it is


class Feet:
    """The point of one person, by the foot; of a face that is seen alone, its middle.

    A box that loses height at its lower edge, and not in width, has lost its legs behind something: then the height
    from before holds. Who walks away becomes narrower, too, and who bends down lowers the head.
    """

    def __init__(self) -> None:
        self._bottom = self._width = self._height = 0.0  # of the body, learnt; 0: not known yet
        self._lag = 0.0  # of the learnt lower edge behind that of the box, of somebody who walks
        self._seconds = 0.0
        self._hidden: tuple[float, float] | None = None  # since when, and where the upper edge was then

    def place(self, person: Person, seconds: float) -> tuple[Point, float]:
        """The point and the height of the body, in pixels."""
        box = person.box
        if person.seen_by == "face":
            return box.centre, max(FACE_WIDTHS * box.width, 1.0)
        if self._height and self._is_hidden(box, seconds):
            return (box.centre[0], box.y + self._height), self._height
        self._learn(box, seconds)
        return box.foot, max(box.height, 1.0)

    def _is_hidden(self, box: Box, seconds: float) -> bool:
        if box.height >= HIDDEN * self._height * min(1.0, box.width / self._width):
            return False
        if self._hidden is None:
            risen = self._lag - self._below(box)
            if risen < (self._height - box.height) / 3:
                return False  # the head came down
            self._hidden = seconds, box.y
        since, top = self._hidden
        return abs(box.y - top) < MOVED * self._height or seconds - since < WALKS_HIDDEN

    def _below(self, box: Box) -> float:
        """How far the lower edge of a box is below the learnt one."""
        return box.y + box.height - self._bottom

    def _learn(self, box: Box, seconds: float) -> None:
        is_new = not self._height or self._hidden is not None
        share = 1.0 if is_new else 1 - math.exp((self._seconds - seconds) / LEARNT)
        bottom = box.y + box.height
        self._lag = 0.0 if is_new else self._below(box)
        self._height = max(self._height + share * (box.height - self._height), 1.0)
        self._width = max(self._width + share * (box.width - self._width), 1.0)
        self._bottom = bottom if is_new else self._bottom + share * (bottom - self._bottom)
        self._seconds, self._hidden = seconds, None
