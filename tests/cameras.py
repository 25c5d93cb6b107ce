"""Cameras on the loopback for tests: an RTSP server as a process that can be killed, and an HTTP Motion JPEG one."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import cycle
from pathlib import Path
from typing import Self

import cv2

from tests.clips import Pixels
from tests.needs import missing

PYTHON = "/usr/bin/python3"  # the one that Debian's GStreamer bindings belong to
SERVER = Path(__file__).parent / "rtsp_server.py"


@cache
def has_gstreamer() -> bool:
    """Whether this machine can run the RTSP server."""
    check = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"
    try:
        return subprocess.run([PYTHON, "-c", check], capture_output=True, timeout=30).returncode == 0
    except OSError:
        return False


def need_gstreamer() -> None:
    """Skips the test where there is no RTSP server; fails it in CI, which has to have one."""
    if has_gstreamer():
        return
    reason = "needs gir1.2-gst-rtsp-server-1.0, python3-gi and GStreamer's good and bad plugins"
    missing(reason)


def free_port() -> int:
    """A TCP port of the loopback that nobody listens to."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class RtspCamera:
    """A camera that shows an elementary stream (`.h264` or `.h265`) over and over, once it is switched on."""

    def __init__(self, file: Path, *, user: str | None = None, password: str | None = None, fps: int = 10) -> None:
        need_gstreamer()
        self.port = free_port()
        self.url = f"rtsp://127.0.0.1:{self.port}/camera"
        self._login = ["--user", user, "--password", password or ""] if user is not None else []
        self._file = file
        self._fps = fps
        self._process: subprocess.Popen[str] | None = None

    def switch_on(self, file: Path | None = None, *, fps: int | None = None, password: str | None = None) -> None:
        """Starts the server, with another file, frame rate or password if one is given, and waits until it listens."""
        self._file = file or self._file
        self._fps = fps or self._fps
        if password is not None:
            self._login[-1] = password
        command = [PYTHON, str(SERVER), str(self._file), str(self.port), "--fps", str(self._fps), *self._login]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"

    def kill(self) -> None:
        """As when its power is cut."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            assert self._process.stdout is not None
            self._process.stdout.close()
            self._process = None

    def hang(self) -> None:
        """Keeps the connection, and sends nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def wake(self) -> None:
        """Ends `hang`."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


@contextmanager
def mjpeg_camera(
    pictures: Iterable[Pixels],
    *,
    fps: float = 20,
    content: bytes | None = None,
    spoiled_after: int | None = None,
    ends_after: int | None = None,
) -> Iterator[str]:
    """A camera that sends JPEG pictures over HTTP (multipart/x-mixed-replace), over and over; yields its URL.

    With `content` it sends these bytes instead; after `spoiled_after` pictures it sends noise in their place, after `ends_after` it
    hangs up.
    """
    jpegs = [cv2.imencode(".jpg", picture)[1].tobytes() for picture in pictures]
    switched_off = threading.Event()

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
            self.end_headers()
            if content is not None:
                self.wfile.write(content)
                return
            for index, jpeg in enumerate(cycle(jpegs)):
                if spoiled_after is not None and index >= spoiled_after:
                    jpeg = os.urandom(len(jpeg))
                if index == ends_after or switched_off.wait(1 / fps):
                    return
                head = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(jpeg)
                try:
                    self.wfile.write(head + jpeg + b"\r\n")
                except OSError:
                    return

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/video"
    finally:
        switched_off.set()
        server.shutdown()
        thread.join()
        server.server_close()


def wait_for(condition: object, seconds: float = 10) -> None:
    """Waits until the callable answers yes; fails after `seconds`."""
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)
