"""The text of a YAML file as PyYAML's nodes, and what is wrong with it in words that help."""

from __future__ import annotations

import re
from typing import Any

import yaml

MOST_NESTED = 40  # far more than any config, far less than Python's stack


class NotYamlError(Exception):
    """What is wrong, and where it begins; line and column count from 1."""

    def __init__(self, line: int, column: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.column = column


def compose(content: bytes) -> yaml.Node | None:
    """The nodes of a file, None for an empty one; NotYamlError where it is no YAML 1.2."""
    text = _text(content)
    try:
        node: yaml.Node | None = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        raise _explained(error, text) from error
    return node


class _Loader(yaml.SafeLoader):
    """YAML 1.2's plain scalars: 22:00 is no number, and yes, no, on and off are words."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own name
    depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Refuses what is nested so deeply that reading it would end Python's stack."""
        self.depth += 1
        if self.depth > MOST_NESTED:
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, f"nested more than {MOST_NESTED} deep", mark)
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1


_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""])
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false|True|False)$"), list("tfTF"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^[-+]?\d+$"), list("-+0123456789"))
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(?:\d+\.\d*|\.\d+|\d+(?=[eE]))(?:[eE][-+]?\d+)?$"),
    list("-+0123456789."),
)
_Loader.add_implicit_resolver("tag:yaml.org,2002:merge", re.compile(r"^<<$"), ["<"])

_ODD_BLANK = re.compile(r"^ *([\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000])", re.MULTILINE)


def _text(content: bytes) -> str:
    """The text of a file; NotYamlError where it holds what no config does."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8-sig", "replace")
        message = f"the file is not UTF-8 text (byte {content[error.start]:#04x}); save it as UTF-8"
        raise NotYamlError(*_end_of(before), message) from None
    if odd := yaml.reader.Reader.NON_PRINTABLE.search(text):
        raise NotYamlError(*_end_of(text[: odd.start()]), f"the character U+{ord(odd[0]):04X} is not allowed in a file")
    if odd := _ODD_BLANK.search(text):
        message = f"the character U+{ord(odd[1]):04X} in the indentation, which only looks like a space; use spaces"
        raise NotYamlError(*_end_of(text[: odd.start(1)]), message)
    return text


def _end_of(text: str) -> tuple[int, int]:
    """Line and column of what follows the text."""
    lines = re.split(r"\r\n|\r|\n", text)
    return len(lines), len(lines[-1]) + 1


def _explained(error: yaml.MarkedYAMLError, text: str) -> NotYamlError:
    """PyYAML's complaint for somebody who does not know its parser, at the place that has to be changed."""
    noticed = error.problem_mark or error.context_mark or yaml.Mark("", 0, 0, 0, None, 0)
    began = error.context_mark or noticed
    mark, message = _in_words(error.problem or "", error.context or "", noticed, began)
    line = text.splitlines()[noticed.line : noticed.line + 1]
    if any("\t" in part[: len(part) - len(part.lstrip())] for part in line) or "'\\t'" in (error.problem or ""):
        mark, message = noticed, "a tab in the indentation; use spaces"
    return NotYamlError(mark.line + 1, mark.column + 1, message)


_IN_BRACKETS = ("while parsing a flow sequence", "while parsing a flow mapping")


def _in_words(problem: str, context: str, noticed: yaml.Mark, began: yaml.Mark) -> tuple[yaml.Mark, str]:
    bracket = "[" if "sequence" in context else "{"
    if context == "while scanning a quoted scalar" and "end of stream" in problem:
        return began, "this quote is never closed"
    if context == "while scanning a simple key":
        return began, "a key without its colon"
    if context in _IN_BRACKETS and "stream end" in problem:
        return began, f"this {bracket} is never closed"
    if context in _IN_BRACKETS:
        return noticed, f"{problem}; the {bracket} of line {began.line + 1}, column {began.column + 1} is still open"
    if "cannot start any token" in problem:
        character = problem.removeprefix("found character ").removesuffix(" that cannot start any token")
        return noticed, f"{character} cannot begin a value; put the value into quotes"
    if problem == "mapping values are not allowed here":
        return noticed, "no key can stand here; put text that holds `: ` into quotes, or check the indentation"
    if match := re.fullmatch("expected <block end>, but found '([]}])'", problem):
        return noticed, f"this {match[1]} closes nothing"
    if problem.startswith("expected <block end>"):
        return noticed, "this does not fit the indentation above it"
    if problem == "but found another document":
        return noticed, "a second document begins here; a config is one"
    return noticed, problem
