"""Looks for bodies where something changed and where somebody was: wide first, then closely where that found too little."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vidframe import Box, Detection
from vidframe.detectors import Detector
from vidframe_people.cells import Mask, part_of, patches_of
from vidframe_people.regions import in_frame, joined, merged, share_inside, square_about, squares_of
from vidframe_people.tracker import Track

MOST_CLOSE = 3  # close looks in one search
SMALL = 0.4  # of a wide square's side: a change that is smaller is looked at closely
CLOSE = 1.8  # sides of a close look's square, in those of what it is about

Image = NDArray[np.uint8]


class Search:
    """Squares of a frame of one size, and what a detector finds in them."""

    def __init__(self, detector: Detector, width: int, height: int, least: float) -> None:
        """`least`: the score from which a detection counts, 0..1."""
        self._detector = detector
        self._size = width, height
        self._least = least
        self._squares = squares_of(width, height)

    def wide(self, image: Image, changed: Mask, bodies: Sequence[Box]) -> list[Detection]:
        """In large squares in which something changed or somebody is."""
        return self._look(
            image,
            [
                square
                for square in self._squares
                if changed[part_of(square, changed, *self._size)].any()
                or any(share_inside(body, square) > 0.5 for body in bodies)
            ],
        )

    def close(
        self, image: Image, changed: Mask, found: Sequence[Detection], tracks: Sequence[Track], missing: Sequence[Track]
    ) -> list[Detection]:
        """About bodies that are missing, those told first, then about small changes in which nobody was found."""
        side = self._squares[0].width
        missing = sorted(missing, key=lambda track: (track.number is None, -track.seen))
        places = [track.box for track in missing]
        known = [each.box.grown(1.3) for each in found] + [track.box.grown(1.3) for track in tracks]
        for patch in sorted(patches_of(changed, *self._size), key=lambda patch: -patch.area):
            is_small = max(patch.width, patch.height) < SMALL * side
            if is_small and not any(share_inside(patch, box) > 0.5 for box in known):
                places.append(patch.grown(1.4))
        squares = [square_about(place, CLOSE, *self._size) for place in places]
        return self._look(image, joined([square for square in squares if square.width < 0.9 * side])[:MOST_CLOSE])

    def _look(self, image: Image, squares: Sequence[Box]) -> list[Detection]:
        found = []
        for square in squares:
            left, top = max(0, round(square.x)), max(0, round(square.y))
            right, bottom = round(square.x + square.width), round(square.y + square.height)
            part = image[top:bottom, left:right]
            place = Box(left, top, part.shape[1], part.shape[0])
            bodies = [each for each in self._detector.detect(part, self._least) if each.label == "person"]
            found += [in_frame(each, place, *self._size) for each in bodies]
        return merged(found)
