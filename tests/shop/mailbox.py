"""A mail server as the tests use it: it takes what it is sent, and shows it."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from queue import Queue
from typing import cast


class _Session(socketserver.StreamRequestHandler):
    """One SMTP conversation, as far as a client that only delivers goes."""

    def handle(self) -> None:
        """Greet, say yes to everything, keep what comes after DATA."""
        self.wfile.write(b"220 test\r\n")
        for line in self.rfile:
            word = line[:4].upper()
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                cast("_Server", self.server).letters.put(b"".join(iter(self.rfile.readline, b".\r\n")))
            self.wfile.write(b"221 bye\r\n" if word == b"QUIT" else b"250 ok\r\n")


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.letters: Queue[bytes] = Queue()


class Mailbox:
    """Everything that was sent."""

    def __init__(self, server: _Server) -> None:
        self._server = server
        self.url = f"smtp://127.0.0.1:{server.server_address[1]}"

    def next(self, seconds: float = 20) -> EmailMessage:
        """The next letter; waits for it."""
        return message_from_bytes(self._server.letters.get(timeout=seconds), policy=policy.default)

    @property
    def is_empty(self) -> bool:
        """Whether nothing lies there."""
        return self._server.letters.empty()


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    """A mail server on a free port of this machine."""
    with _Server() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield Mailbox(server)
        finally:
            server.shutdown()
            thread.join()
