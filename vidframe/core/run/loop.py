"""The frame loop of one camera."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from queue import SimpleQueue
from threading import Event as Flag
from time import perf_counter

from vidframe.core.config.reading import CameraConfig, StepConfig
from vidframe.core.model.camera import Camera, Share, StepMetricValues
from vidframe.core.model.frames import Frame
from vidframe.core.model.kinds import MAX_REASON
from vidframe.core.observe.metrics import CameraMetrics
from vidframe.core.run.chain import Chain
from vidframe.core.run.event_queue import EventQueue
from vidframe.core.run.resources import ResourceCache
from vidframe.core.run.step import StepFailed
from vidframe.core.sources.opening import Source, SourceError, open_source

log = logging.getLogger(__name__)


class Changes:
    """Other steps for a camera that runs, on their way to its thread."""

    def __init__(self) -> None:
        self._wanted: SimpleQueue[tuple[CameraConfig, Flag]] = SimpleQueue()

    def ask(self, config: CameraConfig) -> Flag:
        """Hands in a config that differs in its steps alone; what is returned is set once it is taken up."""
        done = Flag()
        self._wanted.put((config, done))
        return done

    def apply(self, chain: Chain) -> None:
        """Lets the chain take up what was handed in. In the camera's thread."""
        while not self._wanted.empty():
            config, done = self._wanted.get()
            chain.change(config)
            done.set()


def only_steps_differ(old: CameraConfig, new: CameraConfig) -> bool:
    """Whether a running camera can take up the new config: same source, and nothing else is needed of anybody."""
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

    What ends a camera for good is written to `metrics.error`; nothing but a bug is raised.
    """
    try:
        _run(config, state, shared, metrics, stop, sinks, frames, changes or Changes(), strict)
    except (SourceError, StepFailed) as error:
        metrics.error = str(error)
    finally:
        metrics.enter("ended", metrics.error)
        metrics.busy = None


def _run(
    config: CameraConfig,
    state: Path,
    shared: ResourceCache,
    metrics: CameraMetrics,
    stop: Flag,
    sinks: Iterable[StepConfig],
    frames: int | None,
    changes: Changes,
    strict: bool,
) -> None:
    with ExitStack() as stack:
        queue = EventQueue(config.name, lambda seconds: source.utc(seconds))

        def on_state(state: str, reason: str) -> None:
            metrics.enter(state, reason)
            level = logging.INFO if state in ("connecting", "live") else logging.WARNING
            log.log(level, "camera %s is %s%s", config.name, state, f": {reason}" if reason else "")
            queue.seconds = source.now
            queue.by("vidframe")("camera.state", state=state, reason=reason[:MAX_REASON])
            chain.deliver()  # a camera that is down brings no frame that would

        def on_idle() -> None:
            changes.apply(chain)
            chain.idle()

        source = stack.enter_context(
            open_source(
                config.source,
                camera=config.name,
                credentials=config.credentials,
                pace=config.pace,
                fps=config.fps,
                timeout=config.timeout,
                frozen_after=config.frozen_after,
                stop=stop,
                wants_packets="packets" in config.needed,
                on_state=on_state,
                on_idle=on_idle,
            )
        )
        camera = _camera(config, source, state, queue, stack.enter_context(shared.for_camera()))
        metrics.fps, metrics.frames_expected = source.fps, _expected(source, frames, metrics.frames)
        chain = stack.enter_context(closing(Chain(config, camera, queue, metrics, sinks, strict=strict)))
        chain.open()
        metrics.is_open = True
        if not source.is_live:
            metrics.enter("live")
        _work_through(source, chain, camera, metrics, stop, frames, changes)


def _work_through(
    source: Source,
    chain: Chain,
    camera: Camera,
    metrics: CameraMetrics,
    stop: Flag,
    frames: int | None,
    changes: Changes,
) -> None:
    started = perf_counter() - metrics.seconds  # what was done before a restart counts
    dropped = 0
    for index, shot in enumerate(source):
        if stop.is_set():
            return
        changes.apply(chain)
        frame = Frame(shot.picture, camera, index, shot.seconds, shot.packets)
        chain.process(frame)
        metrics.done((datetime.now(UTC) - frame.time).total_seconds() if camera.is_live else None)
        metrics.seconds = perf_counter() - started
        metrics.dropped, dropped = metrics.dropped + source.dropped - dropped, source.dropped
        if index + 1 == frames:
            return


def _camera(config: CameraConfig, source: Source, state: Path, queue: EventQueue, share: Share) -> Camera:
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
    )


def _expected(source: Source, frames: int | None, done: int) -> int | None:
    counts = [count for count in (source.frame_count, frames) if count is not None]
    return done + min(counts) if counts else None
