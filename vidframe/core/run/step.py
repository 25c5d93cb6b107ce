"""One step of a camera's chain: opened, called when it is due, held to what it declared, and kept from harming others."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass, replace
from time import monotonic

from vidframe.core.config.model import MODES, StepConfig
from vidframe.core.model import fields
from vidframe.core.model.camera import Camera, StepMetricValues
from vidframe.core.model.canvas import Canvas
from vidframe.core.model.events import Event
from vidframe.core.model.fields import Contents, Snapshot
from vidframe.core.model.frames import Frame
from vidframe.core.observe.metrics import CameraMetrics
from vidframe.core.plugin.calling import Hooks, is_plugin_failure
from vidframe.core.run.event_queue import MOST_AT_ONCE, EventQueue
from vidframe.core.run.isolated import Isolated
from vidframe.core.run.trace import entry
from vidframe.core.sources.address import without_secrets
from vidframe.tools import reason_of

log = logging.getLogger(__name__)

GRACE = 0.0005  # seconds: at 25 frames a second, `every: 200ms` is five frames and not six


class StepFailed(Exception):
    """A step with `on_error: stop` failed; the camera ends."""


@dataclass(frozen=True)
class Failure:
    """What went wrong in a step."""

    step: str
    hook: str
    error: BaseException


class WrongResult(Exception):
    """A step wrote something that it did not declare, or returned a value."""


class Step:
    """One plugin instance at its place in the chain.

    Where it is `strict`, a write to what the step does not declare in its `adds` is a failure; elsewhere it is
    taken back, and logged once.
    """

    def __init__(
        self,
        config: StepConfig,
        camera: Camera,
        queue: EventQueue,
        metrics: CameraMetrics,
        *,
        strict: bool = False,
        on_failure: Callable[[Failure], None] | None = None,
    ) -> None:
        self.name = config.name
        self.config = config
        self.needs = frozenset(need for need in config.plugin.needs if not need.endswith("?")) - fields.SOURCE_NAMES
        self.is_open = False
        self.is_disabled = False
        self.could_not_open = False
        self._strict = strict
        self._on_failure = on_failure
        self._metrics = metrics
        self._step_metrics = metrics.step(config.name, config.plugin.name)
        self._step_metrics.is_disabled = False  # as the step of that name may have been that this one replaces
        self._own_metrics = StepMetricValues()
        self._step_metrics.own = self._own_metrics.values
        self._camera = replace(camera, step=config.name, report=queue.by(config.name), metric=self._own_metrics)
        self._report_disabled = queue.by("vidframe")  # the step is not there to say it
        self._adds = [fields.field(name) for name in config.plugin.adds]
        self._may_write = fields.covered(config.plugin.adds)
        self._when = fields.field(config.when) if config.when and config.when not in MODES else None
        self._trace_entry = entry(camera.name, config.name)
        self._due = float("-inf")
        self._warned: set[str] = set()
        self._isolated = Isolated(config, queue, self._step_metrics.restarted) if config.isolate else None
        self._hooks: Hooks | Isolated = self._isolated or Hooks(config.make())

    def open(self) -> None:
        """Opens the plugin, once; one that cannot be opened is disabled."""
        if self.is_open or self.is_disabled:
            return
        self.is_open = True  # also if it fails half-way, so that it is closed
        try:
            self._check_returned("open_camera", self._hooks.call("open_camera", camera=self._camera))
        except BaseException as error:
            self._failed("open_camera", error)
            self._disable(error)
            self.could_not_open = True

    def reopen(self) -> None:
        """Tries once more what could not be opened."""
        self.close()
        self._own_metrics.values.clear()  # its counters begin anew
        try:
            self._camera.state.mkdir(parents=True, exist_ok=True)  # a disk may be there by now
            self._hooks.call("open_camera", camera=self._camera)
        except BaseException as error:
            self._count("open_camera", error)
            return
        self.could_not_open = self.is_disabled = self._step_metrics.is_disabled = False
        self.is_open = True
        self._metrics.failed_steps.discard(self.name)
        log.warning("camera %s: step %s opened after retry", self._camera.name, self.name)

    def process(self, frame: Frame, present: set[str]) -> None:
        """Runs the step on a frame if it is due; `present` has the names that steps before really added to it."""
        if "process_frame" not in self._hooks:
            return
        try:
            is_due = not self.is_disabled and self._is_due(frame, present)
        except BaseException as error:  # a note that is neither true nor false
            self._failed_on_frame(f"when {self.config.when}", error)
            self._step_metrics.called(0.0)
            return
        if not is_due:
            self._step_metrics.skipped += 1
            return
        frame.camera = self._camera
        before = Snapshot(frame)
        started = self._begin()
        try:
            contents = Contents(frame, self._may_write) if self._strict else None
            returned = self._hooks.call("process_frame", frame=frame)
            self._settle(frame, before, present, returned)
            if contents is not None:
                self._check_contents(frame, contents)
        except BaseException as error:
            before.restore()
            self._failed_on_frame("process_frame", error)
        finally:
            self._end()
            self._step_metrics.called(monotonic() - started)

    def handle(self, event: Event) -> None:
        """Gives the step an event of another step."""
        if not self.is_open or self.is_disabled or event.reporter == self.name or "handle_event" not in self._hooks:
            return
        self._begin()
        self._step_metrics.events += 1
        try:
            self._check_returned("handle_event", self._hooks.call("handle_event", event=event))
            if event.restore_facts():
                self._mistake(f"changed the facts of {event.kind}, which other steps read too; reverted")
        except BaseException as error:
            self._step_metrics.failed_events += 1
            event.restore_facts()
            self._failed("handle_event", error)
        finally:
            self._end()

    def draw(self, frame: Frame, canvas: Canvas) -> None:
        """Adds what the step draws to a canvas; a drawing that fails is left out whole."""
        if not self.is_open or self.is_disabled or "draw" not in self._hooks:
            return
        own = Canvas(canvas.width, canvas.height)
        camera, frame.camera = frame.camera, self._camera
        touched, frame.touched = frame.touched, set()
        before = Snapshot(frame)
        self._step_metrics.drawings += 1
        try:
            contents = Contents(frame, frozenset()) if self._strict else None
            with self._drawing():
                self._check_returned("draw", self._hooks.call("draw", frame=frame, canvas=own))
            own.check()
            if contents is not None:
                self._check_contents(frame, contents)
            if changed := before.changed():
                self._mistake(f"wrote {_listed(changed)} in draw, which adds nothing; reverted")
        except BaseException as error:
            self._step_metrics.failed_drawings += 1
            self._count("draw", error)
        else:
            canvas.shapes += own.shapes
        finally:
            before.restore()  # who draws, adds nothing
            frame.camera, frame.touched = camera, touched

    def close(self) -> None:
        """Closes what was opened; a failure is logged and the others are closed, too."""
        if not self.is_open:
            return
        self.is_open = False
        try:
            self._hooks.call("close_camera")
        except BaseException as error:
            self._count("close_camera", error)

    @contextmanager
    def _drawing(self) -> Iterator[None]:
        """Shows this step as the one that runs, within the one that asked for the drawing."""
        metrics = self._metrics
        outer = metrics.busy, bytes(metrics.trace or b"")
        self._begin()
        try:
            yield
        finally:
            metrics.busy = outer[0]
            if metrics.trace is not None:
                metrics.trace[:] = outer[1]

    def _begin(self) -> float:
        """Shows that this step runs now, since the moment that is returned."""
        started = monotonic()
        self._metrics.busy = (self.name, started)
        if self._metrics.trace is not None:
            self._metrics.trace[:] = self._trace_entry
        return started

    def _end(self) -> None:
        self._metrics.busy = None
        if self._metrics.trace is not None:
            self._metrics.trace[0] = 0

    def flooded(self, dropped: int) -> None:
        """Counts as a failure that too many events came at once, so that some of this step's were dropped."""
        error = WrongResult(f"over {MOST_AT_ONCE} events at once; {dropped:,} that it reported were dropped")
        self._failed_on_frame("report", error)

    def _is_due(self, frame: Frame, present: AbstractSet[str]) -> bool:
        if not self.needs <= present or not self._is_wanted(frame):
            return False
        if self._isolated is not None and not self._isolated.is_ready:
            return False
        every = self.config.every
        if not every.seconds:
            return frame.index % every.frames == 0
        if frame.seconds < self._due - GRACE:
            return False
        missed = frame.seconds - self._due > every.seconds
        self._due = (frame.seconds if missed else self._due) + every.seconds
        return True

    def _is_wanted(self, frame: Frame) -> bool:
        if self._when is not None:
            return self._when.holds(frame)
        return self.config.when is None or frame.mode == self.config.when

    def _settle(self, frame: Frame, before: Snapshot, present: set[str], returned: object) -> None:
        """Checks what the step left behind, and notes what it really added; raises what is its failure."""
        if returned is not None:
            self._check_returned("process_frame", returned)
        if frame.notes is not before.notes and type(frame.notes) is not dict:
            raise TypeError(f"frame.notes must be a dict, found {type(frame.notes).__name__}")
        if frame.forget_writeable_images():
            raise WrongResult("made an image writeable, which other steps see too")
        undeclared = (before.changed() | self._hooks.undeclared) - self._may_write
        if undeclared:
            before.restore(undeclared)
            self._mistake(f"wrote {_listed(undeclared)}, which its `adds` does not name; reverted")
        for field in self._adds:
            field.check(frame)
            if field.is_shared:
                before.keep_earlier(field.name)
            if field.is_present(frame):
                present.add(field.name)
                field.protect(frame)

    def _check_contents(self, frame: Frame, before: Contents) -> None:
        if changed := before.changed(frame):
            self._mistake(f"changed {_listed(changed)} in place, which other steps see too; copy before you write")

    def _check_returned(self, hook: str, returned: object) -> None:
        if returned is not None:
            self._mistake(f"returned {_kind_of(returned)}, in {hook}; put it on the frame, or report it")

    def _mistake(self, message: str) -> None:
        if self._strict:
            raise WrongResult(message)
        if message not in self._warned and len(self._warned) < 20:
            self._warned.add(message)
            log.warning("camera %s: step %s %s", self._camera.name, self.name, message)

    def _failed_on_frame(self, hook: str, error: BaseException) -> None:
        self._step_metrics.failed_calls += 1
        self._failed(hook, error)

    def _failed(self, hook: str, error: BaseException) -> None:
        self._count(hook, error)
        on_error = self.config.on_error
        if on_error.action == "stop":
            self._metrics.failed_steps.add(self.name)
            raise StepFailed(f"step {self.name} failed in {hook}: {self._reason(error)}") from error
        if on_error.action == "disable" and self._step_metrics.errors >= on_error.after:
            self._disable(error)

    def _count(self, hook: str, error: BaseException) -> None:
        if not is_plugin_failure(error):
            raise error
        self._step_metrics.errors += 1
        if self._on_failure is not None:
            self._on_failure(Failure(self.name, hook, error))
        where = f"camera {self._camera.name}: step {self.name} failed in {hook}"
        if self._step_metrics.errors == 1:
            secrets = {"secrets": self.config.secrets}
            log.error("%s; further failures are only counted", where, exc_info=error, extra=secrets)
        else:
            log.debug("%s: %s", where, self._reason(error))

    def _reason(self, error: BaseException) -> str:
        return without_secrets(reason_of(error), self.config.secrets)

    def _disable(self, error: BaseException) -> None:
        if self.is_disabled:
            return
        self.is_disabled = self._step_metrics.is_disabled = True
        self._metrics.failed_steps.add(self.name)
        reason = self._reason(error)
        log.error("camera %s: step %s disabled: %s", self._camera.name, self.name, reason)
        self._report_disabled("step.disabled", step=self.name, errors=self._step_metrics.errors, reason=reason)


def _listed(names: AbstractSet[str]) -> str:
    """At most ten names, for a message."""
    shown = ", ".join(sorted(names)[:10])
    return f"{shown} and {len(names) - 10:,} more" if len(names) > 10 else shown


def _kind_of(returned: object) -> str:
    if inspect.iscoroutine(returned):
        returned.close()
        return "a coroutine, which nobody awaits"
    return "a generator, which nobody runs" if inspect.isgenerator(returned) else "a value, which is not used"
