"""Many cameras at once: where each runs, changes while they run, signals, and an end within seconds."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from time import monotonic
from types import FrameType

from vidframe.core.config.reading import CameraConfig, Config, ConfigError, StepConfig
from vidframe.core.observe.metrics import STUCK, CameraMetrics, Metrics, ProcessMetrics, own_process
from vidframe.core.observe.monitor import Monitor
from vidframe.core.observe.runfile import claimed, of_this_process
from vidframe.core.observe.service import Service
from vidframe.core.run.feed import CameraFeed
from vidframe.core.run.threads import CameraThreads, Setup
from vidframe.core.run.worker import Worker

log = logging.getLogger(__name__)

CLOSE_TIMEOUT = 4.5  # seconds that plugins have to close after a signal
AT_START = ("state", "workers", "metrics", "cluster")  # what a run keeps to its end
TICK = 0.1  # seconds between two polls
SILENCE = 60.0  # seconds without a tick after which the supervisor counts as stuck; ending a camera takes up to 20


def run(
    config: Config,
    *,
    sinks: Iterable[StepConfig] = (),
    frames: int | None = None,
    strict: bool = False,
    watch: Callable[[list[CameraMetrics]], None] = lambda metrics: None,
    reload: Callable[[], Config] | None = None,
    feed: CameraFeed | None = None,
) -> list[CameraMetrics]:
    """Runs all cameras until they end or a signal comes, and returns their metrics.

    `watch` is called with the metrics some times a second, in the calling thread. At SIGHUP, `reload` gives
    the new config; one with errors changes nothing. With a `feed` the cameras are those that it brings, and the run
    continues while there are none. MonitorError if the metrics cannot be served at the configured address,
    StateInUseError if another run has the state folder.
    """
    cameras = Cameras(Setup(config.state, tuple(sinks), frames, strict), worker_count(config))
    status = _Status(config, cameras)
    with claimed(config.state), _signals(cameras) as requests, cameras:
        cameras.apply(config.cameras)  # before somebody asks whether they are ready
        with status:
            if feed is not None:
                feed.start()
            while (cameras.are_running or feed is not None) and not requests.stop.wait(TICK):
                status.tick()
                cameras.poll()
                watch(cameras.metrics)
                if feed is not None and (brought := feed.poll()) is not None:
                    cameras.apply(brought.cameras)
                elif requests.reload.is_set() and reload is not None:
                    requests.reload.clear()
                    status.reload(reload, feed)
        if feed is not None:
            feed.stop()
    watch(cameras.metrics)
    return cameras.metrics


class Cameras:
    """The cameras that run, in this process or spread over workers. Leaving the context ends them.

    What `apply` is told to end has ended when it returns.
    """

    def __init__(self, setup: Setup, workers: int = 0) -> None:
        self._workers = [Worker(f"worker-{number}", setup) for number in range(1, workers + 1)]
        self._here = CameraThreads(setup)
        # Of every camera that ever ran, in the order of their start.
        self._homes: dict[str, Worker | CameraThreads] = {}
        self._present: frozenset[str] = frozenset()

    @property
    def metrics(self) -> list[CameraMetrics]:
        """Those of every camera that ever ran, in the order of their start."""
        return [home.metrics[name] for name, home in self._homes.copy().items() if name in home.metrics]

    @property
    def present(self) -> list[CameraMetrics]:
        """The metrics of the cameras that the config has now."""
        return [camera for camera in self.metrics if camera.name in self._present]

    @property
    def processes(self) -> list[ProcessMetrics]:
        """What each process uses."""
        return [own_process("supervisor"), *(worker.process for worker in self._workers if worker.configs)]

    @property
    def are_running(self) -> bool:
        """Whether any camera still runs."""
        return self._here.are_running or any(worker.are_running for worker in self._workers)

    def apply(self, configs: Iterable[CameraConfig]) -> None:
        """Starts the cameras that are new, ends those that were removed, restarts those that changed, and no other.

        Loaded models are kept, so that a changed setting does not load them again.
        """
        wanted = {config.name: config for config in configs}
        self._present = frozenset(wanted)
        if not self._workers:
            self._homes |= dict.fromkeys(wanted, self._here)
            self._here.apply(wanted.values())
            return
        shares = self._spread(wanted.values())
        changed = [worker for worker, share in shares.items() if share != worker.configs]
        ending = [worker for worker in changed if any(config not in shares[worker] for config in worker.configs)]
        for worker in changed:
            worker.apply(shares[worker])
        for worker in ending:
            worker.await_applied()

    def poll(self) -> None:
        """To be called many times a second: restarts workers that died."""
        for worker in self._workers:
            worker.poll()

    def kill(self) -> None:
        """Ends all workers at once."""
        for worker in self._workers:
            worker.kill()

    def __enter__(self) -> Cameras:
        return self

    def __exit__(self, *error: object) -> None:
        deadline = monotonic() + CLOSE_TIMEOUT - 0.1
        for worker in self._workers:
            worker.stop()
        self._here.close()
        for worker in self._workers:
            worker.close(deadline)

    def _spread(self, configs: Iterable[CameraConfig]) -> dict[Worker, tuple[CameraConfig, ...]]:
        """Each camera stays where it is; a new one goes where the fewest are."""
        shares: dict[Worker, list[CameraConfig]] = {worker: [] for worker in self._workers}
        had = {config.name: worker for worker in self._workers for config in worker.configs}
        new = []
        for config in configs:
            if config.name in had:
                shares[had[config.name]].append(config)
            else:
                new.append(config)
        for config in new:
            worker = min(shares, key=lambda worker: len(shares[worker]))
            self._move(config.name, worker)
            shares[worker].append(config)
        return {worker: tuple(share) for worker, share in shares.items()}

    def _move(self, name: str, worker: Worker) -> None:
        before = self._homes.get(name)
        if before is not None and before is not worker and name in before.metrics:
            worker.metrics[name] = before.metrics.pop(name)
        self._homes[name] = worker


class _Status:
    """What is visible of the run: its metrics, its run file, and the results of reloads."""

    def __init__(self, config: Config, cameras: Cameras) -> None:
        self._config = config
        self._cameras = cameras
        self._reloads = {"done": 0, "refused": 0}
        self._ticked = monotonic()
        self._file = of_this_process("")
        self._service = Service()
        self._monitor = Monitor(*config.metrics, self.metrics) if config.metrics else None

    def __enter__(self) -> None:
        if self._monitor is not None:
            self._monitor.__enter__()
            self._file.metrics = self._monitor.address
        self._file.write(self._config.state)

    def __exit__(self, *error: object) -> None:
        self._service.report_stopping()
        self._file.remove(self._config.state)
        if self._monitor is not None:
            self._monitor.__exit__(None, None, None)

    def tick(self) -> None:
        """Notes that the supervisor runs, and reports to the service manager."""
        self._ticked = monotonic()
        if not self._service.is_due:
            return
        cameras = self._cameras.present
        if problems := list(self._problems(cameras)):
            self._service.report_unhealthy("; ".join(problems))
        else:
            live = sum(camera.state == "live" for camera in cameras)
            self._service.report_healthy(f"{live} of {len(cameras)} cameras live")

    def metrics(self) -> Metrics:
        """All metrics, as they are now. From any thread."""
        cameras = self._cameras.present
        return Metrics(cameras, self._cameras.processes, dict(self._reloads), list(self._problems(cameras)))

    def reload(self, load: Callable[[], Config], feed: CameraFeed | None) -> None:
        """Applies a changed config, or logs why it does not."""
        began = monotonic()
        try:
            config = load()
        except ConfigError as error:
            self._refuse([str(problem) for problem in error.problems])
            return
        if config.camera_plugin != self._config.camera_plugin:
            self._refuse(["to switch between cameras of the file and cameras from a plugin, restart"])
            return
        if feed is not None:
            feed.invalidate()
        else:
            self._cameras.apply(config.cameras)
        later = [key for key in AT_START if getattr(config, key) != getattr(self._config, key)]
        if later:
            log.warning("changes of %s take effect at the next start", " and ".join(later))
        self._reloads["done"] += 1
        log.warning("config reloaded, %d cameras, %.1f s", len(self._cameras.present), monotonic() - began)
        self._record([])

    def _refuse(self, reasons: list[str]) -> None:
        for reason in reasons:
            log.error("%s", reason)
        log.error("reload refused; the old config stays")
        self._reloads["refused"] += 1
        self._record(reasons)

    def _record(self, refused: list[str]) -> None:
        self._file.reloads += 1
        self._file.refused = refused
        self._file.write(self._config.state)

    def _problems(self, cameras: list[CameraMetrics]) -> Iterator[str]:
        if (silence := monotonic() - self._ticked) > SILENCE:
            yield f"the supervisor has been busy for {silence:.0f} s"
        for camera in cameras:
            if camera.error:
                yield f"camera {camera.name} has ended: {camera.error}"
            if (step := camera.stuck) is not None:
                yield f"camera {camera.name}: step {step} has been blocked for over {STUCK:.0f} s"


class _Requests:
    """What signals request."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self.reload = threading.Event()


@contextmanager
def _signals(cameras: Cameras) -> Iterator[_Requests]:
    """The first Ctrl+C or SIGTERM stops the cameras; a second one, or a plugin that will not close, ends all."""
    requests = _Requests()
    if threading.current_thread() is not threading.main_thread():
        yield requests
        return

    def end(number: int, frame: FrameType | None) -> None:
        if requests.stop.is_set():
            cameras.kill()
            os._exit(128 + number)
        requests.stop.set()
        watchdog = threading.Timer(CLOSE_TIMEOUT, give_up)
        watchdog.daemon = True
        watchdog.start()

    def give_up() -> None:
        busy = [f"camera {each.name}: step {each.busy[0]}" for each in cameras.metrics if each.busy is not None]
        log.error("%s did not close within %.1f s; exiting anyway", " and ".join(busy) or "a plugin", CLOSE_TIMEOUT)
        cameras.kill()
        os._exit(1)

    def reload(number: int, frame: FrameType | None) -> None:
        requests.reload.set()

    handlers = {signal.SIGINT: end, signal.SIGTERM: end, signal.SIGHUP: reload}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield requests
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def worker_count(config: Config) -> int:
    """How many worker processes a config wants on this machine."""
    if config.workers != "auto":
        return config.workers
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
