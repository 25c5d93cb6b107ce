"""Settings that were renamed keep their old name, with a warning, for one minor version."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic_core import to_jsonable_python

from vidframe.core.config.reading import Config, ConfigError, load
from vidframe.core.plugin import registry
from vidframe.core.plugin.registry import Plugin

PLUGINS = [registry.load(name) for name in sorted(registry.installed())]
RENAMED = [(plugin, old, new) for plugin in PLUGINS for old, new in getattr(plugin.kind, "renamed", {}).items()]
REQUIRED: dict[str, dict[str, Any]] = {
    "mqtt": {"host": "broker"},
    "webhook": {"url": "https://x/", "secret": "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"},
    "interest": {"zones": [{"name": "tea", "sector": [-40, -10]}]},
    "shop": {"url": "https://shop.example", "token": "a-token-of-a-test"},
}


def config_with(plugin: Plugin, settings: dict[str, Any], folder: Path) -> Config:
    settings = REQUIRED.get(plugin.name, {}) | settings
    config: dict[str, Any] = {"cameras": {"door": "a.mp4"}}
    if "mode" in plugin.adds:
        config["mode"] = {"plugin": plugin.name} | settings
    else:
        before = [] if plugin.name == "faces" else ["faces"]
        config["always"] = [*before, {plugin.name: settings}]
    path = folder / "shop.yaml"
    path.write_text(json.dumps(config))
    return load(path)


def setting_of(plugin: Plugin, name: str, config: Config) -> Any:
    step = next(step for step in config.cameras[0].steps if step.plugin.name == plugin.name)
    return step.settings[name]


@pytest.mark.parametrize(("plugin", "old", "new"), RENAMED, ids=[f"{p.name}.{old}" for p, old, _ in RENAMED])
def test_an_old_name_works_with_a_warning_and_not_beside_the_new_one(
    plugin: Plugin, old: str, new: str, tmp_path: Path
) -> None:
    default = plugin.settings.model_fields[new].get_default(call_default_factory=True)
    value = to_jsonable_python(default)

    config = config_with(plugin, {old: value}, tmp_path)

    assert setting_of(plugin, new, config) == default
    message = f"warning: {plugin.name}: {old!r} is now {new!r}; the old name goes with version 0.3"
    assert message in [warning.message for warning in config.warnings]
    with pytest.raises(ConfigError, match=f"{old!r} is the old name of {new!r}; only one of them can be given"):
        config_with(plugin, {old: value, new: value}, tmp_path)


@pytest.mark.parametrize(
    ("name", "old", "value", "new", "meant"),
    [
        ("abnormality", "light", "report", "report_lights", True),
        ("abnormality", "light", "ignore", "report_lights", False),
        ("shop", "picture", "asked", "live_view", "on_request"),
    ],
)
def test_an_old_value_is_read_as_the_new_one(
    name: str, old: str, value: str, new: str, meant: object, tmp_path: Path
) -> None:
    plugin = registry.load(name)

    assert setting_of(plugin, new, config_with(plugin, {old: value}, tmp_path)) == meant
