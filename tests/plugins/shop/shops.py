"""Shops for the tests of the sink: a real HTTP server that can be down, fail, lie, and lose its answers."""

from __future__ import annotations

import hashlib
import http.server
import json
import threading
from collections import Counter
from typing import Any

TOKEN = "vf_canary_s3cret_token"


class PlainShop(http.server.ThreadingHTTPServer):
    """Keeps the contract in memory. `trouble` is taken from, one entry a request, before it answers properly."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.trouble: list[str] = []
        self.events: dict[str, dict[str, Any]] = {}
        self.times_sent: Counter[str] = Counter()
        self.files: dict[tuple[str, str], bytearray] = {}
        self.given_up: list[tuple[str, str]] = []
        self.beats: list[dict[str, Any]] = []
        self.pictures = 0
        self.mode = "auto"
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_port}"

    def stop(self) -> None:
        """Close it."""
        self.shutdown()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no matter."""

    def complete(self, event: str, role: str) -> bool:
        """Whether a file is whole and what was announced."""
        content = bytes(self.files.get((event, role), b""))
        [note] = [file for file in self.events[event]["files"] if file["role"] == role]
        return bool(len(content) == note["bytes"]) and hashlib.sha256(content).hexdigest() == note["sha256"]


class _Handler(http.server.BaseHTTPRequestHandler):
    server: PlainShop
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # an answer in two packets would wait 40 ms for the first to be acknowledged

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def _do(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        trouble = self.server.trouble.pop(0) if self.server.trouble else ""
        if self.headers["Authorization"] != f"Bearer {TOKEN}":
            self._answer(401, {"status": 401, "detail": "who?", "reference": "x"})
        elif trouble == "500":
            self._answer(500, {"status": 500, "detail": "broken", "reference": "x"})
        elif trouble == "garbage":
            self._raw(200, b"<html>proxy error</html>")
        elif trouble == "wrong-json":
            self._answer(200, {"hello": "world"})
        elif trouble == "proxy-404":
            self._raw(404, b"nginx")
        elif trouble == "hang-up":
            self.close_connection = True
        else:
            answer = self._work(body)
            if trouble == "lose-answer":  # done, but nobody hears of it
                self.close_connection = True
            else:
                self._answer(*answer)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _do  # noqa: N815 - names of the standard library

    def _work(self, body: bytes) -> tuple[int, dict[str, Any]]:
        parts = self.path.split("/")[3:]
        if parts == ["events"]:
            return 200, {"results": [self._take(event) for event in json.loads(body)["events"]]}
        if parts[0] == "cameras":
            if parts[2] == "beat":
                self.server.beats.append(json.loads(body))
            else:
                self.server.pictures += 1
            return 200, {"picture": True, "mode": self.server.mode}
        return self._file(parts[1], parts[3], body)

    def _take(self, event: dict[str, Any]) -> dict[str, Any]:
        self.server.times_sent[event["id"]] += 1
        if event["kind"] == "bad":
            return {"id": event["id"], "status": "refused", "problem": "no such kind of thing"}
        status = "known" if event["id"] in self.server.events else "taken"
        self.server.events.setdefault(event["id"], event)
        return {"id": event["id"], "status": status, "files": [file["role"] for file in event["files"]]}

    def _file(self, event: str, role: str, body: bytes) -> tuple[int, dict[str, Any]]:
        if event not in self.server.events:
            return 404, {"status": 404, "detail": "No such file was announced.", "reference": "x"}
        content = self.server.files.setdefault((event, role), bytearray())
        if self.command == "DELETE":
            self.server.given_up.append((event, role))
        if self.command == "PATCH":
            if int(self.headers["Upload-Offset"]) != len(content):
                return 409, {"status": 409, "detail": "gap", "reference": "x", "received": len(content)}
            content += body
        return 200, {"received": len(content), "complete": self.server.complete(event, role)}

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        self._raw(status, json.dumps(body).encode())

    def _raw(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
