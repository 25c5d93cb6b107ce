"""`vidframe check`, `explain` and `schema`: what a config means, before anything runs."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import click

from vidframe.core.config.keys import MODES
from vidframe.core.config.reading import Config, ConfigError, StepConfig, load, plugin_files
from vidframe.core.model import fields

CONFIG = click.argument("config", type=click.Path(path_type=Path))
PLUGINS_DIR = click.option(
    "--plugins-dir",
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Also load the *.py files of this folder as plugins.",
)


def loaded(path: Path, source: str | None = None, plugins_dir: Path | None = None) -> Config:
    """The config, or its mistakes on standard error and exit code 2."""
    try:
        return load(path, source=source, plugins_dir=plugins_dir)
    except ConfigError as error:
        for problem in error.problems:
            click.echo(str(problem), err=True)
        sys.exit(2)


@click.command()
@CONFIG
@PLUGINS_DIR
def check(config: Path, plugins_dir: Path | None) -> None:
    """Report the errors of a config, line by line. Exit code 0 or 2."""
    found = loaded(config, plugins_dir=plugins_dir)
    for warning in found.warnings:
        click.echo(str(warning), err=True)
    cameras = f"{len(found.cameras)} camera{'s' * (len(found.cameras) != 1)}"
    click.echo(f"{config}: ok, {cameras if not found.camera_plugin else f'cameras from {found.camera_plugin}'}")


@click.command()
@CONFIG
@PLUGINS_DIR
def explain(config: Path, plugins_dir: Path | None) -> None:
    """Show each camera's chain as data flow: which step adds what, and who uses it."""
    found = loaded(config, plugins_dir=plugins_dir)
    of_feeder = [replace(found.common, name=f"from {found.camera_plugin}")] if found.camera_plugin else []
    for camera in (*found.cameras, *of_feeder):
        click.echo(f"camera {camera.name}" if camera.source else f"every camera {camera.name}")
        modes = MODES if camera.mode else ("",)
        for mode in modes:
            click.echo(f"  by {mode}" if mode else "  always")
            for line in flow(camera.order(mode)):
                click.echo(f"    {line}")


def flow(steps: tuple[StepConfig, ...]) -> list[str]:
    """One line a step: what it uses and from whom, what it adds and for whom."""
    lines = []
    width = max((len(step.name) for step in steps), default=0)
    for i, step in enumerate(steps):
        uses = [_from(need, steps[:i]) for need in step.plugin.needs]
        adds = [_for(name, steps[i + 1 :]) for name in step.plugin.adds]
        parts = [f"uses {', '.join(uses)}" if uses else "", f"adds {', '.join(adds)}" if adds else "", _options(step)]
        lines.append(f"{i + 1}. {step.name:<{width}}  {' · '.join(part for part in parts if part)}".rstrip())
    return lines


def _from(need: str, before: tuple[StepConfig, ...]) -> str:
    name = need.removesuffix("?")
    adder = next((step.name for step in before if name in step.plugin.adds), None)
    if adder:
        return f"{name} (from {adder})"
    return f"{name} (from the camera)" if name in fields.SOURCE_NAMES else f"{name} (optional, not added)"


def _for(name: str, after: tuple[StepConfig, ...]) -> str:
    if name == "mode":
        return "mode (day or night, selects the steps)"
    users = [step.name for step in after if name in {need.removesuffix("?") for need in step.plugin.needs}]
    return f"{name} (for {', '.join(users)})" if users else f"{name} (unused)"


def _options(step: StepConfig) -> str:
    options = []
    if step.every.seconds:
        options.append(f"every {step.every.seconds:g} s")
    elif step.every.frames > 1:
        options.append(f"every {step.every.frames} frames")
    if step.when:
        options.append(f"when {step.when}")
    if step.on_error.action != "skip":
        after = f" after {step.on_error.after} failures" if step.on_error.after else ""
        options.append(f"on error {step.on_error.action}{after}")
    if step.isolate:
        options.append("in its own process")
    return ", ".join(options)


@click.command()
@PLUGINS_DIR
def schema(plugins_dir: Path | None) -> None:
    """Print the JSON Schema of configs with the settings of every installed plugin, for editors."""
    from vidframe.cli.schema import config_schema
    from vidframe.core.plugin.registry import PluginError, load_file

    try:
        plugins = [plugin for path in (plugin_files(plugins_dir) if plugins_dir else ()) for plugin in load_file(path)]
    except PluginError as error:
        raise click.ClickException(str(error)) from error
    click.echo(json.dumps(config_schema(plugins), indent=2))
