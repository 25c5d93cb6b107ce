"""`vidframe doctor`: what this machine and this config need, what is missing, and what would get it."""

from __future__ import annotations

import shutil
import sys
import threading
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

if TYPE_CHECKING:
    from vidframe.core.sources.decoded import Source

from vidframe import preflight
from vidframe.core.config.reading import CameraConfig, Config, ConfigError, StepConfig, load
from vidframe.core.plugin import registry
from vidframe.core.plugin.calling import Hooks
from vidframe.core.plugin.probe import probe

FIRST_FRAME_TIMEOUT = 8.0  # seconds
OPENCV = "opencv-contrib-python"  # that mediapipe depends on
ENOUGH_DISK = 1 << 30  # bytes; below that a night's clips may not fit


class Finding(NamedTuple):
    """The result of one check."""

    what: str
    problem: str = ""  # empty: ok


@click.command()
@click.argument("config", required=False, type=click.Path(path_type=Path))
def doctor(config: Path | None) -> None:
    """Check this machine and say how to fix it. With a CONFIG, also check its cameras. Exit code 0 or 1."""
    failed = False
    for finding in examined(config):
        mark = click.style("ok  ", fg="green") if not finding.problem else click.style("BAD ", fg="red")
        click.echo(f"{mark}{finding.what}{': ' if finding.problem else ''}{finding.problem}")
        failed = failed or bool(finding.problem)
    sys.exit(1 if failed else 0)


def examined(config: Path | None) -> Iterator[Finding]:
    """Everything, the cheap things first."""
    yield from _machine()
    yield from _codecs()
    yield from _opencv()
    yield from _plugins()
    if config is not None:
        yield from _config(config)


def _machine() -> Iterator[Finding]:
    yield Finding(f"Python {sys.version.split()[0]}")
    problems = preflight.problems()
    yield Finding("system libraries", "; ".join(problems))
    free = shutil.disk_usage(".").free
    few = f"{free / 1e9:.1f} GB free here; clips need room" if free < ENOUGH_DISK else ""
    yield Finding(f"disk, {free / 1e9:.0f} GB free", few)


def _codecs() -> Iterator[Finding]:
    import av

    for codec, mode, what in (
        ("h264", "r", "reads H.264"),
        ("hevc", "r", "reads H.265"),
        ("mjpeg", "r", "reads Motion JPEG"),
        ("libx264", "w", "writes H.264"),
    ):
        try:
            av.Codec(codec, mode)  # type: ignore[arg-type]
        except ValueError:
            yield Finding(what, "this build of PyAV cannot; reinstall it with: pip install --force-reinstall av")
        else:
            yield Finding(what)


def _opencv() -> Iterator[Finding]:
    """Several wheels bring `cv2` into one folder: the last one overwrites the others, and its removal breaks all."""
    wheels = sorted(set(packages_distributions().get("cv2", ())))
    others = [wheel for wheel in wheels if wheel != OPENCV]
    repair = f"pip uninstall -y {' '.join(wheels)} && pip install --force-reinstall --no-deps {OPENCV}"
    if others:
        yield Finding("OpenCV", f"cv2 comes from {' and '.join(wheels)}, which overwrite each other: {repair}")
        return
    try:
        import cv2

        cv2.getBuildInformation()
    except (ImportError, AttributeError):
        yield Finding("OpenCV", f"cv2 is broken, as after another of its wheels was removed: {repair}")
    else:
        yield Finding(f"OpenCV {cv2.__version__}")


def _plugins() -> Iterator[Finding]:
    """Each plugin, and what those find that need no settings; the others are asked where a config gives some."""
    found = list(probe())
    for plugin in found:
        yield Finding(f"plugin {plugin.name} {plugin.version}".rstrip(), plugin.reason)
        if plugin.state == "ok" and not (plugin.schema or {}).get("required"):
            yield from _check_of(StepConfig(plugin.name, registry.load(plugin.name)))
    if not found:
        yield Finding("plugins", "none is installed; try: pip install ./plugins/faces")


def _check_of(step: StepConfig) -> Iterator[Finding]:
    try:
        for what, problem in Hooks(step.make()).call("check_machine") or ():
            yield Finding(str(what), str(problem))
    except Exception as error:
        yield Finding(step.name, f"its check failed: {type(error).__name__}: {error}")


def _config(path: Path) -> Iterator[Finding]:
    try:
        config = load(path)
    except ConfigError as error:
        yield from (Finding("config", str(problem)) for problem in error.problems)
        return
    yield Finding(f"config {path}")
    yield _state(config)
    for camera in config.cameras:
        yield _camera(camera)
    yield from _steps(config)


def _steps(config: Config) -> Iterator[Finding]:
    seen: list[tuple[str, Any]] = []
    of_feeder = config.steps if config.camera_plugin else ()
    for step in (*of_feeder, *(step for camera in config.cameras for step in camera.steps)):
        if step.settings and (step.plugin.name, step.settings) not in seen:
            seen.append((step.plugin.name, step.settings))
            yield from _check_of(step)


def _state(config: Config) -> Finding:
    try:
        config.state.mkdir(parents=True, exist_ok=True)
        probe_file = config.state / ".writable"
        probe_file.touch()
        probe_file.unlink()
    except OSError as error:
        return Finding(f"state folder {config.state}", f"cannot be written: {error.strerror}")
    return Finding(f"state folder {config.state}")


def _camera(camera: CameraConfig) -> Finding:
    from vidframe.core.run.loop import source_of
    from vidframe.core.sources.decoded import SourceError

    what = f"camera {camera.name}"
    stop = threading.Event()
    alarm = threading.Timer(FIRST_FRAME_TIMEOUT, stop.set)
    alarm.start()
    try:
        with source_of(camera, stop) as source:
            return _first_frame(what, source)
    except SourceError as error:
        return Finding(what, str(error))
    finally:
        alarm.cancel()


def _first_frame(what: str, source: Source) -> Finding:
    from vidframe.core.sources.decoded import DecodedFrame, StateChange

    reason = ""
    for moment in source:
        match moment:
            case DecodedFrame(picture=picture):
                return Finding(f"{what}, {picture.width} x {picture.height} from {source.name}")
            case StateChange():
                reason = moment.reason
    return Finding(what, f"no frame from {source.name} within {FIRST_FRAME_TIMEOUT:.0f} s. {reason}".rstrip(". "))
