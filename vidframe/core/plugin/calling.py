"""The one place where a plugin's hooks are called: by the argument names that pluggy read."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pluggy

from vidframe.core.plugin import hookspecs


class Hooks:
    """The hooks of one plugin instance.

    pluggy checks each method against the hook's specification and reads which arguments it wants. It would call
    the plugin that was registered last first, and stop at the first exception; so the order of the steps, their
    isolation and their timing are the chain's.
    """

    undeclared: frozenset[str] = frozenset()  # what is written in this process, the chain sees for itself

    def __init__(self, plugin: object) -> None:
        manager = new_manager()
        manager.register(plugin)
        callers = {name: getattr(manager.hook, name) for name in hookspecs.NAMES}
        self._calls: dict[str, tuple[Callable[..., Any], tuple[str, ...]]] = {
            name: (implementation.function, tuple(implementation.argnames))
            for name, caller in callers.items()
            for implementation in caller.get_hookimpls()
        }

    def __contains__(self, hook: str) -> bool:
        return hook in self._calls

    def call(self, hook: str, **arguments: Any) -> Any:
        """What the hook returns; None where the plugin does not have it."""
        if hook not in self._calls:
            return None
        function, names = self._calls[hook]
        return function(*[arguments[name] for name in names])


def new_manager() -> pluggy.PluginManager:
    """A pluggy manager that knows vidframe's hooks."""
    manager = pluggy.PluginManager("vidframe")
    manager.add_hookspecs(hookspecs)
    return manager


def is_plugin_failure(error: BaseException) -> bool:
    """Whether an exception out of a hook is the plugin's own: all are, but a Ctrl+C in the main thread."""
    return not (isinstance(error, KeyboardInterrupt) and threading.current_thread() is threading.main_thread())
