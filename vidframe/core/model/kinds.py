"""Kinds of events."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from datetime import datetime
from numbers import Integral, Real
from typing import Any

from vidframe.tools import iso_time

KIND = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_-]+)*")
LONGEST_KIND = 40
MAX_FACTS = 32_000  # bytes of all facts of an event as JSON


def facts_as_json(kind: str, facts: Mapping[str, object]) -> dict[str, Any]:
    """The facts as plain JSON values; ValueError or TypeError names kind and fact."""
    if not isinstance(kind, str) or len(kind) > LONGEST_KIND or not KIND.fullmatch(kind):
        raise ValueError(f"event kind {kind!r} must look like queue.long: a-z, 0-9, _ and dots, at most {LONGEST_KIND}")
    plain_facts = {name: plain(value, f"event {kind}: {name}") for name, value in facts.items()}
    size = len(json.dumps(plain_facts))
    if size > MAX_FACTS:
        raise ValueError(f"event {kind}: its facts have {size} bytes, at most {MAX_FACTS} are taken")
    return plain_facts


def plain(value: object, what: str) -> Any:
    """A value as plain JSON; TypeError or ValueError names it."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, datetime):
        return iso_time(value)
    if isinstance(value, Mapping):
        return {str(key): plain(inner, f"{what}.{key}") for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner, f"{what}.{i}") for i, inner in enumerate(value)]
    if type(value).__name__ in ("bool_", "bool"):
        return bool(value)
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        if not math.isfinite(value):
            raise ValueError(f"{what} must be a finite number, found {value!r}")
        return float(value)
    raise TypeError(f"{what} must be plain JSON, found {type(value).__name__}")
