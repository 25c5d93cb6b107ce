"""Sends what cameras left behind that run no more: an admin stopped one while its last clip was on its way."""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

from vidframe_shop.outbox import claim, is_wanted, waits_in
from vidframe_shop.sender import Sender

log = logging.getLogger(__name__)

LOOK_EVERY = 10.0  # seconds
PATIENCE = 1.0  # seconds in which a sender ends, when the camera comes back


class Leftovers:
    """Looks beside the outbox of a running camera for others that nobody empties, and empties them."""

    def __init__(self, own: Path, open_sender: Callable[[Path], Sender]) -> None:
        self._own = own
        self._open_sender = open_sender
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"shop-beside-{own.parent.name}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends; what is not sent stays where it is."""
        self._stop.set()
        self._thread.join(timeout=2 * PATIENCE)

    def _run(self) -> None:
        while not self._stop.wait(LOOK_EVERY):
            for database in sorted(self._own.parent.parent.glob("*/shop/outbox.db")):
                with contextlib.suppress(OSError, sqlite3.Error):  # tried again at the next look
                    self._look_into(database.parent)

    def _look_into(self, folder: Path) -> None:
        if folder == self._own or not waits_in(folder):
            return
        lock = claim(folder)
        if lock is None:
            return  # its camera runs, or another one looks after it
        try:
            log.info("sending what camera %s left behind", folder.parent.name)
            sender = self._open_sender(folder)
            while waits_in(folder) and not is_wanted(folder) and not self._stop.wait(0.1):
                pass
            sender.close(PATIENCE)
        finally:
            os.close(lock)
