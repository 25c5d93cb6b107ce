"""What one person does while a camera sees him: passes zones, stops, looks, reaches. Plain times and numbers, no picture."""

from __future__ import annotations

import math
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from vidframe import Box, Expression, Person
from vidframe_gaze.looking import Habits, Looking
from vidframe_gaze.standing import Standing
from vidframe_gaze.tally import Tally

EMOTION_STANDS: Final = 1.0  # seconds
SETTLES: Final = 0.7  # seconds before leaving, in which it is the whole body that moves
REACH_PAUSE: Final = 2.0  # seconds between two reaches: a hand that holds something rests for a moment


@dataclass(frozen=True)
class Glimpse:
    """What one frame shows of one person and the zones, each by its name."""

    near: set[str]  # that the person is at
    looked: Mapping[str, float]  # probability that the head is turned to it; empty where its direction is not known
    turned: set[str]  # of those that the person is at: to which the body is turned, where the head tells nothing
    expression: Expression | None = None


class Visit:
    """One person in view of one camera, over short losses of his track."""

    def __init__(self, person: Person, seconds: float, habits: Habits, is_staff: bool = False) -> None:
        self.id = secrets.token_hex(8)
        self.box = person.box
        self.face_box = person.face.box if person.face else None  # where the face was last seen
        self.began = seconds
        self.seen = seconds
        self.told = seconds  # when events about it last went out
        self.is_staff = is_staff
        self.seen_by: Literal["body", "face"] = person.seen_by  # "body" if a body was seen at any time
        self.tallies: dict[str, Tally] = {}
        self.told_zones: set[str] = set()  # zones about which events went out that are not final
        self.unjudged: set[str] = set()  # zones whose goods may have been taken and were not seen since
        self._taken: dict[str, bool | None] = {}  # zone -> whether its goods changed while this person was there
        self._habits = habits
        self._standing = Standing(habits.still_for)
        self._looking: dict[str, Looking] = {}
        self._hands: list[tuple[float, str]] = []  # seen at a zone, and not counted: who stands is known later
        self._reached: dict[str, float] = {}  # zone -> when a hand of this person was last counted there
        self._expression: Expression | None = None
        self._expression_seen = -math.inf

    def expression_at(self, seconds: float, person: Person) -> Expression | None:
        """How the face looks: the emotion step runs now and then only, and what it said stands for a while."""
        newest = person.face.expression if person.face else None
        if newest is not None:
            self._expression, self._expression_seen = newest, seconds
        return self._expression if seconds - self._expression_seen <= EMOTION_STANDS else None

    def seen_again(self, person: Person, seconds: float) -> None:
        """Takes where the person is now."""
        self.box, self.seen = person.box, seconds
        if person.face:
            self.face_box = person.face.box
        if person.seen_by == "body":
            self.seen_by = "body"

    def update(self, person: Person, seconds: float, picture: tuple[int, int], glimpse: Glimpse) -> None:
        """Takes what one frame shows; `picture`: its width and height in pixels."""
        # Of a time without a picture nothing is known; it counts as short as the pause of a look.
        passed = min(seconds - self.seen, self._habits.look_pause)
        stood = self._standing.moved(person, seconds, picture)
        self.seen_again(person, seconds)
        for name in glimpse.near:
            tally = self._tally(name, seconds)
            tally.passed = True
            tally.stopped_seconds += stood
            tally.turned_seconds += passed if name in glimpse.turned else 0.0
        self._count_reaches(seconds)
        for name in {*glimpse.looked, *self._looking}:
            self._look(name, glimpse.looked.get(name, 0.0), passed, glimpse.expression)

    @property
    def is_still(self) -> bool:
        """Whether the person stands."""
        return self._standing.is_still

    def reached(self, zone: str, seconds: float) -> None:
        """Takes that a hand is at the goods of a zone; it counts if the person turns out to stand at that time."""
        if self._standing.is_steady:
            self._hands.append((seconds, zone))

    def has_reached(self, zone: str, since: float) -> bool:
        """Whether a reach into a zone was counted since then."""
        return self._reached.get(zone, -math.inf) >= since

    def judged(self, zone: str, taken: bool | None) -> None:
        """Takes whether something was taken, of one stay at a zone: one take is enough, and one doubt undoes a no."""
        self.unjudged.discard(zone)
        before = self._taken.get(zone, False)
        self._taken[zone] = True if True in (before, taken) else None if None in (before, taken) else False

    def taken_at(self, zone: str) -> bool | None:
        """Whether something was taken there during the visit; None where that cannot be said."""
        taken = self._taken.get(zone)
        return None if zone in self.unjudged and not taken else taken

    def took_tallies(self) -> dict[str, Tally]:
        """What happened since it was last asked, by zone; zones without anything to tell are left out."""
        telling = {name: tally for name, tally in self.tallies.items() if tally.passed or tally.looked_seconds}
        self.tallies = {}
        self.told = self.seen
        return telling

    def _count_reaches(self, seconds: float) -> None:
        since = self._standing.since
        waiting = []
        for at, zone in self._hands:
            if since is not None and since <= at <= seconds - SETTLES:
                self._tally(zone, seconds).reaches += at - self._reached.get(zone, -math.inf) > REACH_PAUSE
                self._reached[zone] = at
            elif seconds - at < self._habits.still_for + SETTLES:
                waiting.append((at, zone))
        self._hands = waiting

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


def same_place(before: Box, now: Box, gap: float) -> float | None:
    """How far, in face widths, a face is from where one was lost `gap` seconds ago; None if it cannot be the same."""
    if not 0.6 < now.width / max(before.width, 1.0) < 1.67:
        return None
    (x1, y1), (x2, y2) = before.centre, now.centre
    away = math.hypot(x2 - x1, y2 - y1) / max(before.width, 1.0)
    return away if away < 1.0 + 2.0 * gap else None
