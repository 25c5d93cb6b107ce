"""Makes people unrecognisable in a copy of each frame, which is what later steps keep and show."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from vidframe import Box, Frame, Person, Seconds, hookimpl

CELLS = 4  # across the shorter side of a box: a face of 4 x 5 cells is nobody's
FACE, BODY = 1.6, 1.15  # by which the boxes are grown: hair and chin, hands and feet
HEAD = 0.25  # share of a body's height, from its top
MOST_REMEMBERED = 200  # people


@dataclass
class Blur:
    """Puts an image without recognisable people into `frame.masked`. The frame's own image stays as it is."""

    needs = ("people", "faces?")
    adds = ("masked",)

    what: Annotated[
        Literal["bodies", "heads"], Field(description="bodies: whole people; heads: faces, and the tops of bodies")
    ] = "bodies"
    hold: Annotated[Seconds, Field(ge=0, le=60, description="who is no longer found is still hidden for as long")] = 1.0

    def __post_init__(self) -> None:
        self._last: dict[int, tuple[float, list[Box]]] = {}  # by track: when and where somebody was

    @hookimpl
    def open_camera(self) -> None:
        self._last.clear()

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        boxes = [box for person in frame.people for box in self._boxes(person)]
        boxes += [face.box.grown(FACE) for face in frame.faces]
        boxes += self._remembered(frame)
        image = frame.image
        if boxes:
            image = image.copy()
            for box in boxes:
                _coarsen(image, box)
        frame.masked = image

    def _boxes(self, person: Person) -> Iterator[Box]:
        if person.face is not None:
            yield person.face.box.grown(FACE)
        if person.seen_by == "face":
            return
        box = person.box
        if self.what == "bodies":
            yield box.grown(BODY)
        elif person.face is None:
            yield Box(box.x, box.y, box.width, HEAD * box.height).grown(BODY)

    def _remembered(self, frame: Frame) -> Iterator[Box]:
        """Where those were who are not found on this frame; a detector loses people for a moment."""
        now = frame.seconds
        for person in frame.people:
            if person.track is not None:
                self._last.pop(person.track, None)  # the newest stand last
                self._last[person.track] = (now, list(self._boxes(person)))
        for track, (seen, boxes) in list(self._last.items()):
            if not 0 <= now - seen <= self.hold or len(self._last) > MOST_REMEMBERED:
                del self._last[track]
            elif seen < now:
                yield from boxes


def _coarsen(image: NDArray[np.uint8], box: Box) -> None:
    """Replaces a part of an image by cells of one colour each."""
    import cv2

    left, top = max(0, math.floor(box.x)), max(0, math.floor(box.y))
    right = min(image.shape[1], math.ceil(box.x + box.width))
    bottom = min(image.shape[0], math.ceil(box.y + box.height))
    if right <= left or bottom <= top:
        return
    part = image[top:bottom, left:right]
    side = max(2.0, min(box.width, box.height) / CELLS)
    size = (max(1, round((right - left) / side)), max(1, round((bottom - top) / side)))
    few: Any = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
    part[:] = cv2.resize(few, (right - left, bottom - top), interpolation=cv2.INTER_NEAREST)
