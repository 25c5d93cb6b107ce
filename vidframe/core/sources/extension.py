"""Sources that installed packages bring: an entry point in the group `vidframe.sources`, named like its scheme.

It is a function of an address and of `SourceOptions` that yields images; docs/sources.md shows one. For a live source
the function is called again after each loss, in the camera's reader thread.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Event
from typing import Any, TypeVar

from vidframe.core.model.packets import Packet
from vidframe.core.plugin.calling import is_plugin_failure
from vidframe.core.plugin.registry import PluginError, load_source
from vidframe.core.sources.address import hide, read_address, schemes
from vidframe.core.sources.array import picture_of, recorded_frames
from vidframe.core.sources.decoded import DecodedFrame, Source, SourceError
from vidframe.core.sources.live import LiveCamera
from vidframe.core.sources.options import Options
from vidframe.core.sources.reader import LostError
from vidframe.core.sources.recording import Recording
from vidframe.core.sources.timeline import Timeline
from vidframe.tools import printable, reason_of

Opener = TypeVar("Opener", bound=Callable[..., Any])


@dataclass(frozen=True)
class SourceOptions:
    """What a source of a package gets beside its address."""

    camera: str  # name of the camera, for messages
    credentials: str | None  # "user:password" as the config has it
    fps: float | None  # frames a second, as configured
    timeout: float  # seconds without an image after which a live source counts as stalled and is opened again
    closed: Event  # set when the source has to end; wait for it instead of sleeping


def recording(opener: Opener) -> Opener:
    """Marks a function of `vidframe.sources` whose images end: each is analysed, none is dropped, and no loss mended."""
    opener.is_live = False  # type: ignore[attr-defined]
    return opener


def open_extension(scheme: str, url: str, options: Options) -> Source:
    """The source of a package; SourceError if no package has this scheme, or it cannot be used."""
    shown = read_address(url, options.credentials).shown
    who = f"{options.camera}: {shown}"
    try:
        opener = load_source(scheme)
    except PluginError as error:
        raise SourceError(f"{who}: {error}") from error
    if opener is None:
        raise SourceError(f"{who} is of an unknown kind, {scheme!r}; known are {', '.join(schemes())}")
    if getattr(opener, "is_live", True):
        return LiveCamera(shown, lambda ending: _Reader(_Images(opener, url, options, ending), shown), options)
    with ExitStack() as held:
        images = _Images(opener, url, options, options.stop)
        held.callback(images.close)
        fps = options.fps or 10.0
        return Recording(_to_end(images, fps, who), held, options, name=shown, start=datetime.now(UTC), fps=options.fps)


class _Images:
    """What a package's function yields; LostError where it raises."""

    def __init__(self, opener: Callable[..., Any], url: str, options: Options, closed: Event) -> None:
        own_options = SourceOptions(options.camera, options.credentials, options.fps, options.timeout, closed)
        self._url = url
        self._credentials = options.credentials
        self._opened = self._guarded(lambda: opener(url, own_options))
        self._iterator: Iterator[Any] = self._guarded(lambda: iter(self._opened))

    def __iter__(self) -> Iterator[Any]:
        end = object()
        while (item := self._guarded(lambda: next(self._iterator, end))) is not end:
            yield item

    def close(self) -> None:
        """Lets it free what it holds; a failure is logged."""
        for each in dict.fromkeys((self._iterator, self._opened)):
            try:
                self._guarded(getattr(each, "close", lambda: None))
            except LostError as error:
                logging.getLogger(__name__).warning("%s was not closed: %s", read_address(self._url).shown, error)

    def _guarded(self, call: Callable[[], Any]) -> Any:
        try:
            return call()
        except BaseException as error:
            if not is_plugin_failure(error):
                raise
            raise LostError(hide(_reason(error), self._url, self._credentials)) from error


class _Reader:
    """One connection to a live source of a package."""

    is_timed = True
    fps = None

    def __init__(self, images: _Images, shown: str) -> None:
        self._images = images
        self._shown = shown
        self.close = images.close

    def read(self, timeline: Timeline, *, wants_packets: bool) -> Iterator[tuple[Packet | None, list[DecodedFrame]]]:
        for item in self._images:
            try:
                picture, stamp = picture_of(item)
            except TypeError as error:
                raise LostError(f"{self._shown} brought no image: {error}", is_hopeless=True) from error
            yield None, [DecodedFrame(picture, timeline.show(timeline.place(stamp, stamp)[0]))]


def _to_end(images: _Images, fps: float, who: str) -> Generator[DecodedFrame]:
    has_frames = False
    try:
        for decoded in recorded_frames(images, fps):
            has_frames = True
            yield decoded
    except (LostError, TypeError) as error:
        raise SourceError(f"{who} failed: {error}") from error
    if not has_frames:
        raise SourceError(f"{who} brought no image")


def _reason(error: BaseException) -> str:
    if isinstance(error, SourceError):
        text = str(error)
    elif isinstance(error, OSError) and error.strerror:
        text = error.strerror.lower() + (f": {error.filename}" if error.filename else "")
    else:
        text = reason_of(error)
    return printable(" ".join(text.split()).rstrip(": "))[:300]
