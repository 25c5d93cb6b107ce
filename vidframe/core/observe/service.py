"""Reports to systemd: ready, alive, stopping. Does nothing where no service manager listens."""

from __future__ import annotations

import os
import socket
from time import monotonic

HEARTBEAT_EVERY = 5.0  # seconds; the unit's WatchdogSec is a multiple


class Service:
    """One side of sd_notify(3)."""

    def __init__(self) -> None:
        self._address = os.environ.get("NOTIFY_SOCKET", "")
        self._due = 0.0
        self._is_ready = False

    @property
    def is_due(self) -> bool:
        """Whether a report is due."""
        return bool(self._address) and monotonic() >= self._due

    def report_healthy(self, status: str) -> None:
        """Sends a heartbeat, with a line for `systemctl status`. systemd restarts a service whose heartbeat is late."""
        self._due = monotonic() + HEARTBEAT_EVERY
        first = [] if self._is_ready else ["READY=1"]
        self._is_ready = True
        self._send(*first, "WATCHDOG=1", f"STATUS={status}")

    def report_unhealthy(self, status: str) -> None:
        """Sends no heartbeat, and the reason."""
        self._due = monotonic() + HEARTBEAT_EVERY
        self._send(f"STATUS={status}")

    def report_stopping(self) -> None:
        """The service is stopping as requested."""
        self._send("STOPPING=1")

    def _send(self, *lines: str) -> None:
        if not self._address:
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            try:
                manager.sendto("\n".join(lines).encode(), address)
            except OSError:  # systemd itself restarts; the next report reaches it
                return
