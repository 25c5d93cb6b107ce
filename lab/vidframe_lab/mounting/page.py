"""A page on this machine's loopback on which somebody clicks the four corners of a rectangle on the floor."""

from __future__ import annotations

import json
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from threading import Thread
from typing import Any

LIMIT = 4096  # bytes of a request

Corners = list[tuple[float, float]]


class CornerServer(ThreadingHTTPServer):
    """Shows a picture and takes corners. `accept` says what is wrong with them, or nothing: then it has ended."""

    daemon_threads = True

    def __init__(self, jpeg: bytes, accept: Callable[[Corners], str], port: int = 0) -> None:
        self.jpeg = jpeg
        self.accept = accept
        super().__init__(("127.0.0.1", port), _Handler)
        self.hosts = {f"{name}:{self.server_port}" for name in ("127.0.0.1", "localhost")}

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://127.0.0.1:{self.server_port}/"


class _Handler(BaseHTTPRequestHandler):
    server: CornerServer

    def do_GET(self) -> None:
        if self._is_refused():
            return
        if self.path == "/":
            page = files("vidframe_lab.mounting").joinpath("corners.html").read_bytes()
            self._send(HTTPStatus.OK, page, "text/html; charset=utf-8")
        elif self.path == "/picture.jpg":
            self._send(HTTPStatus.OK, self.server.jpeg, "image/jpeg")
        else:
            self._send(HTTPStatus.NOT_FOUND, b"there is nothing here", "text/plain")

    def do_POST(self) -> None:
        if self._is_refused():
            return
        corners = _corners(self._body())
        problem = "four corners are needed" if corners is None else self.server.accept(corners)
        if problem:
            self._send(HTTPStatus.BAD_REQUEST, problem.encode(), "text/plain; charset=utf-8")
            return
        self._send(HTTPStatus.OK, b"Measured. The result is in the terminal.", "text/plain")
        Thread(target=self.server.shutdown, daemon=True).start()  # it waits for this request to end

    def _is_refused(self) -> bool:
        """Another site's page may neither see nor measure: browsers tell whose page asks."""
        origin = self.headers.get("Origin")
        is_ours = self.headers.get("Host") in self.server.hosts and (
            origin is None or origin.removeprefix("http://") in self.server.hosts
        )
        if not is_ours:
            self._send(HTTPStatus.FORBIDDEN, b"this page is for this machine", "text/plain")
        return not is_ours

    def _body(self) -> Any:
        try:
            length = int(self.headers.get("Content-Length", 0))
            return json.loads(self.rfile.read(length)) if 0 < length <= LIMIT else None
        except ValueError:
            return None

    def _send(self, status: HTTPStatus, content: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Content-Security-Policy", "default-src 'self' 'unsafe-inline'; frame-ancestors 'none'")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing: the terminal is for the result."""


def _corners(body: Any) -> Corners | None:
    try:
        corners = [(float(x), float(y)) for x, y in body]
    except (TypeError, ValueError):
        return None
    return corners if len(corners) == 4 else None
