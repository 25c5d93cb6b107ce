"""Who runs which camera. Every node works this out for itself from the same facts, and does its own part."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

LEAST_COST = 0.1  # cores; a camera that costs nothing counts all the same, so that idle machines share evenly


@dataclass(frozen=True)
class Member:
    """A node that is alive, as it describes itself."""

    name: str
    capacity: float  # cores
    can: frozenset[str]  # what it knows and may run
    costs: Mapping[str, float] = field(default_factory=dict)  # what it runs: cores each

    def load(self, more: float = 0.0) -> float:
        """Share of its cores that is in use, with `more` cores on top."""
        return (sum(max(cost, LEAST_COST) for cost in self.costs.values()) + more) / max(self.capacity, LEAST_COST)


def placed(free: Iterable[str], members: Iterable[Member]) -> dict[str, str]:
    """A node for each free camera that somebody can run: the least loaded one, counting those placed before."""
    now = {member.name: member for member in members}
    found: dict[str, str] = {}
    for camera in sorted(free):
        able = [member for member in now.values() if camera in member.can]
        if able:
            best = min(able, key=lambda member: (member.load(LEAST_COST), member.name))
            now[best.name] = Member(best.name, best.capacity, best.can, {**best.costs, camera: LEAST_COST})
            found[camera] = best.name
    return found


def to_give(members: Sequence[Member]) -> tuple[str, str] | None:
    """The one move that would even out the load: (node, camera); None where nothing is gained.

    Only the most loaded node gives, and only if the other is still clearly less loaded afterwards: by half of what the
    camera costs, so that a camera never wanders back.
    """
    for giver in sorted(members, key=lambda member: (-member.load(), member.name)):
        for camera, cost in sorted(giver.costs.items(), key=lambda item: (item[1], item[0])):
            cost = max(cost, LEAST_COST)
            margin = cost / 2 / max(giver.capacity, LEAST_COST)
            others = [member for member in members if member.name != giver.name and camera in member.can]
            if any(other.load(cost) < giver.load() - margin for other in others):
                return giver.name, camera
    return None
