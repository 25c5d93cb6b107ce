"""Finishes the work of cameras that run elsewhere now: events that were not sent, clips that a crash left open."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

from vidframe.cluster.bus import Address
from vidframe.core.config.reading import CameraConfig, Config, StepConfig
from vidframe.core.model.camera import Camera, StepMetricValues
from vidframe.core.model.cluster import Lease
from vidframe.core.observe.metrics import CameraMetrics
from vidframe.core.plugin import contract
from vidframe.core.plugin.calling import Hooks
from vidframe.core.run.chain import Chain
from vidframe.core.run.event_queue import EventQueue
from vidframe.core.run.resources import ResourceCache

log = logging.getLogger(__name__)

INTERVAL = 5.0  # seconds between two polls


class PendingWork:
    """Opens the steps that have pending work, without a camera, until none is left.

    Such steps have the hook `has_pending(state)`, which says whether a camera's state folder holds any.
    """

    def __init__(self, address: Address) -> None:
        self._lease = Lease(0, address)  # pending work was not made under a lease
        self._shared = ResourceCache()
        self._open: dict[str, ExitStack] = {}
        self._due = 0.0

    def poll(self, config: Config, running: Collection[str]) -> None:
        """Begins where a camera that does not run here has pending work, and ends where none is left."""
        if monotonic() < self._due:
            return
        self._due = monotonic() + INTERVAL
        for state in _folders(config.state):
            steps = [step for step in config.steps if not step.missing and _has_pending(step, state)]
            if state.name in self._open and not steps:
                self._open.pop(state.name).close()
            elif state.name not in self._open and steps and state.name not in running:
                log.warning("camera %s does not run here; finishing pending work of %s", state.name, _names(steps))
                self._open[state.name] = self._begin(config, state)

    def stop(self, cameras: Collection[str] | None = None) -> None:
        """Stops it for cameras that are to run here, or for all."""
        for name in [name for name in self._open if cameras is None or name in cameras]:
            self._open.pop(name).close()

    def _begin(self, config: Config, state: Path) -> ExitStack:
        name = state.name
        steps = tuple(
            step for step in config.steps if not step.missing and "has_pending" in contract.marked(step.plugin.kind)
        )
        with ExitStack() as stack:
            queue = EventQueue(name, lambda seconds: datetime.now(UTC))
            camera = Camera(
                name, source="", fps=None, is_live=False, state=state, needed=frozenset(), report=queue.by("vidframe"),
                share=stack.enter_context(self._shared.for_camera()), utc=lambda seconds: datetime.now(UTC),
                metric=StepMetricValues(), lease=self._lease,
            )  # fmt: skip
            chain = Chain(CameraConfig(name, "", chains={"always": steps}), camera, queue, CameraMetrics(name))
            stack.callback(chain.close, quietly=True)
            chain.open()
            chain.deliver()
            return stack.pop_all()


def _folders(state: Path) -> Iterator[Path]:
    if state.is_dir():
        yield from sorted(path for path in state.iterdir() if path.is_dir())


def _has_pending(step: StepConfig, state: Path) -> bool:
    try:
        return bool(Hooks(step.make()).call("has_pending", state=state))
    except Exception as error:
        log.debug("step %s: has_pending failed for %s: %s", step.name, state, error)
        return False


def _names(steps: list[StepConfig]) -> str:
    return " and ".join(step.name for step in steps)
