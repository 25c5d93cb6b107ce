"""`vidframe check`, `explain` and `schema`: what a config means, before anything runs."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from vidframe.core.config import MODES, CameraConfig, Config, ConfigError, StepConfig, load

CONFIG = click.argument("config", type=click.Path(path_type=Path))


def loaded(path: Path, source: str | None = None) -> Config:
    """The config, or its mistakes on standard error and exit code 2."""
    try:
        return load(path, source=source)
    except ConfigError as error:
        for problem in error.problems:
            click.echo(str(problem), err=True)
        sys.exit(2)


@click.command()
@CONFIG
def check(config: Path) -> None:
    """Say what is wrong with a config, line by line. Exit code 0 or 2."""
    found = loaded(config)
    cameras = f"{len(found.cameras)} camera{'s' * (len(found.cameras) != 1)}"
    click.echo(f"{config}: ok, {cameras if not found.camera_plugin else f'cameras from {found.camera_plugin}'}")


@click.command()
@CONFIG
def explain(config: Path) -> None:
    """Show each camera's chain as data flow: which step adds what, and who uses it."""
    found = loaded(config)
    for camera in found.cameras:
        click.echo(f"camera {camera.name}")
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
        return f"{name} (of {adder})"
    return f"{name} (of the camera)" if name in ("image", "packets") else f"{name} (nobody adds it; does without)"


def _for(name: str, after: tuple[StepConfig, ...]) -> str:
    users = [step.name for step in after if name in {need.removesuffix("?") for need in step.plugin.needs}]
    return f"{name} (for {', '.join(users)})" if users else f"{name} (nobody uses it)"


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
        options.append("in a process of its own")
    return ", ".join(options)


@click.command()
def schema() -> None:
    """Print the JSON Schema of configs with the settings of every installed plugin, for editors."""
    click.echo(json.dumps(config_schema(), indent=2))


def config_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of a config file."""
    from vidframe.core.probe import probe

    definitions: dict[str, Any] = {"options": STEP_OPTION_SCHEMA}
    plugins = [plugin for plugin in probe() if plugin.state == "ok"]
    for plugin in plugins:
        own = dict(plugin.schema or {})
        definitions |= own.pop("$defs", {})
        own["properties"] = own.get("properties", {}) | STEP_OPTION_SCHEMA["properties"]
        definitions[f"plugin.{plugin.name}"] = own | {"description": plugin.summary, "title": plugin.name}
    names = [plugin.name for plugin in plugins]
    steps = {name: {"anyOf": [{"$ref": f"#/$defs/plugin.{name}"}, {"type": "null"}]} for name in names}
    definitions["step"] = {
        "anyOf": [
            {"enum": names},
            {"type": "object", "properties": steps, "additionalProperties": False, "maxProperties": 1},
        ]
    }
    definitions["camera"] = CAMERA_SCHEMA
    chain = {"type": "array", "items": {"$ref": "#/$defs/step"}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "vidframe config",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "cameras": {"type": "object", "additionalProperties": {"$ref": "#/$defs/camera"}},
            "mode": {"type": ["object", "string"], "properties": {"plugin": {"enum": names}}},
            "day": chain,
            "night": chain,
            "always": chain,
            "state": {"type": "string", "description": "Folder for what plugins keep between runs"},
            "workers": {
                "anyOf": [{"const": "auto"}, {"type": "integer", "minimum": 0, "maximum": 64}],
                "description": "Processes among which the cameras are spread; auto: one a core",
            },
            "metrics": {
                "type": ["integer", "string"],
                "description": "Port of the loopback, or host:port, at which figures are shown",
            },
            "cluster": CLUSTER_SCHEMA,
        },
        "$defs": definitions,
    }


TEXTS: dict[str, Any] = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}

CLUSTER_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "Where machines meet that share the cameras (vidframe node)",
    "additionalProperties": False,
    "properties": {
        "bus": TEXTS | {"description": "NATS servers, as nats://10.0.0.5:4222"},
        "name": {"type": "string", "description": "Parts the shops that use one bus"},
        "credentials": {"type": "string", "description": "user:password or a token; use !env NAME"},
        "ca": {"type": "string", "description": "File with the authority of the servers' certificates, PEM"},
        "certificate": {"type": "string", "description": "File with this machine's certificate, PEM"},
        "key": {"type": "string", "description": "File with the key of the certificate, PEM"},
        "lease": {"type": ["string", "number"], "description": "Silence after which a machine's cameras move"},
        "replicas": {"enum": [1, 3, 5], "description": "Servers that hold each event"},
    },
}

STEP_OPTION_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "every": {
            "description": "Each N-th frame, or once in a time such as 200ms",
            "anyOf": [{"type": "integer", "minimum": 1}, {"type": "string"}],
        },
        "when": {"type": "string", "description": "day, night, or what must be on the frame, such as motion or faces"},
        "on_error": {
            "anyOf": [
                {"enum": ["skip", "stop"]},
                {
                    "type": "object",
                    "properties": {"disable_after": {"type": "integer", "minimum": 1}},
                    "required": ["disable_after"],
                    "additionalProperties": False,
                },
            ]
        },
        "isolate": {
            "description": "Run it in a process of its own; patience: how long it may take for a frame",
            "anyOf": [
                {"const": "process"},
                {
                    "type": "object",
                    "properties": {"patience": {"type": ["number", "string"]}},
                    "required": ["patience"],
                    "additionalProperties": False,
                },
            ],
        },
        "name": {"type": "string", "description": "Tells two steps of one plugin apart"},
    },
}

CAMERA_SCHEMA: dict[str, Any] = {
    "anyOf": [
        {"type": "string"},
        {
            "type": "object",
            "additionalProperties": False,
            "required": ["source"],
            "properties": {
                "source": {"type": "string", "description": "Address, file, folder of pictures, webcam:0 or -"},
                "credentials": {"type": "string", "description": "user:password; use !env NAME"},
                "pace": {"enum": ["fast", "real"], "description": "How fast a recording is played"},
                "fps": {"type": "number", "exclusiveMinimum": 0, "description": "Of a folder of pictures or a pipe"},
                "timeout": {
                    "type": ["number", "string"],
                    "description": "Without a picture, a live camera is connected again",
                },
                "frozen_after": {
                    "type": ["number", "string"],
                    "description": "Of the same picture, a camera counts as stalled",
                },
                "nodes": TEXTS | {"description": "Machines that may run it, as shop-7-*; `vidframe node` alone asks"},
                "with": {"type": "object", "description": "Other settings of some steps for this camera"},
                "without": {"type": "array", "items": {"type": "string"}, "description": "Steps that it does without"},
            },
        },
    ]
}

__all__ = ["CameraConfig", "check", "config_schema", "explain", "flow", "loaded", "schema"]
