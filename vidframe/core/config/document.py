"""A YAML file as plain values, with the line and column at which each of them stands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from vidframe.core.config.yaml_syntax import NotYamlError, compose

Place = tuple[str | int, ...]  # the keys and indices that lead to a value: ("cameras", "door", "source")

Paths = tuple[Path, ...]  # of a file and those that include it, which come first
Nodes = tuple[int, ...]  # identities of a node and those that it is in

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


class ConfigError(Exception):
    """A config that cannot be used; `problems` has every mistake, in the order of the file."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(set(problems), key=lambda problem: problem.mark)
        super().__init__("\n".join(str(problem) for problem in self.problems))


@dataclass
class Document:
    """The values of a file and all that it includes, and what is wrong with them."""

    path: Path
    value: Any = None
    values: dict[Place, Mark] = field(default_factory=dict)
    keys: dict[Place, Mark] = field(default_factory=dict)
    secrets: dict[Place, str] = field(default_factory=dict)  # came from the environment: not to be printed
    unreadable: set[Place] = field(default_factory=set)  # errors here and below follow from the one that is known
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def mark(self, place: Place, *, of_key: bool = False) -> Mark:
        """Where the value stands (or its key); for what is not there, where its nearest parent stands."""
        if of_key and place in self.keys:
            return self.keys[place]
        known = (self.values[parent] for parent in _lineage(place) if parent in self.values)
        return next(known, Mark(str(self.path), 1, 1))

    def folder(self, place: Place) -> Path:
        """The folder of the file in which the value stands: relative paths start there, wherever a step may go."""
        return Path(self.mark(place).file).parent.absolute()

    def is_secret(self, place: Place) -> bool:
        """Whether the value, or what it is a part of, came from the environment."""
        return any(parent in self.secrets for parent in _lineage(place))

    def without_secrets(self, text: str) -> str:
        """The text with every value of an environment variable hidden."""
        for secret in filter(None, self.secrets.values()):
            text = text.replace(secret, "***")
        return text

    def secrets_below(self, places: Iterable[Place]) -> tuple[str, ...]:
        """The values of environment variables at these places and below."""
        ends = [(place, len(place)) for place in places]
        return tuple(value for at, value in self.secrets.items() if any(at[:end] == place for place, end in ends))

    def add_error(self, place: Place, message: str, *, of_key: bool = False) -> None:
        """Adds a problem, unless it follows from one at this place that is known."""
        if not any(parent in self.unreadable for parent in _lineage(place)):
            self.problems.append(Problem(self.mark(place, of_key=of_key), message))

    def add_unreadable(self, place: Place, message: str) -> None:
        """Adds a problem because of which nothing more can be said about this place and what is below it."""
        self.add_error(place, message)
        self.unreadable.add(place)

    def add_warning(self, place: Place, message: str, *, of_key: bool = False) -> None:
        """Adds something that works and should be changed."""
        problem = Problem(self.mark(place, of_key=of_key), f"warning: {message}")
        if problem not in self.warnings:
            self.warnings.append(problem)

    def raise_if_errors(self) -> None:
        """Raises a ConfigError with every problem, if there is one."""
        if self.problems:
            raise ConfigError(self.problems)

    def rename(self, old: Place, new: Place) -> None:
        """Lets everything at and below `old` stand at `new`."""
        everything: tuple[dict[Place, Any], ...] = (self.values, self.keys, self.secrets)
        for marks in everything:
            for place in [place for place in marks if place[: len(old)] == old]:
                marks[new + place[len(old) :]] = marks.pop(place)
        self.unreadable |= {new + place[len(old) :] for place in self.unreadable if place[: len(old)] == old}


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
        self._read = 0

    def whole(self) -> None:
        path = self.document.path
        try:
            self.document.value = self.file(path, (), ())
        except _TooLarge:
            message = f"more than {MOST_VALUES:,} values, most of them by aliases of aliases"
            self.document.add_unreadable((), message)

    def file(self, path: Path, place: Place, including: Paths) -> Any:
        node = self._compose(path, place)
        return None if node is None else self._value(node, place, (*including, path), ())

    def _compose(self, path: Path, place: Place) -> yaml.Node | None:
        try:
            content = path.read_bytes()
        except OSError as error:
            self.document.add_unreadable(place, f"cannot read {path}: {error.strerror}")
            return None
        try:
            return compose(content)
        except NotYamlError as error:
            self.document.problems.append(Problem(Mark(str(path), error.line, error.column), f"not YAML: {error}"))
            self.document.unreadable.add(place)
            return None

    def _value(self, node: yaml.Node, place: Place, paths: Paths, parents: Nodes) -> Any:
        self.document.values[place] = _mark(node, paths[-1])
        self._read += 1  # not the places: what is merged again and again has one place
        if self._read > MOST_VALUES:
            raise _TooLarge
        if id(node) in parents:
            self.document.add_unreadable(place, "this alias contains itself")
            return None
        parents = (*parents, id(node))
        if node.tag == "!env":
            return self._variable(node, place)
        if node.tag == "!include":
            return self._included(node, place, paths)
        if node.tag not in PLAIN:
            tag = node.tag.replace("tag:yaml.org,2002:", "!!")
            self.document.add_unreadable(place, f"unknown tag {tag}; there are !env NAME and !include FILE")
            return None
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, place, paths, parents)
        if isinstance(node, yaml.SequenceNode):
            return [self._value(item, (*place, i), paths, parents) for i, item in enumerate(node.value)]
        return self._scalar(node, place)

    def _mapping(self, node: yaml.MappingNode, place: Place, paths: Paths, parents: Nodes) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        values: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode) or key_node.tag not in PLAIN:
                self.document.problems.append(Problem(_mark(key_node, paths[-1]), "a key must be a plain word"))
                continue
            key = str(key_node.value)
            if key_node.tag == "tag:yaml.org,2002:merge":
                self.document.values[place] = _mark(key_node, paths[-1])
                merged |= self._merged(value_node, place, paths, parents)
                self.document.values[place] = _mark(node, paths[-1])
                continue
            here = (*place, key)
            if key in values:
                first = self.document.keys[here]
                self.document.keys[here] = _mark(key_node, paths[-1])
                what = f"camera {key!r}" if place == ("cameras",) else f"{key!r}"
                self.document.add_error(here, f"{what} is named twice, first in line {first.line}", of_key=True)
                continue
            self.document.keys[here] = _mark(key_node, paths[-1])
            values[key] = self._value(value_node, here, paths, parents)
        return merged | values

    def _merged(self, node: yaml.Node, place: Place, paths: Paths, parents: Nodes) -> dict[str, Any]:
        """What `<<` brings: the pairs of one mapping, or of several, of which the first that has a key counts."""
        merged: dict[str, Any] = {}
        for part in reversed(node.value) if isinstance(node, yaml.SequenceNode) else [node]:
            if isinstance(part, yaml.MappingNode):
                merged |= self._value(part, place, paths, parents) or {}
            else:
                self.document.add_error(place, "<< takes an alias of `key: value` pairs, or a list of them")
        return merged

    def _scalar(self, node: yaml.Node, place: Place) -> Any:
        try:
            value = yaml.constructor.SafeConstructor().construct_object(node)
        except (yaml.YAMLError, ValueError):
            shown = node.value if len(node.value) <= 40 else f"{node.value[:40]}..."
            self.document.add_unreadable(place, f"cannot read {shown!r} as {node.tag.rpartition(':')[2]}")
            return None
        if isinstance(value, str) and (odd := UNPRINTABLE.search(value)):
            self.document.add_unreadable(place, f"text must not contain the character U+{ord(odd[0]):04X}")
            return None
        return value

    def _variable(self, node: yaml.Node, place: Place) -> Any:
        name = node.value if isinstance(node, yaml.ScalarNode) else ""
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            self.document.add_unreadable(place, "!env takes the name of an environment variable")
        elif name not in self.environ:
            self.document.add_unreadable(place, f"the environment variable {name} is not set")
        self.document.secrets[place] = self.environ.get(name, "")
        return self.environ.get(name)

    def _included(self, node: yaml.Node, place: Place, paths: Paths) -> Any:
        name = node.value if isinstance(node, yaml.ScalarNode) else ""
        target = paths[-1].parent / name
        if not name:
            self.document.add_unreadable(place, "!include takes the path of a file")
        elif target.resolve() in [path.resolve() for path in paths]:
            self.document.add_unreadable(place, f"{name} includes itself")
        elif len(paths) >= MOST_INCLUDED:
            self.document.add_unreadable(place, f"files include each other more than {MOST_INCLUDED} deep")
        else:
            return self.file(target, place, paths)
        return None


def _lineage(place: Place) -> Iterator[Place]:
    """The place, and all that it is in, the nearest first."""
    return (place[:length] for length in range(len(place), -1, -1))


def _mark(node: yaml.Node, path: Path) -> Mark:
    return Mark(str(path), node.start_mark.line + 1, node.start_mark.column + 1)
