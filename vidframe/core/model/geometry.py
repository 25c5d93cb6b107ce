"""Boxes and points in the pixels of a frame."""

from __future__ import annotations

from typing import NamedTuple

Point = tuple[float, float]  # x, y in pixels of the whole frame


class Box(NamedTuple):
    """A rectangle in the pixels of the whole frame; may reach over the frame's edge."""

    x: float  # left edge
    y: float  # upper edge
    width: float
    height: float

    @property
    def centre(self) -> Point:
        """The middle as (x, y)."""
        return self.x + self.width / 2, self.y + self.height / 2

    @property
    def foot(self) -> Point:
        """The middle of the lower edge as (x, y): where a standing body meets the floor."""
        return self.x + self.width / 2, self.y + self.height

    @property
    def area(self) -> float:
        """Square pixels."""
        return self.width * self.height

    def grown(self, factor: float) -> Box:
        """The box about the same centre, `factor` times as wide and high."""
        x, y = self.centre
        width, height = self.width * factor, self.height * factor
        return Box(x - width / 2, y - height / 2, width, height)

    def overlap(self, other: Box) -> float:
        """Intersection over union, 0 (apart) to 1 (the same)."""
        width = min(self.x + self.width, other.x + other.width) - max(self.x, other.x)
        height = min(self.y + self.height, other.y + other.height) - max(self.y, other.y)
        if width <= 0 or height <= 0:
            return 0.0
        return width * height / (self.area + other.area - width * height)
