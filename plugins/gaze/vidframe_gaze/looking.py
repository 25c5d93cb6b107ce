"""Looks of one person at one zone."""

from __future__ import annotations

from dataclasses import dataclass

from vidframe import Expression
from vidframe_gaze.tally import Tally


@dataclass(frozen=True)
class Habits:
    """What counts as what; each is a setting of the `interest` step."""

    look_above: float = 0.5  # probability from which a look begins
    look_below: float = 0.3  # probability below which it may end
    look_pause: float = 0.5  # seconds that a look may be interrupted
    shortest_look: float = 0.4  # seconds
    still_for: float = 1.0  # seconds that somebody stands before it is a stop


class Looking:
    """Whether somebody looks at one zone: begins at a high probability, ends after a pause at a low one."""

    def __init__(self, habits: Habits) -> None:
        self._habits = habits
        self._waiting: list[tuple[float, float, Expression | None]] = []  # of a look that is still too short
        self._pause = 0.0
        self._is_look = False

    def seen(self, tally: Tally, probability: float, seconds: float, emotion: Expression | None) -> None:
        """Takes the probability of the last `seconds`, and counts what is a look."""
        habits = self._habits
        goes_on = self._is_look or bool(self._waiting)
        if probability >= (habits.look_below if goes_on else habits.look_above):
            self._pause = 0.0
            self._waiting.append((probability, seconds, emotion))
        elif goes_on:
            self._pause += seconds
            if self._pause > habits.look_pause:
                self.ended()
        if not self._is_look and sum(part[1] for part in self._waiting) >= habits.shortest_look:
            self._is_look = True
            tally.looks += 1
        if self._is_look:
            self._count(tally)

    def ended(self) -> None:
        """Forgets the look that goes on."""
        self._waiting.clear()
        self._is_look = False
        self._pause = 0.0

    def _count(self, tally: Tally) -> None:
        for probability, seconds, emotion in self._waiting:
            tally.looked_seconds += seconds
            tally.certainty += probability * seconds
            tally.expression.add(emotion, seconds)
        self._waiting.clear()
