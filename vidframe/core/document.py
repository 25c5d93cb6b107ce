"""A YAML file as plain values, with the line and column at which each of them stands."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import yaml

Place = tuple[str | int, ...]  # the keys and indices that lead to a value: ("cameras", "door", "source")


class Mark(NamedTuple):
    """Where something stands; line and column count from 1."""

    file: str
    line: int
    column: int


class Problem(NamedTuple):
    """One mistake in a config, printed as file:line:column: message."""

    mark: Mark
    message: str

    def __str__(self) -> str:
        return f"{self.mark.file}:{self.mark.line}:{self.mark.column}: {self.message}"


@dataclass
class Document:
    """The values of a file and all that it includes."""

    path: Path
    value: Any = None
    values: dict[Place, Mark] = field(default_factory=dict)
    keys: dict[Place, Mark] = field(default_factory=dict)
    secrets: set[Place] = field(default_factory=set)  # came from the environment: not to be printed
    problems: list[Problem] = field(default_factory=list)

    def mark(self, place: Place, *, of_key: bool = False) -> Mark:
        """Where the value stands (or its key); for what is not there, where its nearest parent stands."""
        if of_key and place in self.keys:
            return self.keys[place]
        while place and place not in self.values:
            place = place[:-1]
        return self.values.get(place, Mark(str(self.path), 1, 1))

    def folder(self, place: Place) -> Path:
        """The folder of the file in which the value stands: relative paths start there."""
        return Path(self.mark(place).file).parent

    def complain(self, place: Place, message: str, *, of_key: bool = False) -> None:
        """Keeps a problem; the same one at the same place counts once."""
        problem = Problem(self.mark(place, of_key=of_key), message)
        if problem not in self.problems:
            self.problems.append(problem)


class _Loader(yaml.SafeLoader):
    """YAML 1.2's plain scalars: 22:00 is no number, and yes, no, on and off are words."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own name


_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""])
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false|True|False)$"), list("tfTF"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^[-+]?\d+$"), list("-+0123456789"))
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(?:\d+\.\d*|\.\d+|\d+(?=[eE]))(?:[eE][-+]?\d+)?$"),
    list("-+0123456789."),
)
_Loader.add_implicit_resolver("tag:yaml.org,2002:merge", re.compile(r"^<<$"), ["<"])


def read(path: Path, environ: Mapping[str, str]) -> Document:
    """Reads a file with its `!include`d files and `!env` variables; mistakes end up in `problems`."""
    document = Document(path)
    _Reading(document, environ).file(path, (), including=())
    return document


class _Reading:
    def __init__(self, document: Document, environ: Mapping[str, str]) -> None:
        self.document = document
        self.environ = environ

    def file(self, path: Path, place: Place, including: tuple[Path, ...]) -> Any:
        node = self._compose(path, place)
        if node is None:
            return None
        value = self._value(node, place, path, (*including, path.resolve()), parents=())
        if not place:
            self.document.value = value
        return value

    def _compose(self, path: Path, place: Place) -> yaml.Node | None:
        try:
            text = path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            self.document.complain(place, f"cannot read {path}: {reason}")
            return None
        try:
            return yaml.compose(text, Loader=_Loader)
        except yaml.MarkedYAMLError as error:
            at = error.problem_mark or error.context_mark
            mark = Mark(str(path), at.line + 1, at.column + 1) if at else Mark(str(path), 1, 1)
            self.document.problems.append(Problem(mark, _syntax_message(error, text)))
        except yaml.YAMLError as error:
            self.document.problems.append(Problem(Mark(str(path), 1, 1), f"not YAML: {error}"))
        return None

    def _value(
        self, node: yaml.Node, place: Place, path: Path, including: tuple[Path, ...], parents: tuple[int, ...]
    ) -> Any:
        self.document.values[place] = _mark(node, path)
        if id(node) in parents:
            self.document.complain(place, "this alias contains itself")
            return None
        parents = (*parents, id(node))
        if node.tag == "!env":
            return self._variable(node, place)
        if node.tag == "!include":
            return self._included(node, place, path, including)
        if not node.tag.startswith("tag:yaml.org,2002:"):
            self.document.complain(place, f"unknown tag {node.tag}; there are !env NAME and !include FILE")
            return None
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, place, path, including, parents)
        if isinstance(node, yaml.SequenceNode):
            return [self._value(item, (*place, i), path, including, parents) for i, item in enumerate(node.value)]
        return self._scalar(node, place)

    def _mapping(
        self, node: yaml.MappingNode, place: Place, path: Path, including: tuple[Path, ...], parents: tuple[int, ...]
    ) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        values: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self.document.values[place] = _mark(key_node, path)
                self.document.complain(place, "a key must be a plain word")
                continue
            key = str(key_node.value)
            if key_node.tag == "tag:yaml.org,2002:merge":
                inherited = self._value(value_node, place, path, including, parents)
                merged |= inherited if isinstance(inherited, dict) else {}
                self.document.values[place] = _mark(node, path)
                continue
            here = (*place, key)
            if key in values:
                first = self.document.keys[here]
                self.document.keys[here] = _mark(key_node, path)
                what = f"camera {key!r}" if place == ("cameras",) else f"{key!r}"
                self.document.complain(here, f"{what} is named twice, first in line {first.line}", of_key=True)
                continue
            self.document.keys[here] = _mark(key_node, path)
            values[key] = self._value(value_node, here, path, including, parents)
        return merged | values

    def _scalar(self, node: yaml.Node, place: Place) -> Any:
        try:
            return yaml.constructor.SafeConstructor().construct_object(node)
        except (yaml.YAMLError, ValueError) as error:
            self.document.complain(place, f"cannot read {node.value!r}: {error}")
            return None

    def _variable(self, node: yaml.Node, place: Place) -> Any:
        self.document.secrets.add(place)
        name = node.value if isinstance(node, yaml.ScalarNode) else ""
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            self.document.complain(place, "!env takes the name of an environment variable")
        elif name not in self.environ:
            self.document.complain(place, f"the environment variable {name} is not set")
        return self.environ.get(name)

    def _included(self, node: yaml.Node, place: Place, path: Path, including: tuple[Path, ...]) -> Any:
        name = node.value if isinstance(node, yaml.ScalarNode) else ""
        if not name:
            self.document.complain(place, "!include takes the path of a file")
            return None
        target = path.parent / name
        if target.resolve() in including:
            self.document.complain(place, f"{name} includes itself")
            return None
        return self.file(target, place, including)


def _mark(node: yaml.Node, path: Path) -> Mark:
    return Mark(str(path), node.start_mark.line + 1, node.start_mark.column + 1)


def _syntax_message(error: yaml.MarkedYAMLError, text: str) -> str:
    line = text.splitlines()[error.problem_mark.line : error.problem_mark.line + 1] if error.problem_mark else []
    if any("\t" in part[: len(part) - len(part.lstrip())] for part in line):
        return "not YAML: a tab in the indentation; use spaces"
    what = " ".join(part for part in (error.problem, f"({error.context})" if error.context else "") if part)
    return f"not YAML: {what}"
