"""A page for one person on this machine: loopback alone, a secret in its address, no other site's requests."""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import Any, Self
from urllib.parse import urlsplit

import click

LIMIT = 1 << 20  # bytes of a request
_POLICY = "default-src 'self' 'unsafe-inline'; img-src 'self' blob: data:; frame-ancestors 'none'"


@dataclass(frozen=True)
class Answer:
    """What a request is answered with."""

    content: bytes
    kind: str = "application/json"
    status: HTTPStatus = HTTPStatus.OK
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def json(cls, value: Any) -> Self:
        """Plain values."""
        return cls(json.dumps(value).encode())

    @classmethod
    def error(cls, status: HTTPStatus, text: str) -> Self:
        """One line for whoever looks at the page."""
        return cls(text.encode(), "text/plain; charset=utf-8", status)


NOT_FOUND = Answer.error(HTTPStatus.NOT_FOUND, "there is nothing here")


class Page(ThreadingHTTPServer):
    """Serves one HTML file; what it asks for comes from `get` and `post`. OSError where the port is taken.

    The page names everything relative to its own address, in which the secret is.
    """

    daemon_threads = True
    html: tuple[str, str]  # package and name of the file

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.token = secrets.token_urlsafe(16)
        self.hosts = {f"{name}:{self.server_port}" for name in ("127.0.0.1", "localhost")}

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://127.0.0.1:{self.server_port}/{self.token}/"

    def get(self, path: str, query: str) -> Answer:
        """What is at a path below the page, without the first slash."""
        return NOT_FOUND

    def post(self, path: str, content: dict[str, Any]) -> Answer:
        """Does what the page asks for."""
        return NOT_FOUND

    def run(self, *, open_browser: bool, done: Callable[[], str]) -> None:
        """Serves until Ctrl+C, and says what was done."""
        if open_browser:
            click.launch(self.url)
        try:
            self.serve_forever()
        except KeyboardInterrupt:
            click.echo(done())


class _Handler(BaseHTTPRequestHandler):
    server: Page

    def do_GET(self) -> None:
        path = self._path()
        if path is None:
            return
        if path == "":
            package, name = self.server.html
            self._send(Answer(files(package).joinpath(name).read_bytes(), "text/html; charset=utf-8"))
        else:
            self._send(self.server.get(path, urlsplit(self.path).query))

    def do_POST(self) -> None:
        path = self._path()
        if path is not None:
            self._send(self.server.post(path, self._read_json()))

    def _path(self) -> str | None:
        """The path below the page; None, with the request answered, for whoever may not ask."""
        _, token, *rest = urlsplit(self.path).path.split("/", 2)
        if not self._is_local():
            self._send(Answer.error(HTTPStatus.FORBIDDEN, "this page is for this machine"))
        elif not hmac.compare_digest(token.encode(), self.server.token.encode()):
            self._send(Answer.error(HTTPStatus.FORBIDDEN, "open the address that the command printed"))
        else:
            return rest[0] if rest else ""
        return None

    def _is_local(self) -> bool:
        """Another site's page may neither read nor label: browsers tell whose page asks."""
        origin = self.headers.get("Origin")
        is_ours = self.headers.get("Host") in self.server.hosts and (
            origin is None or origin.removeprefix("http://") in self.server.hosts
        )
        return is_ours and (self.command != "POST" or self.headers.get("Content-Type") == "application/json")

    def _read_json(self) -> dict[str, Any]:
        try:
            length = int(self.headers.get("Content-Length", 0))
            value = json.loads(self.rfile.read(length)) if 0 < length <= LIMIT else {}
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}

    def _send(self, answer: Answer) -> None:
        own = {
            "Content-Type": answer.kind,
            "Content-Length": str(len(answer.content)),
            "Cache-Control": "no-store",
            "Content-Security-Policy": _POLICY,
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
        }
        self.send_response(answer.status)
        for name, value in {**own, **answer.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.content)

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing: each picture would be a line."""
