"""What looks like a body and never moves: posters, mannequins, screens that are off, racks."""

from __future__ import annotations

from collections.abc import Iterable

from vidframe import Box

SAME = 0.4  # overlap from which a box is one of these
MOST = 50

Shares = tuple[float, float, float, float]  # x, y, width, height as parts of the frame


class Fixtures:
    """Their places in one camera's picture, in pixels of a frame of one size."""

    def __init__(self, known: Iterable[Shares], width: int, height: int) -> None:
        self._size = width, height
        self._boxes = [Box(x * width, y * height, across * width, down * height) for x, y, across, down in known]

    def has(self, box: Box) -> bool:
        """Whether something of this kind stands there."""
        return any(box.overlap(other) > SAME for other in self._boxes)

    def learn(self, box: Box) -> None:
        """Adds a place; the oldest are forgotten."""
        if not self.has(box):
            self._boxes.append(box)
            del self._boxes[:-MOST]

    @property
    def shares(self) -> list[Shares]:
        """The places as parts of the frame, for a frame of another size or the next run."""
        width, height = self._size
        return [(box.x / width, box.y / height, box.width / width, box.height / height) for box in self._boxes]
