"""What a step sees of a camera that several machines share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol


class Envelope(NamedTuple):
    """An event on its way to the consumer of a cluster."""

    event: Mapping[str, Any]  # in the form of docs/events.md
    epoch: int  # of the camera's lease when the event was made; 0: of none
    age: float  # seconds since it was made


class EventBus(Protocol):
    """Carries events to the node that delivers them, in a cluster."""

    def publish(self, envelopes: Sequence[Envelope], /) -> None:
        """Returns when all are safe on the bus, which takes each id once; ConnectionError if they may not be."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A camera's right to run on this machine, where several machines share the cameras."""

    epoch: int  # grows whenever the camera gets another owner; 0: of the past, the camera runs elsewhere
    connect: Callable[[], EventBus]  # hashable: cameras of one process share what it returns
