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
from vidframe.core.metrics import STUCK, CameraFigures, Figures, own_process
from vidframe.core.monitor import Monitor
from vidframe.core.runfile import of_this_process
from vidframe.core.shared import Shared

log = logging.getLogger(__name__)

PATIENCE = 4.5  # seconds that plugins have to close after a signal
TICK = 0.1  # seconds between two looks at what changed
SILENCE = 60.0  # seconds without a tick after which the supervisor counts as stuck; ending a camera takes up to 20


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
    goes on while there are none. MonitorError if the figures cannot be shown where the config wants them.
    """
    cameras = Cameras(config.state, sinks, frames)
    present = _Present(config, cameras)
    with _signals() as asked, cameras, present:
        cameras.apply(config.cameras)
        if feed is not None:
            feed.start()
        while (cameras.are_running or feed is not None) and not asked.stop.wait(TICK):
            present.tick()
            watch(cameras.figures)
            if feed is not None and (brought := feed.take()) is not None:
                cameras.apply(brought.cameras)
            elif asked.reload.is_set() and reload is not None:
                asked.reload.clear()
                present.reload(reload, feed)
        if feed is not None:
            feed.stop()
    watch(cameras.figures)
    return cameras.figures


class Cameras:
    """The cameras that run, each in a thread of its own. Leaving the context ends them."""

    def __init__(self, state: Path, sinks: Iterable[StepConfig], frames: int | None) -> None:
        self._figures: dict[str, CameraFigures] = {}  # of every camera that ever ran, in the order of their start
        self._state = state
        self._sinks = tuple(sinks)
        self._frames = frames
        self._running: dict[str, _Running] = {}
        self._shared = Shared()
        self._keep_models = self._shared.for_all()

    @property
    def figures(self) -> list[CameraFigures]:
        """Those of every camera that ever ran, in the order of their start."""
        return list(self._figures.values())

    @property
    def present(self) -> list[CameraFigures]:
        """The figures of the cameras that the config has now."""
        return [its for name, its in self._figures.copy().items() if name in self._running]

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
        figures = self._figures.setdefault(config.name, CameraFigures(config.name))
        figures.restart()
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


class _Present:
    """What others can see of the run: its figures, its run file, and how reloads went."""

    def __init__(self, config: Config, cameras: Cameras) -> None:
        self._config = config
        self._cameras = cameras
        self._reloads = {"done": 0, "refused": 0}
        self._ticked = monotonic()
        self._file = of_this_process("")
        self._monitor = Monitor(*config.metrics, self.figures) if config.metrics else None

    def __enter__(self) -> None:
        if self._monitor is not None:
            self._monitor.__enter__()
            self._file.metrics = self._monitor.address
        self._file.write(self._config.state)

    def __exit__(self, *error: object) -> None:
        self._file.remove(self._config.state)
        if self._monitor is not None:
            self._monitor.__exit__(None, None, None)

    def tick(self) -> None:
        """Notes that the supervisor is well."""
        self._ticked = monotonic()

    def figures(self) -> Figures:
        """All figures, as they are now. From any thread."""
        cameras = self._cameras.present
        return Figures(cameras, [own_process("supervisor")], dict(self._reloads), list(self._problems(cameras)))

    def reload(self, load: Callable[[], Config], feed: Feed | None) -> None:
        """Takes up a changed config, or says why it does not."""
        began = monotonic()
        try:
            config = load()
        except ConfigError as error:
            self._refuse([str(problem) for problem in error.problems])
            return
        if (config.camera_plugin is None) != (feed is None):
            self._refuse(["cameras of the file and cameras from a plugin change places at the next start only"])
            return
        if feed is not None:
            feed.again()
        else:
            self._cameras.apply(config.cameras)
        self._reloads["done"] += 1
        log.warning("config reloaded, %d cameras, %.1f s", len(self._cameras.present), monotonic() - began)
        self._tell([])

    def _refuse(self, reasons: list[str]) -> None:
        for reason in reasons:
            log.error("%s", reason)
        log.error("the config was not changed")
        self._reloads["refused"] += 1
        self._tell(reasons)

    def _tell(self, refused: list[str]) -> None:
        self._file.reloads += 1
        self._file.refused = refused
        self._file.write(self._config.state)

    def _problems(self, cameras: list[CameraFigures]) -> Iterator[str]:
        if (silence := monotonic() - self._ticked) > SILENCE:
            yield f"the supervisor has been busy for {silence:.0f} s"
        for camera in cameras:
            if (step := camera.stuck) is not None:
                yield f"camera {camera.name}: step {step} has not come back for over {STUCK:.0f} s"


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
