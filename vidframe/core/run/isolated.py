"""A plugin in a process of its own: one that hangs or dies there costs its own results, and not the camera.

Images cross by shared memory, everything else over the connection.
"""

from __future__ import annotations

import faulthandler
import logging
import mmap
import threading
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from multiprocessing.connection import Connection
from typing import Any

from vidframe.core.config.model import StepConfig
from vidframe.core.model import fields
from vidframe.core.model.camera import Camera, StepMetricValues
from vidframe.core.model.canvas import Canvas
from vidframe.core.model.events import Event
from vidframe.core.model.fields import Snapshot
from vidframe.core.model.frames import Frame
from vidframe.core.plugin import contract, hookspecs
from vidframe.core.plugin.calling import Hooks
from vidframe.core.run.event_queue import EventQueue
from vidframe.core.run.memory import ImageMemory
from vidframe.core.run.resources import ResourceCache
from vidframe.core.run.supervised import Child, LostError, Restarts
from vidframe.core.sources.packed import Layout, Packed, unpack
from vidframe.tools import reason_of

log = logging.getLogger(__name__)

OPEN_SECONDS = 120.0  # to load models
CLOSE_SECONDS = 4.0
PAUSES = (0.2, 60.0)  # seconds before a start, after the first loss and at most
FIRST_FACTOR = 10.0  # by which the first frame may take longer: many libraries make themselves ready then
EVENTS_KEPT = 1000  # for a plugin whose process is restarting
TRAVELLING = ("name", "source", "fps", "is_live", "state", "needed", "step", "lease", "mounting")  # of a Camera
ALWAYS_SENT = ("mode", "motion")  # of a frame, whether the plugin needs them or not


class IsolatedError(Exception):
    """The plugin failed in its process, or its process did."""


@dataclass(frozen=True)
class _Call:
    """What the plugin is to do."""

    hook: str
    seconds: float  # a moment on the clock of the frames ...
    time: datetime  # ... and what day that is
    arguments: dict[str, Any]


@dataclass
class _Sheet:
    """A frame without its image: what the step needs, packed field by field."""

    layout: Layout
    index: int
    is_masked: bool
    fields: dict[str, Any]


@dataclass
class _Answer:
    """What came of a call."""

    error: str = ""
    returned: Any = None
    added: dict[str, Any] = field(default_factory=dict)  # fields that the step added, packed
    undeclared: frozenset[str] = frozenset()  # names that it wrote and does not add
    shapes: list[Any] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    metrics: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class _Opening:
    """What the plugin learns when it is opened."""

    config: StepConfig
    camera: dict[str, Any]  # the attributes of Camera that can travel
    memory: int  # descriptor of the memory with the images


