"""Steps of a config: the plugin's name, its settings, and the options that the framework reads."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from vidframe.core.config.document import Place
from vidframe.core.config.model import MODES, Every, OnError, StepConfig
from vidframe.core.config.values import Values, did_you_mean
from vidframe.core.model import fields
from vidframe.core.plugin import registry
from vidframe.core.plugin.registry import STEP_OPTIONS, Plugin, PluginError
from vidframe.core.plugin.settings import seconds

PlaceOf = Callable[[str], Place]  # key of a step -> where its value stands

ISOLATED_PATIENCE = 1.0  # seconds; what is found in a picture after that is of little use
SHAPE = "a step is one plugin name, or one name with settings ({faces: {...}})"


class Steps:
    """Reads the steps of one document; each plugin is loaded once."""

    def __init__(self, values: Values) -> None:
        self.values = values
        self.document = values.document
        self.plugins: dict[str, Plugin | None] = {}

    def mode(self, value: Any) -> StepConfig | None:
        """The step of `mode:`."""
        if value is None:
            return None
        if isinstance(value, str):
            return self._step(("mode",), ("mode",), value, {})
        if not isinstance(value, dict) or "plugin" not in value:
            self.document.complain(("mode",), "mode must be {plugin: NAME, ...}, such as {plugin: day_night}")
            return None
        settings = {key: entry for key, entry in value.items() if key != "plugin"}
        name = self.values.text(("mode", "plugin"), value["plugin"])
        return self._step(("mode", "plugin"), ("mode",), name, settings) if name else None

    def chain(self, place: Place, value: Any) -> tuple[StepConfig, ...]:
        """A list of steps."""
        if value is None:
            return ()
        if not isinstance(value, list):
            found = self.values.shown(place, value)
            self.document.complain(place, f"{place[-1]} must be a list of steps, found {found}")
            return ()
        steps: list[StepConfig] = []
        for i, entry in enumerate(value):
            step = self._entry((*place, i), entry)
            if step is not None:
                steps.append(self._renamed(step, steps, (*place, i)))
        return tuple(steps)

    def overridden(self, step: StepConfig, raw: Mapping[str, Any], place: Place) -> StepConfig:
        """The step with other settings, which stand at `place`."""
        options, own = _parted(raw)

        def place_of(key: str) -> Place:
            return (*(place if key in own else step.place), key)

        merged = {**step.raw, **own}
        settings = self._settings(step.plugin, merged, place_of, place)
        step = replace(step, settings=settings, raw=merged, lacks=_lacking(step.plugin, merged))
        return self._with_options(step, options, lambda key: (*place, key))

    def _entry(self, place: Place, value: Any) -> StepConfig | None:
        if isinstance(value, str):
            return self._step(place, place, value, {})
        if isinstance(value, dict) and len(value) > 1:
            hint = "; settings stand deeper than the plugin's name" if None in value.values() else ""
            self.document.complain(place, f"{SHAPE}; found the keys {', '.join(value)}{hint}")
            return None
        if not isinstance(value, dict) or not value:
            self.document.complain(place, f"{SHAPE}; found {self.values.shown(place, value)}")
            return None
        ((name, settings),) = value.items()
        if settings is not None and not isinstance(settings, dict):
            inner = (*place, name)
            found = self.values.shown(inner, settings)
            self.document.give_up(inner, f"the settings of {name} must be `key: value` pairs, found {found}")
            settings = None
        return self._step(place, (*place, name), name, settings or {})

    def _renamed(self, step: StepConfig, before: list[StepConfig], place: Place) -> StepConfig:
        taken = {other.name for other in before}
        if step.name not in taken:
            return step
        if step.name != step.plugin.name:
            self.document.complain(place, f"two steps are named {step.name!r}")
        number = next(n for n in range(2, len(taken) + 3) if f"{step.plugin.name}-{n}" not in taken)
        return replace(step, name=f"{step.plugin.name}-{number}")

    def _step(self, at: Place, place: Place, name: str, raw: Mapping[str, Any]) -> StepConfig | None:
        """`at` is where the plugin is named, `place` where its settings stand."""
        plugin = self._plugin(at, name)
        if plugin is None:
            return None
        options, own = _parted(raw)
        own_name = options.get("name")
        step = StepConfig(
            own_name if isinstance(own_name, str) else name,
            plugin,
            self._settings(plugin, own, lambda key: (*place, key), at),
            lacks=_lacking(plugin, own),
            raw=own,
            place=place,
            mark=self.document.mark(at),
        )
        return self._with_options(step, options, lambda key: (*place, key))

    def _plugin(self, place: Place, name: str) -> Plugin | None:
        if name not in self.plugins:
            try:
                self.plugins[name] = registry.load(name)
            except PluginError as error:
                self.plugins[name] = None
                known = registry.installed()
                message = str(error)
                if name not in known:
                    message += f"{did_you_mean(name, known)} (installed: {', '.join(known) or 'none'})"
                self.document.complain(place, message, of_key=place not in self.document.values)
        return self.plugins[name]

    # --- settings ---

    def _settings(self, plugin: Plugin, raw: Mapping[str, Any], place_of: PlaceOf, at: Place) -> dict[str, Any]:
        try:
            model = plugin.settings.model_validate_json(json.dumps(raw), strict=True)
        except ValidationError as error:
            for detail in error.errors():
                if detail["type"] != "missing" or len(detail["loc"]) > 1:  # a camera may give it in its `with`
                    self._setting_problem(plugin, detail, place_of, at)
            return {}
        values = {key: getattr(model, key) for key in model.model_fields_set}
        for key, value in values.items():
            if isinstance(value, Path):
                values[key] = self.document.folder(place_of(key)) / value
        try:
            plugin.kind(**values)
        except (Exception, SystemExit) as error:
            words = " ".join(str(error).split()) or type(error).__name__
            self.document.complain(at, f"{plugin.name}: {words}")
        return values

    def _setting_problem(self, plugin: Plugin, detail: Any, place_of: PlaceOf, at: Place) -> None:
        loc, value = detail["loc"], detail["input"]
        place = (*place_of(loc[0]), *loc[1:]) if loc else at
        if detail["type"] == "extra_forbidden":
            self._unknown_setting(plugin, loc, place)
            return
        path = ".".join(str(part) for part in loc if isinstance(part, str) or len(loc) > 1)
        found = self.values.shown(place, value)
        if isinstance(value, str) and value.endswith((".yaml", ".yml")) and place not in self.document.secrets:
            found += f"; to take it from that file, write !include {value}"
        self.document.complain(place, f"{plugin.name}: {path} {_plain(detail)}, found {found}")

    def _unknown_setting(self, plugin: Plugin, loc: tuple[Any, ...], place: Place) -> None:
        known, key = list(plugin.settings.model_fields), str(loc[-1])
        hint = did_you_mean(key, known) if len(loc) == 1 else ""
        if len(loc) == 1 and not hint:
            hint = f"; its settings are {', '.join(known) or 'none'}"
        self.document.complain(place, f"{plugin.name} has no setting {key!r}{hint}", of_key=True)

    # --- options ---

    def _with_options(self, step: StepConfig, options: Mapping[str, Any], place_of: PlaceOf) -> StepConfig:
        if "name" in options:
            self.values.text(place_of("name"), options["name"])
        if "every" in options:
            step = replace(step, every=self._every(place_of("every"), options["every"]))
        if "when" in options:
            step = replace(step, when=self._when(place_of("when"), options["when"]))
        if "on_error" in options:
            step = replace(step, on_error=self._on_error(place_of("on_error"), options["on_error"]))
        if "isolate" in options:
            step = replace(step, isolate=self._isolate(place_of("isolate"), options["isolate"]))
        return step

    def _every(self, place: Place, value: Any) -> Every:
        if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
            return Every(frames=value)
        try:
            if isinstance(value, str) and (pause := seconds(value)) > 0:
                return Every(seconds=pause)
        except ValueError:
            pass
        found = self.values.shown(place, value)
        self.document.complain(place, f"every must be a number of frames from 1 or a time such as 200ms, found {found}")
        return Every()

    def _when(self, place: Place, value: Any) -> str | None:
        known = (*MODES, *sorted(set(fields.NAMES) - fields.SOURCE_NAMES))
        if isinstance(value, str) and (value in MODES or (fields.is_known(value) and value not in fields.SOURCE_NAMES)):
            return fields.current(value)
        found = self.values.shown(place, value) + (did_you_mean(value, known) if isinstance(value, str) else "")
        self.document.complain(place, f"when must be one of {', '.join(known)} or notes.<name>, found {found}")
        return None

    def _on_error(self, place: Place, value: Any) -> OnError:
        if value == "skip" or value == "stop":
            return OnError(value)
        if isinstance(value, dict) and value:
            after = self.values.mapping(place, value, ("disable_after",), "on_error").get("disable_after", 1)
            if isinstance(after, int) and not isinstance(after, bool) and after >= 1:
                return OnError("disable", after)
            place = (*place, "disable_after")
            found = self.values.shown(place, after)
            self.document.complain(place, f"disable_after must be a number of failures from 1, found {found}")
            return OnError()
        found = self.values.shown(place, value)
        self.document.complain(place, f"on_error must be skip, stop or {{disable_after: N}}, found {found}")
        return OnError()

    def _isolate(self, place: Place, value: Any) -> float | None:
        if value == "process":
            return ISOLATED_PATIENCE
        if isinstance(value, dict) and set(value) == {"patience"}:
            return self.values.duration((*place, "patience"), value["patience"])
        found = self.values.shown(place, value)
        self.document.complain(place, f"isolate must be process or {{patience: TIME}}, found {found}")
        return None


def _parted(raw: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The options that the framework reads, and the plugin's own settings."""
    options = {key: value for key, value in raw.items() if key in STEP_OPTIONS}
    return options, {key: value for key, value in raw.items() if key not in STEP_OPTIONS}


