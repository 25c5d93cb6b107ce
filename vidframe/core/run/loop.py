"""The frame loop of one camera."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from queue import SimpleQueue
from threading import Event as Flag
from time import perf_counter

from vidframe.core.config.reading import CameraConfig, StepConfig
from vidframe.core.model.camera import Camera, Share, StepMetricValues
from vidframe.core.model.events import Event
from vidframe.core.model.frames import Frame
from vidframe.core.model.kinds import MAX_REASON
from vidframe.core.observe.metrics import CameraMetrics
from vidframe.core.run.chain import Chain
from vidframe.core.run.event_queue import EventQueue
from vidframe.core.run.resources import ResourceCache
from vidframe.core.run.step import Failure, StepFailed
from vidframe.core.sources.decoded import DecodedFrame, Idle, Source, SourceError, StateChange
from vidframe.core.sources.opening import open_source

log = logging.getLogger(__name__)


class Changes:
    """Other steps for a camera that runs, on their way to its thread."""

    def __init__(self) -> None:
        self._wanted: SimpleQueue[tuple[CameraConfig, Flag]] = SimpleQueue()

    def ask(self, config: CameraConfig) -> Flag:
        """Hands in a config that differs in its steps alone; what is returned is set once it is applied."""
        done = Flag()
        self._wanted.put((config, done))
        return done

    def apply(self, chain: Chain) -> None:
        """Applies what was handed in to the chain. In the camera's thread."""
        while not self._wanted.empty():
            config, done = self._wanted.get()
            chain.change(config)
            done.set()


def only_steps_differ(old: CameraConfig, new: CameraConfig) -> bool:
    """Whether a running camera can apply the new config: same source, same needs."""
    return old.needed == new.needed and replace(old, mode=new.mode, chains=new.chains) == new


def run_camera(
    config: CameraConfig,
    *,
    state: Path,
    shared: ResourceCache,
    metrics: CameraMetrics,
    stop: Flag,
    sinks: Iterable[StepConfig] = (),
    frames: int | None = None,
    changes: Changes | None = None,
    strict: bool = False,
) -> None:
    """Takes the frames of a camera through its chain until the source ends, `stop` is set or `frames` are done.

    What ends a camera for good is logged, reported as `camera.state` and written to `metrics.error`; nothing but a
    bug is raised.
    """
    try:
        if config.problem:
            raise SourceError(config.problem)
        source = source_of(config, stop)
        processed = camera_frames(
            config,
            source,
            state=state,
            shared=shared,
            metrics=metrics,
            sinks=sinks,
            frames=frames,
            changes=changes,
            strict=strict,
        )
        with closing(processed):
            deque(processed, maxlen=0)  # keeps no frame while the next one is awaited
    except (SourceError, StepFailed) as error:
        metrics.error = str(error)
        reason = _reason(config.name, error)
        log.error("camera %s failed: %s", config.name, reason)
        if not metrics.is_open and isinstance(error, SourceError):
            _report_without_source(config, reason, state, shared, metrics, sinks)
    finally:
        metrics.enter("ended", metrics.error)
        metrics.busy = None


def source_of(config: CameraConfig, stop: Flag) -> Source:
    """The source that a camera's config names; SourceError if it cannot be used."""
    wants_packets = "packets" in config.needed
    return open_source(
        config.source, camera=config.name, wants_packets=wants_packets, stop=stop, **dict(config.options)
    )


