"""The shop of a cluster: events go over the bus to whoever delivers them, everything else straight to the shop."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from vidframe import Bus
from vidframe_shop.client import BusAway, Client, ShopUnavailable, deliver
from vidframe_shop.outbox import Outbox

LARGEST = 500_000  # bytes of an event; NATS takes a million by default, the shop less


class Carried(Client):
    """A client whose events are safe once they are on the bus."""

    is_ahead = True

    def __init__(self, url: str, token: str, bus: Bus, outbox: Outbox, *, timeout: float = 10.0) -> None:
        super().__init__(url, token, timeout=timeout)
        self._bus = bus
        self._outbox = outbox

    def send_events(self, events: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
        """Puts events on the bus. Which files the shop wants is asked file by file."""
        too_large = [event for event in events if len(json.dumps(event)) > LARGEST]
        others = [event for event in events if event not in too_large]
        try:
            self._bus.publish(self._outbox.letters(others))
        except ConnectionError as error:
            raise BusAway(str(error)) from None
        refused = {event["id"]: {"status": "refused", "problem": "too large for the bus"} for event in too_large}
        return refused | {
            event["id"]: {"status": "taken", "files": [file["role"] for file in event["files"]]} for event in others
        }


class Delivery:
    """The other end of the bus: writes events into the shop that the `shop` step with these settings names."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        token = settings["token"]
        secret = token.get_secret_value() if hasattr(token, "get_secret_value") else str(token)
        self._client = Client(str(settings["url"]), secret, timeout=float(settings.get("timeout", 10.0)))

    def __call__(self, events: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
        """What the shop says to each event, by id; ConnectionError while it is away."""
        try:
            return deliver(self._client, events)
        except ShopUnavailable as error:
            raise ConnectionError(str(error)) from None

    def close(self) -> None:
        """Ends the connection."""
        self._client.close()
