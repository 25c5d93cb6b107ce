"""FFmpeg as the reader of a live camera, on the network or a webcam; says in plain words why one is lost."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from threading import Event
from time import monotonic
from typing import Any

import av

from vidframe.core.model.packets import Packet
from vidframe.core.sources.abort import waits_end_with
from vidframe.core.sources.address import Address
from vidframe.core.sources.decoded import DecodedFrame
from vidframe.core.sources.reader import Connect, LostError
from vidframe.core.sources.stream import NoVideoError, VideoStream
from vidframe.core.sources.timeline import Timeline

# A playlist that a camera sends must not make FFmpeg read files of this machine.
_NETWORK_ONLY = "rtsp,rtsps,rtp,srtp,udp,tcp,tls,http,https,httpproxy,crypto,rtmp,rtmps,srt"
_WEBCAM_FORMATS = {"linux": "v4l2", "darwin": "avfoundation", "win32": "dshow"}


def camera_connector(address: Address, timeout: float, rotate: int = 0) -> Connect:
    """Connects to a camera on the network; what takes longer than `timeout` seconds fails."""
    scheme = address.secret.split("://", 1)[0].lower()
    options = {"protocol_whitelist": _NETWORK_ONLY, "analyzeduration": "2000000", "fpsprobesize": "0"}
    if scheme.startswith("rtsp"):
        # Over TCP nothing is lost on the way; where a camera has UDP only, FFmpeg falls back to it.
        options |= {"rtsp_flags": "prefer_tcp", "allowed_media_types": "video"}

    def opened() -> Any:
        began = monotonic()
        try:
            container = av.open(address.secret, options=options, timeout=timeout, metadata_errors="replace")
        except av.error.FFmpegError:
            if monotonic() - began >= timeout:  # else a camera that hangs half-way seems to send garbage
                raise TimeoutError from None
            raise
        if scheme.startswith("http") and container.duration:
            container.close()
            raise LostError("it is a recording, not a camera; download it and give its path", is_hopeless=True)
        return container

    return lambda ending: FFmpegReader(opened, timeout, ending, rotate)


def webcam_connector(device: str, fps: float | None, timeout: float, rotate: int = 0) -> Connect:
    """Opens a webcam, by number or by device path."""
    name = f"/dev/video{device}" if sys.platform == "linux" and device.isdecimal() else device
    options = {"framerate": str(fps)} if fps else {}

    def opened() -> Any:
        return av.open(name, format=_WEBCAM_FORMATS.get(sys.platform, "v4l2"), options=options, timeout=timeout)

    return lambda ending: FFmpegReader(opened, timeout, ending, rotate)


class FFmpegReader:
    """Reads what FFmpeg opens; all of it in one thread."""

    def __init__(self, opened: Callable[[], Any], timeout: float, ending: Event, rotate: int = 0) -> None:
        self._timeout = timeout
        with ExitStack() as held:
            held.enter_context(waits_end_with(ending))
            try:
                container = opened()
                held.callback(container.close)
                self._stream = VideoStream(container, rotate=rotate)
            except (av.error.FFmpegError, OSError, NoVideoError) as error:
                raise _lost(error, timeout) from error
            self._held = held.pop_all()

    @property
    def fps(self) -> float | None:
        return self._stream.fps

    @property
    def is_timed(self) -> bool:
        return self._stream.is_timed

    def read(self, timeline: Timeline, *, wants_packets: bool) -> Iterator[tuple[Packet | None, list[DecodedFrame]]]:
        has_frames = False
        try:
            for packet, frames in self._stream.read(timeline, wants_packets=wants_packets):
                has_frames = has_frames or bool(frames)
                yield packet, frames
                if self._stream.has_outgrown_header:  # recorders need the stream from its beginning
                    raise LostError("the frame size changed")
        except (av.error.FFmpegError, OSError) as error:
            raise (_lost_midway if has_frames else _lost)(error, self._timeout) from error

    def close(self) -> None:
        self._held.close()


def _lost_midway(error: Exception, timeout: float) -> LostError:
    if _is_timeout(error):
        return LostError(f"no data for {timeout:g} s", is_stalled=True)
    if getattr(error, "errno", 0) == errno.EIO:
        return LostError("the connection was cut")
    return _lost(error, timeout)


def _lost(error: Exception, timeout: float) -> LostError:
    # Many cameras lock a user out after some wrong passwords.
    is_refused = isinstance(error, av.error.HTTPUnauthorizedError | av.error.HTTPForbiddenError)
    return LostError(_reason(error, timeout), is_hopeless=is_refused)


def _reason(error: Exception, timeout: float) -> str:
    """Why a connection could not be made or was lost, without the address (it may hold a password)."""
    match error:
        case av.error.HTTPUnauthorizedError() | av.error.HTTPForbiddenError():
            return "user or password is wrong or missing; set credentials"
        case av.error.HTTPNotFoundError():
            return "it has no stream of this name (404)"
        case _ if _is_timeout(error):
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


def _is_timeout(error: Exception) -> bool:
    return isinstance(error, av.error.ExitError | TimeoutError)
