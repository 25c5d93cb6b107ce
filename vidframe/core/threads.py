"""The cameras of one process, each in a thread of its own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from vidframe.core.config import CameraConfig, StepConfig
from vidframe.core.loop import run_camera
from vidframe.core.metrics import CameraFigures
from vidframe.core.shared import Shared

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Setup:
    """What all cameras of a run have in common."""

    state: Path
    sinks: tuple[StepConfig, ...] = ()  # steps that the command line adds to every chain
    frames: int | None = None  # after which each camera ends


class CameraThreads:
    """Cameras that start, end and change beside each other, and share their models."""

    def __init__(self, setup: Setup) -> None:
        self.figures: dict[str, CameraFigures] = {}  # of every camera that ever ran here, in the order of their start
        self._setup = setup
        self._running: dict[str, _Running] = {}
        self._shared = Shared(keeps=True)

    @property
    def are_running(self) -> bool:
        """Whether any camera still runs."""
        return any(camera.thread.is_alive() for camera in self._running.values())

    def apply(self, configs: Iterable[CameraConfig]) -> None:
        """Starts the cameras that are new, ends those that are gone, restarts those that changed, and no other.

        Models that some camera used until now stay loaded, so that a changed setting does not load them again.
        """
        self._shared.tidy()
        wanted = {config.name: config for config in configs}
        self._end([name for name, camera in self._running.items() if wanted.get(name) != camera.config])
        for name, config in wanted.items():
            if name not in self._running:
                self._running[name] = self._start(config)

    def adopt(self, figures: Iterable[CameraFigures]) -> None:
        """Goes on counting where another process stopped, for cameras that do not run here."""
        self.figures |= {its.name: its for its in figures if its.name not in self._running}

    def close(self) -> None:
        """Ends all cameras, then what they shared."""
        self._end(list(self._running))
        self._shared.tidy()

    def _start(self, config: CameraConfig) -> _Running:
        figures = self.figures.setdefault(config.name, CameraFigures(config.name))
        figures.restart()
        stop = threading.Event()

        def work() -> None:
            setup = self._setup
            try:
                run_camera(
                    config,
                    state=setup.state,
                    shared=self._shared,
                    figures=figures,
                    stop=stop,
                    sinks=setup.sinks,
                    frames=setup.frames,
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


@dataclass
class _Running:
    config: CameraConfig
    thread: threading.Thread
    stop: threading.Event
