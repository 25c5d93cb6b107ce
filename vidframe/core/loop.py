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

from vidframe.core.chain import Chain, StepFailed
from vidframe.core.config import CameraConfig, StepConfig
from vidframe.core.frame import Camera, Frame, Share
from vidframe.core.metrics import CameraFigures
from vidframe.core.model.kinds import MAX_REASON
from vidframe.core.reports import Reports
from vidframe.core.shared import Shared
from vidframe.core.source import Source, SourceError, open_source

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
    shared: Shared,
    figures: CameraFigures,
    stop: Flag,
    sinks: Iterable[StepConfig] = (),
    frames: int | None = None,
    changes: Changes | None = None,
) -> None:
    """Takes the frames of a camera through its chain until the source ends, `stop` is set or `frames` are done.

    What ends a camera for good is written to `figures.error`; nothing but a bug is raised.
    """
    try:
        _run(config, state, shared, figures, stop, sinks, frames, changes or Changes())
    except (SourceError, StepFailed) as error:
        figures.error = str(error)
    finally:
        figures.enter("ended", figures.error)
        figures.busy = None


def _run(
    config: CameraConfig,
    state: Path,
    shared: Shared,
    figures: CameraFigures,
    stop: Flag,
    sinks: Iterable[StepConfig],
    frames: int | None,
    changes: Changes,
) -> None:
    with ExitStack() as stack:
        reports = Reports(config.name, lambda seconds: source.utc(seconds))

        def on_state(state: str, reason: str) -> None:
            figures.enter(state, reason)
            level = logging.INFO if state in ("connecting", "live") else logging.WARNING
            log.log(level, "camera %s is %s%s", config.name, state, f": {reason}" if reason else "")
            reports.seconds = source.now
            tell = reports.by("vidframe")  # not the step that ran last: it would not hear of it
            tell("camera.state", state=state, reason=reason[:MAX_REASON])
            chain.deliver()  # a camera that is down brings no frame that would

        def on_idle() -> None:
            changes.apply(chain)
            chain.deliver()  # events do not wait for the next picture

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
        camera = _camera(config, source, state, reports, stack.enter_context(shared.for_camera()))
        figures.fps, figures.frames_expected = source.fps, _expected(source, frames, figures.frames)
        chain = stack.enter_context(closing(Chain(config, camera, reports, figures, sinks)))
        chain.open()
        figures.is_open = True
        if not source.is_live:
            figures.enter("live")
        _work_through(source, chain, camera, figures, stop, frames, changes)


def _work_through(
    source: Source,
    chain: Chain,
    camera: Camera,
    figures: CameraFigures,
    stop: Flag,
    frames: int | None,
    changes: Changes,
) -> None:
    started = perf_counter() - figures.seconds  # what was done before a restart counts
    dropped = 0
    for index, shot in enumerate(source):
        if stop.is_set():
            return
        changes.apply(chain)
        frame = Frame(shot.picture, camera, index, shot.seconds, shot.packets)
        chain.process(frame)
        figures.done((datetime.now(UTC) - frame.time).total_seconds() if camera.is_live else None)
        figures.seconds = perf_counter() - started
        figures.dropped, dropped = figures.dropped + source.dropped - dropped, source.dropped
        if index + 1 == frames:
            return


def _camera(config: CameraConfig, source: Source, state: Path, reports: Reports, share: Share) -> Camera:
    return Camera(
        name=config.name,
        source=source.name,
        fps=source.fps,
        is_live=source.is_live,
        state=state / config.name,
        needed=config.needed,
        report=reports,
        share=share,
        utc=source.utc,
        lease=config.lease,
    )


def _expected(source: Source, frames: int | None, done: int) -> int | None:
    counts = [count for count in (source.frame_count, frames) if count is not None]
    return done + min(counts) if counts else None
