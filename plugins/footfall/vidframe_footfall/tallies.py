"""What is counted since the last event: people on lines, in areas and in view, and where they stood."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

LASTS: Final = 1.0  # seconds that a number of people has to last to be the most
LIMIT_LASTS: Final = 10.0  # seconds for which a queue is at its limit, or below it, until that is reported


class Level:
    """How many people there are, the most that were there for a second, and their seconds together."""

    def __init__(self) -> None:
        self.now = 0
        self.seconds = 0.0
        self._most = 0
        self._least = 0  # since `_since`
        self._since: float | None = None

    def update(self, people: int, passed: float, seconds: float) -> None:
        """Takes the number of people now, and how long ago it was last told."""
        self.seconds += self.now * passed
        self.now = people
        if self._since is None or seconds - self._since >= LASTS:
            self._most = max(self._most, self._least)
            self._least, self._since = people, seconds
        self._least = min(self._least, people)

    def take(self) -> dict[str, Any]:
        """What happened since the last call, as facts."""
        facts = {"now": self.now, "most": max(self._most, self.now), "seconds": round(self.seconds, 2)}
        self.seconds, self._most = 0.0, 0
        return facts


@dataclass
class Stays:
    """Lengths of the stays that ended, seconds."""

    lengths: list[float] = field(default_factory=list)

    def take(self) -> dict[str, Any]:
        """What happened since the last call, as facts."""
        lengths, self.lengths = self.lengths, []
        return {
            "stays": len(lengths),
            "mean_stay": round(sum(lengths) / len(lengths), 2) if lengths else None,
            "longest_stay": round(max(lengths), 2) if lengths else None,
        }


@dataclass
class Crossings:
    """People who crossed one line: since the last event, and since the start."""

    entries: int = 0
    exits: int = 0
    entries_total: int = 0
    exits_total: int = 0

    def add(self, side: int) -> None:
        """Counts one that went in (1) or out (-1); 0 counts nothing."""
        self.entries += side > 0
        self.exits += side < 0
        self.entries_total += side > 0
        self.exits_total += side < 0

    def take(self) -> dict[str, Any]:
        """What happened since the last call, as facts."""
        facts = {"entries": self.entries, "exits": self.exits}
        self.entries = self.exits = 0
        return facts


class LongQueue:
    """Whether a queue is long: at its limit for a while, until it is below it for as long."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.is_long = False
        self.since = 0.0  # since when it is as it is, seconds
        self._other_since: float | None = None

    def changed(self, people: int, seconds: float) -> bool:
        """Takes the length of the queue; returns whether it has become long, or is no longer long."""
        if (people >= self.limit) == self.is_long:
            self._other_since = None
            return False
        if self._other_since is None:
            self._other_since = seconds
        if seconds - self._other_since < LIMIT_LASTS:
            return False
        self.is_long, self.since, self._other_since = not self.is_long, self._other_since, None
        return True
