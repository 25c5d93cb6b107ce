"""A process with some of the cameras: the supervisor watches it, and restarts it when it dies or does not answer."""

from __future__ import annotations

import faulthandler
import logging
import os
import pickle
import signal
import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from time import monotonic

from vidframe.core.config.reading import CameraConfig
from vidframe.core.observe.metrics import STUCK, CameraMetrics, ProcessMetrics, own_process
from vidframe.core.run.supervised import Child, Restarts
from vidframe.core.run.threads import CameraThreads, Setup
from vidframe.core.run.trace import Trace

log = logging.getLogger(__name__)

HEARTBEAT_EVERY = 0.25  # seconds
SILENCE = 15.0  # seconds without a heartbeat after which it is restarted
FIRST_SILENCE = 60.0  # seconds until the first heartbeat: a machine that starts has much to do
CLOSE_TIMEOUT = 4.0  # seconds that plugins have to close at the end
APPLY_TIMEOUT = 30.0  # seconds for a change of cameras; a recorder may take 20 to finish its clip
PAUSES = (0.5, 30.0)  # seconds before a start, after the first failure and at most


@dataclass(frozen=True)
class _Apply:
    number: int
    configs: tuple[CameraConfig, ...]
    metrics: tuple[CameraMetrics, ...]  # as they were when another process last had the camera


@dataclass(frozen=True)
class _Heartbeat:
    applied: int
    metrics: tuple[CameraMetrics, ...]
    process: ProcessMetrics
    are_running: bool


class Worker:
    """The supervisor's side. All but `metrics` is for one thread."""

    def __init__(self, name: str, setup: Setup) -> None:
        self.name = name
        self.metrics: dict[str, CameraMetrics] = {}
        self.process = ProcessMetrics(name, 0, is_alive=False)
        self.configs: tuple[CameraConfig, ...] = ()
        self._setup = setup
        self._child: Child | None = None
        self._lost: Child | None = None  # the one whose connection was closed last
        self._number = 0  # of the last change of cameras
        self._received = threading.Condition()
        self._last: _Heartbeat | None = None
        self._last_time = 0.0
        self._trace: Trace | None = None
        self._restarts = Restarts(*PAUSES)
        self._start_due = 0.0

    @property
    def are_running(self) -> bool:
        """Whether any of its cameras still runs, as far as is known."""
        with self._received:
            is_idle = self._last is not None and self._is_up_to_date() and not self._last.are_running
            return bool(self.configs) and not is_idle

    def apply(self, configs: Iterable[CameraConfig]) -> None:
        """Sends it the cameras that it has from now on; `await_applied` waits until it has."""
        self.configs = tuple(configs)
        with self._received:
            self._number += 1
        if self._child is not None:
            self._send()
        else:
            self.poll()

    def await_applied(self) -> None:
        """Waits until it has applied the last change; one that does not is killed, and restarts with it."""
        if self._child is None:
            return
        with self._received:
            limit = APPLY_TIMEOUT if self._last is not None else FIRST_SILENCE
            if self._received.wait_for(lambda: self._is_up_to_date() or self._is_gone(), limit):
                return
        self._give_up_on("did not apply its new cameras")

    def poll(self) -> None:
        """To be called many times a second: restarts it when it has ended, and kills it when it does not answer."""
        if self._child is None:
            if self.configs and monotonic() >= self._start_due:
                self._start()
        elif self._child.ended:
            self._give_up_on(self._child.ended)
        elif (silence := monotonic() - self._last_time) > (SILENCE if self._last is not None else FIRST_SILENCE):
            self._give_up_on("does not answer")
        elif silence < 4 * HEARTBEAT_EVERY:  # an old heartbeat says nothing about now
            for camera in tuple(self.metrics.values()):
                if (step := camera.stuck) is not None:
                    self._give_up_on(f"hangs: camera {camera.name}: step {step} has been blocked for {STUCK:.0f} s")
                    return

    def stop(self) -> None:
        """Asks it to end; `close` waits for it."""
        if self._child is not None:
            self._child.send(None)

    def close(self, deadline: float) -> None:
        """Waits for its end until `deadline` on the monotonic clock, and ends it then."""
        if self._child is None:
            return
        child, self._child = self._child, None
        if not child.wait(deadline - monotonic()):
            log.error("%s did not end in time; killing it", self.name)
            child.kill()
        child.close()
        self._forget_trace()

    def kill(self) -> None:
        """Ends it at once, from a signal handler, too."""
        if self._child is not None:
            self._child.process.kill()

    def _start(self) -> None:
        for config in self.configs:
            self.metrics.setdefault(config.name, CameraMetrics(config.name)).restart()
        with self._received:
            self._last = None
        self._last_time = monotonic()
        try:
            self._trace = Trace()
            self._child = Child("vidframe.core.run.worker", self.name, [self._trace.descriptor])
        except OSError as error:
            self._forget_trace()
            self._failed(f"cannot be started: {(error.strerror or str(error)).lower()}")
            return
        threading.Thread(
            target=self._listen, args=(self._child,), name=f"heartbeats of {self.name}", daemon=True
        ).start()
        self._child.send((self._setup, self._trace.descriptor))
        self._send()

    def _send(self) -> None:
        assert self._child is not None
        names = {config.name for config in self.configs}
        metrics = tuple(camera for name, camera in self.metrics.copy().items() if name in names)
        self._child.send(_Apply(self._number, self.configs, metrics))

    def _listen(self, child: Child) -> None:
        """Receives its heartbeats until it ends."""
        try:
            while True:
                heartbeat: _Heartbeat = child.connection.recv()
                with self._received:
                    if child is self._child:
                        self._note(heartbeat)
                        self._received.notify_all()
        except (EOFError, OSError, pickle.UnpicklingError):
            with self._received:
                self._lost = child
                self._received.notify_all()

    def _note(self, heartbeat: _Heartbeat) -> None:
        if self._last is None:
            self._restarts.began()
        self._last, self._last_time = heartbeat, monotonic()
        self.process = replace(heartbeat.process, restarts=self.process.restarts)
        if heartbeat.applied == self._number:
            self.metrics |= {camera.name: camera for camera in heartbeat.metrics}

    def _is_up_to_date(self) -> bool:
        return self._last is not None and self._last.applied == self._number

    def _is_gone(self) -> bool:
        return self._child is None or self._child is self._lost

    def _give_up_on(self, reason: str) -> None:
        child, self._child = self._child, None
        assert child is not None
        running = self._trace.running() if self._trace is not None else []
        child.kill()
        self._forget_trace()
        self._failed(f"{reason} (in {' and '.join(running)})" if running else reason)

    def _forget_trace(self) -> None:
        if self._trace is not None:
            self._trace.close()
            self._trace = None

    def _failed(self, reason: str) -> None:
        pause = self._restarts.lost()
        self._start_due = monotonic() + pause
        self.process = replace(self.process, is_alive=False, restarts=self.process.restarts + 1)
        for camera in self.metrics.values():
            camera.enter("connecting", f"{self.name} is restarting")
            camera.busy = None
        names = ", ".join(config.name for config in self.configs)
        log.error("%s %s; restarting in %.1f s (%s)", self.name, reason, pause, names)


