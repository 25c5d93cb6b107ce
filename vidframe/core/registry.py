"""Installed plugins, found by entry point and loaded one by one, by name."""

from __future__ import annotations

import dataclasses
import inspect
import logging
import re
import threading
import typing
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import pluggy
from pydantic import BaseModel, ConfigDict, create_model
from pydantic.errors import PydanticUserError

from vidframe.core import hookspecs

GROUP = "vidframe.plugins"
CAMERA_GROUP = "vidframe.cameras"  # of plugins that know cameras: see feed.py

# What a frame can carry; outsiders add names of their own below `notes.`.
SOURCE_ADDS = frozenset({"image", "packets"})
NOTE = r"notes\.[a-z][a-z0-9_]*"
NAMES = SOURCE_ADDS | {"mode", "motion", "faces", "faces.landmarks", "faces.emotion", "faces.gaze"}

# Keys of a step that the framework itself reads, so that no plugin may have a setting of that name.
STEP_OPTIONS = frozenset({"every", "when", "on_error", "name", "isolate"})


PATIENCE = 3.0  # seconds for one plugin's import; the bundled ones take a fraction of one

log = logging.getLogger(__name__)


class PluginError(Exception):
    """A plugin cannot be used; the message says which and why."""


@dataclass(frozen=True)
class Plugin:
    """An installed plugin that can be used in a chain."""

    name: str
    kind: type[Any]
    settings: type[BaseModel] = field(repr=False, compare=False)  # made anew at each load
    distribution: str = ""
    version: str = ""

    def __reduce__(self) -> tuple[Any, ...]:
        # The model of the settings is made, so that no other process could import it.
        return _of_class, (self.name, self.kind, self.distribution, self.version)

    @property
    def summary(self) -> str:
        """The first line of its docstring."""
        return (inspect.getdoc(self.kind) or "").partition("\n")[0]

    @property
    def needs(self) -> tuple[str, ...]:
        """Dotted names that it reads; a trailing ? marks those that it can do without."""
        return tuple(getattr(self.kind, "needs", ()))

    @property
    def adds(self) -> tuple[str, ...]:
        """Dotted names that it writes."""
        return tuple(getattr(self.kind, "adds", ()))


def installed() -> dict[str, list[EntryPoint]]:
    """Entry points by plugin name; more than one for a name is a clash. Imports none of them."""
    found: dict[str, list[EntryPoint]] = {}
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        if entry not in found.setdefault(entry.name, []):
            found[entry.name].append(entry)
    return found


def load(name: str) -> Plugin:
    """Imports one plugin and checks that it keeps the contract; PluginError if it is unknown, broken or clashes."""
    entries = installed().get(name)
    if not entries:
        raise PluginError(f"no plugin named {name!r} is installed")
    if len(entries) > 1:
        owners = " and ".join(sorted(_owner(entry) for entry in entries))
        raise PluginError(f"plugin {name!r} is claimed by {owners}; uninstall one of them")
    return inspected(name, _imported(name, entries[0]), entries[0])


def _imported(name: str, entry: EntryPoint) -> Any:
    message = f"plugin {name!r} of {_owner(entry)} still loads after {PATIENCE:.0f} s; heavy imports belong into its open_camera"
    watch = threading.Timer(PATIENCE, log.warning, [message])
    watch.daemon = True
    watch.start()
    try:
        return entry.load()
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        reason = " ".join(f"{type(error).__name__}: {error}".rstrip(": ").split())
        raise PluginError(f"plugin {name!r} of {_owner(entry)} does not load: {reason}") from error
    finally:
        watch.cancel()


def inspected(name: str, kind: Any, entry: EntryPoint | None = None) -> Plugin:
    """A Plugin of a class; PluginError if the class does not keep the contract."""
    if not inspect.isclass(kind):
        raise PluginError(f"plugin {name!r} is no class but {type(kind).__name__}")
    _check_hooks(name, kind)
    _check_names(name, kind, "needs")
    _check_names(name, kind, "adds")
    distribution = entry.dist.name if entry and entry.dist else ""
    version = entry.dist.version if entry and entry.dist else ""
    return Plugin(name, kind, settings_model(name, kind), distribution, version)


