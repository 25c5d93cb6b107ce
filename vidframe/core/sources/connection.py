"""Opens what is live: cameras on the network and webcams; and says in plain words why one cannot be opened."""

from __future__ import annotations

import errno
import random
import sys
from collections.abc import Callable
from threading import Event
from time import monotonic
from typing import Any

import av

from vidframe.core.sources.address import Address

# A playlist that a camera sends must not make FFmpeg read files of this machine.
_NETWORK_ONLY = "rtsp,rtsps,rtp,srtp,udp,tcp,tls,http,https,httpproxy,crypto,rtmp,rtmps,srt"
_WEBCAM_FORMATS = {"linux": "v4l2", "darwin": "avfoundation", "win32": "dshow"}

Connect = Callable[[], Any]  # -> an open av.container.InputContainer


class RefusedError(Exception):
    """The camera answers, but not with video for us; trying again at once would not help."""


def camera_connector(address: Address, timeout: float) -> Connect:
    """Connects to a camera on the network; what takes longer than `timeout` seconds fails."""
    scheme = address.secret.split("://", 1)[0].lower()
    options = {"protocol_whitelist": _NETWORK_ONLY, "analyzeduration": "2000000", "fpsprobesize": "0"}
    if scheme.startswith("rtsp"):
        # Over TCP nothing is lost on the way; where a camera has UDP only, FFmpeg falls back to it.
        options |= {"rtsp_flags": "prefer_tcp", "allowed_media_types": "video"}

    def connect() -> Any:
        began = monotonic()
        try:
            container = av.open(address.secret, options=options, timeout=timeout, metadata_errors="replace")
        except av.error.FFmpegError:
            if monotonic() - began >= timeout:  # else a camera that hangs half-way seems to send garbage
                raise TimeoutError from None
            raise
        if scheme.startswith("http") and container.duration:
            container.close()
            raise RefusedError("it is a recording, not a camera; download it and give its path")
        return container

    return connect


def webcam_connector(device: str, fps: float | None, timeout: float) -> Connect:
    """Opens a webcam, by number or by device path."""
    name = f"/dev/video{device}" if sys.platform == "linux" and device.isdecimal() else device
    options = {"framerate": str(fps)} if fps else {}
    return lambda: av.open(name, format=_WEBCAM_FORMATS.get(sys.platform, "v4l2"), options=options, timeout=timeout)


def refusal(error: Exception | None, timeout: float) -> str:
    """Why a connection could not be made or was lost, without the address (it may hold a password)."""
    match error:
        case None:
            return "the stream ended"
        case av.error.HTTPUnauthorizedError() | av.error.HTTPForbiddenError():
            return "user or password is wrong or missing; set credentials"
        case av.error.HTTPNotFoundError():
            return "it has no stream of this name (404)"
        case _ if is_timeout(error):
            return f"no answer within {timeout:g} s"
        case ConnectionRefusedError():
            return "connection refused; is it on, and is the port right?"
        case FileNotFoundError():
            return "there is no such device"
        case av.error.FFmpegError() if error.errno == errno.EIO:  # as of a name that no server knows
            return "cannot be reached; is the address right?"
        case av.error.InvalidDataError():
            return "it answers, but not with video"
        case av.error.ProtocolNotFoundError() | av.error.DemuxerNotFoundError():
            return "FFmpeg cannot read such a stream"
        case av.error.FFmpegError() | OSError():
            return (error.strerror or "reading failed").lower()
        case _:
            return str(error)


def is_timeout(error: Exception | None) -> bool:
    """Whether the camera did not answer in time."""
    return isinstance(error, av.error.ExitError | TimeoutError)


def is_hopeless(error: Exception | None) -> bool:
    """Whether another try soon would fail too; many cameras lock a user out after some wrong passwords."""
    return isinstance(error, RefusedError | av.error.HTTPUnauthorizedError | av.error.HTTPForbiddenError)


class Pause:
    """The wait before the next try: longer after each failure, and never the same for two cameras."""

    def __init__(self, shortest: float = 0.25, longest: float = 2.5, hopeless: float = 30.0) -> None:
        self._shortest = shortest
        self._longest = longest
        self._hopeless = hopeless
        self._failures = 0

    def seconds(self, *, lived: float, hopeless: bool) -> float:
        """How long to wait, after a connection that `lived` so many seconds."""
        self._failures = 0 if lived > self._longest else self._failures + 1
        grown = self._hopeless if hopeless else min(self._longest, self._shortest * 2 ** min(self._failures, 10))
        return grown * random.uniform(0.5, 1.0)

    def wait(self, closed: Event, *, lived: float, hopeless: bool) -> None:
        """Waits; ends at once when `closed` is set."""
        closed.wait(self.seconds(lived=lived, hopeless=hopeless))
