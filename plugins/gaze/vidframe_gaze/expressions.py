"""Expressions of faces, averaged over time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from vidframe import Expression


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

    def add_up(self, other: ExpressionSums) -> None:
        """Adds the sums of somebody else."""
        self.seconds += other.seconds
        self.valence += other.valence
        for name, total in other.probabilities.items():
            self.probabilities[name] = self.probabilities.get(name, 0.0) + total

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
