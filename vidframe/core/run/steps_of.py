"""Steps made of plugin instances, for those who write their chain in Python."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import Any

from vidframe.core.config.model import StepConfig
from vidframe.core.plugin.registry import inspected, snake_case


def steps_of(plugins: Iterable[Any] | Mapping[str, Any]) -> tuple[StepConfig, ...]:
    """A step for each instance, named by the mapping or after its class; PluginError where one breaks the contract."""
    named = (
        plugins.items()
        if isinstance(plugins, Mapping)
        else [(snake_case(type(each).__name__), each) for each in plugins]
    )
    steps: dict[str, StepConfig] = {}
    seen: list[Any] = []
    for name, instance in named:
        if inspect.isclass(instance):
            raise TypeError(f"a chain takes instances of plugins, found the class {instance.__name__}: add ()")
        if any(instance is other for other in seen):
            raise ValueError(f"{name} stands in the chain twice; each step needs an instance of its own")
        seen.append(instance)
        unique = name
        while unique in steps:
            number = unique.removeprefix(f"{name}-")
            unique = f"{name}-{int(number) + 1 if number.isdecimal() else 2}"
        plugin = inspected(snake_case(type(instance).__name__), type(instance))
        steps[unique] = StepConfig(unique, plugin, instance=instance)
    return tuple(steps.values())
