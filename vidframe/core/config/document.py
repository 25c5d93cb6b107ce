"""A YAML file as plain values, with the line and column at which each of them stands."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from vidframe.core.config.yaml_syntax import NotYamlError, compose

Place = tuple[str | int, ...]  # the keys and indices that lead to a value: ("cameras", "door", "source")

MOST_VALUES = 50_000  # of a file with all that it includes; only aliases of aliases come so far
MOST_INCLUDED = 40  # files one in the other
UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
PLAIN = {f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "seq", "map", "merge")}


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
    unread: set[Place] = field(default_factory=set)  # could not be read; what is said of them later is no news
    found: dict[Problem, None] = field(default_factory=dict)

    @property
    def problems(self) -> list[Problem]:
        """Every mistake once, as they were found."""
        return list(self.found)

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
        """Keeps a problem, unless it comes of one that was found at this place before."""
        if not any(place[:length] in self.unread for length in range(len(place) + 1)):
            self.add(Problem(self.mark(place, of_key=of_key), message))

    def add(self, problem: Problem) -> None:
        """Keeps a problem."""
        self.found[problem] = None

    def give_up(self, place: Place, message: str) -> None:
        """Keeps a problem because of which nothing more can be said about this place and what is below it."""
        self.complain(place, message)
        self.unread.add(place)


def read(path: Path, environ: Mapping[str, str]) -> Document:
    """Reads a file with its `!include`d files and `!env` variables; mistakes end up in `problems`."""
    document = Document(path)
    _Reading(document, environ).whole()
    return document


class _TooLarge(Exception):
    pass


class _Reading:
    def __init__(self, document: Document, environ: Mapping[str, str]) -> None:
        self.document = document
        self.environ = environ

    def whole(self) -> None:
        path = self.document.path
        try:
            self.document.value = self.file(path, (), including=())
        except _TooLarge:
            message = f"more than {MOST_VALUES:,} values, most of them by aliases of aliases"
            self.document.give_up((), message)

    def file(self, path: Path, place: Place, including: tuple[Path, ...]) -> Any:
        node = self._compose(path, place)
        if node is None:
            return None
        return self._value(node, place, path, (*including, path.resolve()), parents=())

    def _compose(self, path: Path, place: Place) -> yaml.Node | None:
        try:
            content = path.read_bytes()
        except OSError as error:
            self.document.give_up(place, f"cannot read {path}: {error.strerror}")
            return None
        try:
            return compose(content)
        except NotYamlError as error:
            self.document.add(Problem(Mark(str(path), error.line, error.column), f"not YAML: {error}"))
            self.document.unread.add(place)
            return None

    def _value(
        self, node: yaml.Node, place: Place, path: Path, including: tuple[Path, ...], parents: tuple[int, ...]
    ) -> Any:
        self.document.values[place] = _mark(node, path)
        if len(self.document.values) > MOST_VALUES:
            raise _TooLarge
        if id(node) in parents:
            self.document.give_up(place, "this alias contains itself")
            return None
        parents = (*parents, id(node))
        if node.tag == "!env":
            return self._variable(node, place)
        if node.tag == "!include":
            return self._included(node, place, path, including)
        if node.tag not in PLAIN:
            tag = node.tag.replace("tag:yaml.org,2002:", "!!")
            self.document.give_up(place, f"unknown tag {tag}; there are !env NAME and !include FILE")
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
            if not isinstance(key_node, yaml.ScalarNode) or key_node.tag not in PLAIN:
                self.document.add(Problem(_mark(key_node, path), "a key must be a plain word"))
                continue
            key = str(key_node.value)
            if key_node.tag == "tag:yaml.org,2002:merge":
                self.document.values[place] = _mark(key_node, path)
                merged |= self._merged(value_node, place, path, including, parents)
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

    def _merged(
        self, node: yaml.Node, place: Place, path: Path, including: tuple[Path, ...], parents: tuple[int, ...]
    ) -> dict[str, Any]:
        """What `<<` brings: the pairs of one mapping, or of several, of which the first that has a key counts."""
        merged: dict[str, Any] = {}
        for part in reversed(node.value) if isinstance(node, yaml.SequenceNode) else [node]:
            if isinstance(part, yaml.MappingNode):
                merged |= self._value(part, place, path, including, parents) or {}
            else:
                self.document.complain(place, "<< takes an alias of `key: value` pairs, or a list of them")
        return merged

    def _scalar(self, node: yaml.Node, place: Place) -> Any:
        try:
            value = yaml.constructor.SafeConstructor().construct_object(node)
        except (yaml.YAMLError, ValueError):
            shown = node.value if len(node.value) <= 40 else f"{node.value[:40]}..."
            self.document.give_up(place, f"cannot read {shown!r} as {node.tag.rpartition(':')[2]}")
            return None
        if isinstance(value, str) and (odd := UNPRINTABLE.search(value)):
            self.document.give_up(place, f"text must not hold the character U+{ord(odd[0]):04X}")
            return None
        return value

    def _variable(self, node: yaml.Node, place: Place) -> Any:
        self.document.secrets.add(place)
        name = node.value if isinstance(node, yaml.ScalarNode) else ""
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            self.document.give_up(place, "!env takes the name of an environment variable")
        elif name not in self.environ:
            self.document.give_up(place, f"the environment variable {name} is not set")
        return self.environ.get(name)

    def _included(self, node: yaml.Node, place: Place, path: Path, including: tuple[Path, ...]) -> Any:
        name = node.value if isinstance(node, yaml.ScalarNode) else ""
        target = path.parent / name
        if not name:
            self.document.give_up(place, "!include takes the path of a file")
        elif target.resolve() in including:
            self.document.give_up(place, f"{name} includes itself")
        elif len(including) >= MOST_INCLUDED:
            self.document.give_up(place, f"files include each other more than {MOST_INCLUDED} deep")
        else:
            return self.file(target, place, including)
        return None


def _mark(node: yaml.Node, path: Path) -> Mark:
    return Mark(str(path), node.start_mark.line + 1, node.start_mark.column + 1)