def _lacking(plugin: Plugin, raw: Mapping[str, Any]) -> tuple[str, ...]:
    fields = plugin.settings.model_fields
    return tuple(name for name, setting in fields.items() if setting.is_required() and name not in raw)


# Pydantic's kinds of error in the words of somebody who writes YAML.
_WORDS = {
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "string_type": "must be text",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "dict_type": "must be `key: value` pairs",
    "model_type": "must be `key: value` pairs",
    "dataclass_type": "must be `key: value` pairs",
    "missing": "is missing",
    "literal_error": "must be {expected}",
    "value_error": "cannot be used: {error}",
    "greater_than": "must be above {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be below {lt}",
    "less_than_equal": "must be at most {le}",
    "too_short": "must have at least {min_length} entries",
    "too_long": "must have at most {max_length} entries",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
}


def _plain(detail: Any) -> str:
    words = _WORDS.get(detail["type"])
    if words is not None:
        facts = detail.get("ctx", {}).items()
        return words.format_map({key: f"{fact:g}" if isinstance(fact, float) else fact for key, fact in facts})
    message = str(detail["msg"])
    for pydantic_says, we_say in (("Input should be", "must be"), ("Value should", "must"), ("Input should", "must")):
        message = message.replace(pydantic_says, we_say)
    return message
