"""What happened between one person and one zone."""

from __future__ import annotations

from dataclasses import dataclass, field

from vidframe_gaze.expressions import ExpressionSums


@dataclass
class Tally:
    """What happened between a person and a zone since the last event about them."""

    start: float
    end: float
    passed: bool = False
    stopped_seconds: float = 0.0
    looked_seconds: float = 0.0
    looks: int = 0
    turned_seconds: float = 0.0  # of the body, while no head direction was known
    reaches: int = 0
    certainty: float = 0.0  # probability times seconds, of the looks
    expression: ExpressionSums = field(default_factory=ExpressionSums)

    @property
    def probability(self) -> float:
        """Mean probability that the looks were at this zone; 0 without looks."""
        return self.certainty / self.looked_seconds if self.looked_seconds else 0.0
