"""Who runs which camera. Every node works this out for itself from the same facts, and does its own part."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

LEAST_COST = 0.1  # cores; a camera that costs nothing counts all the same, so that idle machines share evenly


@dataclass(frozen=True)
class Member:
    """A node that is alive, as it describes itself."""

    name: str
    capacity: float  # cores
    can: frozenset[str]  # what it knows and may run
    costs: Mapping[str, float] = field(default_factory=dict)  # what it runs: cores each

    @property
    def load(self) -> float:
        """Share of its cores that its cameras take."""
        return sum(map(self.weight, self.costs.values()))

    def weight(self, cost: float) -> float:
        """Share of its cores that a camera of this cost takes."""
        return max(cost, LEAST_COST) / max(self.capacity, LEAST_COST)


def placed(free: Iterable[str], members: Iterable[Member]) -> dict[str, str]:
    """A node for each free camera that somebody can run: the least loaded one, counting those placed before."""
    members = list(members)
    loads = {member.name: member.load for member in members}
    found: dict[str, str] = {}
    for camera in sorted(free):
        able = [member for member in members if camera in member.can]
        if able:
            best = min(able, key=lambda member: (loads[member.name] + member.weight(0.0), member.name))
            loads[best.name] += best.weight(0.0)
            found[camera] = best.name
    return found


def to_give(members: Iterable[Member]) -> tuple[str, str] | None:
    """The one move that would even out the load: (node, camera); None where nothing is gained.

    The most loaded node gives that can, and only if the other is still clearly less loaded afterwards: by half of what
    the camera costs, so that a camera never wanders back.
    """
    by_load = sorted(((member.load, member) for member in members), key=lambda item: (item[0], item[1].name))
    for load, giver in sorted(by_load, key=lambda item: (-item[0], item[1].name)):
        for camera, cost in sorted(giver.costs.items(), key=lambda item: (item[1], item[0])):
            limit = load - giver.weight(cost) / 2
            for other_load, other in by_load:
                if other_load >= limit:
                    break  # the others have even more to do
                if other is not giver and camera in other.can and other_load + other.weight(cost) < limit:
                    return giver.name, camera
    return None
