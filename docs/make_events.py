"""Makes what is written of the kinds of events out of their definitions in vidframe/core/model/kinds.py.

`python docs/make_events.py` writes; with `--check` it only names what is out of date, and fails if something is.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import json
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from vidframe.core.model import kinds
from vidframe.core.model.kinds import KINDS, Facts, words

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/events.md"
SCHEMAS = ROOT / "docs/schemas"
EXAMPLES = ROOT / "tests/contract"
BEGIN, END = "<!-- made by docs/make_events.py: begin -->\n", "<!-- made by docs/make_events.py: end -->\n"
FILES = {"snapshot": ("image/jpeg", 48_211), "clip": ("video/mp4", 3_145_728), "thumbnail": ("image/jpeg", 9_000)}
MEANING = {"snapshot": "JPEG with the change marked", "clip": "MP4", "thumbnail": "JPEG"}
CAMERAS = {"abnormality": "store-room", "recorder": "store-room", "interest.mood": "till", "footfall": "till"}


def made() -> dict[Path, str]:
    """The text of each file, by its path."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    texts = {PAGE: before + BEGIN + "\n" + "\n".join(_section(kind) for kind in KINDS.values()) + "\n" + END + after}
    for number, (name, kind) in enumerate(KINDS.items(), start=1):
        texts[SCHEMAS / f"{name}.json"] = _json(schema(kind))
        texts[EXAMPLES / f"{name}.json"] = _json(event(kind, number))
    return texts


def schema(kind: type[Facts]) -> dict[str, Any]:
    """The JSON Schema of the facts of a kind."""
    whole: dict[str, Any] = _lean(kind.model_json_schema())
    for definition, its_kind in (
        (whole, kind),
        *((part, _named(name)) for name, part in whole.get("$defs", {}).items()),
    ):
        for name, fact in definition["properties"].items():
            fact["description"] = _meaning(its_kind, name)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": kind.kind} | whole


def event(kind: type[Facts], number: int) -> dict[str, Any]:
    """The example of a kind as it goes over the wire."""
    camera = CAMERAS.get(kind.kind) or CAMERAS.get(kind.reporter, "aisle-1")
    return {
        "version": 1,
        "id": f"{camera}.19aa1c8e5f2ab3c4-{number:06d}",
        "kind": kind.kind,
        "camera": camera,
        "time": "2026-11-22T01:14:07.120000Z",
        "reporter": kind.reporter,
        "facts": kind.example,
        "files": [
            {"role": role, "media_type": FILES[role][0], "bytes": FILES[role][1],
             "sha256": hashlib.sha256(role.encode()).hexdigest()}
            for role in kind.roles
        ],
    }  # fmt: skip


def _named(name: str) -> type[Any]:
    found: type[Any] = getattr(kinds, name)
    return found


def _meaning(kind: type[Any], fact: str) -> str:
    """The docstring below a fact, in the class that defines it. Reading it at import would slow each command down."""
    for base in kind.__mro__:
        if base.__module__ == kinds.__name__:
            body = ast.parse(inspect.getsource(base)).body[0].body  # type: ignore[attr-defined]
            for line, below in pairwise(body):
                if isinstance(line, ast.AnnAssign) and ast.unparse(line.target) == fact:
                    return inspect.cleandoc(below.value.value)
    raise LookupError(f"{kind.__name__}.{fact} has no docstring")


def _lean(part: Any) -> Any:
    """Without titles, which repeat the names, and without the ban on facts of later releases."""
    if isinstance(part, dict):
        return {
            key: _lean(value)
            for key, value in part.items()
            if (key, type(value)) != ("title", str) and (key, value) != ("additionalProperties", False)
        }
    return [_lean(value) for value in part] if isinstance(part, list) else part


