"""A small page on this machine's loopback on which people say how faces look."""

from __future__ import annotations

import json
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from typing import Any

from vidframe_emotion.classes import CLASSES

from vidframe_lab.emotion.collector import UNSORTED

PLACES = (*CLASSES, UNSORTED, "rejected")
LIMIT = 4096  # bytes of a request


class LabelServer(ThreadingHTTPServer):
    """Serves the faces of one folder; moves a file when somebody labels it."""

    daemon_threads = True

    def __init__(self, folder: Path, port: int = 0) -> None:
        self.folder = folder
        super().__init__(("127.0.0.1", port), _Handler)
        self.hosts = {f"{name}:{self.server_port}" for name in ("127.0.0.1", "localhost")}

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://127.0.0.1:{self.server_port}/"

    def unsorted(self) -> list[str]:
        """File names that wait for a label."""
        return sorted(path.name for path in (self.folder / UNSORTED).glob("*.png"))

    def counts(self) -> dict[str, int]:
        """How many faces each place has."""
        return {place: sum(1 for _ in (self.folder / place).glob("*.png")) for place in PLACES}

    def find(self, name: str) -> Path | None:
        """The file of that name, wherever it is; None for a name that is none of ours."""
        if Path(name).name != name or not name.endswith(".png"):
            return None
        return next((path for place in PLACES if (path := self.folder / place / name).is_file()), None)

    def move(self, name: str, place: str) -> bool:
        """Puts a face into a place; False if either is unknown."""
        path = self.find(name)
        if path is None or place not in PLACES:
            return False
        target = self.folder / place / name
        target.parent.mkdir(exist_ok=True)
        path.rename(target)
        return True


class _Handler(BaseHTTPRequestHandler):
    server: LabelServer

    def do_GET(self) -> None:
        if not self._is_local():
            return
        if self.path == "/":
            page = files("vidframe_lab.emotion").joinpath("label.html").read_bytes()
            self._send(HTTPStatus.OK, page, "text/html; charset=utf-8")
        elif self.path == "/state":
            self._send_state()
        elif self.path.startswith("/face/") and (file := self.server.find(self.path.removeprefix("/face/"))):
            self._send(HTTPStatus.OK, file.read_bytes(), "image/png")
        else:
            self._send(HTTPStatus.NOT_FOUND, b"there is nothing here", "text/plain")

    def do_POST(self) -> None:
        if not self._is_local():
            return
        wanted = self._read_json()
        if self.path == "/label" and self.server.move(str(wanted.get("name")), str(wanted.get("place"))):
            self._send_state()
        else:
            self._send(HTTPStatus.BAD_REQUEST, b"no such face or place", "text/plain")

    def _is_local(self) -> bool:
        """Another site's page may neither read nor label: browsers tell whose page asks."""
        origin = self.headers.get("Origin")
        is_ours = self.headers.get("Host") in self.server.hosts and (
            origin is None or origin.removeprefix("http://") in self.server.hosts
        )
        is_json = self.command != "POST" or self.headers.get("Content-Type") == "application/json"
        if not (is_ours and is_json):
            self._send(HTTPStatus.FORBIDDEN, b"this page is for this machine", "text/plain")
        return is_ours and is_json

    def _read_json(self) -> dict[str, Any]:
        try:
            length = int(self.headers.get("Content-Length", 0))
            value = json.loads(self.rfile.read(length)) if 0 < length <= LIMIT else {}
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}

    def _send_state(self) -> None:
        state = {"classes": CLASSES, "unsorted": self.server.unsorted(), "counts": self.server.counts()}
        self._send(HTTPStatus.OK, json.dumps(state).encode(), "application/json")

    def _send(self, status: HTTPStatus, content: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header(
            "Content-Security-Policy",
            "default-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'",
        )
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing: each face would be a line."""