class Isolated:
    """Stands in for the plugin's hooks in the chain. Called by one thread at a time."""

    def __init__(self, config: StepConfig, queue: EventQueue, restarted: Callable[[], None]) -> None:
        self.undeclared: frozenset[str] = frozenset()  # by the last call
        self._config = config
        self._queue = queue
        self._restarted = restarted
        self._patience = config.isolate or 0.0
        self._hooks = {"open_camera", "close_camera", *contract.marked(config.plugin.kind)}
        self._camera: Camera | None = None
        self._memory: ImageMemory | None = None
        self._child: Child | None = None
        self._is_first = True  # no frame was done since the start
        self._restarts = Restarts(*PAUSES)
        self._starting: threading.Thread | None = None
        self._closed = threading.Event()
        self._missed: deque[Event] = deque(maxlen=EVENTS_KEPT)

    def __contains__(self, hook: str) -> bool:
        return hook in self._hooks

    @property
    def is_ready(self) -> bool:
        """Whether it can take a frame; not while its process restarts."""
        return self._child is not None

    def call(self, hook: str, **arguments: Any) -> Any:
        """What the hook returns in the plugin's process; IsolatedError where it or the process failed."""
        own: dict[str, Callable[..., None]] = {
            "open_camera": self._open,
            "close_camera": self._close,
            "handle_event": self._handle,
        }
        if hook not in self._hooks or (hook == "draw" and self._child is None):
            return None
        if hook in own:
            return own[hook](**arguments)
        packed = {name: self._packed(value) for name, value in arguments.items()}
        answer = self._ask(hook, self._patience * (FIRST_FACTOR if self._is_first else 1.0), **packed)
        self._is_first = False
        for value in arguments.values():
            if isinstance(value, Frame):
                self.undeclared = answer.undeclared
                for name, added in answer.added.items():
                    fields.field(name).unpack(value, added)
            elif isinstance(value, Canvas):
                value.shapes += answer.shapes
        return answer.returned

    def _open(self, camera: Camera) -> None:
        """Starts the process and opens the plugin in it."""
        self._camera = camera
        self._closed.clear()
        self._memory = ImageMemory()
        self._start()

    def _handle(self, event: Event) -> None:
        """Hands it an event; those of a time without process follow when there is one."""
        self._missed.append(event)
        while self._missed and self._child is not None:
            self._ask("handle_event", self._patience * FIRST_FACTOR, event=self._missed.popleft())

    def _close(self) -> None:
        """Closes the plugin and ends its process."""
        self._closed.set()
        if self._starting is not None:
            self._starting.join(CLOSE_SECONDS)
        try:
            if self._child is not None:
                self._ask("close_camera", CLOSE_SECONDS)
        finally:
            child, self._child = self._child, None
            if child is not None:
                child.close()
            if self._memory is not None:
                self._memory.close()
                self._memory = None

    def _packed(self, value: Any) -> Any:
        if isinstance(value, Canvas):
            return Canvas(value.width, value.height)
        if not isinstance(value, Frame):
            return value
        packed = Packed(value.picture)
        assert self._memory is not None
        self._memory.take(packed)
        needed = {need.removesuffix("?") for need in self._config.plugin.needs}
        # A part of a list's items travels with the list.
        names = {name if name.startswith(fields.NOTES) else name.partition(".")[0] for name in needed}
        sent = {name: fields.field(name) for name in (*ALWAYS_SENT, *sorted(names - {"image"}))}
        return _Sheet(
            packed.layout, value.index, value.is_masked, {name: each.pack(value) for name, each in sent.items()}
        )

    def _ask(self, hook: str, patience: float, /, **arguments: Any) -> _Answer:
        """Calls the plugin; IsolatedError where that fails. A process that does not answer is replaced."""
        child = self._child
        if child is None:
            raise IsolatedError("its process is not running")
        try:
            return self._exchange(child, hook, patience, **arguments)
        except LostError as error:
            self._replace(child)
            raise IsolatedError(f"{error}; restarting it") from None

    def _exchange(self, child: Child, hook: str, patience: float, /, **arguments: Any) -> _Answer:
        """One call and its answer; LostError where there is none, IsolatedError where the plugin failed."""
        assert self._camera is not None
        seconds = self._queue.seconds
        answer: _Answer = child.ask(_Call(hook, seconds, self._camera.utc(seconds), arguments), patience)
        for event in answer.events:
            self._queue.enqueue(event)
        if isinstance(self._camera.metric, StepMetricValues):
            self._camera.metric.values.update(answer.metrics)  # were checked there; a new process counts from 0
        if answer.error:
            raise IsolatedError(answer.error)
        return answer

    def _replace(self, child: Child) -> None:
        """Ends a process that is of no use, and has another started beside the camera."""
        self._child = None
        self._starting = threading.Thread(target=self._restart, args=(child,), daemon=True)
        self._starting.start()

    def _restart(self, child: Child) -> None:
        child.kill()
        while not self._closed.wait(self._restarts.lost()):
            self._restarted()
            try:
                self._start()
            except (IsolatedError, OSError) as error:
                log.error("step %s cannot be restarted: %s", self._config.name, error)
            else:
                return

    def _start(self) -> None:
        assert self._camera is not None
        assert self._memory is not None
        name = f"{self._camera.name}/{self._config.name}"
        child = Child("vidframe.core.run.isolated", name, [self._memory.descriptor])
        camera = {name: getattr(self._camera, name) for name in TRAVELLING}
        child.send(_Opening(self._config, camera, self._memory.descriptor))
        try:
            self._exchange(child, "open_camera", OPEN_SECONDS)
        except (LostError, IsolatedError) as error:
            child.kill()
            raise IsolatedError(str(error)) from None
        if self._closed.is_set():
            child.close()
        else:
            self._restarts.began()
            self._is_first, self._child = True, child


