"""The steps of one camera: opened, called in the order of the config, kept apart from each other's failures.

pluggy checks each plugin against the hooks and keeps its name. It calls the plugin that was registered
last first, and stops at the first exception; so the order, the isolation and the timing are ours.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from time import monotonic, perf_counter
from typing import Any

import pluggy

from vidframe.core.config import CameraConfig, StepConfig
from vidframe.core.frame import Camera, Event, Frame
from vidframe.core.isolated import Isolated
from vidframe.core.metrics import CameraFigures
from vidframe.core.model.kinds import MAX_REASON
from vidframe.core.registry import SOURCE_ADDS, new_manager
from vidframe.core.reports import Reports

log = logging.getLogger(__name__)

Hook = tuple[Callable[..., object], Sequence[str]]
OPEN_AGAIN = 30.0  # seconds between two tries to open what could not be opened
FAILURES = (Exception, SystemExit)  # a plugin that calls sys.exit() ends itself, not the camera


class StepFailed(Exception):
    """A step with `on_error: stop` failed; the camera ends."""


class Step:
    """One plugin instance at its place in the chain."""

    def __init__(
        self,
        config: StepConfig,
        unique_name: str,
        manager: pluggy.PluginManager,
        camera: Camera,
        reports: Reports,
        figures: CameraFigures,
    ) -> None:
        self.name = config.name
        self.config = config
        self.needs = frozenset(n for n in config.plugin.needs if not n.endswith("?")) - SOURCE_ADDS
        self.adds = frozenset(config.plugin.adds)
        self.is_open = False
        self.is_disabled = False
        self.could_not_open = False
        self._reports = reports
        self._figures = figures
        self._step_figures = figures.step(config.name, config.plugin.name)
        self._step_figures.is_disabled = False  # as the step of that name may have been that this one replaces
        self._camera = replace(camera, report=reports.by(config.name), figure=self._step_figures.own.__setitem__)
        self._due = float("-inf")
        self._isolated = Isolated(config, reports, self._step_figures.restarted) if config.isolate else None
        if self._isolated is not None:
            self._hooks: Mapping[str, Hook] = self._isolated.hooks
        else:
            plugin = config.make()
            manager.register(plugin, name=unique_name)
            self._hooks = _hooks(manager, plugin)

    def open(self) -> None:
        """Opens the plugin, once; one that cannot be opened is disabled."""
        if self.is_open or self.is_disabled:
            return
        self.is_open = True  # also if it fails half-way: then it is closed all the same
        try:
            self._call("open_camera", camera=self._camera)
        except FAILURES as error:
            self._failed("open_camera", error)
            self._disable(error)
            self.could_not_open = True

    def open_again(self) -> None:
        """Tries once more what could not be opened."""
        self.close()
        try:
            self._call("open_camera", camera=self._camera)
        except FAILURES as error:
            self._count(error, "open_camera")
            return
        self.could_not_open = self.is_disabled = self._step_figures.is_disabled = False
        self.is_open = True
        self._figures.failed_steps.discard(self.name)
        log.warning("camera %s: step %s could be opened after all", self._camera.name, self.name)

    def process(self, frame: Frame, present: set[str]) -> None:
        """Runs the step on a frame if it is due; `present` has the names that steps before added to it."""
        hook = self._hooks.get("process_frame")
        if hook is None or self.is_disabled or not self._is_due(frame, present):
            self._step_figures.skipped += hook is not None
            return
        function, names = hook
        self._reports.reporter = self.name
        started = perf_counter()
        self._figures.busy = (self.name, monotonic())
        try:
            function(frame) if names else function()
        except FAILURES as error:
            _discard(frame, self.adds)
            self._failed("process_frame", error)
        else:
            present |= self.adds
        finally:
            self._figures.busy = None
            self._step_figures.called(perf_counter() - started)

    def handle(self, event: Event) -> None:
        """Gives the step an event of another step."""
        if not self.is_open or self.is_disabled or event.reporter == self.name:
            return
        self._figures.busy = (self.name, monotonic())
        try:
            self._call("handle_event", event=event)
        except FAILURES as error:
            self._failed("handle_event", error)
        finally:
            self._figures.busy = None

    def close(self) -> None:
        """Closes what was opened; a failure is logged and keeps nobody else from closing."""
        if not self.is_open:
            return
        self.is_open = False
        try:
            self._call("close_camera")
        except FAILURES as error:
            self._count(error, "close_camera")

    def _call(self, hook: str, **arguments: Any) -> None:
        if hook in self._hooks:
            function, names = self._hooks[hook]
            function(*[arguments[name] for name in names])

    def _is_due(self, frame: Frame, present: set[str]) -> bool:
        if not self.needs <= present or not self._is_wanted(frame):
            return False
        if self._isolated is not None and not self._isolated.is_ready:
            return False
        every = self.config.every
        if every.seconds:
            # Half a millisecond of grace: at 25 frames a second, 200 ms are five frames and not six.
            if frame.seconds < self._due - 0.0005:
                return False
            missed = frame.seconds - self._due > every.seconds
            self._due = (frame.seconds if missed else self._due) + every.seconds
            return True
        return frame.index % every.frames == 0

    def _is_wanted(self, frame: Frame) -> bool:
        when = self.config.when
        if when is None:
            return True
        if when in ("day", "night"):
            return frame.mode == when
        if when.startswith("notes."):
            return bool(frame.notes.get(when.removeprefix("notes.")))
        if when.startswith("faces."):
            return any(getattr(face, when.removeprefix("faces.")) is not None for face in frame.faces)
        return bool(getattr(frame, when))

    def _failed(self, hook: str, error: BaseException) -> None:
        self._count(error, hook)
        on_error = self.config.on_error
        if on_error.action == "stop":
            self._figures.failed_steps.add(self.name)
            raise StepFailed(f"step {self.name} failed in {hook}: {type(error).__name__}: {error}") from error
        if on_error.action == "disable" and self._step_figures.errors >= on_error.after:
            self._disable(error)

    def _count(self, error: BaseException, hook: str) -> None:
        self._step_figures.errors += 1
        where = f"camera {self._camera.name}: step {self.name} failed in {hook}"
        if self._step_figures.errors == 1:
            log.error("%s; further failures are only counted", where, exc_info=error)
        else:
            log.debug("%s: %s: %s", where, type(error).__name__, error)

    def _disable(self, error: BaseException) -> None:
        if self.is_disabled:
            return
        self.is_disabled = self._step_figures.is_disabled = True
        self._figures.failed_steps.add(self.name)
        log.error("camera %s: step %s is switched off", self._camera.name, self.name)
        reason = f"{type(error).__name__}: {error}"[:MAX_REASON]
        self._camera.report("step.disabled", step=self.name, errors=self._step_figures.errors, reason=reason)


class Chain:
    """All steps of one camera. The steps of a mode are opened when the mode first comes, and kept."""

    def __init__(
        self,
        config: CameraConfig,
        camera: Camera,
        reports: Reports,
        figures: CameraFigures,
        sinks: Iterable[StepConfig] = (),
    ) -> None:
        self._camera = camera
        self._reports = reports
        self._figures = figures
        self._sinks = tuple(sinks)
        self._mode: list[Step] = []
        self._by_mode: dict[str, list[Step]] = {"day": [], "night": []}
        self._always: list[Step] = []
        self._arrange(config)
        self._opened: list[Step] = []
        self._opening: dict[str, threading.Thread] = {}
        self._open_again_due = 0.0
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
        self._figures.forget({step.name for step in before} - {step.name for step in now})
        ready = [step for mode in self._ready for step in self._by_mode[mode]]
        self._open_all([step for step in (*self._mode, *self._always, *ready) if step not in self._opened])

    def process(self, frame: Frame) -> None:
        """Takes a frame through the steps of its mode, then gives every step the events that came of it."""
        self._reports.seconds = frame.seconds
        present: set[str] = set()
        for step in self._mode:
            step.process(frame, present)
        for step in self._steps_of(frame.mode):
            step.process(frame, present)
        for step in self._always:
            step.process(frame, present)
        self.deliver()

    def deliver(self) -> None:
        """Gives each waiting event to every open step but its reporter."""
        for event in self._reports.drain():
            self._figures.events += 1
            self._figures.kinds[event.kind] = self._figures.kinds.get(event.kind, 0) + 1
            for step in tuple(self._opened):
                step.handle(event)
        if self._camera.is_live:
            self._open_again()

    def close(self, *, quietly: bool = False) -> None:
        """Says that the end has come while all can still hear it, then closes the steps, the last opened first."""
        for thread in self._opening.values():
            thread.join()
        self.deliver()
        if not quietly:
            self._reports.by("vidframe")("camera.closing")
        self.deliver()
        while self._opened:
            step = self._opened.pop()
            step.close()
            self.deliver()

    def _arrange(self, config: CameraConfig) -> None:
        """Puts the steps into their order: those that are there already, and new ones where the config has others."""
        manager = new_manager()

        def arranged(chain: str, configs: Iterable[StepConfig], before: list[Step]) -> list[Step]:
            left = list(before)
            steps = []
            for wanted in configs:
                step = next((step for step in left if step.config == wanted), None)
                if step is None:
                    name = f"{chain}/{wanted.name}"
                    step = Step(wanted, name, manager, self._camera, self._reports, self._figures)
                else:
                    left.remove(step)
                steps.append(step)
            return steps

        self._mode = arranged("mode", [config.mode] if config.mode else [], self._mode)
        for mode, steps in self._by_mode.items():
            self._by_mode[mode] = arranged(mode, config.chains.get(mode, ()), steps)
        self._always = arranged("always", [*config.chains.get("always", ()), *self._sinks], self._always)

    def _all_steps(self) -> list[Step]:
        return [*self._mode, *(step for steps in self._by_mode.values() for step in steps), *self._always]

    def _close(self, step: Step) -> None:
        """Ends one step while the others go on."""
        self._opened.remove(step)
        step.handle(self._reports.made("camera.closing"))  # what it answers, the others hear
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

    def _open_again(self) -> None:
        """What could not be opened is tried again beside a live camera: a disk or a model may be there by now."""
        broken = [step for step in tuple(self._opened) if step.could_not_open]
        if not broken or monotonic() < self._open_again_due:
            return
        first, self._open_again_due = self._open_again_due == 0.0, monotonic() + OPEN_AGAIN
        thread = self._opening.get("again")
        if first or (thread is not None and thread.is_alive()):
            return

        def try_all() -> None:
            for step in broken:
                step.open_again()

        self._opening["again"] = threading.Thread(target=try_all, name=f"{self._camera.name}-open-again")
        self._opening["again"].start()

    def _open_all(self, steps: list[Step]) -> None:
        for step in steps:
            self._opened.append(step)
            step.open()


def _hooks(manager: pluggy.PluginManager, plugin: Any) -> dict[str, Hook]:
    """The plugin's hook methods and the arguments that each wants, as pluggy read them."""
    hooks: dict[str, Hook] = {}
    for caller in manager.get_hookcallers(plugin) or ():
        for implementation in caller.get_hookimpls():
            if implementation.plugin is plugin:
                hooks[caller.name] = (implementation.function, implementation.argnames)
    return hooks


def _discard(frame: Frame, adds: Iterable[str]) -> None:
    """Takes back what a failed step may have half written, so that its results are absent."""
    for name in adds:
        head, _, tail = name.partition(".")
        if head == "notes":
            frame.notes.pop(tail, None)
        elif name == "faces":
            frame.faces = []
        elif head == "faces":
            for face in frame.faces:
                setattr(face, tail, None)
        else:
            setattr(frame, name, None)
