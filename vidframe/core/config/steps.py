"""Steps of a config: the plugin's name, its settings, and the options that the framework reads."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from vidframe.core.config.document import Document, Place
from vidframe.core.config.keys import StepKeys
from vidframe.core.config.model import StepConfig
from vidframe.core.config.validation import Errors, current_names, shown, validated, warn_renamed
from vidframe.core.model import fields
from vidframe.core.plugin import registry
from vidframe.core.plugin.registry import STEP_OPTIONS, Plugin, PluginError
from vidframe.tools import did_you_mean, reason_of

SHAPE = "a step is one plugin name, or one name with settings ({faces: {...}})"


@dataclass(frozen=True)
class Entry:
    """A step as the file has it, before a camera changes it."""

    name: str
    plugin: Plugin
    at: Place  # where the plugin is named
    raw: Mapping[str, Any]  # settings and options
    places: Mapping[str, Place]  # where each of them stands

    def overridden(self, raw: Mapping[str, Any], place: Place) -> Entry:
        """The step with other settings, which stand at `place`."""
        return replace(self, raw={**self.raw, **raw}, places={**self.places, **{key: (*place, key) for key in raw}})


class Steps:
    """Reads the steps of one document; each plugin is loaded once."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._plugins: dict[str, Plugin | None] = {}
        self._has_broken_file = False

    def add_file(self, path: Path, place: Place) -> None:
        """Makes the plugins of a Python file known."""
        try:
            plugins = registry.load_file(path)
        except PluginError as error:
            self._has_broken_file = True
            self.document.add_error(place, str(error))
            return
        for plugin in plugins:
            other = self._plugins.get(plugin.name)
            clash = "is installed, too" if plugin.name in registry.installed() else ""
            if other is not None and other.file is not None and other.file.resolve() != path.resolve():
                clash = f"{other.file} has, too"
            if clash:
                self.document.add_error(place, f"{path} has the plugin {plugin.name!r}, which {clash}; rename it")
            self._plugins[plugin.name] = plugin

    def mode(self, value: Any) -> Entry | None:
        """The step of `mode:`."""
        if value is None:
            return None
        if isinstance(value, str):
            return self._step(("mode",), ("mode",), value, {})
        if not isinstance(value, dict) or not isinstance(value.get("plugin"), str):
            self.document.add_error(("mode",), "mode must be {plugin: NAME, ...}, such as {plugin: day_night}")
            return None
        settings = {key: entry for key, entry in value.items() if key != "plugin"}
        return self._step(("mode", "plugin"), ("mode",), value["plugin"], settings)

    def chain(self, place: Place, values: Sequence[Any]) -> tuple[StepConfig, ...]:
        """The steps of a list."""
        steps: list[Entry] = []
        for i, value in enumerate(values):
            step = self._entry((*place, i), value)
            if step is not None:
                steps.append(self._numbered(step, {other.name for other in steps}))
        return tuple(map(self.config, steps))

    def config(self, entry: Entry) -> StepConfig:
        """The step with its settings checked."""
        options, own = _parted(entry.raw)
        plugin, place_of = entry.plugin, entry.places.__getitem__
        if isinstance(when := options.get("when"), str) and when in fields.RENAMED:
            options["when"] = fields.RENAMED[when]
            warn_renamed(self.document, place_of("when"), plugin.name, when, options["when"])
        keys = validated(self.document, StepKeys, options, place_of, entry.at, plugin.name)
        settings = self._settings(entry, own)
        required = [name for name, setting in plugin.settings.model_fields.items() if setting.is_required()]
        missing = tuple(name for name in required if name not in own)
        mark = self.document.mark(entry.at)
        return StepConfig(
            entry.name,
            plugin,
            settings,
            keys.every,
            keys.when,
            keys.on_error,
            keys.isolate,
            missing,
            mark,
            self.document.secrets_below(entry.places.values()),
            entry,
        )

    def renamed(self, plugin: Plugin, raw: dict[str, Any], place: Place) -> dict[str, Any]:
        """Settings at `place` with the names that the plugin has for them now."""
        return current_names(self.document, raw, getattr(plugin.kind, "renamed", {}), place, plugin.name)

    def _entry(self, place: Place, value: Any) -> Entry | None:
        if isinstance(value, str):
            return self._step(place, place, value, {})
        if not isinstance(value, dict) or len(value) != 1:
            found = shown(self.document, place, value)
            if isinstance(value, dict) and value:
                hint = "; indent the settings under the plugin's name" if None in value.values() else ""
                found = f"the keys {', '.join(value)}{hint}"
            self.document.add_error(place, f"{SHAPE}; found {found}")
            return None
        ((name, settings),) = value.items()
        inner = (*place, name)
        if not isinstance(settings, dict | None):
            found = shown(self.document, inner, settings)
            self.document.add_unreadable(inner, f"the settings of {name} must be `key: value` pairs, found {found}")
            settings = None
        return self._step(place, inner, name, settings or {})

    def _numbered(self, step: Entry, taken: set[str]) -> Entry:
        if step.name not in taken:
            return step
        if step.name != step.plugin.name:
            self.document.add_error(step.at, f"two steps are named {step.name!r}")
        number = next(n for n in range(2, len(taken) + 3) if f"{step.plugin.name}-{n}" not in taken)
        return replace(step, name=f"{step.plugin.name}-{number}")

    def _step(self, at: Place, place: Place, name: str, raw: dict[str, Any]) -> Entry | None:
        """`at` is where the plugin is named, `place` where its settings stand."""
        plugin = self._plugin(at, name)
        if plugin is None:
            return None
        raw = self.renamed(plugin, raw, place)
        own_name = raw.get("name")
        named = own_name if isinstance(own_name, str) and own_name else name
        return Entry(named, plugin, at, raw, {key: (*place, key) for key in raw})

    def _plugin(self, place: Place, name: str) -> Plugin | None:
        if name not in self._plugins:
            try:
                self._plugins[name] = registry.load(name)
            except PluginError as error:
                self._plugins[name] = None
                self._add_unknown(place, name, str(error))
        return self._plugins[name]

    def _add_unknown(self, place: Place, name: str, message: str) -> None:
        known = [*registry.installed(), *(name for name, plugin in self._plugins.items() if plugin and plugin.file)]
        if name not in known and self._has_broken_file:
            return  # it may be the one in that file
        if name not in known:
            message += f"{did_you_mean(name, known)} (installed: {', '.join(known) or 'none'})"
        self.document.add_error(place, message, of_key=place not in self.document.values)

    def _settings(self, entry: Entry, raw: Mapping[str, Any]) -> dict[str, Any]:
        plugin, place_of = entry.plugin, entry.places.__getitem__
        try:
            model = plugin.settings.model_validate_json(json.dumps(raw), strict=True)
        except ValidationError as error:
            Errors(self.document, plugin.settings, plugin.name, place_of, entry.at, of_plugin=True).add(error)
            return {}
        values = {key: getattr(model, key) for key in model.model_fields_set}
        for key, value in values.items():
            if isinstance(value, Path):
                values[key] = self.document.folder(place_of(key)) / value
        try:
            self._check_instance(entry, plugin.kind(**values))
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            words = self.document.without_secrets(reason_of(error).removeprefix(f"{type(error).__name__}: "))
            self.document.add_error(entry.at, f"{plugin.name}: {words}")
        return values

    def _check_instance(self, entry: Entry, instance: Any) -> None:
        for name in ("needs", "adds"):
            of_class, of_instance = (tuple(getattr(each, name, ())) for each in (entry.plugin.kind, instance))
            if of_class != of_instance:
                message = f"its constructor sets {name} to {of_instance}, and its class has {of_class}"
                self.document.add_error(entry.at, f"{entry.plugin.name}: {message}; declare it on the class")


def _parted(raw: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The options that the framework reads, and the plugin's own settings."""
    options = {key: value for key, value in raw.items() if key in STEP_OPTIONS}
    return options, {key: value for key, value in raw.items() if key not in STEP_OPTIONS}
