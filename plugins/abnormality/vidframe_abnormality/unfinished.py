"""The incident that goes on, noted on the disk, so that the next start can close it after a crash."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from vidframe.tools import write_atomically

NAME = "incident.json"  # in the camera's state folder
NEW = {"who": None, "who_probability": None}  # facts that an older release did not note


def note(state: Path, facts: dict[str, Any]) -> None:
    """Keeps what is known of the incident; on a full disk nothing is kept, and the night goes on."""
    with suppress(OSError):
        write_atomically(state / NAME, json.dumps(facts))


def forget(state: Path) -> None:
    """The incident is closed."""
    with suppress(OSError):
        (state / NAME).unlink(missing_ok=True)


def is_there(state: Path) -> bool:
    """Whether a crash left one."""
    return (state / NAME).exists()


def take(state: Path) -> dict[str, Any] | None:
    """The facts of the incident that a crash left, once; None where there is none, or nothing that can be read."""
    try:
        facts = json.loads((state / NAME).read_text())
    except (OSError, ValueError):
        facts = None
    forget(state)
    return NEW | facts if isinstance(facts, dict) and "incident" in facts else None
