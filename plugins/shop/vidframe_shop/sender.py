"""The thread that sends an outbox to the shop: events first, then heartbeats, then files in chunks."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from vidframe import Event
from vidframe.tools import Backoff, write_atomically
from vidframe_shop.client import PIECE, BusUnavailable, Client, ShopRefused, ShopUnavailable, deliver
from vidframe_shop.outbox import Outbox, WaitingFile

log = logging.getLogger(__name__)

PAUSES = (0.5, 10.0)  # seconds after a first failure, and the longest between two tries
HELD_AT_ONCE = 50  # events in one request while the disk is full
HELD_BYTES = 64_000_000  # of events that could not be written to the disk
MODES = {"day", "night", "auto"}
WRONG_CONTENT_TRIES = 3
UNKNOWN_FOR = 7 * 86400.0  # seconds that a file waits for its event to come to the shop over the bus


class Sender:
    """Owns one outbox and one thread. `put` is called by the frame loop and returns when the event is safe."""

    def __init__(
        self,
        camera: str,
        outbox: Outbox,
        client: Client,
        *,
        heartbeat_every: float,
        metric: Callable[[str, float], None] = lambda name, value: None,
        request_mode: Callable[[str], object] | None = None,
    ) -> None:
        self.camera = camera
        self.outbox = outbox
        self.picture_wanted = False  # the shop asks for a picture
        self.facts: dict[str, Any] = {}  # state and mode, for the heartbeat
        self.frames = 0
        self._client = client
        self._request_mode = request_mode  # None: the camera does not run here
        self._requested = ""  # and not yet noted
        self._heartbeat_every = heartbeat_every
        self._heartbeat_due = 0.0
        self._frames_reported = 0
        self._metric = metric
        self._metrics_due = 0.0
        self._sent = 0
        self._refused = 0
        self._picture: bytes | None = None
        self._held: deque[Event] = deque()
        self._held_bytes = 0
        self._delivered: set[str] = set()  # ids of held events that the shop has
        self._wake = threading.Event()
        self._stop = threading.Event()
        # So that many cameras do not retry at the same moment.
        self._backoff = Backoff(*PAUSES, forget_after=float("inf"), spread=0.2)
        self._deadline = float("inf")
        self._wrong: dict[int, int] = {}
        self._thread = threading.Thread(target=self._run, name=f"shop-{camera}", daemon=True)
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

    def put_picture(self, jpeg: bytes) -> None:
        """The newest picture replaces one that was not sent yet."""
        self._picture = jpeg
        self._wake.set()

    def close(self, patience: float) -> None:
        """Sends what can be sent within `patience` seconds; the rest stays in the outbox."""
        self._deadline = time.monotonic() + patience / 2
        self._stop.set()
        self._wake.set()
        self._thread.join(timeout=patience)
        if self._thread.is_alive():
            return  # it hangs in a request and ends with it; the outbox stays consistent
        self._client.close()
        self.outbox.close()

    def _run(self) -> None:
        while True:
            pause = self._round()
            self._show()
            if self._stop.is_set() and (self._backoff.failures or pause > 0 or time.monotonic() > self._deadline):
                self._try_held()
                return
            self._wake.wait(timeout=pause)
            if self._backoff.failures:  # an event in the middle of an outage does not cause a try of its own
                self._stop.wait(timeout=min(pause, 1.0))
            self._wake.clear()

    def _round(self) -> float:
        """One step of work; seconds until the next is due, 0 where more waits."""
        try:
            self._try_held()
            self._deliver_held()
            more = self._work()
            if self._backoff.failures:
                log.info("camera %s: shop reachable again", self.camera)
            self._backoff.succeeded()
            return 0.0 if more else max(0.05, min(self._heartbeat_due - time.monotonic(), 1.0))
        except BusUnavailable as error:
            return self._failed(f"event bus unreachable ({error}); events are kept and retried")
        except ShopUnavailable as error:
            return self._failed(f"shop unreachable ({error}); events are kept and retried")
        except ShopRefused as error:
            return self._failed(f"the shop refused the request ({error}); events are kept and retried")
        except (sqlite3.Error, OSError) as error:
            return self._failed(f"outbox unusable ({error})")
        except Exception:
            log.exception("camera %s: unexpected error while sending; retrying", self.camera)
            return self._backoff.failed()

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

    def _work(self) -> bool:
        for lost in self.outbox.make_room():
            log.error("camera %s: outbox full; dropped: %s", self.camera, lost)
        try:
            sent = self._send_events()
        except BusUnavailable:
            self._send_heartbeat()  # the shop itself may well be there
            self._send_picture()
            raise
        self._send_heartbeat()
        self._send_picture()
        return self._send_file() or sent

    def _send_events(self) -> bool:
        batch = self.outbox.batch(time.time())
        if not batch:
            return False
        results = deliver(self._client, batch)
        self._note(batch, results)
        return True

    def _note(self, batch: list[dict[str, Any]], results: dict[str, dict[str, Any]]) -> None:
        for event in batch:
            result = results.get(event["id"], {})
            status = result.get("status")
            if status in {"taken", "known"}:
                self._sent += 1
                self.outbox.sent(event["id"], [role for role in result.get("files") or [] if isinstance(role, str)])
            elif status == "refused":
                self._put_aside(event["id"], str(result.get("problem", "")))
            else:
                self.outbox.later(event["id"], time.time())

    def _put_aside(self, event: str, reason: str) -> None:
        log.error("camera %s: the shop refused event %s: %s", self.camera, event, reason)
        self._refused += 1
        self.outbox.refused(event, reason)

    def _send_heartbeat(self) -> None:
        now = time.monotonic()
        if now < self._heartbeat_due or self.frames == self._frames_reported:
            return
        self._frames_reported, self._heartbeat_due = self.frames, now + self._heartbeat_every
        events, files = self.outbox.waiting()
        answer = self._client.heartbeat(self.camera, self.facts | {"waiting_events": events, "waiting_files": files})
        self.picture_wanted = answer.get("picture") is True
        if answer.get("mode") in MODES and self._request_mode is not None:
            self._pass_on(str(answer["mode"]), self._request_mode)

    def _pass_on(self, mode: str, request: Callable[[str], object]) -> None:
        """Requests the mode that a guard set, when it changes and only then: somebody else may have set another since.

        It is noted as passed on with the heartbeat after: what is requested twice does no harm, what is lost would.
        """
        noted = self.outbox.folder / "mode"
        last = self._requested or (noted.read_text().strip() if noted.exists() else "auto")
        if mode != last:
            request(mode)
            self._requested = mode
        elif self._requested:
            write_atomically(noted, mode + "\n")
            self._requested = ""

    def _send_picture(self) -> None:
        jpeg, self._picture = self._picture, None
        if jpeg is not None:
            with contextlib.suppress(ShopRefused):
                self._client.send_picture(self.camera, jpeg)

    def _send_file(self) -> bool:
        file = self.outbox.next_file(time.time())
        if file is None:
            return False
        try:
            self._transfer(file)
        except ShopRefused as refusal:
            self._file_refused(file, refusal)
        except OSError as error:
            log.error("camera %s: the %s of event %s cannot be read: %s", self.camera, file.role, file.event, error)
            self.outbox.give_up(file)
        return True

    def _transfer(self, file: WaitingFile) -> None:
        """Sends the file from where the shop stands, and lets events that come meanwhile go first."""
        if file.given_up:
            self._client.give_up(file.event, file.role)
            self.outbox.file_done(file)
            return
        offset = self._client.received(file.event, file.role)
        while offset is not None:
            piece = file.piece(offset, PIECE)
            if not piece and offset < file.size:
                raise OSError(f"only {offset} of {file.size} bytes exist")
            offset = self._client.send_piece(file.event, file.role, offset, piece)
            self._send_events()
            self._send_heartbeat()
            if time.monotonic() > self._deadline and offset is not None:
                return
        self.outbox.file_done(file)

    def _file_refused(self, file: WaitingFile, refusal: ShopRefused) -> None:
        if refusal.status == 404 and self._client.is_ahead and time.time() - file.kept < UNKNOWN_FOR:
            self.outbox.file_later(file, time.time(), first=0.25, longest=60)  # its event is still on the bus
            return
        tries = self._wrong[file.seq] = self._wrong.get(file.seq, 0) + 1
        if refusal.status != 404 and tries < WRONG_CONTENT_TRIES:
            self.outbox.file_later(file, time.time())
            return
        log.error("camera %s: the shop refused the %s of event %s: %s", self.camera, file.role, file.event, refusal)
        self._wrong.pop(file.seq, None)
        self.outbox.file_done(file)

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

    def _deliver_held(self) -> None:
        """Delivers events that the disk cannot store, as an alert cannot wait for room.

        It goes through the outbox all the same once there is room: the shop knows it then, and takes its files.
        """
        fresh = [event for event in tuple(self._held) if event.id not in self._delivered][:HELD_AT_ONCE]
        if fresh:
            deliver(self._client, [event.as_json() for event in fresh])
            self._delivered |= {event.id for event in fresh}
