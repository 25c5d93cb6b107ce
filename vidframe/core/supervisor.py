"""Many cameras at once: a thread for each, signals, and an end within seconds."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from vidframe.core.config import Config, StepConfig
from vidframe.core.loop import run_camera
from vidframe.core.metrics import CameraFigures
from vidframe.core.shared import Shared

log = logging.getLogger(__name__)

PATIENCE = 4.5  # seconds that plugins have to close after a signal


def run(
    config: Config,
    *,
    sinks: Iterable[StepConfig] = (),
    frames: int | None = None,
    watch: Callable[[list[CameraFigures]], None] = lambda figures: None,
) -> list[CameraFigures]:
    """Runs all cameras until they end or a signal comes, and returns their figures.

    `watch` is called with the figures some times a second, in the calling thread.
    """
    stop = threading.Event()
    shared = Shared()
    figures = [CameraFigures(camera.name) for camera in config.cameras]
    threads = [
        threading.Thread(
            target=_guarded,
            name=camera.name,
            args=(run_camera, camera),
            kwargs={
                "state": config.state,
                "shared": shared,
                "figures": its_figures,
                "stop": stop,
                "sinks": list(sinks),
                "frames": frames,
            },
            daemon=True,
        )
        for camera, its_figures in zip(config.cameras, figures, strict=True)
    ]
    with _signals(stop):
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            for thread in threads:
                thread.join(timeout=0.1 / len(threads))
            watch(figures)
    watch(figures)
    return figures


def _guarded(run_one: Callable[..., None], camera: Any, **arguments: Any) -> None:
    try:
        run_one(camera, **arguments)
    except Exception as error:
        log.exception("camera %s ended by a bug in vidframe", camera.name)
        arguments["figures"].error = f"camera {camera.name}: {type(error).__name__}: {error}"


@contextmanager
def _signals(stop: threading.Event) -> Iterator[None]:
    """The first Ctrl+C or SIGTERM stops the cameras; a second one, or a plugin that will not close, ends all."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            os._exit(128 + number)
        stop.set()
        watchdog = threading.Timer(PATIENCE, _give_up)
        watchdog.daemon = True
        watchdog.start()

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _give_up() -> None:
    log.error("a plugin did not close within %.1f s; ending all the same", PATIENCE)
    os._exit(1)
