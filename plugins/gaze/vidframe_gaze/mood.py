"""The mood at a counter: expressions of whoever stands in a service zone, summed up each minute."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from vidframe import Expression
from vidframe_gaze.expressions import ExpressionSums
from vidframe_gaze.visits import Visit

HIDDEN_FOR: Final = 600.0  # seconds within which somebody who appears at a counter may be who vanished there
LOST_FOR: Final = 0.5  # seconds without a sight, from which somebody vanished


@dataclass
class _Minute:
    """What was seen at a zone since its last event, by visit: staff can be taken out again."""

    start: float
    end: float
    newcomers: set[str] = field(default_factory=set)
    seconds: dict[str, float] = field(default_factory=dict)
    expressions: dict[str, ExpressionSums] = field(default_factory=dict)


class Mood:
    """One service zone. Each person is counted once, in the event of the time in which they came.

    Somebody may be lost there and found again as a new visit, behind a customer or a screen. So who appears in the
    middle of a zone in which somebody vanished is not counted a second time; who walks into it is.
    """

    def __init__(self) -> None:
        self._counted: dict[str, tuple[Visit, float]] = {}  # those under way, and when they were last in the zone
        self._vanished: list[float] = []  # when people vanished in the zone
        self._minute: _Minute | None = None

    def add(self, visit: Visit, seconds: float, passed: float, expression: Expression | None) -> None:
        """Counts somebody who stood there for the `passed` seconds before `seconds`."""
        minute = self._minute = self._minute or _Minute(seconds, seconds)
        minute.end = seconds
        minute.seconds[visit.id] = minute.seconds.get(visit.id, 0.0) + passed
        minute.expressions.setdefault(visit.id, ExpressionSums()).add(expression, passed)
        if visit.id not in self._counted and not (visit.began == seconds and self._is_back(seconds)):
            minute.newcomers.add(visit.id)
        self._counted[visit.id] = visit, seconds

    def over(self, visit: Visit, *, vanished: bool) -> None:
        """Takes the end of a visit; `vanished`: away from the edges of the picture."""
        _, last = self._counted.pop(visit.id, (visit, -1.0))
        if vanished and last == visit.seen:
            self._vanished.append(visit.seen)

    def without(self, visit: Visit) -> None:
        """Takes out who turned out to be staff, as far as it was not told yet."""
        if self._minute:
            self._minute.newcomers.discard(visit.id)
            self._minute.seconds.pop(visit.id, None)
            self._minute.expressions.pop(visit.id, None)

    def is_due(self, now: float, update_every: float) -> bool:
        """Whether it is time for an event."""
        return self._minute is not None and now - self._minute.start >= update_every

    def told(self, report: Callable[..., Any]) -> None:
        """Reports what was seen since the last event, if anything, with its times and facts."""
        minute, self._minute = self._minute, None
        if minute is None or not minute.seconds:
            return
        sums = ExpressionSums()
        for one in minute.expressions.values():
            sums.add_up(one)
        mean = sums.mean() or {"valence": None, "probabilities": {}}
        report(
            minute.start,
            minute.end,
            people=len(minute.newcomers),
            valence=mean["valence"],
            probabilities=mean["probabilities"],
            seconds=round(sum(minute.seconds.values()), 2),
        )

    def _is_back(self, seconds: float) -> bool:
        """Whether somebody vanished in the zone, of whom a new visit may be the return; that one is used up."""
        self._vanished = [at for at in self._vanished if seconds - at < HIDDEN_FOR]
        if self._vanished:
            self._vanished.pop(0)
            return True
        lost = next((v.id for v, last in self._counted.values() if last == v.seen < seconds - LOST_FOR), None)
        if lost is not None:
            del self._counted[lost]
        return lost is not None
