"""For sinks that must lose nothing: a queue on disk, a thread that empties it, and what stopped cameras left behind."""

from vidframe.outbox.delivery import Delivery
from vidframe.outbox.queue import Outbox, WaitingFile, has_pending, waits_in
from vidframe.outbox.sending import EventSender, NotNow, Refused, Sender, Unavailable

__all__ = [
    "Delivery",
    "EventSender",
    "NotNow",
    "Outbox",
    "Refused",
    "Sender",
    "Unavailable",
    "WaitingFile",
    "has_pending",
    "waits_in",
]
