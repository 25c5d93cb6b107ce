"""Plugins: found by entry point or in a file, loaded one by one by name, and checked against the contract."""

from __future__ import annotations

import dataclasses
import importlib.util
import inspect
import logging
import re
import sys
import threading
import typing
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError, create_model
from pydantic.errors import PydanticUserError

from vidframe.core.plugin import contract
from vidframe.tools import reason_of

# The one table of what packages can bring, by entry point.
GROUPS = {
    "plugins": "vidframe.plugins",  # NAME = a class: a step
    "sources": "vidframe.sources",  # SCHEME = a function: see sources/opening.py
    "detectors": "vidframe.detectors",  # NAME = a function that makes a Detector: see detectors.py
    "commands": "vidframe.commands",  # NAME or GROUP.NAME = a click command
    "cameras": "vidframe.cameras",  # NAME of a plugin = a function that knows cameras: see run/feed.py
}
Extension = Literal["plugins", "sources", "detectors", "commands", "cameras"]

# Keys of a step that the framework itself reads, so that no plugin may have a setting of that name.
STEP_OPTIONS = frozenset({"every", "when", "on_error", "name", "isolate"})

IMPORT_SECONDS = 3.0  # for one plugin's import; the bundled ones take a fraction of one

log = logging.getLogger(__name__)


class PluginError(Exception):
    """A plugin cannot be used; the message says which and why."""


@dataclass(frozen=True)
class Plugin:
    """A plugin that can be used in a chain."""

    name: str
    kind: type[Any]
    settings: type[BaseModel] = field(repr=False, compare=False)  # made anew at each load
    distribution: str = ""
    version: str = ""
    file: Path | None = None  # of a plugin that no package brings

    def __reduce__(self) -> tuple[Any, ...]:
        # The model of the settings is made, so that no other process could import it.
        if self.file is not None:
            return _of_file, (self.file, self.name)
        return _of_class, (self.name, self.kind, self.distribution, self.version)

    @property
    def summary(self) -> str:
        """The first line of its docstring."""
        return (inspect.getdoc(self.kind) or "").partition("\n")[0]

    @property
    def needs(self) -> tuple[str, ...]:
        """Dotted names that it reads; a trailing ? marks those that it can do without."""
        return contract.names(self.kind, "needs")

    @property
    def adds(self) -> tuple[str, ...]:
        """Dotted names that it writes."""
        return contract.names(self.kind, "adds")


def extensions(kind: Extension) -> dict[str, list[EntryPoint]]:
    """Entry points of one kind by name; more than one for a name is a clash. Imports none of them."""
    found: dict[str, list[EntryPoint]] = {}
    for entry in sorted(entry_points(group=GROUPS[kind]), key=lambda entry: entry.name):
        if entry not in found.setdefault(entry.name, []):
            found[entry.name].append(entry)
    return found


def installed() -> dict[str, list[EntryPoint]]:
    """Entry points of plugins by name."""
    return extensions("plugins")


def load(name: str) -> Plugin:
    """Imports one plugin and checks that it keeps the contract; PluginError if it is unknown, broken or clashes."""
    entries = installed().get(name)
    if not entries:
        raise PluginError(f"no plugin named {name!r} is installed")
    if len(entries) > 1:
        owners = " and ".join(sorted(owner(entry) for entry in entries))
        raise PluginError(f"plugin {name!r} is claimed by {owners}; uninstall one of them")
    return inspected(name, _imported(f"plugin {name!r}", entries[0]), entries[0])


def load_source(scheme: str) -> Callable[..., Any] | None:
    """Imports the source of a scheme; None where no package has one, PluginError if it is broken or clashes."""
    entries = sources().get(scheme)
    if not entries:
        return None
    if len(entries) > 1:
        owners = " and ".join(sorted(owner(entry) for entry in entries))
        raise PluginError(f"{scheme} is claimed by {owners}; uninstall one of them")
    opener = _imported(f"source {scheme}", entries[0])
    if (problem := contract.source_problem(opener)) is not None:
        raise PluginError(f"source {scheme} of {owner(entries[0])} {problem}")
    found: Callable[..., Any] = opener
    return found


def sources() -> dict[str, list[EntryPoint]]:
    """Entry points of sources by scheme, in lower case as addresses are read."""
    found: dict[str, list[EntryPoint]] = {}
    for name, entries in extensions("sources").items():
        found.setdefault(name.lower(), []).extend(entries)
    return found


def load_file(path: Path) -> list[Plugin]:
    """The plugins of one Python file: each class in it that has a hook, named like it in snake_case.

    PluginError if the file cannot be imported, holds no plugin, or one that breaks the contract.
    """
    module = _module_of(path)
    classes = [each for each in vars(module).values() if inspect.isclass(each) and each.__module__ == module.__name__]
    # Where none is marked, a class with a method that is named like a hook is told what it lacks.
    kinds = [each for each in classes if contract.marked(each)] or [
        each for each in classes if any(callable(getattr(each, name, None)) for name in contract.SPECS)
    ]
    if not kinds:
        raise PluginError(f"{path} holds no plugin: no class with a method marked with @hookimpl")
    return [dataclasses.replace(inspected(snake_case(kind.__name__), kind), file=path) for kind in kinds]


