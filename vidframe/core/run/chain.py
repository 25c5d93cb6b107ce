"""The steps of one camera, in the order of the config, and the events that they exchange."""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from time import monotonic
from typing import Any

from vidframe.core.config.model import MODES, CameraConfig, StepConfig
from vidframe.core.model.camera import Camera
from vidframe.core.model.canvas import Canvas
from vidframe.core.model.events import Attachment, Event
from vidframe.core.model.frames import Frame
from vidframe.core.model.people import people_of
from vidframe.core.observe.metrics import CameraMetrics
from vidframe.core.run.event_queue import EventQueue
from vidframe.core.run.step import Failure, Step

log = logging.getLogger(__name__)

REOPEN_EVERY = 30.0  # seconds between two tries to open what could not be opened


class Chain:
    """All steps of one camera. The steps of a mode are opened when the mode first comes, and kept."""

    def __init__(
        self,
        config: CameraConfig,
        camera: Camera,
        queue: EventQueue,
        metrics: CameraMetrics,
        sinks: Iterable[StepConfig] = (),
        *,
        strict: bool = False,
        on_failure: Callable[[Failure], None] | None = None,
    ) -> None:
        self._camera = camera
        self._between = replace(camera, report=_turn_is_over)  # what a frame has when its last step is done
        self._queue = queue
        self._metrics = metrics
        self._sinks = tuple(sinks)
        self._make = partial(Step, camera=camera, queue=queue, metrics=metrics, strict=strict, on_failure=on_failure)
        self._mode: list[Step] = []
        self._by_mode: dict[str, list[Step]] = {mode: [] for mode in MODES}
        self._always: list[Step] = []
        self._arrange(config)
        self._opened: list[Step] = []
        self._opening: dict[str, threading.Thread] = {}
        self._reopen_due = 0.0
        self._ready: set[str] = set()

    def open(self) -> None:
        """Opens what every frame meets; the steps of a mode follow when it first comes."""
        self._open_all([*self._mode, *self._always])

    def change(self, config: CameraConfig) -> None:
        """Takes up other steps of the same camera. Those that stay as they are go on, and notice nothing."""
        for thread in self._opening.values():
            thread.join()
        before = self._all_steps()
        self._arrange(config)
        now = self._all_steps()
        for step in reversed([step for step in self._opened if step not in now]):
            self._close(step)
        self._metrics.forget({step.name for step in before} - {step.name for step in now})
        ready = [step for mode in self._ready for step in self._by_mode[mode]]
        self._open_all([step for step in (*self._mode, *self._always, *ready) if step not in self._opened])

    def process(self, frame: Frame, present: Iterable[str] = ()) -> None:
        """Takes a frame through the steps of its mode, then gives every step the events that came of it.

        `present` are the names of what is on the frame already.
        """
        self._queue.seconds = frame.seconds
        frame.draw_steps = self._draw  # not bound to the frame, which would then hold itself and its images
        present = set(present)
        self._run(self._mode, frame, present)
        frame.is_masked = frame.mode in self._masks
        self._run(self._steps_of(frame.mode), frame, present)
        self._run(self._always, frame, present)
        frame.camera = self._between
        frame.events = self.deliver()
        if self._camera.is_live:
            self._reopen()

    def idle(self) -> None:
        """To be called some times a second while no frame comes: events do not wait for the next one."""
        self.deliver()
        if self._camera.is_live:
            self._reopen()

    def deliver(self) -> list[Event]:
        """Gives each waiting event to every open step but its reporter, and returns them."""
        delivered = []
        for event in self._queue.drain():
            self._metrics.reported(event.kind)
            delivered.append(event)
            for step in tuple(self._opened):
                step.handle(event)
        if self._queue.dropped:
            self._blame()
        return delivered

    def _blame(self) -> None:
        """Names the steps whose events were dropped, as there were too many at once."""
        dropped = self._queue.dropped.copy()
        self._queue.dropped.clear()
        for step in self._all_steps():
            if step.name in dropped:
                step.flooded(dropped[step.name])

    def close(self, *, quietly: bool = False) -> list[Event]:
        """Says that the end has come while all can still hear it, then closes the steps, the last opened first.

        Returns the events that came of it.
        """
        for thread in self._opening.values():
            thread.join()
        delivered = self.deliver()
        if not quietly:
            self._queue.by("vidframe")("camera.closing")
        delivered += self.deliver()
        while self._opened:
            step = self._opened.pop()
            step.close()
            late = self.deliver()
            if late:
                kinds = ", ".join(sorted({event.kind for event in late}))
                log.warning(
                    "camera %s: step %s reported %s while it was closed, when the steps after it could not hear it; "
                    "report it in answer to camera.closing", self._camera.name, step.name, kinds,
                )  # fmt: skip
            delivered += late
        self._queue.is_closed = True
        return delivered

    def _run(self, steps: list[Step], frame: Frame, present: set[str]) -> None:
        for step in steps:
            if self._derives_people and "faces" in present and "people" not in present:
                frame.people = people_of(frame.faces)
                present.add("people")
            step.process(frame, present)

    def _arrange(self, config: CameraConfig) -> None:
        """Puts the steps into their order: those that are there already, and new ones where the config has others."""
        self._derives_people = "people" in config.needed and config.derives_people

        def arranged(configs: Iterable[StepConfig], before: list[Step]) -> list[Step]:
            left = list(before)
            steps = []
            for wanted in configs:
                step = next((step for step in left if step.config == wanted), None)
                if step is None:
                    step = self._make(wanted)
                else:
                    left.remove(step)
                steps.append(step)
            return steps

        self._mode = arranged([config.mode] if config.mode else [], self._mode)
        for mode, steps in self._by_mode.items():
            self._by_mode[mode] = arranged(config.chains.get(mode, ()), steps)
        self._always = arranged([*config.chains.get("always", ()), *self._sinks], self._always)
        self._masks = {
            mode for mode in (None, *MODES) if any("masked" in step.config.plugin.adds for step in self._order(mode))
        }

    def _all_steps(self) -> list[Step]:
        return [*self._mode, *(step for steps in self._by_mode.values() for step in steps), *self._always]

    def _draw(self, frame: Frame, canvas: Canvas) -> None:
        for step in self._order(frame.mode):
            step.draw(frame, canvas)

    def _order(self, mode: str | None) -> Iterator[Step]:
        """The steps that a frame of a mode meets, open or not."""
        return itertools.chain(self._mode, self._by_mode.get(mode or "", ()), self._always)

    def _close(self, step: Step) -> None:
        """Ends one step while the others go on."""
        self._opened.remove(step)
        step.handle(self._queue.create("camera.closing"))  # what it answers, the others hear
        step.close()
        self.deliver()

    def _steps_of(self, mode: str | None) -> list[Step]:
        if mode is None or mode not in self._by_mode:
            return []
        if mode not in self._ready:
            self._make_ready(mode)
        return self._by_mode[mode] if mode in self._ready else []

    def _make_ready(self, mode: str) -> None:
        def open_them() -> None:
            self._open_all(self._by_mode[mode])
            self._ready.add(mode)

        if not self._camera.is_live:
            open_them()
        elif mode not in self._opening:
            # Models take seconds to load; a live camera's other steps go on meanwhile.
            self._opening[mode] = threading.Thread(target=open_them, name=f"{self._camera.name}-open-{mode}")
            self._opening[mode].start()

    def _reopen(self) -> None:
        """What could not be opened is tried again beside a live camera: a disk or a model may be there by now."""
        broken = [step for step in tuple(self._opened) if step.could_not_open]
        if not broken or monotonic() < self._reopen_due:
            return
        first, self._reopen_due = self._reopen_due == 0.0, monotonic() + REOPEN_EVERY
        thread = self._opening.get("again")
        if first or (thread is not None and thread.is_alive()):
            return

        def try_all() -> None:
            for step in broken:
                step.reopen()

        self._opening["again"] = threading.Thread(target=try_all, name=f"{self._camera.name}-open-again")
        self._opening["again"].start()

    def _open_all(self, steps: list[Step]) -> None:
        for step in steps:
            self._opened.append(step)
            step.open()


def _turn_is_over(kind: str, /, *files: Attachment, **facts: Any) -> Event:
    raise RuntimeError(f"event {kind}: this frame is done; report with the camera that open_camera was given")
