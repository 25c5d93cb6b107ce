"""The chain that is measured, and how it is taken over a clip."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, TypeVar

import click

from vidframe.pipeline import Config, ConfigError, Pipeline, SourceError, StepFailed, load_config
from vidframe.tools import did_you_mean
from vidframe_lab.evaluation.files import DataError

Command = TypeVar("Command", bound=Callable[..., Any])
Chain = Callable[[], Any]  # what Pipeline takes as its chain, anew for each clip


def config_options(command: Command) -> Command:
    """`--config FILE` and `--camera NAME`."""
    command = click.option("--camera", metavar="NAME", help="Camera of the config whose chain is run.")(command)
    return click.option(
        "--config",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="Config whose steps of `day` and `always` are run.",
    )(command)


def chain_of_config(path: Path | None, camera: str | None, measured: str) -> Chain | None:
    """None without a config. The steps of one camera that add something to a frame, and those of the plugin that is measured.

    Steps that only act (shop, recorder, output) are left out: nobody shall be alerted by a test. Of the modes it is
    the day that is run.
    """
    if path is None:
        if camera is not None:
            raise click.UsageError("--camera names one of a config; give it, too: --config FILE")
        return None
    try:
        config = load_config(path)
    except ConfigError as error:
        raise DataError(str(error)) from None
    known = {each.name: each for each in config.cameras}
    if camera is None and len(known) != 1:
        raise DataError(f"{path} has {len(known)} cameras ({', '.join(known)}); say which: --camera NAME")
    if camera is not None and camera not in known:
        raise DataError(f"{path} has no camera {camera!r}; it has {', '.join(known)}")
    chosen = known[camera] if camera is not None else config.cameras[0]
    by_day = (*chosen.chains.get("day", ()), *chosen.chains.get("always", ()))
    steps = tuple(step for step in by_day if step.plugin.adds or step.plugin.name == measured)
    if not any(step.plugin.name == measured or measured in step.plugin.adds for step in steps):
        raise DataError(f"{path}: camera {chosen.name} has no step {measured} in `day` or `always`")
    only: Config = replace(config, cameras=(replace(chosen, mode=None, chains={"always": steps}),))
    return lambda: only


def chain_of_steps(names: Sequence[str]) -> Chain:
    """Steps by the names of their plugins, with default settings."""
    known = {entry.name: entry for entry in entry_points(group="vidframe.plugins")}
    for name in names:
        if name not in known:
            raise DataError(f"no plugin {name!r} is installed{did_you_mean(name, known)}")
    kinds = [known[name].load() for name in names]

    def made() -> list[Any]:
        try:
            return [kind() for kind in kinds]
        except TypeError as error:
            raise DataError(f"--chain {','.join(names)}: {error}; give the settings in a file, by --config") from None

    made()
    return made


@contextmanager
def taken_over(chain: Chain, clip: Path) -> Iterator[Pipeline]:
    """Runs the chain over a clip: a Pipeline to take frames from. Warns of steps that failed."""
    if not clip.exists():
        raise DataError(f"{clip} does not exist")
    try:
        pipeline = Pipeline(chain(), source=clip, pace="fast")
    except (ConfigError, ValueError) as error:
        raise DataError(f"{clip}: {error}") from None
    try:
        with pipeline:
            yield pipeline
    except (SourceError, StepFailed) as error:
        raise DataError(str(error)) from None
    for name in dict.fromkeys(failure.step for failure in pipeline.failures):
        errors = [failure.error for failure in pipeline.failures if failure.step == name]
        click.echo(f"vidframe: {clip}: step {name} failed {len(errors)} times: {errors[0]}", err=True)
