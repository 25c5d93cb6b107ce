"""What the shop is sent: events first, then heartbeats, then files in chunks."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Sequence
from typing import Any

from vidframe import Event
from vidframe.outbox import Outbox, Sender, Unavailable, WaitingFile
from vidframe.tools import write_atomically
from vidframe_shop.client import PIECE, BusUnavailable, Client, ShopRefused, deliver

log = logging.getLogger(__name__)

MODES = {"day", "night", "auto"}
WRONG_CONTENT_TRIES = 3
UNKNOWN_FOR = 7 * 86400.0  # seconds that a file waits for its event to come to the shop over the bus


class ShopSender(Sender):
    """Sends one outbox to the shop."""

    receiver = "shop"

    def __init__(
        self,
        camera: str,
        outbox: Outbox,
        *,
        make_client: Callable[[Outbox], Client],
        heartbeat_every: float,
        metric: Callable[[str, float], None] = lambda name, value: None,
        request_mode: Callable[[str], object] | None = None,
    ) -> None:
        super().__init__(camera, outbox, metric=metric)
        self.picture_wanted = False  # the shop asks for a picture
        self.facts: dict[str, Any] = {}  # state and mode, for the heartbeat
        self.frames = 0
        self._client = make_client(outbox)
        self._request_mode = request_mode  # None: the camera does not run here
        self._requested = ""  # and not yet noted
        self._heartbeat_every = heartbeat_every
        self._heartbeat_due = 0.0
        self._frames_reported = 0
        self._picture: bytes | None = None
        self._wrong: dict[int, int] = {}

    def put_picture(self, jpeg: bytes) -> None:
        """The newest picture replaces one that was not sent yet."""
        self._picture = jpeg
        self.wake()

    def work(self) -> bool:
        try:
            return self._work()
        except ShopRefused as error:
            raise Unavailable(f"the shop refused the request ({error})") from None

    def send_held(self, events: Sequence[Event]) -> None:
        deliver(self._client, [event.as_json() for event in events])

    def until_due(self) -> float:
        return self._heartbeat_due - time.monotonic()

    def end(self) -> None:
        self._client.close()

    def _work(self) -> bool:
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
                self.taken(event["id"], [role for role in result.get("files") or [] if isinstance(role, str)])
            elif status == "refused":
                self.put_aside(event["id"], str(result.get("problem", "")))
            else:
                self.outbox.later(event["id"], time.time())

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
            if self.is_late and offset is not None:
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
