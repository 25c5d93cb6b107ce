"""Tells systemd how the service is: ready, alive, ending. Does nothing where no service manager listens."""

from __future__ import annotations

import os
import socket
from time import monotonic

PAUSE = 5.0  # seconds between two signs of life; the unit's WatchdogSec is a multiple


class Service:
    """One side of sd_notify(3)."""

    def __init__(self) -> None:
        self._address = os.environ.get("NOTIFY_SOCKET", "")
        self._due = 0.0
        self._is_ready = False

    @property
    def is_due(self) -> bool:
        """Whether a sign of life is due."""
        return bool(self._address) and monotonic() >= self._due

    def is_well(self, status: str) -> None:
        """A sign of life, with a line for `systemctl status`. One that does not come gets the service restarted."""
        self._due = monotonic() + PAUSE
        first = [] if self._is_ready else ["READY=1"]
        self._is_ready = True
        self._send(*first, "WATCHDOG=1", f"STATUS={status}")

    def is_ill(self, status: str) -> None:
        """No sign of life, and why."""
        self._due = monotonic() + PAUSE
        self._send(f"STATUS={status}")

    def ends(self) -> None:
        """The service ends because it was told to."""
        self._send("STOPPING=1")

    def _send(self, *lines: str) -> None:
        if not self._address:
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            try:
                manager.sendto("\n".join(lines).encode(), address)
            except OSError:  # systemd itself starts anew; the next sign of life reaches it
                return
