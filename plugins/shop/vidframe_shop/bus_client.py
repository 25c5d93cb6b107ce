"""The client in a cluster: events go over the event bus, everything else straight to the shop."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from vidframe.bus import EventBus
from vidframe.outbox import Outbox
from vidframe_shop.client import BusUnavailable, Client

LARGEST = 500_000  # bytes of an event; NATS takes a million by default, the shop less


class BusClient(Client):
    """A client whose events are safe once they are on the bus."""

    is_ahead = True

    def __init__(self, url: str, token: str, bus: EventBus, outbox: Outbox, *, timeout: float = 10.0) -> None:
        super().__init__(url, token, timeout=timeout)
        self._bus = bus
        self._outbox = outbox

    def send_events(self, events: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
        """Puts events on the bus. Which files the shop wants is asked file by file."""
        too_large = [event for event in events if len(json.dumps(event)) > LARGEST]
        others = [event for event in events if event not in too_large]
        try:
            self._bus.publish(self._outbox.envelopes(others))
        except ConnectionError as error:
            raise BusUnavailable(str(error)) from None
        refused = {event["id"]: {"status": "refused", "problem": "too large for the bus"} for event in too_large}
        return refused | {
            event["id"]: {"status": "taken", "files": [file["role"] for file in event["files"]]} for event in others
        }
