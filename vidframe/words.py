"""What an event says, in a few words for people; docs/events.md has the facts of each kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

Facts = Mapping[str, Any]


def words(kind: str, facts: Facts) -> str:
    """One short line; an unknown kind is named with those of its facts that have names."""
    say = _WORDS.get(kind)
    if say is not None:
        try:
            return say(facts)
        except (KeyError, TypeError, ValueError):  # somebody else's event of that name
            pass
    named = [str(facts[key]) for key in ("zone", "product", "change", "severity", "step", "reason") if facts.get(key)]
    return " ".join([kind, *named])


def _interest(facts: Facts) -> str:
    where = f"{facts['zone']} ({facts['product']})" if facts["product"] else facts["zone"]
    parts = []
    if facts["stopped_seconds"]:
        parts.append(f"stopped {facts['stopped_seconds']:.0f} s")
    if facts["looked_seconds"]:
        parts.append(f"looked {facts['looked_seconds']:.1f} s")
    if facts["expression"]:
        probabilities = facts["expression"]["probabilities"]
        parts.append(max(probabilities, key=probabilities.__getitem__))
    return f"{where}: {', '.join(parts) or 'passed by'}"


def _over(facts: Facts) -> str:
    length = datetime.fromisoformat(facts["end"]) - datetime.fromisoformat(facts["start"])
    return f"over after {length.total_seconds():.0f} s: {facts['change']}"


_WORDS: dict[str, Callable[[Facts], str]] = {
    "mode.changed": lambda facts: f"{facts['mode']} begins, by the {facts['reason']}",
    "camera.state": lambda facts: f"camera {facts['state']} {facts['reason']}".rstrip(),
    "interest": _interest,
    "incident.opened": lambda facts: f"{facts['severity']}: {facts['change']}",
    "incident.updated": lambda facts: f"goes on: {facts['change']}",
    "incident.closed": _over,
    "clip.ready": lambda facts: f"clip of {facts['seconds']:.0f} s kept",
    "clip.failed": lambda facts: f"no clip: {facts['reason']}",
    "step.disabled": lambda facts: f"step {facts['step']} switched off: {facts['reason']}",
}
