"""Events about visits: what happened at each zone since the last one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from vidframe_gaze.tally import Tally
from vidframe_gaze.visits import Visit
from vidframe_gaze.zones import Zone


class Teller:
    """Reports visits to zones."""

    def __init__(self, zones: Iterable[Zone], report: Callable[..., Any]) -> None:
        """`report`: called with the times in seconds, and the facts."""
        self._zones = {zone.name: zone for zone in zones}
        self._report = report

    def tell(self, visit: Visit, final: bool) -> None:
        """Reports what happened since the last time; a `final` event ends each zone that was told about."""
        tallies = visit.took_tallies()
        if final:
            # A zone that was told about ends for the receiver too, also if nothing more happened there.
            for name in visit.told_zones - tallies.keys():
                tallies[name] = Tally(visit.seen, visit.seen)
        visit.told_zones |= tallies.keys()
        for name, tally in tallies.items():
            self._report(tally.start, tally.end, **_facts(visit, self._zones[name], tally, final))

    def withdraw(self, visit: Visit) -> None:
        """Ends what was told about somebody who is no customer, and leaves out what was not."""
        visit.took_tallies()
        self.tell(visit, final=True)
        visit.told_zones.clear()


def _facts(visit: Visit, zone: Zone, tally: Tally, final: bool) -> dict[str, Any]:
    return {
        "visit": visit.id,
        "zone": zone.name,
        "product": zone.product,
        "shelf": zone.shelf,
        "final": final,
        "seen_by": visit.seen_by,
        "passed": tally.passed,
        "stopped_seconds": round(tally.stopped_seconds, 2),
        "looked_seconds": round(tally.looked_seconds, 2),
        "looks": tally.looks,
        "turned_seconds": round(tally.turned_seconds, 2),
        "reaches": tally.reaches,
        "taken": visit.taken_at(zone.name) if final else None,
        "probability": round(tally.probability, 3),
        "expression": tally.expression.mean(),
    }
