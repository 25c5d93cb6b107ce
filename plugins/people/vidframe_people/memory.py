"""Keeps what a camera learned of posters, mannequins and furniture: boxes alone, no picture."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence

from vidframe import Camera
from vidframe.tools import write_atomically
from vidframe_people.fixtures import Shares

log = logging.getLogger(__name__)

FILE = "people-fixtures.json"


class Memory:
    """A file in the camera's state folder. One that cannot be read or written costs what it holds, and is named."""

    def __init__(self, camera: Camera) -> None:
        self._name = camera.name
        self._path = camera.state / FILE

    def read(self) -> list[Shares]:
        """What the last run learned; empty without one."""
        try:
            boxes = json.loads(self._path.read_text())["boxes"]
            return [(float(x), float(y), float(width), float(height)) for x, y, width, height in boxes]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.warning("camera %s: people: %s cannot be read (%s); learned anew", self._name, self._path, error)
            return []

    def write(self, boxes: Sequence[Shares]) -> None:
        """Keeps it for the next run."""
        content = json.dumps({"boxes": [[round(part, 4) for part in box] for box in boxes]})
        try:
            write_atomically(self._path, content.encode())
        except OSError as error:
            log.warning("camera %s: people: %s cannot be written: %s", self._name, self._path, error)
