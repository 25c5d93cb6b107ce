"""What is refused of a plugin's class before anything runs: hooks, names and versions that cannot work."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterable
from typing import Any

from vidframe.core.model import fields
from vidframe.core.plugin import hookspecs
from vidframe.tools import did_you_mean

API_VERSION = 2  # of the contract; a plugin that says `api = 2` is refused where less is offered
OLDEST_API = 1  # that still works, with warnings

SPECS = {name: spec for name, spec in vars(hookspecs).items() if hasattr(spec, "vidframe_spec")}


class BrokenContract(Exception):
    """A class cannot be used as a plugin; the message says why and what would do."""


def check(kind: Any) -> None:
    """BrokenContract if the class does not keep the contract."""
    if not inspect.isclass(kind):
        raise BrokenContract(f"it must be a class, found {type(kind).__name__}")
    _check_version(kind)
    _check_marks(kind)
    for name in marked(kind):
        _check_method(kind, name)
    for attribute in ("needs", "adds"):
        _check_names(kind, attribute)


def marked(kind: type[Any]) -> dict[str, dict[str, Any]]:
    """Names of the methods that are marked with @hookimpl, and the options of the marks."""
    return {
        name: options
        for name in dir(kind)
        if isinstance(options := getattr(getattr(kind, name, None), "vidframe_impl", None), dict)
    }


def source_problem(opener: Any) -> str | None:
    """What is wrong with what should be a function of an address and of options that yields images."""
    if not callable(opener):
        return f"must be a function of (address, options), found {type(opener).__name__}"
    if inspect.iscoroutinefunction(opener) or inspect.isasyncgenfunction(opener):
        return "is a coroutine, which is never awaited; use def and yield"
    try:
        inspect.signature(opener).bind("", None)
    except TypeError as error:
        return f"is called with (address, options): {error}"
    except ValueError:  # written in C, without a signature
        return None
    return None


def names(kind: type[Any], attribute: str) -> tuple[str, ...]:
    """`needs` or `adds` of a class, deprecated names replaced by those of now."""
    found = []
    for name in getattr(kind, attribute, ()):
        plain = name.removesuffix("?")
        found.append(fields.RENAMED.get(plain, plain) + ("?" if name.endswith("?") else ""))
    return tuple(found)


def _check_version(kind: type[Any]) -> None:
    api = getattr(kind, "api", API_VERSION)
    if not isinstance(api, int) or isinstance(api, bool):
        raise BrokenContract(f"`api` must be the number of the API version that it needs, found {api!r}")
    if not OLDEST_API <= api <= API_VERSION:
        way = "update vidframe" if api > API_VERSION else "update the plugin"
        raise BrokenContract(f"it needs API version {api}, and this vidframe offers {API_VERSION}; {way}")


def _check_marks(kind: type[Any]) -> None:
    hooks = marked(kind)
    for name in SPECS.keys() - hooks.keys():
        if callable(getattr(kind, name, None)):
            raise BrokenContract(f"{name} is named like a hook and not marked; put @hookimpl above it, or rename it")
    if not hooks:
        raise BrokenContract("it has no method marked with @hookimpl")
    for name, options in hooks.items():
        if name not in SPECS:
            is_drawing = name in ("annotate", "paint", "render")
            hint = "; `draw` is the hook for that" if is_drawing else did_you_mean(name, SPECS)
            raise BrokenContract(f"no hook is named {name!r}{hint} (hooks: {', '.join(sorted(SPECS))})")
        if options["tryfirst"] or options["trylast"]:
            raise BrokenContract(f"{name} asks for tryfirst or trylast; the order comes from the YAML")
        if options["wrapper"] or options["hookwrapper"]:
            raise BrokenContract(f"{name} wraps a hook; a step cannot wrap other steps")


def _check_method(kind: type[Any], name: str) -> None:
    method = inspect.unwrap(getattr(kind, name))
    if not inspect.isroutine(method):
        raise BrokenContract(f"{name} is {type(method).__name__} and would never be called; write it with def")
    if inspect.iscoroutinefunction(method) or inspect.isasyncgenfunction(method):
        raise BrokenContract(f"{name} is a coroutine, which is never awaited; use def, and a thread for what waits")
    known = set(inspect.signature(SPECS[name]).parameters)
    parameters = list(inspect.signature(method).parameters.values())
    if not isinstance(inspect.getattr_static(kind, name), staticmethod | classmethod):
        if not parameters or parameters[0].name in known:
            raise BrokenContract(f"{name} lacks self, its first argument")
        parameters = parameters[1:]
    odd = [str(p) for p in parameters if p.kind is p.KEYWORD_ONLY or p.default is not p.empty]
    if odd:
        raise BrokenContract(f"{name} takes {', '.join(odd)}, which no call would fill; name it without * and default")
    variable = [str(p) for p in parameters if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    if variable:
        raise BrokenContract(f"{name} takes {', '.join(variable)}; name the arguments that it wants")
    wanted = [p.name for p in parameters]
    if extra := sorted(set(wanted) - known):
        may = f"it may take {', '.join(sorted(known))}" if known else "it takes none"
        raise BrokenContract(f"{name} takes {', '.join(extra)}; {may}")
    if name not in hookspecs.RETURNING:
        if inspect.isgeneratorfunction(method):
            raise BrokenContract(f"{name} has a yield, so that calling it would run none of it")
        if (line := _returns_value(method)) is not None:
            raise BrokenContract(
                f"{name} returns a value (line {line} of it), which is not used; put it on the frame, or report it"
            )


def _returns_value(method: Any) -> int | None:
    """The line, within the method, of a `return` with something else than None; None where there is none."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(method)))
    except (OSError, TypeError, SyntaxError):  # without its source, it is seen when it runs
        return None
    function = tree.body[0]
    for node in _own_nodes(function):
        # `return self.helper(frame)` may well return None.
        if not isinstance(node, ast.Return) or node.value is None or isinstance(node.value, ast.Call):
            continue
        if not (isinstance(node.value, ast.Constant) and node.value.value is None):
            return node.lineno
    return None


def _own_nodes(node: ast.AST) -> Iterable[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            continue
        yield child
        yield from _own_nodes(child)


def _check_names(kind: type[Any], attribute: str) -> None:
    values = getattr(kind, attribute, ())
    if not isinstance(values, tuple | list) or not all(isinstance(value, str) for value in values):
        raise BrokenContract(f'{attribute} must be a tuple of names, such as ("faces",), found {values!r}')
    for value in values:
        plain = value.removesuffix("?") if attribute == "needs" else value
        if not fields.is_known(plain):
            carried = ", ".join((*sorted(fields.NAMES), "notes.<name>"))
            hint = did_you_mean(plain, fields.NAMES)
            raise BrokenContract(f"{attribute} has {plain!r}{hint} (a frame carries {carried})")
        if attribute == "adds" and plain in fields.SOURCE_NAMES:
            raise BrokenContract(f"adds has {plain!r}, which every frame already has")
        fields.current(plain)
