"""Runs plugins in the real chain, with what they report kept in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from vidframe.core.config.model import CameraConfig
from vidframe.core.model.camera import Camera
from vidframe.core.model.events import Event
from vidframe.core.model.frames import Frame
from vidframe.core.observe.metrics import CameraMetrics
from vidframe.core.run.chain import Chain
from vidframe.core.run.event_queue import EventQueue
from vidframe.core.run.step import Failure
from vidframe.pipeline import steps_of
from vidframe.testing.frames import TestCamera, make_camera

Plugins = Iterable[Any] | Mapping[str, Any]


@dataclass
class Run:
    """What came of a run."""

    frames: list[Frame] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)  # of all steps and of vidframe itself, in order
    metrics: dict[str, dict[str, float]] = field(default_factory=dict)  # step -> name -> value
    failures: list[Failure] = field(default_factory=list)
    skipped: dict[str, int] = field(default_factory=dict)  # step -> frames for which it was not due or lacked a need
    calls: dict[str, int] = field(default_factory=dict)  # step -> frames that it was given

    def kinds(self, *reporters: str) -> list[str]:
        """Kinds of the events, of these steps or of all."""
        return [event.kind for event in self.events if not reporters or event.reporter in reporters]


def run_chain(
    plugins: Plugins,
    frames: Iterable[Frame],
    *,
    camera: Camera | None = None,
    isolate: bool = False,
    strict: bool = True,
    fail: bool = True,
    keep_frames: bool = True,
) -> Run:
    """Takes frames through plugins in their order, as production does: needs, skips, `camera.closing`, state, metrics.

    `plugins` are instances, or a mapping of step names to instances. What fails is raised at once where `fail`,
    else kept in `failures`. `isolate` runs each in a process of its own. `strict`: a write to what a plugin does not
    declare is its failure. `keep_frames=False` lets each frame go once it is done, for long videos. The state folder
    and the shared objects are those of `camera`, or of the first frame's.
    """
    run = Run()
    _Running(plugins, camera, isolate=isolate, strict=strict, run=run, fail=fail, keep_frames=keep_frames).work_through(
        frames
    )
    return run


def run_plugin(plugin: Any, frames: Iterable[Frame], *, camera: Camera | None = None) -> list[Event]:
    """Runs one plugin over frames in the real chain and returns what it reported; its failure is raised.

    What stands on the frames is taken as added by steps before it.
    """
    return [event for events in stepwise(plugin, frames, camera=camera) for event in events]


def stepwise(plugin: Any, frames: Iterable[Frame], *, camera: Camera | None = None) -> Iterator[list[Event]]:
    """Like `run_plugin`, but yields after each frame what was reported in it, and last what the closing reported."""
    run = Run()
    running = _Running([plugin], camera, isolate=False, strict=True, run=run, fail=True, keep_frames=False)
    seen = 0
    for _ in running.frame_by_frame(frames):
        new, seen = run.events[seen:], len(run.events)
        yield [event for event in new if event.reporter != "vidframe"]
    yield [event for event in run.events[seen:] if event.reporter != "vidframe"]


class _Running:
    def __init__(
        self,
        plugins: Plugins,
        camera: Camera | None,
        *,
        isolate: bool,
        strict: bool,
        run: Run,
        fail: bool,
        keep_frames: bool,
    ) -> None:
        steps = steps_of(plugins)
        self._steps = tuple(replace(step, isolate=5.0) for step in steps) if isolate else steps
        self._camera = camera
        self._strict = strict
        self._fail = fail
        self._keep_frames = keep_frames
        self._run = run

    def work_through(self, frames: Iterable[Frame]) -> None:
        for _ in self.frame_by_frame(frames):
            pass

    def frame_by_frame(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        chain: Chain | None = None
        try:
            for frame in frames:
                if chain is None:
                    chain = self._opened(self._camera or frame.camera)
                chain.process(frame, present=_on(frame))
                self._keep(frame.events, frame)
                yield frame
        finally:
            # Without a frame, too: what is opened and closed at once has to be well.
            chain = chain or self._opened(self._camera or make_camera())
            self._keep(chain.close())
            self._count()
            if isinstance(self._base, TestCamera):
                self._base.close()

    def _opened(self, camera: Camera) -> Chain:
        self._base = camera
        self._queue = EventQueue(camera.name, camera.utc)
        self._metrics = CameraMetrics(camera.name)
        needed = CameraConfig(camera.name, "", chains={"always": self._steps}).needed
        base = replace(camera, report=self._queue.by("vidframe"), needed=camera.needed | needed)
        config = CameraConfig(camera.name, "", chains={"always": self._steps})
        chain = Chain(config, base, self._queue, self._metrics, strict=self._strict, on_failure=self._failed)
        chain.open()
        return chain

    def _keep(self, events: list[Event], frame: Frame | None = None) -> None:
        if frame is not None and self._keep_frames:
            self._run.frames.append(frame)
        self._run.events += events
        if isinstance(self._base, TestCamera):
            self._base.events.extend(event for event in events if event.reporter != "vidframe")
            for its in self._metrics.steps.values():
                self._base.metrics.update(its.own)

    def _count(self) -> None:
        for name, its in self._metrics.steps.items():
            self._run.metrics[name] = dict(its.own)
            self._run.skipped[name], self._run.calls[name] = its.skipped, its.calls

    def _failed(self, failure: Failure) -> None:
        self._run.failures.append(failure)
        if self._fail:
            failure.error.add_note(f"in {failure.hook} of step {failure.step}")
            raise failure.error


def _on(frame: Frame) -> set[str]:
    """Names of what a made frame carries."""
    from vidframe.core.model import fields

    names = {name for name in fields.NAMES if fields.field(name).is_present(frame)}
    return names | {f"{fields.NOTES}{name}" for name in frame.notes}
