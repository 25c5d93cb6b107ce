"""The JSON Schema of configs, with the settings of every plugin, from which editors complete and check."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from pydantic.json_schema import models_json_schema

from vidframe.core.config.keys import CameraKeys, FileKeys, Keys, StepKeys
from vidframe.core.plugin.probe import Description, probe
from vidframe.core.plugin.registry import Plugin

MODELS: tuple[type[Keys], ...] = (FileKeys, CameraKeys, StepKeys)


def config_schema(plugins: Iterable[Plugin] = ()) -> dict[str, Any]:
    """JSON Schema (2020-12) of a config file; `plugins` are those that are not installed."""
    described = [plugin for plugin in probe() if plugin.state == "ok"]
    described += [
        Description(each.name, "ok", summary=each.summary, adds=each.adds, schema=each.settings.model_json_schema())
        for each in plugins
    ]
    definitions: dict[str, Any] = models_json_schema([(model, "validation") for model in MODELS])[1]["$defs"]
    file, camera, options = (definitions.pop(model.__name__) for model in MODELS)
    for old, new in CameraKeys.renamed.items():
        camera["properties"][old] = camera["properties"][new] | {"deprecated": True}
    for plugin in described:
        definitions |= _definitions(plugin, options["properties"])
    names = [plugin.name for plugin in described]
    modes = [plugin.name for plugin in described if "mode" in plugin.adds]
    definitions |= {"camera": {"anyOf": [{"type": "string"}, camera]}, "step": _step(names)}
    properties = file["properties"]
    properties["cameras"] |= {"type": "object", "additionalProperties": {"$ref": "#/$defs/camera"}}
    properties["mode"] |= {"anyOf": [{"enum": modes}, *({"$ref": f"#/$defs/mode.{name}"} for name in modes)]}
    for chain in ("day", "night", "always"):
        properties[chain] |= {"anyOf": [{"type": "array", "items": {"$ref": "#/$defs/step"}}, {"type": "null"}]}
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return {**head, **file, "title": "vidframe config", "$defs": definitions}


def _step(names: list[str]) -> dict[str, Any]:
    settings = {name: {"anyOf": [{"$ref": f"#/$defs/plugin.{name}"}, {"type": "null"}]} for name in names}
    with_settings = {"type": "object", "properties": settings, "additionalProperties": False, "maxProperties": 1}
    return {"anyOf": [{"enum": names}, with_settings]}


def _definitions(plugin: Description, options: dict[str, Any]) -> dict[str, Any]:
    """The plugin's settings as those of a step, and of the mode where it decides one; its own types bear its name."""
    own = json.loads(json.dumps(plugin.schema or {}).replace('"#/$defs/', f'"#/$defs/{plugin.name}.'))
    inner = {f"{plugin.name}.{name}": definition for name, definition in own.pop("$defs", {}).items()}
    own |= {"description": plugin.summary, "title": plugin.name}
    settings = own.get("properties", {}) | options
    inner[f"plugin.{plugin.name}"] = own | {"properties": settings}
    if "mode" in plugin.adds:
        named = {"plugin": {"const": plugin.name}} | settings
        inner[f"mode.{plugin.name}"] = own | {"properties": named, "required": ["plugin", *own.get("required", [])]}
    return inner
