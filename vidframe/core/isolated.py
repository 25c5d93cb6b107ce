"""A plugin in a process of its own: one that hangs or dies there costs its own results, and not the camera.

Pictures cross by shared memory, everything else over the connection.
"""

from __future__ import annotations

import faulthandler
import inspect
import logging
import mmap
import os
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from multiprocessing.connection import Connection
from time import monotonic
from typing import Any

from vidframe.core import logs
from vidframe.core.child import Child
from vidframe.core.config import StepConfig
from vidframe.core.frame import Camera, Event, Face, Frame, Packet
from vidframe.core.reports import Reports
from vidframe.core.shared import Shared
from vidframe.core.sources.packed import Layout, Packed, unpack

log = logging.getLogger(__name__)

OPEN_PATIENCE = 120.0  # seconds to load models
CLOSE_PATIENCE = 4.0
FIRST_FACTOR = 10.0  # by which the first frame may take longer: many libraries make themselves ready then
LONGEST_PAUSE = 60.0  # seconds between two starts
GOOD_LIFE = 60.0  # seconds after which a failure counts as the first one
EVENTS_KEPT = 1000  # for a plugin that is being started again

Hooks = dict[str, tuple[Callable[..., object], tuple[str, ...]]]


class IsolatedError(Exception):
    """The plugin failed in its process, or its process did."""


@dataclass(frozen=True)
class _Call:
    """What the plugin is to do."""

    hook: str
    seconds: float  # a moment on the clock of the frames ...
    time: datetime  # ... and what day that is
    argument: Any = None


@dataclass
class _Sheet:
    """A frame without its picture, on the way there and back: what the step needs, and what it adds."""

    layout: Layout
    index: int
    mode: str | None
    motion: float | None
    faces: list[Face]
    notes: dict[str, Any]
    packets: tuple[Packet, ...]


@dataclass
class _Answer:
    """What came of a call."""

    error: str = ""
    sheet: _Sheet | None = None
    events: list[Event] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class _Opening:
    """What the plugin learns when it is opened."""

    config: StepConfig
    camera: dict[str, Any]  # the fields of Camera that can travel
    memory: int  # descriptor of the memory with the pictures
    logs: tuple[logs.Form, bool]