def work(connection: Connection, name: str) -> None:
    """What runs in the process of the plugin, until the chain has ended."""
    opening: _Opening = connection.recv()
    plugin = _Plugin(opening)
    while True:
        call: _Call = connection.recv()
        # If the chain has ended meanwhile, a call that never returns must not keep this process for ever.
        limit = OPEN_SECONDS if call.hook == "open_camera" else FIRST_FACTOR * (opening.config.isolate or 0) + 5
        faulthandler.dump_traceback_later(limit + CLOSE_SECONDS, exit=True)
        answer = plugin.do(call)
        faulthandler.cancel_dump_traceback_later()
        _send(connection, answer)


def _send(connection: Connection, answer: _Answer) -> None:
    try:
        connection.send(answer)
    except (TypeError, AttributeError, ValueError, ImportError) as error:  # what pickle says of what cannot travel
        names = ", ".join(sorted(answer.added)) or "what it returned"
        connection.send(
            _Answer(f"{names} cannot leave its process (isolate: process): {error}", metrics=answer.metrics)
        )


class _Plugin:
    """The plugin and what it needs of a camera."""

    def __init__(self, opening: _Opening) -> None:
        self._memory = opening.memory
        self._map: mmap.mmap | None = None
        self._moment = (0.0, datetime.min)
        self._metrics = StepMetricValues()
        self._queue = EventQueue(opening.camera["name"], self._utc)
        self._adds = opening.config.plugin.adds
        self._may_write = fields.covered(self._adds)
        self._hooks = Hooks(opening.config.make())
        self._held = ExitStack()
        self._camera = Camera(
            **opening.camera,
            report=self._queue.by(opening.config.name),
            share=self._held.enter_context(ResourceCache().for_camera()),
            utc=self._utc,
            metric=self._metrics,
        )

    def do(self, call: _Call) -> _Answer:
        """Calls the plugin."""
        self._moment = (call.seconds, call.time)
        self._queue.seconds = call.seconds
        answer = _Answer()
        try:
            arguments = {name: self._unpacked(value, call) for name, value in call.arguments.items()}
            frame = arguments.get("frame")
            before = Snapshot(frame) if frame is not None else None
            if call.hook == "open_camera":
                arguments["camera"] = self._camera
            returned = self._hooks.call(call.hook, **arguments)
            answer.returned = returned if call.hook in hookspecs.RETURNING else (None if returned is None else True)
            if frame is not None and before is not None and call.hook == "process_frame":
                self._report_added(frame, before, answer)
            if "canvas" in arguments:
                answer.shapes = arguments["canvas"].shapes
            if call.hook == "close_camera":
                self._held.close()
        except BaseException as error:
            log.debug("the plugin failed in %s", call.hook, exc_info=True)
            answer.error = reason_of(error)
        answer.events = list(self._queue.drain())
        answer.metrics = dict(self._metrics.values)
        return answer

    def _report_added(self, frame: Frame, before: Snapshot, answer: _Answer) -> None:
        answer.undeclared = frozenset(before.changed() - self._may_write)
        for name in self._adds:
            each = fields.field(name)
            each.check(frame)
            if each.is_present(frame):
                answer.added[name] = each.pack(frame)

    def _unpacked(self, value: Any, call: _Call) -> Any:
        if not isinstance(value, _Sheet):
            return value
        if self._map is None or len(self._map) < value.layout.size:
            self._map = mmap.mmap(self._memory, value.layout.size, access=mmap.ACCESS_READ)
        picture = unpack(value.layout, self._map)
        frame = Frame(picture, self._camera, value.index, call.seconds)
        frame.is_masked = value.is_masked
        for name, packed in value.fields.items():
            fields.field(name).unpack(frame, packed)
        return frame

    def _utc(self, seconds: float) -> datetime:
        return self._moment[1] + timedelta(seconds=seconds - self._moment[0])
