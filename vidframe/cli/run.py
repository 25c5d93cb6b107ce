"""`vidframe run`: the cameras of a config, until they end or somebody stops them."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from vidframe.core.run.feed import Feed

from vidframe.cli.check import CONFIG, PLUGINS_DIR, loaded
from vidframe.cli.process import exit_with, own_output
from vidframe.core.config.reading import Config, StepConfig, load
from vidframe.core.observe.logs import Form
from vidframe.core.observe.logs import set_up as set_up_logs
from vidframe.core.observe.metrics import CameraMetrics
from vidframe.core.plugin import registry
from vidframe.core.plugin.registry import Plugin
from vidframe.core.sources.address import address_problem

log = logging.getLogger(__name__)

LOG_FORMAT = click.option(
    "--log-format", type=click.Choice(["text", "json"]), default="text", help="Text lines, or one JSON object per line."
)
VERBOSE = click.option("--verbose", is_flag=True, help="Also log every change of a camera's state.")


def _source(context: click.Context, option: click.Parameter, source: str | None) -> str | None:
    problem = "it is empty" if source == "" else address_problem(source or "")
    if problem is not None:
        raise click.BadParameter(problem)
    return source


@click.command()
@CONFIG
@click.option("--source", metavar="PATH_OR_URL", callback=_source, help="Use this in place of every camera's source.")
@click.option("--frames", type=click.IntRange(min=1), metavar="N", help="End each camera after N frames.")
@click.option("--events", type=click.Path(path_type=Path, dir_okay=False), help="Append the events as JSON lines.")
@click.option("--annotate", type=click.Path(path_type=Path, dir_okay=False), help="Write a clip with what was found.")
@click.option("--strict", is_flag=True, help="Exit with 1 after any failure or undeclared write of a step.")
@PLUGINS_DIR
@click.option("--no-progress", is_flag=True, help="Print no progress bar.")
@LOG_FORMAT
@VERBOSE
@click.option("--profile", is_flag=True, help="Print what each step cost.")
def run(
    config: Path,
    source: str | None,
    frames: int | None,
    events: Path | None,
    annotate: Path | None,
    strict: bool,
    plugins_dir: Path | None,
    no_progress: bool,
    log_format: Form,
    verbose: bool,
    profile: bool,
) -> None:
    """Run the cameras of a config.

    Exit code 0: done. 1: a camera failed, or a step was disabled, could not be opened or failed on each frame, event or
    drawing; with --strict: any step failed once. 2: the config or the command line is wrong.
    """
    set_up_logs(log_format, verbose=verbose)
    found = loaded(config, source, plugins_dir)
    for warning in found.warnings:
        log.warning("%s", warning)
    if not found.cameras and not found.camera_plugin:
        raise click.ClickException(f"{config}: no camera to run")
    threads = set(threading.enumerate())
    with own_output():
        metrics = run_config(
            found,
            events=events,
            annotate=annotate,
            frames=frames,
            strict=strict,
            progress=not no_progress,
            reload=lambda: load(config, source=source, plugins_dir=plugins_dir),
        )
    from vidframe.cli.summary import print_profile, print_summary

    print_summary(metrics)
    if profile:
        print_profile(metrics)
    for path in (events, *annotated(found, annotate).values()):
        if path is not None and path.exists():
            click.echo(path)
    exit_with(1 if any(camera.has_failed(strict=strict) for camera in metrics) else 0, threads)


def run_config(
    config: Config,
    *,
    events: Path | None = None,
    annotate: Path | None = None,
    frames: int | None = None,
    strict: bool = False,
    progress: bool = True,
    reload: Callable[[], Config] | None = None,
) -> list[CameraMetrics]:
    """Runs a config with the outputs of the command line; returns the metrics of its cameras."""
    from vidframe.cli.progress import Progress
    from vidframe.core.observe.monitor import MonitorError
    from vidframe.core.observe.runfile import StateInUseError
    from vidframe.core.run import supervisor

    one_opencv_thread()
    feed = feed_of(config)
    with Progress(enabled=progress and sys.stderr.isatty()) as bar:
        sinks = _sinks(config, events, annotate)
        try:
            return supervisor.run(
                config, sinks=sinks, frames=frames, strict=strict, watch=bar.update, reload=reload, feed=feed
            )
        except MonitorError as error:
            raise click.ClickException(f"{config.path}: {error}") from error
        except StateInUseError as error:
            raise click.UsageError(f"{config.path}: {error}") from None


def one_opencv_thread() -> None:
    """Each camera has a thread of its own: OpenCV's would only compete with them. For this process and its children.

    Read by OpenCV when it is imported; who sets the variable decides.
    """
    os.environ.setdefault("OPENCV_FOR_THREADS_NUM", "1")


def feed_of(config: Config) -> Feed | None:
    """The feed of cameras that a plugin knows; None where the file has them."""
    from vidframe.core.run.feed import Feed

    return Feed(config) if config.camera_plugin is not None else None


def _sinks(config: Config, events: Path | None, annotate: Path | None) -> list[StepConfig]:
    sinks = []
    if events is not None:
        _must_be_writable(events)
        sinks.append(StepConfig("events", _output("events"), {"file": events}))
    if annotate is not None:
        _must_be_writable(annotate)
        several = len(config.cameras) != 1
        clip = annotate.with_name(f"{annotate.stem}-{{camera}}{annotate.suffix}") if several else annotate
        sinks.append(StepConfig("annotate", _output("annotate"), {"file": clip}))
    return sinks


def _output(name: str) -> Plugin:
    """One of the steps of vidframe-output, which a config can name as well."""
    try:
        return registry.load(name)
    except registry.PluginError as error:
        raise click.ClickException(
            f"--{name} needs the plugin {name}: pip install vidframe-output ({error})"
        ) from error


def annotated(config: Config, path: Path | None) -> dict[str, Path]:
    """Where the annotated clip of each camera goes: the path itself for one camera, NAME-camera.mp4 for several."""
    if path is None:
        return {}
    if len(config.cameras) == 1:
        return {config.cameras[0].name: path}
    return {camera.name: path.with_name(f"{path.stem}-{camera.name}{path.suffix}") for camera in config.cameras}


def _must_be_writable(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.open("ab").close()
    except OSError as error:
        raise click.ClickException(f"cannot write {path}: {error.strerror}") from error