class Isolated:
    """Stands in for the plugin in the chain. Called by one thread at a time."""

    def __init__(self, config: StepConfig, reports: Reports, restarted: Callable[[], None]) -> None:
        self._config = config
        self._reports = reports
        self._restarted = restarted
        self._patience = config.isolate or 0.0
        self._camera: Camera | None = None
        self._memory: _Memory | None = None
        self._child: Child | None = None
        self._is_first = True  # no frame was done since the start
        self._failures = 0
        self._started = 0.0
        self._starting: threading.Thread | None = None
        self._closed = threading.Event()
        self._missed: deque[Event] = deque(maxlen=EVENTS_KEPT)

    @property
    def hooks(self) -> Hooks:
        """The calls that the plugin wants, and their arguments."""
        kind = self._config.plugin.kind
        hooks: Hooks = {"open_camera": (self.open_camera, ("camera",)), "close_camera": (self.close_camera, ())}
        for name, call, argument in (
            ("process_frame", self.process_frame, "frame"),
            ("handle_event", self.handle_event, "event"),
        ):
            if hasattr(getattr(kind, name, None), "vidframe_impl"):
                hooks[name] = (call, (argument,))
        return hooks

    @property
    def is_ready(self) -> bool:
        """Whether it can take a frame; not while its process is started again."""
        return self._child is not None

    def open_camera(self, camera: Camera) -> None:
        """Starts the process and opens the plugin in it."""
        self._camera = camera
        self._closed.clear()
        self._memory = _Memory()
        self._start()

    def process_frame(self, frame: Frame) -> None:
        """Has the frame worked on there, and takes over what the step adds."""
        needs = {need.removesuffix("?") for need in self._config.plugin.needs}
        packed = Packed(frame.picture)
        assert self._memory is not None
        self._memory.take(packed)
        sheet = _Sheet(
            packed.layout,
            frame.index,
            frame.mode,
            frame.motion,
            frame.faces if any(need.startswith("faces") for need in needs) else [],
            {name: note for name, note in frame.notes.items() if f"notes.{name}" in needs},
            tuple(frame.packets) if "packets" in needs else (),
        )
        patience = self._patience * (FIRST_FACTOR if self._is_first else 1.0)
        answer = self._ask(_Call("process_frame", frame.seconds, frame.time, sheet), patience)
        self._is_first = False
        if answer.sheet is not None:
            _take_over(frame, answer.sheet, self._config.plugin.adds)

    def handle_event(self, event: Event) -> None:
        """Hands it an event; those of a time without process follow when there is one."""
        self._missed.append(event)
        while self._missed and self._child is not None:
            self._ask(self._now("handle_event", self._missed.popleft()), self._patience * FIRST_FACTOR)

    def close_camera(self) -> None:
        """Closes the plugin and ends its process."""
        self._closed.set()
        if self._starting is not None:
            self._starting.join(CLOSE_PATIENCE)
        try:
            if self._child is not None:
                self._ask(self._now("close_camera"), CLOSE_PATIENCE)
        finally:
            child, self._child = self._child, None
            if child is not None:
                child.close()
            if self._memory is not None:
                self._memory.close()
                self._memory = None

    def _ask(self, call: _Call, patience: float) -> _Answer:
        """One call and its answer; IsolatedError where there is none, and then the process is started again."""
        child = self._child
        if child is None:
            raise IsolatedError("its process is not there")
        try:
            child.connection.send(call)
            if not child.connection.poll(patience):
                raise IsolatedError(f"gave no answer within {patience:g} s; its process is started again")
            answer: _Answer = child.connection.recv()
        except (OSError, EOFError):
            child.wait(1.0)
            self._replace(child)
            raise IsolatedError(f"its process {child.ended or 'is gone'}; it is started again") from None
        except IsolatedError:
            self._replace(child)
            raise
        self._take(answer)
        return answer

    def _take(self, answer: _Answer) -> None:
        assert self._camera is not None
        for event in answer.events:
            self._reports.forward(event)
        for name, value in answer.figures.items():
            self._camera.figure(name, value)
        if answer.error:
            raise IsolatedError(answer.error)

    def _replace(self, child: Child) -> None:
        """Ends a process that is of no use, and has another started beside the camera."""
        self._child = None
        self._failures = 0 if monotonic() - self._started > GOOD_LIFE else self._failures
        self._starting = threading.Thread(target=self._start_again, args=(child,), daemon=True)
        self._starting.start()

    def _start_again(self, child: Child) -> None:
        child.kill()
        while not self._closed.wait(self._pause()):
            self._failures += 1
            self._restarted()
            try:
                self._start()
            except (IsolatedError, OSError) as error:
                log.error("step %s cannot be started again: %s", self._config.name, error)
            else:
                return

    def _pause(self) -> float:
        """Nothing before the first start, then longer each time."""
        return min(LONGEST_PAUSE, 0.5 * 2.0**self._failures) if self._failures else 0.0

    def _start(self) -> None:
        assert self._camera is not None
        assert self._memory is not None
        self._started = monotonic()
        name = f"{self._camera.name}/{self._config.name}"
        child = Child("vidframe.core.isolated", name, [self._memory.descriptor])
        try:
            child.send(_Opening(self._config, _facts(self._camera), self._memory.descriptor, logs.present()))
            child.send(self._now("open_camera"))
            if not child.connection.poll(OPEN_PATIENCE):
                raise IsolatedError(f"was not open within {OPEN_PATIENCE:g} s")
            self._take(child.connection.recv())
        except (OSError, EOFError):
            child.wait(1.0)
            raise IsolatedError(f"its process {child.ended or 'is gone'} when it was opened") from None
        except IsolatedError:
            child.kill()
            raise
        if self._closed.is_set():
            child.close()
        else:
            self._is_first, self._child = True, child

    def _now(self, hook: str, argument: Any = None) -> _Call:
        assert self._camera is not None
        return _Call(hook, self._reports.seconds, self._camera.utc(self._reports.seconds), argument)


class _Memory:
    """A piece of memory without a name, which grows with the pictures and vanishes with its last process."""

    def __init__(self) -> None:
        self.descriptor = os.memfd_create("vidframe") if hasattr(os, "memfd_create") else _nameless_file()
        self._size = 0
        self._map: mmap.mmap | None = None

    def take(self, packed: Packed) -> None:
        """Holds this picture from now on; OSError where there is no memory."""
        if packed.layout.size > self._size:
            os.posix_fallocate(self.descriptor, 0, packed.layout.size)  # or writing to it would kill this process
            self._size = packed.layout.size
            self._map = mmap.mmap(self.descriptor, self._size)
        packed.write(self._map)

    def close(self) -> None:
        """Lets it go; what still looks at it keeps it."""
        self._map = None
        os.close(self.descriptor)


