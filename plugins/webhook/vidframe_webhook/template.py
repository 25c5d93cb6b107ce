"""What is posted for an event: JSON whose texts have places such as {camera} or {facts.zones.0}."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from vidframe.kinds import facts_of
from vidframe.tools import did_you_mean

NAMES = ("camera", "event", "facts", "id", "kind", "picture", "reporter", "time", "version", "words")
_PLACE = re.compile(r"\{(\w+(?:\.\w+)*)\}")


def check(template: Any, kind: str) -> None:
    """ValueError for a place that no event of the kind could fill."""
    for place in _places(template):
        name, *rest = place.split(".")
        if name not in NAMES:
            raise ValueError(f"templates.{kind}: no place is named {{{name}}}{did_you_mean(name, NAMES)}")
        facts = facts_of(kind)
        if name == "facts" and rest and facts is not None and rest[0] not in facts:
            raise ValueError(f"templates.{kind}: {kind} has no fact {rest[0]!r}{did_you_mean(rest[0], facts)}")


def filled(template: Any, values: Mapping[str, Any]) -> Any:
    """The template with its places filled. A text that is one place alone becomes the value itself, of any type."""
    if isinstance(template, Mapping):
        return {key: filled(value, values) for key, value in template.items()}
    if isinstance(template, list):
        return [filled(value, values) for value in template]
    if not isinstance(template, str):
        return template
    if alone := _PLACE.fullmatch(template):
        return _value(alone[1], values)
    return _PLACE.sub(lambda place: _text(_value(place[1], values)), template)


def _places(template: Any) -> Iterator[str]:
    if isinstance(template, str):
        yield from _PLACE.findall(template)
    elif isinstance(template, Mapping | list):
        for value in template.values() if isinstance(template, Mapping) else template:
            yield from _places(value)


def _value(place: str, found: Any) -> Any:
    """None where the event has no such thing."""
    for name in place.split("."):
        if isinstance(found, Mapping):
            found = found.get(name)
        else:
            found = found[int(name)] if isinstance(found, list) and name.isdigit() and int(name) < len(found) else None
    return found


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else json.dumps(value, ensure_ascii=False)
