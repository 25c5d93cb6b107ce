"""One POST to an address that was typed once, done within a time that holds for all of it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from vidframe.outbox import Unavailable
from vidframe.tools import reason_of


class Address:
    """Where to. Its path may be a secret, so that only `host` is ever told."""

    def __init__(self, url: str, timeout: float) -> None:
        parts = urlsplit(url.strip())
        self.host = parts.hostname or ""
        if parts.scheme not in ("http", "https") or not self.host or parts.username or parts.fragment:
            raise ValueError("url must be like https://example.com/hook, without user and password")
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._port = parts.port  # ValueError where it is none
        self._timeout = timeout

    def post(self, body: bytes, headers: Mapping[str, str]) -> int:
        """Status of the answer, whose body is not read; Unavailable where there is none in time."""
        connection = self._kind(self.host, self._port, timeout=self._timeout)
        # A receiver that sends a byte now and then would pass each timeout of the socket.
        limit = threading.Timer(self._timeout, _cut, [connection])
        limit.start()
        try:
            connection.request("POST", self._path, body, {"Content-Type": "application/json"} | dict(headers))
            return connection.getresponse().status
        except (OSError, HTTPException) as error:
            raise Unavailable(f"webhook {self.host} unreachable ({reason_of(error)})") from None
        finally:
            limit.cancel()
            connection.close()

    def problem(self) -> str:
        """Why nobody can be reached there; empty where somebody can."""
        connection = self._kind(self.host, self._port, timeout=5)
        try:
            connection.connect()
        except OSError as error:
            return reason_of(error)
        finally:
            connection.close()
        return ""


def _cut(connection: HTTPConnection) -> None:
    with suppress(OSError, AttributeError):  # AttributeError: it never connected, or is closed already
        connection.sock.shutdown(socket.SHUT_RDWR)
