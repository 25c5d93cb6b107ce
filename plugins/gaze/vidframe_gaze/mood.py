"""The mood at a counter: expressions of whoever stands in a service zone, summed up each minute."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from vidframe import Expression
from vidframe_gaze.visits import ExpressionSums


@dataclass
class Mood:
    """One service zone since its last event."""

    start: float | None = None  # None: nobody was there
    end: float = 0.0
    seconds: float = 0.0  # of all people together
    people: set[str] = field(default_factory=set)  # ids of visits
    expression: ExpressionSums = field(default_factory=ExpressionSums)

    def add(self, visit: str, seconds: float, passed: float, emotion: Expression | None) -> None:
        """Counts somebody who stood there for the `passed` seconds before `seconds`."""
        if self.start is None:
            self.start = seconds
        self.end = seconds
        self.seconds += passed
        self.people.add(visit)
        self.expression.add(emotion, passed)

    def facts(self) -> dict[str, Any]:
        """What the event says, without its times; valence is None where no expression was known."""
        mean = self.expression.mean() or {"valence": None, "probabilities": {}}
        return {
            "people": len(self.people),
            "valence": mean["valence"],
            "probabilities": mean["probabilities"],
            "seconds": round(self.seconds, 2),
        }
