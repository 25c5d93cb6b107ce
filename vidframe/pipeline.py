"""The library door: frames, people and events in a `for` loop, without a command line."""

from __future__ import annotations

import inspect
import re
import tempfile
import traceback
from collections.abc import Generator, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Event as Flag
from typing import Any, Literal, Self

from vidframe.core.config.model import CameraConfig, Config, ConfigError, StepConfig
from vidframe.core.config.reading import load
from vidframe.core.config.wiring import Wiring
from vidframe.core.model.events import Event
from vidframe.core.model.frames import Frame
from vidframe.core.observe.metrics import CameraMetrics
from vidframe.core.plugin.registry import inspected, snake_case
from vidframe.core.run.loop import camera_frames, source_of
from vidframe.core.run.resources import ResourceCache
from vidframe.core.run.step import Failure, StepFailed
from vidframe.core.sources.address import address_problem
from vidframe.core.sources.array import recorded_frames
from vidframe.core.sources.decoded import Source, SourceError
from vidframe.core.sources.options import Options, SourceKeys
from vidframe.core.sources.recording import Recording

__all__ = ["Config", "ConfigError", "Failure", "Pipeline", "SourceError", "StepFailed", "load_config"]

_MOST_FAILURES = 100  # that are kept
_IMAGES = "images"  # the source of a camera whose images the caller brings


def load_config(path: str | Path, *, source: str | None = None) -> Config:
    """Reads and checks a YAML file; ConfigError names every mistake in it with file, line and column.

    `source` replaces the source of every camera.
    """
    return load(Path(path), source=source)


def steps_of(plugins: Iterable[Any] | Mapping[str, Any]) -> tuple[StepConfig, ...]:
    """A step for each instance, named by the mapping or after its class; PluginError where one breaks the contract."""
    named = (
        plugins.items()
        if isinstance(plugins, Mapping)
        else [(snake_case(type(each).__name__), each) for each in plugins]
    )
    steps: dict[str, StepConfig] = {}
    seen: list[Any] = []
    for name, instance in named:
        if inspect.isclass(instance):
            raise TypeError(f"a chain takes instances of plugins, found the class {instance.__name__}: add ()")
        if any(instance is other for other in seen):
            raise ValueError(f"{name} stands in the chain twice; each step needs an instance of its own")
        seen.append(instance)
        unique = name
        while unique in steps:
            number = unique.removeprefix(f"{name}-")
            unique = f"{name}-{int(number) + 1 if number.isdecimal() else 2}"
        plugin = inspected(snake_case(type(instance).__name__), type(instance))
        steps[unique] = StepConfig(unique, plugin, instance=instance)
    return tuple(steps.values())


class Pipeline:
    """Frames that have gone through a chain of steps, one by one.

        with vidframe.Pipeline("shop.yaml") as frames:
            for frame in frames:
                frame.faces, frame.people, frame.events

    The chain is a YAML file (or what `load_config` returned), or instances of plugins: a list, or a mapping of step
    names to instances. Its frames come from `source`, as in the YAML (a path, a URL, `webcam:0`), or from `images`:
    uint8 arrays, height x width or height x width x 3 (BGR), or PyAV VideoFrames, each alone or as `(image, seconds)`;
    those without seconds follow each other `fps` times a second (10 where nothing is said).

    `camera` names the one to take where a file has several. `state` is the folder of what plugins keep; without it a
    temporary one is made, and removed at the end. `strict`: a write to what a step does not declare is its failure.

    What runs is what `vidframe run` runs: a step that fails costs its own results on that frame, is logged and kept in
    `failures`; a live camera brings its newest frame, and is reconnected for ever. Everything is opened at the
    first frame and closed at the end of the `with`, of the frames, or when the pipeline is let go of. It starts no
    thread but that of a live camera, and handles no signal: a Ctrl+C ends the loop and is raised after all is closed.

    ConfigError for a file with mistakes, PluginError for a class that breaks the contract, ValueError for what does not
    fit together; in the loop SourceError where the source cannot be used, StepFailed for a step with `on_error: stop`.
    """

    def __init__(
        self,
        chain: str | Path | Config | Iterable[Any] | Mapping[str, Any],
        *,
        source: str | Path | None = None,
        images: Iterable[Any] | None = None,
        fps: float | None = None,
        credentials: str | None = None,
        pace: Literal["fast", "real"] | None = None,
        camera: str | None = None,
        state: str | Path | None = None,
        strict: bool = False,
    ) -> None:
        if source is not None and images is not None:
            raise ValueError("give source or images, not both")
        given = _IMAGES if images is not None else None if source is None else str(source)
        if given is not None and (problem := address_problem(given)) is not None:
            raise ValueError(f"source {given}: {problem}")
        config = _camera(chain, given, camera)
        own = {"fps": fps, "credentials": credentials, "pace": pace}
        own = {name: value for name, value in own.items() if value is not None}
        config = replace(config, options=SourceKeys(**{**dict(config.options), **own}))
        self.camera = config.name
        self.failures: list[
            Failure
        ] = []  # of steps: step, hook and error, whose note is the traceback; the first hundred
        self.closing_events: list[Event] = []  # what the closing brought, when it is over
        self._stop = Flag()
        self._metrics = CameraMetrics(config.name)
        self._frames = _frames(
            config, images, state, self._metrics, self._stop, strict, self.failures, self.closing_events
        )
        self._is_over = False
        self._written = 0  # failures whose tracebacks were written down

    @property
    def metrics(self) -> dict[str, dict[str, float]]:
        """Each step's own metrics, by name."""
        return {name: dict(step.own) for name, step in self._metrics.steps.items()}

    def stop(self) -> None:
        """Ends the loop before its next frame. From any thread."""
        self._stop.set()

    def close(self) -> None:
        """Closes steps and source; the loop is over. To be called any number of times."""
        self._is_over = True
        self._stop.set()
        self._frames.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __iter__(self) -> Self:
        if self._is_over:
            raise ValueError("this pipeline has ended; create a new one")
        return self

    def __next__(self) -> Frame:
        try:
            return next(self._frames)
        except BaseException:
            self._is_over = True  # the generator has closed everything
            raise
        finally:
            for failure in self.failures[self._written :]:
                _write_down(failure.error)
            self._written = len(self.failures)


