"""Many cameras at once: a thread for each, changes while they run, signals, and an end within seconds."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from types import FrameType

from vidframe.core.config import CameraConfig, Config, ConfigError, StepConfig
from vidframe.core.feed import Feed
from vidframe.core.loop import run_camera
from vidframe.core.metrics import CameraFigures
from vidframe.core.shared import Shared

log = logging.getLogger(__name__)

PATIENCE = 4.5  # seconds that plugins have to close after a signal
TICK = 0.1  # seconds between two looks at what changed


def run(
    config: Config,
    *,
    sinks: Iterable[StepConfig] = (),
    frames: int | None = None,
    watch: Callable[[list[CameraFigures]], None] = lambda figures: None,
    reload: Callable[[], Config] | None = None,
    feed: Feed | None = None,
) -> list[CameraFigures]:
    """Runs all cameras until they end or a signal comes, and returns their figures.

    `watch` is called with the figures some times a second, in the calling thread. At SIGHUP, `reload` is asked for
    a new config; one with mistakes changes nothing. With a `feed` the cameras are those that it brings, and the run
    goes on while there are none.
    """
    cameras = Cameras(config.state, sinks, frames)
    with _signals() as asked, cameras:
        cameras.apply(config.cameras)
        if feed is not None:
            feed.start()
        while (cameras.are_running or feed is not None) and not asked.stop.wait(TICK):
            watch(cameras.figures)
            if feed is not None and (brought := feed.take()) is not None:
                cameras.apply(brought.cameras)
            elif asked.reload.is_set() and reload is not None:
                asked.reload.clear()
                _reload(cameras, reload)
        if feed is not None:
            feed.stop()
    watch(cameras.figures)
    return cameras.figures


class Cameras:
    """The cameras that run, each in a thread of its own. Leaving the context ends them."""

    def __init__(self, state: Path, sinks: Iterable[StepConfig], frames: int | None) -> None:
        self.figures: list[CameraFigures] = []  # of every camera that ever ran, in the order of their start
        self._state = state
        self._sinks = tuple(sinks)
        self._frames = frames
        self._running: dict[str, _Running] = {}
        self._shared = Shared()
        self._keep_models = self._shared.for_all()

    @property
    def are_running(self) -> bool:
        """Whether any camera still runs."""
        return any(camera.thread.is_alive() for camera in self._running.values())

    def apply(self, configs: Iterable[CameraConfig]) -> None:
        """Starts the cameras that are new, ends those that are gone, restarts those that changed, and no other.

        Loaded models are kept, so that a changed setting does not load them again.
        """
        wanted = {config.name: config for config in configs}
        changed = [name for name, camera in self._running.items() if wanted.get(name) != camera.config]
        self._end(changed)
        for name, config in wanted.items():
            if name not in self._running:
                self._running[name] = self._start(config)

    def __enter__(self) -> Cameras:
        self._keep_models.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._end(list(self._running))
        self._keep_models.__exit__(None, None, None)

    def _start(self, config: CameraConfig) -> _Running:
        figures = CameraFigures(config.name)
        self.figures.append(figures)
        stop = threading.Event()

        def work() -> None:
            try:
                run_camera(
                    config,
                    state=self._state,
                    shared=self._shared,
                    figures=figures,
                    stop=stop,
                    sinks=self._sinks,
                    frames=self._frames,
                )
            except Exception as error:
                log.exception("camera %s ended by a bug in vidframe", config.name)
                figures.error = f"camera {config.name}: {type(error).__name__}: {error}"

        thread = threading.Thread(target=work, name=config.name, daemon=True)
        thread.start()
        return _Running(config, thread, stop)

    def _end(self, names: list[str]) -> None:
        ending = [self._running.pop(name) for name in names]
        for camera in ending:
            camera.stop.set()
        for camera in ending:
            camera.thread.join()


class _Running:
    def __init__(self, config: CameraConfig, thread: threading.Thread, stop: threading.Event) -> None:
        self.config = config
        self.thread = thread
        self.stop = stop


def _reload(cameras: Cameras, reload: Callable[[], Config]) -> None:
    try:
        config = reload()
    except ConfigError as error:
        for problem in error.problems:
            log.error("%s", problem)
        log.error("the config was not changed: it has mistakes")
        return
    began = monotonic()
    cameras.apply(config.cameras)
    log.warning("config reloaded, %d cameras, %.1f s", len(config.cameras), monotonic() - began)


class _Asked:
    """What signals asked for."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self.reload = threading.Event()


@contextmanager
def _signals() -> Iterator[_Asked]:
    """The first Ctrl+C or SIGTERM stops the cameras; a second one, or a plugin that will not close, ends all."""
    asked = _Asked()
    if threading.current_thread() is not threading.main_thread():
        yield asked
        return

    def end(number: int, frame: FrameType | None) -> None:
        if asked.stop.is_set():
            os._exit(128 + number)
        asked.stop.set()
        watchdog = threading.Timer(PATIENCE, _give_up)
        watchdog.daemon = True
        watchdog.start()

    def again(number: int, frame: FrameType | None) -> None:
        asked.reload.set()

    handlers = {signal.SIGINT: end, signal.SIGTERM: end, signal.SIGHUP: again}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _give_up() -> None:
    log.error("a plugin did not close within %.1f s; ending all the same", PATIENCE)
    os._exit(1)
