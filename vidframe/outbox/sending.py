"""The thread that empties an outbox: it backs off while nobody answers, and holds events in memory while the disk is full."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from vidframe.core.model.events import Attachment, Event, Report
from vidframe.core.model.kinds import MAX_REASON
from vidframe.outbox.queue import Outbox, is_damage
from vidframe.tools import Backoff

log = logging.getLogger(__name__)

PAUSES = (0.5, 10.0)  # seconds after a first failure, and the longest between two tries
HELD_AT_ONCE = 50  # events that are sent together while the disk is full
HELD_BYTES = 64_000_000  # of events that could not be written to the disk

Send = Callable[[Mapping[str, Any], Sequence[Attachment]], None]


class Unavailable(Exception):
    """The receiver cannot be reached: everything waits, in its order."""


class NotNow(Exception):
    """The receiver is there and does not take this event now: it is tried again later, and the others do not wait."""


class Refused(Exception):
    """The receiver will never take this event; it is put aside with the reason."""


class Sender:
    """Owns one outbox and one thread. `put` is called by the frame loop and returns when the event is safe.

    What is sent, and how, is up to `work` and `send_held` of the class made of it.
    """

    receiver = "receiver"  # its name in the log

    def __init__(
        self, camera: str, outbox: Outbox, *, metric: Callable[[str, float], None] = lambda name, value: None
    ) -> None:
        self.camera = camera
        self.outbox = outbox
        self.report: Report | None = None  # None: the camera does not run here
        self._metric = metric
        self._metrics_due = 0.0
        self._sent = 0
        self._refused = 0
        self._held: deque[Event] = deque()
        self._held_bytes = 0
        self._delivered: set[str] = set()  # ids of held events that the receiver has
        self._wake = threading.Event()
        self._stop = threading.Event()
        # So that many cameras do not retry at the same moment.
        self._backoff = Backoff(*PAUSES, forget_after=float("inf"), spread=0.2)
        self._deadline = float("inf")
        self._thread = threading.Thread(target=self._run, name=f"{outbox.folder.name}-{camera}", daemon=True)

    def work(self) -> bool:
        """Sends something; True where more waits. Unavailable where the receiver cannot be reached."""
        raise NotImplementedError

    def send_held(self, events: Sequence[Event]) -> None:
        """Sends events that the disk cannot store, as an alert cannot wait for room."""
        raise NotImplementedError

    def until_due(self) -> float:
        """Seconds until there is something to do without a new event, at most 1."""
        return 1.0

    def end(self) -> None:
        """Called when the thread has ended: closes what `work` used."""

    def start(self) -> None:
        """Begins to send."""
        self._thread.start()

    def put(self, event: Event) -> None:
        """Keeps an event on disk; where the disk takes none, in memory until it does."""
        try:
            if self._held:
                raise sqlite3.OperationalError("events wait in memory already")  # and keep their order
            self.outbox.add(event)
        except (sqlite3.Error, OSError) as error:
            self._hold(event, error)
        self._wake.set()

    def close(self, patience: float) -> None:
        """Sends what can be sent within `patience` seconds; the rest stays in the outbox."""
        self._deadline = time.monotonic() + patience / 2
        self._stop.set()
        self._wake.set()
        self._thread.join(timeout=patience)
        if self._thread.is_alive():
            return  # it hangs in a request and ends with it; the outbox stays consistent
        self.end()
        self.outbox.close()

    def wake(self) -> None:
        """There is something new to send."""
        self._wake.set()

    def taken(self, event: str, files: Sequence[str] = ()) -> None:
        """The receiver has an event, and wants the files with these roles."""
        self._sent += 1
        self.outbox.sent(event, files)

    def put_aside(self, event: str, reason: str) -> None:
        """The receiver will never take an event."""
        log.error("camera %s: the %s refused event %s: %s", self.camera, self.receiver, event, reason)
        self._refused += 1
        self.outbox.refused(event, reason)

    @property
    def is_late(self) -> bool:
        """Whether the time that `close` gave is over."""
        return time.monotonic() > self._deadline

    def _run(self) -> None:
        while True:
            pause = self._round()
            self._show()
            if self._stop.is_set() and (self._backoff.failures or pause > 0 or self.is_late):
                self._try_held()
                return
            while pause > 0 and not self._wake.wait(timeout=min(pause, 1.0)):
                pause -= 1.0
                with contextlib.suppress(sqlite3.Error, OSError):
                    self._make_room()
            if self._backoff.failures:  # an event in the middle of an outage does not cause a try of its own
                self._stop.wait(timeout=min(pause, 1.0))
            self._wake.clear()

    def _round(self) -> float:
        """One step of work; seconds until the next is due, 0 where more waits."""
        try:
            self._try_held()
            self._send_held()
            self._make_room()
            more = self.work()
            if self._backoff.failures:
                log.info("camera %s: %s reachable again", self.camera, self.receiver)
            self._backoff.succeeded()
            return 0.0 if more else max(0.05, min(self.until_due(), 1.0))
        except (Unavailable, NotNow) as error:
            return self._failed(f"{error}; events are kept and retried")
        except (sqlite3.Error, OSError) as error:
            if isinstance(error, sqlite3.DatabaseError) and is_damage(error):
                return self._renew(error)
            return self._failed(f"outbox unusable ({error})")
        except Exception:
            log.exception("camera %s: unexpected error while sending; retrying", self.camera)
            return self._backoff.failed()

    def _make_room(self) -> None:
        for lost in self.outbox.make_room():
            log.error("camera %s: outbox full; dropped: %s", self.camera, lost)

    def _renew(self, error: sqlite3.DatabaseError) -> float:
        try:
            self.outbox.move_aside(error)
        except (sqlite3.Error, OSError) as problem:
            return self._failed(f"outbox damaged ({error}), and cannot be moved aside ({problem})")
        self.tell_damage()
        return 0.0

    def tell_damage(self) -> None:
        """Reports a damaged outbox once, by the outbox that took its place."""
        damage, self.outbox.damage = self.outbox.damage, None
        if damage is not None and self.report is not None:
            reason, aside = damage
            self.put(self.report("outbox.damaged", reason=reason[:MAX_REASON], moved_to=aside.name))

    def _show(self) -> None:
        if time.monotonic() < self._metrics_due and not self._stop.is_set():
            return
        self._metrics_due = time.monotonic() + 1
        with contextlib.suppress(sqlite3.Error, OSError):
            events, files = self.outbox.waiting()
            self._metric("outbox_events", events + len(self._held))
            self._metric("outbox_files", files)
            self._metric("outbox_bytes", self.outbox.size() + self._held_bytes)
        self._metric("events_sent_total", self._sent)
        self._metric("events_refused_total", self._refused)
        self._metric("consecutive_failures", self._backoff.failures)

    def _failed(self, reason: str) -> float:
        """Counts a failure; seconds to wait."""
        pause = self._backoff.failed()
        if self._backoff.failures % 100 == 1:
            log.warning("camera %s: %s", self.camera, reason)
        return pause

    def _hold(self, event: Event, error: Exception) -> None:
        size = sum(len(file.content) for file in event.files if isinstance(file.content, bytes)) + 1000
        if self._held_bytes + size > HELD_BYTES:
            log.error("camera %s: no room on disk or in memory; lost event %s", self.camera, event.id)
            return
        if not self._held:
            log.error("camera %s: the outbox cannot store events (%s); keeping them in memory", self.camera, error)
        self._held_bytes += size
        self._held.append(event)

    def _try_held(self) -> None:
        """Writes down what waits in memory, as far as the disk takes it."""
        with contextlib.suppress(sqlite3.Error, OSError):
            while self._held:
                self.outbox.add(self._held[0])
                self._delivered.discard(self._held.popleft().id)
            self._held_bytes = 0

    def _send_held(self) -> None:
        """They go through the outbox all the same once there is room: a receiver knows them by their id."""
        fresh = [event for event in tuple(self._held) if event.id not in self._delivered][:HELD_AT_ONCE]
        if fresh:
            self.send_held(fresh)
            self._delivered |= {event.id for event in fresh}


class EventSender(Sender):
    """Sends one event after the other, with the files that came with it, by a function.

    The function returns when the receiver has the event, and raises Unavailable, NotNow or Refused where it has not.
    Two threads may call it, as what stopped cameras left is sent beside. After a crash an event may be sent twice;
    its `id` is the same.
    """

    def __init__(
        self,
        camera: str,
        outbox: Outbox,
        *,
        send: Send,
        receiver: str,
        metric: Callable[[str, float], None] = lambda name, value: None,
    ) -> None:
        super().__init__(camera, outbox, metric=metric)
        self.receiver = receiver
        self._send = send

    def work(self) -> bool:
        batch = self.outbox.batch(time.time(), most=20)
        for event in batch:
            try:
                self._send(event, self.outbox.attachments(event["id"]))
            except NotNow:
                self.outbox.later(event["id"], time.time())
                raise
            except Refused as refusal:
                self.put_aside(event["id"], str(refusal))
            else:
                self.taken(event["id"])
            if self.is_late:
                return False
        return bool(batch)

    def send_held(self, events: Sequence[Event]) -> None:
        for event in events:
            with contextlib.suppress(Refused):  # it is put aside once there is room
                self._send(event.as_json(), event.files)
