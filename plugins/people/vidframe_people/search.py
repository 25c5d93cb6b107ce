"""Looks for bodies where something changed and where somebody was: wide first, then closely where that found too little."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vidframe import Box, Detection
from vidframe.detectors import Detector
from vidframe_people.cells import Mask, part_of, patches_of
from vidframe_people.regions import grid_of, joined, put_together, share_inside, square_about, squares_of
from vidframe_people.tracker import Track

MOST_CLOSE = 2  # close looks in one search
CLOSE = 1.8  # sides of a close look's square, in those of the body that it is about
PATCH = 1.4  # the same, of a change that shows no body
SMALL = 0.38  # of the frame's shorter side: what is smaller is looked at in a square of its own size
LEAST = 80  # pixels of a square's side: in smaller ones no body could be told
UNEXPLAINED = 0.04  # share of a square that changed and shows no body, from which it is looked at closely

Image = NDArray[np.uint8]


class Search:
    """Squares of a frame of one size, and what a detector finds in them."""

    def __init__(self, detector: Detector, width: int, height: int, least: float) -> None:
        """`least`: the score from which a detection counts, 0..1."""
        self._detector = detector
        self._size = width, height
        self._least = least
        self._squares = squares_of(width, height)
        self._small = SMALL * min(width, height)
        self._grid = grid_of(width, height, max(self._small, LEAST))
        self._has_begun = False
        self._waited = np.ones(len(self._grid))  # searches since each square was looked at

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

    def close(self, image: Image, changed: Mask, bodies: Sequence[Box], missing: Sequence[Track]) -> list[Detection]:
        """About bodies that are missing, those told first, then where something changed and no body explains it.

        `bodies`: all that are known, found now or followed. The first time, all of the picture is looked at.
        """
        most = MOST_CLOSE if self._has_begun else None
        self._has_begun = True
        missing = sorted(missing, key=lambda track: (track.number is None, -track.seen))
        squares = [square_about(track.box, CLOSE, *self._size) for track in missing]
        squares = [square for square in squares if square.width < 0.9 * self._squares[0].width]
        return self._look(image, joined([*squares, *self._unexplained(changed, bodies, most)])[:most])

    def _unexplained(self, changed: Mask, bodies: Sequence[Box], most: int | None) -> list[Box]:
        """Squares about small changes, and such of a grid over larger ones, by how long they waited."""
        left = changed.copy()
        for body in bodies:
            left[part_of(body.grown(1.2), left, *self._size)] = False
        patches = patches_of(left, *self._size)
        small = [patch for patch in patches if max(patch.width, patch.height) < self._small]
        for patch in small:
            left[part_of(patch, left, *self._size)] = False
        small.sort(key=lambda patch: -patch.area)
        squares = [
            square_about(patch, max(PATCH, LEAST / max(patch.width, patch.height)), *self._size) for patch in small
        ]
        return [*squares[:most], *self._of_grid(left, most)]

    def _of_grid(self, left: Mask, most: int | None) -> list[Box]:
        shares = np.array([left[part_of(square, left, *self._size)].mean() for square in self._grid])
        chosen = [i for i in np.argsort(-shares * self._waited)[:most] if shares[i] > UNEXPLAINED]
        self._waited[shares > UNEXPLAINED] += 1
        self._waited[chosen] = 1
        return [self._grid[i] for i in chosen]

    def _look(self, image: Image, squares: Sequence[Box]) -> list[Detection]:
        found = []
        for square in squares:
            left, top = max(0, round(square.x)), max(0, round(square.y))
            right, bottom = round(square.x + square.width), round(square.y + square.height)
            part = image[top:bottom, left:right]
            bodies = [each for each in self._detector.detect(part, self._least) if each.label == "person"]
            found.append((Box(left, top, part.shape[1], part.shape[0]), bodies))
        return put_together(found, *self._size)
