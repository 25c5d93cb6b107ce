"""What a sink opens for its camera: the outbox, the sender that empties it, and what cameras that stopped left behind."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from vidframe.core.model.camera import Camera
from vidframe.core.model.events import Event
from vidframe.outbox.orphans import OrphanedOutboxes
from vidframe.outbox.queue import Outbox, claim
from vidframe.outbox.sending import Sender

CLOSE_TIMEOUT = 3.0  # seconds that closing a camera waits for the receiver

S = TypeVar("S", bound=Sender)


class Delivery(Generic[S]):
    """Delivers the events of one camera from an outbox on disk, in the folder `name` of the camera's state.

    `make(camera, outbox, **options)` makes a sender, such as an EventSender: one for this camera, with the option
    `metric`, and one for each outbox of the same name that a camera left when it was stopped. In a cluster those
    are left to the nodes, which ask `has_pending`.
    """

    def __init__(self, camera: Camera, name: str, make: Callable[..., S], *, max_mb: int) -> None:
        folder, limit = camera.state / name, max_mb * 1_000_000
        self._claim = claim(folder, patience=CLOSE_TIMEOUT)
        outbox = Outbox(folder, limit=limit, epoch=camera.lease.epoch if camera.lease else 0)
        self.sender = make(camera.name, outbox, metric=camera.metric)
        self.sender.report = camera.report
        self.sender.tell_damage()
        self.sender.start()

        def sender_of(folder: Path) -> S:
            return make(folder.parent.name, Outbox(folder, limit=limit))

        self._orphans = OrphanedOutboxes(folder, sender_of) if camera.lease is None else None

    def put(self, event: Event) -> None:
        """Keeps an event; on return it is on the disk, or in memory where the disk is full."""
        self.sender.put(event)

    def close(self) -> None:
        """Sends what can be sent within some seconds. The rest waits for the next start."""
        self.sender.close(CLOSE_TIMEOUT)
        if self._orphans is not None:
            self._orphans.close()
        handle, self._claim = self._claim, None
        if handle is not None:
            os.close(handle)