def _nameless_file() -> int:
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _facts(camera: Camera) -> dict[str, Any]:
    names = ("name", "source", "fps", "is_live", "state", "needed", "lease")
    return {name: getattr(camera, name) for name in names}


def _take_over(frame: Frame, sheet: _Sheet, adds: tuple[str, ...]) -> None:
    for name in adds:
        head, _, tail = name.partition(".")
        if head == "notes":
            if tail in sheet.notes:
                frame.notes[tail] = sheet.notes[tail]
        elif name == "faces":
            frame.faces = sheet.faces
        elif head == "faces":
            for face, theirs in zip(frame.faces, sheet.faces, strict=True):
                setattr(face, tail, getattr(theirs, tail))
        else:
            setattr(frame, name, getattr(sheet, name))


def work(connection: Connection, name: str) -> None:
    """What runs in the process of the plugin, until the chain is gone."""
    opening: _Opening = connection.recv()
    logs.set_up(opening.logs[0], verbose=opening.logs[1])
    plugin = _Plugin(opening)
    while True:
        call: _Call = connection.recv()
        # Should the chain be gone meanwhile, a call that never comes back must not keep this process for ever.
        limit = OPEN_PATIENCE if call.hook == "open_camera" else FIRST_FACTOR * (opening.config.isolate or 0) + 5
        faulthandler.dump_traceback_later(limit + CLOSE_PATIENCE, exit=True)
        answer = plugin.do(call)
        faulthandler.cancel_dump_traceback_later()
        connection.send(answer)


class _Plugin:
    """The plugin and what it needs of a camera."""

    def __init__(self, opening: _Opening) -> None:
        self._memory = opening.memory
        self._map: mmap.mmap | None = None
        self._moment = (0.0, datetime.min)
        self._figures: dict[str, float] = {}
        self._reports = Reports(opening.camera["name"], self._utc)
        self._adds = opening.config.plugin.adds
        self._plugin = opening.config.make()
        self._held = ExitStack()
        self._camera = Camera(
            **opening.camera,
            report=self._reports.by(opening.config.name),
            share=self._held.enter_context(Shared().for_camera()),
            utc=self._utc,
            figure=self._figures.__setitem__,
        )

    def do(self, call: _Call) -> _Answer:
        """Calls the plugin."""
        self._moment = (call.seconds, call.time)
        self._reports.seconds = call.seconds
        self._reports.reporter = self._camera.name
        answer = _Answer()
        try:
            argument = self._arguments(call)
            self._call(call.hook, argument)
            if "frame" in argument:
                answer.sheet = self._sheet(call.argument, argument["frame"])
            elif call.hook == "close_camera":
                self._held.close()
        except (Exception, SystemExit) as error:
            log.debug("the plugin failed in %s", call.hook, exc_info=True)
            answer.error = f"{type(error).__name__}: {error}"
        answer.events = list(self._reports.drain())
        answer.figures = dict(self._figures)
        return answer

    def _arguments(self, call: _Call) -> Mapping[str, Any]:
        if call.hook == "open_camera":
            return {"camera": self._camera}
        if call.hook == "handle_event":
            return {"event": call.argument}
        return {"frame": self._frame(call)} if call.hook == "process_frame" else {}

    def _call(self, hook: str, arguments: Mapping[str, Any]) -> None:
        method = getattr(self._plugin, hook, None)
        if method is None or not hasattr(method, "vidframe_impl"):
            return
        method(*(arguments[name] for name in inspect.signature(method).parameters))

    def _frame(self, call: _Call) -> Frame:
        sheet: _Sheet = call.argument
        if self._map is None or len(self._map) < sheet.layout.size:
            self._map = mmap.mmap(self._memory, sheet.layout.size, access=mmap.ACCESS_READ)
        picture = unpack(sheet.layout, self._map)
        frame = Frame(picture, self._camera, sheet.index, call.seconds, sheet.packets)
        frame.mode, frame.motion, frame.faces, frame.notes = sheet.mode, sheet.motion, sheet.faces, sheet.notes
        return frame

    def _sheet(self, sheet: _Sheet, frame: Frame) -> _Sheet:
        """What goes back: what the step adds, and no packets."""
        has_faces = any(name.startswith("faces") for name in self._adds)
        notes = {name: note for name, note in frame.notes.items() if f"notes.{name}" in self._adds}
        return replace(
            sheet,
            mode=frame.mode,
            motion=frame.motion,
            faces=frame.faces if has_faces else [],
            notes=notes,
            packets=(),
        )

    def _utc(self, seconds: float) -> datetime:
        return self._moment[1] + timedelta(seconds=seconds - self._moment[0])