def work(connection: Connection, name: str) -> None:
    """What runs in the worker, until the supervisor stops it or has ended."""
    setup, trace = connection.recv()
    process = _WorkerProcess(connection, name, CameraThreads(setup, Trace(trace)))
    signal.signal(signal.SIGTERM, lambda number, frame: process.stop.set())
    threading.Thread(target=process.handle_commands, name="commands", daemon=True).start()
    while not process.stop.wait(HEARTBEAT_EVERY):
        process.send_heartbeat()
        # A plugin that holds the interpreter's lock keeps this process from ending by itself.
        faulthandler.dump_traceback_later(2 * SILENCE, exit=True)
    process.end()


class _WorkerProcess:
    """The worker's side: cameras in threads."""

    def __init__(self, connection: Connection, name: str, cameras: CameraThreads) -> None:
        self.stop = threading.Event()
        self._connection = connection
        self._name = name
        self._cameras = cameras
        self._applied = 0
        self._sending = threading.Lock()

    def handle_commands(self) -> None:
        """Applies what the supervisor sends, until it sends None or has ended."""
        try:
            while (command := self._connection.recv()) is not None:
                self._cameras.adopt(command.metrics)
                self._cameras.apply(command.configs)
                self._applied = command.number
                self.send_heartbeat()
        except (EOFError, OSError):
            pass
        finally:
            self.stop.set()

    def send_heartbeat(self) -> None:
        """Sends a heartbeat with all metrics."""
        with self._sending:
            heartbeat = self._snapshot()
            if heartbeat is not None:
                self._connection.send_bytes(heartbeat)

    def end(self) -> None:
        """Closes all cameras, within CLOSE_TIMEOUT."""
        watchdog = threading.Timer(CLOSE_TIMEOUT, _give_up)
        watchdog.daemon = True
        watchdog.start()
        self._cameras.close()
        watchdog.cancel()
        self.send_heartbeat()

    def _snapshot(self) -> bytes | None:
        for _ in range(20):
            try:
                metrics = tuple(self._cameras.metrics.values())
                return pickle.dumps(
                    _Heartbeat(self._applied, metrics, own_process(self._name), self._cameras.are_running)
                )
            except RuntimeError:  # a camera's thread added to its metrics meanwhile
                continue
        return None


def _give_up() -> None:
    log.error("a plugin did not close within %.1f s; exiting anyway", CLOSE_TIMEOUT)
    os._exit(1)