def camera_frames(
    config: CameraConfig,
    source: Source,
    *,
    state: Path,
    shared: ResourceCache,
    metrics: CameraMetrics,
    sinks: Iterable[StepConfig] = (),
    frames: int | None = None,
    changes: Changes | None = None,
    strict: bool = False,
    on_failure: Callable[[Failure], None] | None = None,
    on_closed: Callable[[list[Event]], None] | None = None,
) -> Generator[Frame]:
    """Each frame of a camera once it has gone through the chain, until the source ends or `frames` are done.

    Opens source and steps at the first `next`, and closes them at the end or when the generator is closed;
    `on_closed` is then given the events of the closing. SourceError, or StepFailed of a step with `on_error: stop`.
    """
    with ExitStack() as stack:
        stack.enter_context(source)
        queue = EventQueue(config.name, source.utc)
        camera = _camera(config, source, state, queue, stack.enter_context(shared.for_camera()))
        metrics.fps, metrics.frames_expected = source.fps, _expected(source, frames, metrics.frames)
        chain = Chain(config, camera, queue, metrics, sinks, strict=strict, on_failure=on_failure)
        stack.callback(lambda: (on_closed or _ignore)(chain.close()))
        stack.enter_context(_reported(config.name, queue))
        chain.open()
        metrics.is_open = True
        started = perf_counter() - metrics.seconds  # what was done before a restart counts
        index = 0
        for moment in source:
            if changes is not None:
                changes.apply(chain)
            match moment:
                case DecodedFrame():
                    frame = Frame(moment.picture, camera, index, moment.seconds, moment.packets)
                    chain.process(frame)
                    metrics.done((datetime.now(UTC) - frame.time).total_seconds() if camera.is_live else None)
                    metrics.seconds = perf_counter() - started
                    metrics.dropped += moment.dropped
                    yield frame
                    index += 1
                    if index == frames:
                        return
                case StateChange():
                    metrics.enter(moment.state, moment.reason)
                    _log(config.name, moment)
                    queue.seconds = moment.seconds
                    queue.by("vidframe")("camera.state", state=moment.state, reason=moment.reason[:MAX_REASON])
                    chain.deliver()  # a camera that is down brings no frame that would
                case Idle():
                    chain.idle()


def _reason(camera: str, error: Exception) -> str:
    return str(error).removeprefix(f"{camera}: ")[:MAX_REASON]


@contextmanager
def _reported(camera: str, queue: EventQueue) -> Iterator[None]:
    """Reports why a camera ends, while its steps are still open."""
    try:
        yield
    except (SourceError, StepFailed) as error:
        queue.by("vidframe")("camera.state", state="down", reason=_reason(camera, error))
        raise


@dataclass(frozen=True)
class _NoSource:
    """What is known of a source that cannot be opened."""

    name: str
    is_live: bool = False
    fps: float | None = None

    def utc(self, _seconds: float) -> datetime:
        return datetime.now(UTC)


def _report_without_source(
    config: CameraConfig,
    reason: str,
    state: Path,
    shared: ResourceCache,
    metrics: CameraMetrics,
    sinks: Iterable[StepConfig],
) -> None:
    """Opens the steps that hear of events and wait for nothing on a frame, so that they hear why none comes."""
    hearing = tuple(step for step in (*config.chains.get("always", ()), *sinks) if _hears_alone(step))
    source = _NoSource(config.source)
    queue = EventQueue(config.name, source.utc)
    with shared.for_camera() as share, suppress(StepFailed):
        camera = _camera(config, source, state, queue, share)
        chain = Chain(replace(config, mode=None, chains={"always": hearing}), camera, queue, metrics)
        try:
            chain.open()
            queue.by("vidframe")("camera.state", state="down", reason=reason)
        finally:
            chain.close()


def _hears_alone(step: StepConfig) -> bool:
    return (
        hasattr(step.plugin.kind, "handle_event")
        and not step.plugin.adds
        and all(need.endswith("?") for need in step.plugin.needs)
    )


def _log(camera: str, change: StateChange) -> None:
    level = logging.WARNING if change.reason else logging.INFO
    log.log(level, "camera %s is %s%s", camera, change.state, f": {change.reason}" if change.reason else "")


def _ignore(events: list[Event]) -> None:
    """Hears of the closing's events where no one else wants to."""


def _camera(config: CameraConfig, source: Source | _NoSource, state: Path, queue: EventQueue, share: Share) -> Camera:
    """The camera as it is between the steps; each step gets one of its own."""
    folder = state / config.name
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        log.warning("camera %s: cannot make %s: %s", config.name, folder, (error.strerror or str(error)).lower())
    return Camera(
        name=config.name,
        source=source.name,
        fps=source.fps,
        is_live=source.is_live,
        state=folder,
        needed=config.needed,
        report=queue.by("vidframe"),
        share=share,
        utc=source.utc,
        metric=StepMetricValues(),
        lease=config.lease,
        mounting=config.mounting,
    )


def _expected(source: Source, frames: int | None, done: int) -> int | None:
    counts = [count for count in (source.frame_count, frames) if count is not None]
    return done + min(counts) if counts else None
