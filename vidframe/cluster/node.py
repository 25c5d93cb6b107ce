"""One machine of a cluster: its supervisor is fed with the cameras whose leases it holds."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from fnmatch import fnmatchcase
from time import monotonic
from typing import Any

import psutil

from vidframe.cluster.bus import UNREACHABLE, Address, Loop
from vidframe.cluster.delivery import delivery_of
from vidframe.cluster.lease import Leases
from vidframe.cluster.pending_work import PendingWork
from vidframe.core.config.reading import CameraConfig, Config, load
from vidframe.core.model.cluster import Lease
from vidframe.core.observe.metrics import CameraMetrics
from vidframe.core.run.feed import CameraFeed

log = logging.getLogger(__name__)

SMOOTH = 30.0  # seconds over which the cost of cameras is averaged
LEAVE_TIMEOUT = 3.0  # seconds for releasing all leases


class Node:
    """The cameras that this machine is to run, as a feed of the supervisor. Leaving the context gives them back."""

    def __init__(self, config: Config, address: Address, capacity: float, feed: CameraFeed | None = None) -> None:
        self._config = config
        self._address = address
        self._feed = feed  # of the cameras, where a plugin knows them
        self._delivery = delivery_of(config, address)
        self._pending_work = PendingWork(address)
        self._given: Mapping[str, int] = {}
        self._running: frozenset[str] = frozenset()  # what the supervisor may still run
        self._is_new = False  # the config
        self._metrics: Sequence[CameraMetrics] = ()
        self._usage = Usage()
        self._leases = Leases(address, config.cluster.lease, capacity, self._about)
        self._leases.stopped = lambda name: name not in self._running and not self._delivers(name)
        self._loop = Loop("leases")
        self._work: Future[None] | None = None

    def __enter__(self) -> Node:
        return self

    def __exit__(self, *error: object) -> None:
        self._running = frozenset()
        self._pending_work.stop()
        if self._delivery is not None:
            self._delivery.stop()
        if self._work is not None and not self._work.done():
            with suppress(*UNREACHABLE):
                self._loop.call(self._leases.leave(), LEAVE_TIMEOUT)
                self._work.result(LEAVE_TIMEOUT)
        self._loop.close()

    # --- what the supervisor asks ---

    def start(self) -> None:
        """Starts taking part."""
        if self._feed is not None:
            self._feed.start()
        self._announce()
        self._work = self._loop.start(self._leases.run())

    def stop(self) -> None:
        """Brings no other cameras; those that run are given back when the context is left."""
        if self._feed is not None:
            self._feed.stop()

    def invalidate(self) -> None:
        """Applies the changed file."""
        if self._feed is not None:
            self._feed.invalidate()
        else:
            self._apply(load(self._config.path))

    def poll(self) -> Config | None:
        """The config with the cameras that are to run here, if they changed since the last call."""
        if self._work is not None and self._work.done():
            self._work.result()  # raises what ended it
        if self._feed is not None and (config := self._feed.poll()) is not None:
            self._apply(config)
        wanted = self._leases.to_run
        self._update_delivery(wanted)
        if wanted == self._given and not self._is_new:
            self._running = self._cameras(self._given)  # the supervisor polls again: what was taken away has ended
            self._leases.costs = self._usage.shared_by(self._running)
            self._pending_work.poll(self._config, self._running)
            return None
        self._running |= self._cameras(wanted)
        self._pending_work.stop(self._running)
        self._given, self._is_new = wanted, False
        return replace(self._config, cameras=tuple(self._leased(wanted)))

    def note(self, metrics: Sequence[CameraMetrics]) -> None:
        """Shows the others how the cameras are."""
        self._metrics = metrics

    # --- the config and the leases ---

    def _apply(self, config: Config) -> None:
        self._config, self._is_new = config, True
        self._announce()

    def _announce(self) -> None:
        me = self._address.node
        cameras = [camera for camera in self._config.cameras if any(fnmatchcase(me, name) for name in camera.nodes)]
        names = {camera.name for camera in cameras}
        self._leases.can = frozenset(names | ({self._delivery.name} if self._delivery is not None else set()))

    def _cameras(self, names: Iterable[str]) -> frozenset[str]:
        return frozenset(name for name in names if self._delivery is None or name != self._delivery.name)

    def _delivers(self, name: str) -> bool:
        return self._delivery is not None and name == self._delivery.name and self._delivery.is_on

    def _update_delivery(self, wanted: Mapping[str, int]) -> None:
        if self._delivery is None or self._delivery.is_on == (self._delivery.name in wanted):
            return
        if self._delivery.is_on:
            self._delivery.stop()
        else:
            self._delivery.start()

    def _leased(self, wanted: Mapping[str, int]) -> Iterable[CameraConfig]:
        for camera in self._config.cameras:
            if camera.name in wanted:
                yield replace(camera, lease=Lease(wanted[camera.name], self._address))

    def _about(self) -> Mapping[str, Any]:
        states = {camera.name: camera.state for camera in self._metrics if camera.name in self._running}
        return {"host": socket.gethostname(), "cores": round(self._usage.cores, 2), "states": states}


class Usage:
    """How much of the machine this process and its children take, averaged over half a minute."""

    def __init__(self) -> None:
        self.cores = 0.0
        self._process = psutil.Process()
        self._measured, self._seconds = monotonic(), self._used()

    def shared_by(self, cameras: Iterable[str]) -> dict[str, float]:
        """The cores that each camera takes: equal shares."""
        self._measure()
        names = list(cameras)
        return {name: self.cores / len(names) for name in names}

    def _measure(self) -> None:
        now = monotonic()
        passed = now - self._measured
        if passed < 1.0:
            return
        used = self._used()
        self.cores += (max(0.0, used - self._seconds) / passed - self.cores) * min(1.0, passed / SMOOTH)
        self._measured, self._seconds = now, used

    def _used(self) -> float:
        seconds = 0.0
        for process in [self._process, *self._process.children(recursive=True)]:
            with suppress(psutil.Error):
                times = process.cpu_times()
                seconds += times.user + times.system
        return seconds