def _of_class(name: str, kind: type[Any], distribution: str, version: str) -> Plugin:
    return Plugin(name, kind, settings_model(name, kind), distribution, version)


def settings_model(name: str, kind: type[Any]) -> type[BaseModel]:
    """The pydantic model of a constructor's keyword arguments."""
    try:
        hints = typing.get_type_hints(kind.__init__, include_extras=True)
        fields = {}
        for parameter in list(inspect.signature(kind.__init__).parameters.values())[1:]:
            if kind.__init__ is object.__init__:
                break
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
                raise PluginError(f"plugin {name!r} takes {parameter}: each setting needs a name of its own")
            if parameter.name in STEP_OPTIONS:
                raise PluginError(f"plugin {name!r} has a setting {parameter.name!r}, which is an option of every step")
            fields[parameter.name] = (hints.get(parameter.name, Any), _default(kind, parameter))
        config = ConfigDict(extra="forbid", arbitrary_types_allowed=False, protected_namespaces=())
        model: type[BaseModel] = create_model(kind.__name__, __config__=config, **fields)  # type: ignore[call-overload]
        model.model_json_schema()
    except (PydanticUserError, NameError, TypeError) as error:
        first_line = str(error).partition("\n")[0]
        raise PluginError(f"plugin {name!r} has a setting that no YAML could fill: {first_line}") from error
    return model


def new_manager() -> pluggy.PluginManager:
    """A pluggy manager that knows vidframe's hooks."""
    manager = pluggy.PluginManager("vidframe")
    manager.add_hookspecs(hookspecs)
    return manager


def _check_hooks(name: str, kind: type[Any]) -> None:
    hooks = {
        method: options
        for method in dir(kind)
        if isinstance(options := getattr(getattr(kind, method, None), "vidframe_impl", None), dict)
    }
    if not hooks:
        raise PluginError(f"plugin {name!r} has no method marked with @hookimpl")
    specs = {spec for spec in dir(hookspecs) if hasattr(getattr(hookspecs, spec), "vidframe_spec")}
    for method, options in hooks.items():
        if method not in specs:
            raise PluginError(f"plugin {name!r} marks {method!r} with @hookimpl; the hooks are {_listed(specs)}")
        if options["tryfirst"] or options["trylast"]:
            raise PluginError(f"plugin {name!r} asks for tryfirst or trylast; the order comes from the YAML")
        if options["wrapper"] or options["hookwrapper"]:
            raise PluginError(f"plugin {name!r} wraps {method!r}; a step cannot wrap other steps")
        known = set(inspect.signature(getattr(hookspecs, method)).parameters)
        wanted = set(list(inspect.signature(getattr(kind, method)).parameters)[1:])
        if wanted - known:
            may = f"it may take {_listed(known)}" if known else "it takes none"
            raise PluginError(f"plugin {name!r}: {method} takes {_listed(wanted - known)}; {may}")


def _check_names(name: str, kind: type[Any], attribute: str) -> None:
    values = getattr(kind, attribute, ())
    if not isinstance(values, tuple | list) or not all(isinstance(value, str) for value in values):
        raise PluginError(
            f'plugin {name!r}: {attribute} must be a tuple of names, such as ("faces",), found {values!r}'
        )
    for value in values:
        plain = value.removesuffix("?") if attribute == "needs" else value
        if plain not in NAMES and not re.fullmatch(NOTE, plain):
            raise PluginError(
                f"plugin {name!r}: {attribute} has {plain!r}; a frame carries {_listed(NAMES)} and notes.<name>"
            )


def _default(kind: type[Any], parameter: inspect.Parameter) -> Any:
    if parameter.default is parameter.empty:
        return ...
    for attribute in dataclasses.fields(kind) if dataclasses.is_dataclass(kind) else ():
        if attribute.name == parameter.name and attribute.default_factory is not dataclasses.MISSING:
            return attribute.default_factory()
    return parameter.default


def _owner(entry: EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else entry.value


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