def inspected(name: str, kind: Any, entry: EntryPoint | None = None) -> Plugin:
    """A Plugin of a class; PluginError if the class does not keep the contract."""
    try:
        contract.check(kind)
        distribution = entry.dist.name if entry and entry.dist else ""
        version = entry.dist.version if entry and entry.dist else ""
        return Plugin(name, kind, settings_model(kind), distribution, version)
    except contract.BrokenContract as error:
        raise PluginError(f"plugin {name!r}: {error}") from error


def settings_model(kind: type[Any]) -> type[BaseModel]:
    """The pydantic model of a constructor's keyword arguments."""
    try:
        hints = typing.get_type_hints(kind.__init__, include_extras=True)
        settings = {}
        for parameter in _parameters(kind):
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
                raise contract.BrokenContract(
                    f"its constructor takes {parameter}; each setting needs a name of its own"
                )
            if parameter.name in STEP_OPTIONS:
                raise contract.BrokenContract(f"the setting {parameter.name!r} is an option of every step; rename it")
            settings[parameter.name] = (hints.get(parameter.name, Any), _default(kind, parameter))
        config = ConfigDict(extra="forbid", arbitrary_types_allowed=False, protected_namespaces=())
        model: type[BaseModel] = create_model(kind.__name__, __config__=config, **settings)  # type: ignore[call-overload]
        model.model_json_schema()
    except (PydanticUserError, NameError, TypeError) as error:
        first_line = str(error).partition("\n")[0]
        raise contract.BrokenContract(f"it has a setting that no YAML could fill: {first_line}") from error
    _check_defaults(model)
    return model


def owner(entry: EntryPoint) -> str:
    """Who brings an entry point: distribution and version."""
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else entry.value


def _imported(what: str, entry: EntryPoint) -> Any:
    message = (
        f"{what} of {owner(entry)} is still being imported after {IMPORT_SECONDS:.0f} s; "
        "move heavy imports to where it is opened"
    )
    watch = threading.Timer(IMPORT_SECONDS, log.warning, [message])
    watch.daemon = True
    watch.start()
    try:
        return entry.load()
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise PluginError(f"{what} of {owner(entry)} does not load: {reason_of(error)}") from error
    finally:
        watch.cancel()


def _module_of(path: Path) -> Any:
    resolved = path.resolve()
    # The same name in every process, so that what the plugin puts on a frame can travel.
    name = f"vidframe_file_{re.sub(r'[^a-zA-Z0-9_]', '_', path.stem)}_{zlib.crc32(str(resolved).encode()):08x}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, resolved)
    if not resolved.is_file() or spec is None or spec.loader is None:
        raise PluginError(f"{path} is no Python file; give the path of a file that ends in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        del sys.modules[name]
        raise PluginError(f"{path} does not load: {reason_of(error)}") from error
    return module


def _of_class(name: str, kind: type[Any], distribution: str, version: str) -> Plugin:
    return Plugin(name, kind, settings_model(kind), distribution, version)


def _of_file(path: Path, name: str) -> Plugin:
    return next(plugin for plugin in load_file(path) if plugin.name == name)


def _parameters(kind: type[Any]) -> Iterator[inspect.Parameter]:
    if kind.__init__ is not object.__init__:
        yield from list(inspect.signature(kind.__init__).parameters.values())[1:]


def _default(kind: type[Any], parameter: inspect.Parameter) -> Any:
    if parameter.default is parameter.empty:
        return ...
    if isinstance(parameter.default, list | dict | set):
        raise contract.BrokenContract(
            f"the default of its setting {parameter.name!r} is one {type(parameter.default).__name__} for all cameras; "
            "use None, or a dataclass with field(default_factory=...)"
        )
    for attribute in dataclasses.fields(kind) if dataclasses.is_dataclass(kind) else ():
        if attribute.name == parameter.name and attribute.default_factory is not dataclasses.MISSING:
            return attribute.default_factory()
    return parameter.default


def _check_defaults(model: type[BaseModel]) -> None:
    """BrokenContract where a default is outside its own range or of another type than the setting."""
    given = {name: setting for name, setting in model.model_fields.items() if not setting.is_required()}
    probe: Any = create_model(  # type: ignore[call-overload]
        model.__name__,
        __config__=ConfigDict(validate_default=True, protected_namespaces=()),
        **{name: (setting.rebuild_annotation(), setting) for name, setting in given.items()},
    )
    try:
        probe()
    except ValidationError as error:
        detail = error.errors()[0]
        name = ".".join(str(part) for part in detail["loc"])
        raise contract.BrokenContract(
            f"the default of its setting {name!r} is not one that a YAML file could give: "
            f"{detail['msg']}, found {detail['input']!r}"
        ) from error


def snake_case(name: str) -> str:
    """`LineCounter` -> `line_counter`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
