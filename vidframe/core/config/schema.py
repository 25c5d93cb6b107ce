"""The JSON Schema of configs, with the settings of every installed plugin, from which editors complete and check."""

from __future__ import annotations

import json
from typing import Any

from vidframe.core.plugin.probe import Description, probe

TEXTS: dict[str, Any] = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}

CLUSTER: dict[str, Any] = {
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

OPTIONS: dict[str, Any] = {
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

CAMERA: dict[str, Any] = {
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


def config_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of a config file."""
    plugins = [plugin for plugin in probe() if plugin.state == "ok"]
    names = [plugin.name for plugin in plugins]
    definitions: dict[str, Any] = {"camera": CAMERA, "step": _step(names)}
    for plugin in plugins:
        definitions |= _definitions(plugin)
    modes = [plugin.name for plugin in plugins if "mode" in plugin.adds]
    chain = {"type": "array", "items": {"$ref": "#/$defs/step"}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "vidframe config",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "cameras": {"type": "object", "additionalProperties": {"$ref": "#/$defs/camera"}},
            "mode": {"anyOf": [{"enum": modes}, *({"$ref": f"#/$defs/mode.{name}"} for name in modes)]},
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
                "description": "Port of the loopback, or host:port, at which metrics are shown",
            },
            "cluster": CLUSTER,
        },
        "$defs": definitions,
    }


def _step(names: list[str]) -> dict[str, Any]:
    settings = {name: {"anyOf": [{"$ref": f"#/$defs/plugin.{name}"}, {"type": "null"}]} for name in names}
    with_settings = {"type": "object", "properties": settings, "additionalProperties": False, "maxProperties": 1}
    return {"anyOf": [{"enum": names}, with_settings]}


def _definitions(plugin: Description) -> dict[str, Any]:
    """The plugin's settings as those of a step, and of the mode where it decides one; its own types bear its name."""
    own = json.loads(json.dumps(plugin.schema or {}).replace('"#/$defs/', f'"#/$defs/{plugin.name}.'))
    inner = {f"{plugin.name}.{name}": definition for name, definition in own.pop("$defs", {}).items()}
    own |= {"description": plugin.summary, "title": plugin.name}
    settings = own.get("properties", {}) | OPTIONS["properties"]
    inner[f"plugin.{plugin.name}"] = own | {"properties": settings}
    if "mode" in plugin.adds:
        named = {"plugin": {"const": plugin.name}} | settings
        inner[f"mode.{plugin.name}"] = own | {"properties": named, "required": ["plugin", *own.get("required", [])]}
    return inner