def _frames(
    config: CameraConfig,
    images: Iterable[Any] | None,
    state: str | Path | None,
    metrics: CameraMetrics,
    stop: Flag,
    strict: bool,
    failures: list[Failure],
    closing_events: list[Event],
) -> Generator[Frame]:
    """A generator that does not know its pipeline, so that it is closed at once where that is let go of."""

    def failed(failure: Failure) -> None:
        if len(failures) < _MOST_FAILURES:
            failures.append(failure)

    with ExitStack() as stack:
        folder = state or stack.enter_context(tempfile.TemporaryDirectory(prefix="vidframe-"))
        yield from camera_frames(
            config,
            source_of(config, stop) if images is None else _source(config, images, stop),
            state=Path(folder),
            shared=ResourceCache(),
            metrics=metrics,
            strict=strict,
            on_failure=failed,
            on_closed=closing_events.extend,
        )


def _write_down(error: BaseException) -> None:
    """Puts the traceback into a note: as an object it would keep its frame with all images."""
    error.add_note("".join(traceback.format_exception(error)).rstrip())
    chained: BaseException | None = error
    while chained is not None:
        chained.__traceback__ = None
        chained = chained.__cause__ or chained.__context__


def _source(config: CameraConfig, images: Iterable[Any], stop: Flag) -> Source:
    fps = config.options.fps or 10.0
    options = Options(camera=config.name, pace=config.options.pace, rotate=config.options.rotate, stop=stop)
    frames = recorded_frames(images, fps)
    return Recording(frames, ExitStack(), options, name=_IMAGES, start=datetime.now(UTC), fps=fps)


def _camera(chain: Any, source: str | None, name: str | None) -> CameraConfig:
    if isinstance(chain, str | Path):
        return _of_config(load_config(chain, source=source), source, name)
    if isinstance(chain, Config):
        return _of_config(chain, source, name)
    if source is None:
        raise ValueError("a chain of plugins needs source or images")
    config = CameraConfig(name or "camera", source, chains={"always": steps_of(chain)})
    problems = dict.fromkeys(problem.message for problem in Wiring().check(replace(config, name="")))
    if problems:
        raise ValueError(re.sub(r" \(line \d+\)", "", "; ".join(problems)))  # there are no lines
    return config


def _of_config(config: Config, source: str | None, name: str | None) -> CameraConfig:
    cameras = {camera.name: camera for camera in config.cameras}
    names = ", ".join(cameras) or "none"
    if not cameras and source is not None:  # as where a plugin knows the cameras
        return replace(config.common, name=name or "camera", source=source)
    if name is None and len(cameras) != 1:
        raise ValueError(f"{config.path} has {len(cameras)} cameras ({names}); say which: camera=NAME")
    if name is not None and name not in cameras:
        raise ValueError(f"{config.path} has no camera {name!r} (cameras: {names})")
    camera = cameras[name] if name is not None else config.cameras[0]
    return camera if source is None else replace(camera, source=source)
