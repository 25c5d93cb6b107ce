"""The cameras of one process, each in a thread of its own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from vidframe.core.config.reading import CameraConfig, StepConfig
from vidframe.core.observe.metrics import CameraMetrics
from vidframe.core.run.loop import Changes, only_steps_differ, run_camera
from vidframe.core.run.resources import ResourceCache
from vidframe.core.run.trace import Trace

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Setup:
    """What all cameras of a run have in common."""

    state: Path
    sinks: tuple[StepConfig, ...] = ()  # steps that the command line adds to every chain
    frames: int | None = None  # after which each camera ends
    strict: bool = False  # a write to what a step does not declare is its failure


class CameraThreads:
    """Cameras that start, end and change beside each other, and share their models."""

    def __init__(self, setup: Setup, trace: Trace | None = None) -> None:
        self.metrics: dict[str, CameraMetrics] = {}  # of every camera that ever ran here, in the order of their start
        self._setup = setup
        self._trace = trace  # where the process that started this one sees what runs
        self._running: dict[str, _Running] = {}
        self._shared = ResourceCache(keeps=True)

    @property
    def are_running(self) -> bool:
        """Whether any camera still runs."""
        return any(camera.thread.is_alive() for camera in self._running.values())

    def apply(self, configs: Iterable[CameraConfig]) -> None:
        """Starts the cameras that are new, ends those that were removed, changes those that changed, and no other.

        A camera of which only steps changed keeps running, and so do its other steps; it is restarted if its source
        changed, or what its steps need of each other. Models that some camera used until now stay loaded.
        """
        self._shared.evict_unused()
        wanted = {config.name: config for config in configs}
        changed = [name for name, camera in self._running.items() if wanted.get(name) != camera.config]
        self._end([name for name in changed if name not in wanted or not self._running[name].can_take_up(wanted[name])])
        self._change([wanted[name] for name in changed if name in self._running])
        for name, config in wanted.items():
            if name not in self._running:
                self._running[name] = self._start(config)

    def adopt(self, metrics: Iterable[CameraMetrics]) -> None:
        """Goes on counting where another process stopped, for cameras that do not run here."""
        self.metrics |= {camera.name: camera for camera in metrics if camera.name not in self._running}

    def close(self) -> None:
        """Ends all cameras, then what they shared."""
        self._end(list(self._running))
        self._shared.evict_unused()

    def _start(self, config: CameraConfig) -> _Running:
        metrics = self.metrics.setdefault(config.name, CameraMetrics(config.name))
        metrics.restart()
        if self._trace is not None and metrics.trace is None:
            metrics.trace = self._trace.slot()
        camera = _Running(config, metrics)
        camera.thread = threading.Thread(target=self._run, args=(camera,), name=config.name, daemon=True)
        camera.thread.start()
        return camera

    def _run(self, camera: _Running) -> None:
        config, setup = camera.config, self._setup
        try:
            run_camera(
                config,
                state=setup.state,
                shared=self._shared,
                metrics=camera.metrics,
                stop=camera.stop,
                sinks=setup.sinks,
                frames=setup.frames,
                changes=camera.changes,
                strict=setup.strict,
            )
        except BaseException as error:
            log.exception("camera %s ended by a bug in vidframe", config.name)
            camera.metrics.error = f"camera {config.name}: {type(error).__name__}: {error}"

    def _change(self, configs: Iterable[CameraConfig]) -> None:
        waiting = []
        for config in configs:
            camera = self._running[config.name]
            camera.config = config
            waiting.append((camera, camera.changes.ask(config)))
        for camera, done in waiting:
            while not done.wait(0.05) and camera.thread.is_alive():
                pass

    def _end(self, names: list[str]) -> None:
        ending = [self._running.pop(name) for name in names]
        for camera in ending:
            camera.stop.set()
        for camera in ending:
            camera.thread.join()


class _Running:
    def __init__(self, config: CameraConfig, metrics: CameraMetrics) -> None:
        self.config = config
        self.metrics = metrics
        self.stop = threading.Event()
        self.changes = Changes()
        self.thread: threading.Thread

    def can_take_up(self, config: CameraConfig) -> bool:
        """Whether it can change without another start."""
        return self.thread.is_alive() and only_steps_differ(self.config, config)
