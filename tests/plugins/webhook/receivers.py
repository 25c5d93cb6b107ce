"""A receiver of webhooks on loopback that can fail in many ways, and checks the signature as the docs do."""

from __future__ import annotations

import hmac
import http.server
import json
import threading
import time
from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import Any

SECRET = "whsec_" + b64encode(b"a key of twenty-four bytes").decode()


class Receiver(http.server.ThreadingHTTPServer):
    """Takes what it is sent. `trouble` is taken from, one entry a request; `poison` may refuse a body for ever."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.trouble: list[str] = []
        self.poison: Callable[[dict[str, Any]], int] = lambda body: 0  # a status
        self.taken: list[dict[str, Any]] = []
        self.ids: list[str] = []
        self.requests = 0
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_port}/hooks/vf_canary_path?key=1"

    def stop(self) -> None:
        """Closes it."""
        self.shutdown()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no matter."""


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Receiver

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""

    def do_GET(self) -> None:
        """Nobody should come here: it is where a redirect leads."""
        self.server.requests += 1000

    def do_POST(self) -> None:
        """One event."""
        self.server.requests += 1
        body = self.rfile.read(int(self.headers["Content-Length"]))
        trouble = self.server.trouble.pop(0) if self.server.trouble else ""
        if trouble:
            getattr(self, "_" + trouble)()
            return
        identity = self.headers["webhook-id"]
        signed = f"{identity}.{self.headers['webhook-timestamp']}.".encode() + body
        mac = hmac.digest(b64decode(SECRET.removeprefix("whsec_")), signed, "sha256")
        assert abs(int(self.headers["webhook-timestamp"]) - time.time()) < 60
        if not hmac.compare_digest(b64decode(self.headers["webhook-signature"].removeprefix("v1,")), mac):
            self._answer(401)
            return
        found = json.loads(body)
        if status := self.server.poison(found):
            self._answer(status)
            return
        if identity not in self.server.ids:
            self.server.ids.append(identity)
            self.server.taken.append(found)
        self._answer(204)

    def _answer(self, status: int, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _500(self) -> None:
        self._answer(500)

    def _503(self) -> None:
        self._answer(503)

    def _429(self) -> None:
        self._answer(429)

    def _404(self) -> None:
        self._answer(404)

    def _redirect(self) -> None:
        self._answer(302, Location=self.server.url)

    def _hang_up(self) -> None:
        self.connection.close()

    def _garbage(self) -> None:
        self.wfile.write(b"\xff\xfe no http at all\r\n\r\n")

    def _silence(self) -> None:
        time.sleep(3)

    def _drip(self) -> None:
        """A byte now and then: no timeout of the socket ever comes."""
        for byte in b"HTTP/1.1 204 No Content\r\nX: " + b"x" * 100:
            self.wfile.write(bytes([byte]))
            time.sleep(0.1)

    def _endless(self) -> None:
        """An answer whose body never ends, after the event was refused."""
        self.send_response(500)
        self.end_headers()
        for _ in range(200):
            self.wfile.write(b"x" * 100_000)

    def _lose_answer(self) -> None:
        """The event is taken, and nobody is told."""
        self.server.trouble.insert(0, "")
        self.connection.close()