def _section(kind: type[Facts]) -> str:
    whole = schema(kind)
    first = next(other for other in KINDS.values() if other is kind or _base(other) is _base(kind) is not Facts)
    shared = [] if first is kind else list(_rows(schema(first)))
    facts = [row for row in _rows(whole) if row not in shared]
    lines = [f"### `{kind.kind}`", _paragraphs(whole["description"]), ""]
    if shared:
        link = f"[`{first.kind}`](#{first.kind.replace('.', '')})"
        without = "".join(f" without `{name}`" for name in first.model_fields if name not in kind.model_fields)
        lines += [f"Its facts are those of {link}{without}{', but:' if facts else '.'}", ""]
    if facts:
        lines += ["| fact | type | meaning |", "| --- | --- | --- |", *facts, ""]
    lines += [f"Reported by `{kind.reporter}`. In words: {words(kind.kind, kind.example)}."]
    if kind.roles:
        lines += ["Files: " + ", ".join(f"`{role}` ({MEANING[role]})" for role in kind.roles) + "."]
    return "\n".join(lines) + "\n"


def _base(kind: type[Facts]) -> type:
    return kind.__mro__[1]


def _rows(whole: dict[str, Any], part: dict[str, Any] | None = None, prefix: str = "") -> Iterator[str]:
    for name, fact in (part or whole).get("properties", {}).items():
        meaning = " ".join(fact["description"].split())
        yield f"| `{prefix}{name}` | {_type(fact, whole)} | {meaning} |"
        for option in [*fact.get("anyOf", []), fact.get("items", {})]:
            if "$ref" in option:
                yield from _rows(whole, _of(option, whole), f"{name}.")


def _type(fact: dict[str, Any], whole: dict[str, Any]) -> str:
    fact = _of(fact, whole)
    if "anyOf" in fact:
        options = [_type(option, whole) for option in fact["anyOf"]]
        return (", or " if "," in options[0] else " or ").join(options)
    if "enum" in fact:
        return ", ".join(f"`{value}`" for value in fact["enum"])
    if "const" in fact:
        return f"`{fact['const']}`"
    match fact["type"]:
        case "string":
            return "time" if fact.get("format") == "date-time" else _text(fact)
        case "integer" | "number" as name:
            return f"{'whole number' if name == 'integer' else 'number'}{_range(fact)}"
        case "array" if "prefixItems" in fact:
            return f"list of {len(fact['prefixItems'])} times {_type(fact['prefixItems'][0], whole)}"
        case "array":
            return f"list, at most {fact['maxItems']}, of {_type(fact['items'], whole)}"
        case "object" if "properties" not in fact:
            return f"object of {_type(fact['additionalProperties'], whole)}"
        case name:
            return str(name)


def _text(fact: dict[str, Any]) -> str:
    if "pattern" in fact:
        return "id"
    return f"text, at most {fact['maxLength']} characters" if "maxLength" in fact else "text"


def _range(fact: dict[str, Any]) -> str:
    least, most = fact.get("minimum"), fact.get("maximum")
    if most is None:
        return f", {least} or more" if least is not None else ""
    return f", {least:,} to {most:,}"


def _of(fact: dict[str, Any], whole: dict[str, Any]) -> dict[str, Any]:
    return whole["$defs"][fact["$ref"].rpartition("/")[2]] if "$ref" in fact else fact


def _paragraphs(text: str) -> str:
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def stale() -> list[Path]:
    """Files that are not as they would be made, and files of kinds that are gone."""
    texts = made()
    gone = [path for folder in (SCHEMAS, EXAMPLES) for path in folder.glob("*.json") if path not in texts]
    return [path for path, text in texts.items() if not path.exists() or path.read_text() != text] + gone


def main() -> None:
    """Write what is out of date, or name it."""
    paths = stale()
    for path in paths:
        print(path.relative_to(ROOT))
    if "--check" in sys.argv:
        sys.exit(1 if paths else 0)
    SCHEMAS.mkdir(exist_ok=True)
    texts = made()
    for path in paths:
        if path in texts:
            path.write_text(texts[path])
        else:
            path.unlink()


if __name__ == "__main__":
    main()
