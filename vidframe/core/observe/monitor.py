"""Shows metrics over HTTP: /metrics for Prometheus, /healthz and /readyz for service managers."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import sleep
from typing import Any, Self

from vidframe.core.observe.metrics import Metrics

log = logging.getLogger(__name__)

REQUEST_TIMEOUT = 5.0  # seconds for a client to send its request


class MonitorError(Exception):
    """The metrics cannot be shown at that address; the message says why."""


class Monitor:
    """A server that reads the metrics whenever somebody asks. It runs from `__enter__` to `__exit__`."""

    def __init__(self, host: str, port: int, metrics: Callable[[], Metrics]) -> None:
        try:
            self._server = _Server((host, port), _Handler)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise MonitorError(f"metrics: cannot listen on {host}:{port}: {reason}") from error
        self._server.read = metrics
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.2}, name="monitor", daemon=True
        )

    @property
    def address(self) -> str:
        """Where it listens, host:port."""
        host, port = self._server.server_address[:2]
        return f"{host!s}:{port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    read: Callable[[], Metrics]

    def get_request(self) -> Any:
        try:
            return super().get_request()
        except OSError:
            sleep(0.1)  # without a file descriptor left, the request waits, and would be tried again at once
            raise

    def handle_error(self, request: Any, client_address: Any) -> None:
        log.debug("a request for metrics failed", exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = REQUEST_TIMEOUT
    server_version = "vidframe"
    sys_version = ""

    def do_GET(self) -> None:
        page = _PAGES.get(self.path.partition("?")[0])
        if page is None:
            self.send_error(HTTPStatus.NOT_FOUND, explain=f"available: {', '.join(_PAGES)}")
            return
        try:
            status, body, media_type = page(self.server.read(), self.headers.get("Accept", ""))
        except Exception as error:
            log.exception("cannot render %s", self.path)
            status, media_type = HTTPStatus.INTERNAL_SERVER_ERROR, "text/plain"
            body = f"{type(error).__name__}: {error}\n".encode()
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_HEAD(self) -> None:
        self.do_GET()

    def log_message(self, format: str, *arguments: object) -> None:
        log.debug(format, *arguments)


def _metrics(now: Metrics, accept: str) -> tuple[HTTPStatus, bytes, str]:
    from vidframe.core.observe.prometheus import exposition

    return HTTPStatus.OK, *exposition(now, accept)


def _health(now: Metrics, accept: str) -> tuple[HTTPStatus, bytes, str]:
    return _json(not now.problems, {"problems": now.problems})


def _readiness(now: Metrics, accept: str) -> tuple[HTTPStatus, bytes, str]:
    cameras = {each.name: {"state": each.state, "reason": each.error or each.reason} for each in now.cameras}
    return _json(now.is_ready, {"ready": now.is_ready, "cameras": cameras})


def _json(is_ok: bool, content: dict[str, Any]) -> tuple[HTTPStatus, bytes, str]:
    status = HTTPStatus.OK if is_ok else HTTPStatus.SERVICE_UNAVAILABLE
    return status, json.dumps(content, ensure_ascii=False).encode() + b"\n", "application/json"


_PAGES = {"/metrics": _metrics, "/healthz": _health, "/readyz": _readiness}
