"""Pydantic's errors as problems of a document: at the line that is wrong, and in words for who writes YAML."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from vidframe.core.config.document import Document, Place
from vidframe.core.model.deprecated import GOES_WITH
from vidframe.tools import did_you_mean

M = TypeVar("M", bound=BaseModel)
PlaceOf = Callable[[str], Place]  # a key -> where its value stands

MAX_SHOWN = 60  # characters of a wrong value

_WORDS = {
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "string_type": "must be text",
    "path_type": "must be a path",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "dict_type": "must be `key: value` pairs",
    "model_type": "must be `key: value` pairs",
    "dataclass_type": "must be `key: value` pairs",
    "missing": "is missing",
    "value_error": "cannot be used: {error}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "too_short": "must have {min_length} or more entries",
    "too_long": "must have at most {max_length} entries",
    "string_too_short": "must have {min_length} or more characters",
    "string_too_long": "must have at most {max_length} characters",
    "string_pattern_mismatch": "must look like {pattern}",
}


def read_keys(document: Document, model: type[M], raw: Any, place: Place, owner: str) -> M:
    """The keys that stand at `place`, of which `owner` is the name in errors; nothing counts as none.

    A key with an error has its default in what is returned, so that the errors of others are found, too.
    """
    if not isinstance(raw, dict | None):
        found = shown(document, place, raw)
        document.add_unreadable(place, f"{owner} must be `key: value` pairs, found {found}{colon_hint(raw)}")
        raw = None
    pairs = current_names(document, raw or {}, getattr(model, "renamed", {}), place, owner)
    return validated(document, model, pairs, lambda key: (*place, key), place, owner)


def validated(
    document: Document, model: type[M], raw: Mapping[str, Any], place_of: PlaceOf, at: Place, owner: str
) -> M:
    """As `read_keys`, of keys that stand at several places."""
    try:
        return model.model_validate_json(json.dumps(raw), strict=True)
    except ValidationError as error:
        Errors(document, model, owner, place_of, at).add(error)
        wrong = {detail["loc"][0] for detail in error.errors()}
        required: dict[str, Any] = {key: "" for key, field in model.model_fields.items() if field.is_required()}
        return model.model_construct(None, **required | {key: raw[key] for key in raw.keys() - wrong})


def current_names(
    document: Document, raw: dict[str, Any], renamed: Mapping[str, str], place: Place, owner: str
) -> dict[str, Any]:
    """The pairs at `place`, in which deprecated keys are replaced by those of now, with a warning for each."""
    for old in renamed.keys() & raw.keys():
        new, value = renamed[old], raw.pop(old)
        if new in raw:
            message = f"{owner}: {old!r} is the old name of {new!r}; only one of them can be given"
            document.add_error((*place, old), message, of_key=True)
            continue
        warn_renamed(document, (*place, old), owner, old, new)
        document.rename((*place, old), (*place, new))
        raw[new] = value
    return raw


def warn_renamed(document: Document, place: Place, owner: str, old: str, new: str) -> None:
    """Warns of a deprecated name."""
    message = f"{owner}: {old!r} is now {new!r}; the old name goes with version {GOES_WITH}"
    document.add_warning(place, message, of_key=True)


@dataclass(frozen=True)
class Errors:
    """Adds pydantic's errors to a document. `owner` has the keys: a part of the config, or a plugin."""

    document: Document
    model: type[BaseModel]
    owner: str
    place_of: PlaceOf
    at: Place  # of the owner
    of_plugin: bool = False

    def add(self, error: ValidationError) -> None:
        """Adds each error at its place; a plugin's missing settings are left out, as cameras may give them."""
        for detail in error.errors():
            loc = detail["loc"]
            if detail["type"] == "extra_forbidden":
                self._add_unknown(loc)
            elif detail["type"] != "missing" or (self.of_plugin and len(loc) > 1):
                self._add_wrong(detail)
            elif not self.of_plugin:
                self.document.add_error(self._place(loc[:-1]), f"{self._owner_of(loc)} has no {loc[-1]}", of_key=True)

    def _add_unknown(self, loc: tuple[int | str, ...]) -> None:
        known = list(self.model.model_fields) if len(loc) == 1 else []
        hint = did_you_mean(str(loc[-1]), known)
        if self.of_plugin:
            hint = hint if hint or len(loc) > 1 else f"; its settings are {', '.join(known) or 'none'}"
            message = f"{self.owner} has no setting {loc[-1]!r}{hint}"
        else:
            message = f"unknown key {loc[-1]!r} in {self._owner_of(loc)}{hint}"
        self.document.add_error(self._place(loc), message, of_key=True)

    def _add_wrong(self, detail: Any) -> None:
        loc, value = detail["loc"], detail["input"]
        place = self._place(loc)
        is_secret = self.document.is_secret(place)
        if self.of_plugin:
            label = f"{self.owner}: {'.'.join(map(str, loc))}"
        else:
            last_key = max(i for i, part in enumerate(place) if isinstance(part, str))
            label = ".".join(map(str, place[last_key:]))
        if detail["type"] == "sentence" and not is_secret:
            self.document.add_error(place, str(detail["msg"]))
            return
        # The reason of the others may repeat the value.
        words = "cannot be used" if is_secret and detail["type"] in ("sentence", "value_error") else _plain(detail)
        found = shown(self.document, place, value)
        if isinstance(value, str) and value.endswith((".yaml", ".yml")) and not is_secret:
            found += f"; to take it from that file, write !include {value}"
        self.document.add_error(place, f"{label} {words}, found {found}")

    def _owner_of(self, loc: tuple[int | str, ...]) -> str:
        return self.owner if len(loc) == 1 else str(loc[-2])

    def _place(self, loc: tuple[int | str, ...]) -> Place:
        """Where it stands; what pydantic adds to a path, such as the branch of a union, is left out."""
        if not loc:
            return self.at
        place = self.place_of(str(loc[0]))
        for part in loc[1:]:
            place = (*place, part) if (*place, part) in self.document.values else place
        return place


def shown(document: Document, place: Place, value: Any) -> str:
    """The value for a message; never one that came from the environment."""
    if document.is_secret(place):
        return "the value of that environment variable"
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    text = "nothing" if value is None else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}..."


def colon_hint(value: Any) -> str:
    """What to say of `key:value`, which YAML takes for one word."""
    return "; put a space after the colon" if isinstance(value, str) and re.match(r"[\w-]+:\S", value) else ""


def _plain(detail: Any) -> str:
    words = _WORDS.get(detail["type"])
    if words is not None:
        facts = detail.get("ctx", {}).items()
        return words.format_map({key: f"{fact:g}" if isinstance(fact, float) else fact for key, fact in facts})
    message = str(detail["msg"])
    for theirs, ours in (("Input should be", "must be"), ("Value should", "must"), ("Input should", "must")):
        message = message.replace(theirs, ours)
    return message
