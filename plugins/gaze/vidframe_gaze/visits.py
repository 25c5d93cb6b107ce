"""What one person does while a camera sees him: passes zones, stops, looks. Plain times and numbers, no picture."""

from __future__ import annotations

import math
import secrets
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from vidframe import Box, Expression

EMOTION_STANDS: Final = 1.0  # seconds


@dataclass(frozen=True)
class Habits:
    """What counts as what; each is a setting of the `interest` step."""

    look_above: float = 0.5  # probability from which a look begins
    look_below: float = 0.3  # probability below which it may end
    look_pause: float = 0.5  # seconds that a look may be interrupted
    shortest_look: float = 0.4  # seconds
    still: float = 0.6  # face widths a second, up to which somebody stands
    still_for: float = 1.0  # seconds that somebody stands before it is a stop


@dataclass
class ExpressionSums:
    """Sums of what a face looked like, weighted by seconds."""

    seconds: float = 0.0
    valence: float = 0.0
    probabilities: dict[str, float] = field(default_factory=dict)

    def add(self, emotion: Expression | None, seconds: float) -> None:
        """Counts an expression that was there for so long; None counts nothing."""
        if emotion is None:
            return
        self.seconds += seconds
        self.valence += emotion.valence * seconds
        for name, probability in emotion.probabilities.items():
            self.probabilities[name] = self.probabilities.get(name, 0.0) + probability * seconds

    def mean(self) -> dict[str, Any] | None:
        """As an event carries it; None if there was none."""
        if self.seconds <= 0:
            return None
        means = {name: round(total / self.seconds, 3) for name, total in self.probabilities.items()}
        return {
            "valence": round(self.valence / self.seconds, 3),
            "probabilities": means,
            "seconds": round(self.seconds, 2),
        }


@dataclass
class Tally:
    """What happened between a person and a zone since the last event about them."""

    start: float
    end: float
    passed: bool = False
    stopped_seconds: float = 0.0
    looked_seconds: float = 0.0
    looks: int = 0
    certainty: float = 0.0  # probability times seconds, of the looks
    expression: ExpressionSums = field(default_factory=ExpressionSums)

    @property
    def probability(self) -> float:
        """Mean probability that the looks were at this zone; 0 without looks."""
        return self.certainty / self.looked_seconds if self.looked_seconds else 0.0


class Stillness:
    """Tells standing from walking by how a face moved over the last second."""

    def __init__(self, habits: Habits) -> None:
        self._habits = habits
        self._places: deque[tuple[float, Box]] = deque()
        self.is_still = False
        self._counted = -math.inf  # until when the standing was told

    def moved(self, box: Box, seconds: float) -> float:
        """Takes the newest place; returns the seconds of standing that it adds.

        The seconds before a stop is known to be one come with it.
        """
        self._places.append((seconds, box))
        while len(self._places) > 2 and seconds - self._places[1][0] >= self._habits.still_for:
            self._places.popleft()
        first, last = self._places[0], self._places[-1]
        passed = last[0] - first[0]
        self.is_still = (
            passed >= 0.9 * self._habits.still_for and self._speed(first[1], box, passed) < self._habits.still
        )
        if not self.is_still:
            return 0.0
        stood = seconds - max(first[0], self._counted)
        self._counted = seconds
        return stood

    def _speed(self, first: Box, last: Box, passed: float) -> float:
        """Face widths a second across the picture, and towards the camera: there, a face grows."""
        width = (first.width + last.width) / 2
        (x1, y1), (x2, y2) = first.centre, last.centre
        across = math.hypot(x2 - x1, y2 - y1) / max(width, 1.0)
        # A face that is a tenth larger came a tenth of its distance closer: at 3 m that is two face widths.
        towards = 20 * max(0.0, abs(math.log(max(last.width, 1.0) / max(first.width, 1.0))) - 0.05)
        return math.hypot(across, towards) / passed


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


class Visit:
    """One person in view of one camera, over short losses of his track."""

    def __init__(self, box: Box, seconds: float, habits: Habits, is_staff: bool = False) -> None:
        self.id = secrets.token_hex(8)
        self.box = box
        self.began = seconds
        self.seen = seconds
        self.told = seconds  # when events about it last went out
        self.is_staff = is_staff
        self.tallies: dict[str, Tally] = {}
        self.told_zones: set[str] = set()  # zones about which events went out that are not final
        self._habits = habits
        self._stillness = Stillness(habits)
        self._looking: dict[str, Looking] = {}
        self._expression: Expression | None = None
        self._emotion_seen = -math.inf

    def emotion_at(self, seconds: float, newest: Expression | None) -> Expression | None:
        """How the face looks: the emotion step runs now and then only, and what it said stands for a while."""
        if newest is not None:
            self._expression, self._emotion_seen = newest, seconds
        return self._expression if seconds - self._emotion_seen <= EMOTION_STANDS else None

    def continues_at(self, box: Box, seconds: float, longest_gap: float) -> float | None:
        """How far, in face widths, a new face is from where this person was lost; None if it cannot be him."""
        gap = seconds - self.seen
        if gap > longest_gap or not 0.6 < box.width / max(self.box.width, 1.0) < 1.67:
            return None
        (x1, y1), (x2, y2) = self.box.centre, box.centre
        away = math.hypot(x2 - x1, y2 - y1) / max(self.box.width, 1.0)
        return away if away < 1.0 + 2.0 * gap else None

    def update(
        self, box: Box, seconds: float, near: set[str], facing: Mapping[str, float], emotion: Expression | None
    ) -> None:
        """Takes what one frame shows: the zones that the person is at, and those that he may be turned to."""
        # Of a time without a picture nothing is known; it counts as short as the pause of a look.
        passed = min(seconds - self.seen, self._habits.look_pause)
        stood = self._stillness.moved(box, seconds)
        self.box, self.seen = box, seconds
        for name in near:
            tally = self._tally(name, seconds)
            tally.passed = True
            tally.stopped_seconds += stood
        for name in {*facing, *self._looking}:
            self._look(name, facing.get(name, 0.0), passed, emotion)

    def took_tallies(self) -> dict[str, Tally]:
        """What happened since it was last asked, by zone; zones without anything to tell are left out."""
        telling = {name: tally for name, tally in self.tallies.items() if tally.passed or tally.looked_seconds}
        self.tallies = {}
        self.told = self.seen
        return telling

    def _look(self, name: str, probability: float, passed: float, emotion: Expression | None) -> None:
        if name not in self._looking:
            if probability < self._habits.look_above:
                return
            self._looking[name] = Looking(self._habits)
        tally = self.tallies.get(name) or Tally(self.seen, self.seen)
        before = tally.looked_seconds
        self._looking[name].seen(tally, probability, passed, emotion)
        if tally.looked_seconds > before:
            tally.end = self.seen
            self.tallies[name] = tally

    def _tally(self, name: str, seconds: float) -> Tally:
        tally = self.tallies.setdefault(name, Tally(seconds, seconds))
        tally.end = seconds
        return tally
