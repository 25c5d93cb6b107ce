"""Sends the outboxes of cameras that no longer run: an admin stopped one before its last clip was sent."""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

from vidframe.outbox.queue import claim, is_wanted, waits_in
from vidframe.outbox.sending import Sender

log = logging.getLogger(__name__)

POLL_EVERY = 10.0  # seconds
CLOSE_TIMEOUT = 1.0  # seconds for a sender to close when its camera starts again


class OrphanedOutboxes:
    """Polls the state folder of a running camera for outboxes that no camera owns, and sends them."""

    def __init__(self, own: Path, open_sender: Callable[[Path], Sender]) -> None:
        self._own = own
        self._open_sender = open_sender
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"{own.name}-beside-{own.parent.name}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends; what is not sent stays where it is."""
        self._stop.set()
        self._thread.join(timeout=2 * CLOSE_TIMEOUT)

    def _run(self) -> None:
        while not self._stop.wait(POLL_EVERY):
            for database in sorted(self._own.parent.parent.glob(f"*/{self._own.name}/outbox.db")):
                with contextlib.suppress(OSError, sqlite3.Error):  # tried again at the next poll
                    self._drain(database.parent)

    def _drain(self, folder: Path) -> None:
        if folder == self._own or not waits_in(folder):
            return
        lock = claim(folder)
        if lock is None:
            return  # its camera runs, or another process sends it
        try:
            log.info("sending the outbox of stopped camera %s", folder.parent.name)
            sender = self._open_sender(folder)
            sender.start()
            while waits_in(folder) and not is_wanted(folder) and not self._stop.wait(0.1):
                pass
            sender.close(CLOSE_TIMEOUT)
        finally:
            os.close(lock)
