"""What looks like a body and never moves: posters, mannequins, screens that are off, racks. Boxes alone, no picture."""

from __future__ import annotations

import json
import logging

from vidframe import Box, Camera
from vidframe.tools import write_atomically

log = logging.getLogger(__name__)

FILE = "people-fixtures.json"
SAME = 0.4  # overlap from which a box is one of these
MOST = 50


class Fixtures:
    """Their places in one camera's picture, kept in the camera's state folder from run to run.

    A file that cannot be read or written costs what it holds, and is named in the log.
    """

    def __init__(self, camera: Camera) -> None:
        self._name = camera.name
        self._path = camera.state / FILE
        self._shares = self._read()  # x, y, width, height as parts of the frame

    def has(self, box: Box, size: tuple[int, int]) -> bool:
        """Whether something of this kind stands where the box is, in a frame of that size."""
        width, height = size
        return any(
            box.overlap(Box(x * width, y * height, across * width, down * height)) > SAME
            for x, y, across, down in self._shares
        )

    def learn(self, box: Box, size: tuple[int, int]) -> None:
        """Adds a place; the oldest are forgotten."""
        if self.has(box, size):
            return
        width, height = size
        self._shares.append((box.x / width, box.y / height, box.width / width, box.height / height))
        del self._shares[:-MOST]
        log.info("camera %s: people: something that never moves is left out from now on", self._name)
        self._write()

    def _read(self) -> list[tuple[float, float, float, float]]:
        try:
            boxes = json.loads(self._path.read_text())["boxes"]
            return [(float(x), float(y), float(width), float(height)) for x, y, width, height in boxes]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.warning("camera %s: people: %s cannot be read (%s); learned anew", self._name, self._path, error)
            return []

    def _write(self) -> None:
        content = json.dumps({"boxes": [[round(part, 4) for part in box] for box in self._shares]})
        try:
            write_atomically(self._path, content)
        except OSError as error:
            log.warning("camera %s: people: %s cannot be written: %s", self._name, self._path, error)
