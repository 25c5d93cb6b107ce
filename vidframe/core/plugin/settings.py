"""Types for plugin settings that YAML has no word for."""

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*")


def seconds(value: Any) -> float:
    """Reads `200ms`, `5s`, `2m`, `1.5h` or `30d`; a bare number is seconds."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        if value < 0:
            raise ValueError("a time cannot be below 0")
        return float(value)
    if isinstance(value, str) and (match := _DURATION.fullmatch(value)) and match[2] in _UNITS:
        return float(match[1]) * _UNITS[match[2]]
    raise ValueError(f"{value!r} is not a time such as 200ms, 5s, 2m, 1h or 30d")


Seconds = Annotated[
    float,
    BeforeValidator(seconds),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "minimum": 0},
                {"type": "string", "pattern": r"^\d+(\.\d+)?\s*(ms|s|m|min|h|d)$"},
            ]
        }
    ),
]
