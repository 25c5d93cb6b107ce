"""Joins bodies with faces: one person, one number."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from vidframe import Box, Face
from vidframe_people.regions import share_inside
from vidframe_people.tracker import Track

HEAD = 0.45  # of a body's height: how far down its face may be
AMID = 0.9  # share of a face that lies in the body's box


def pairs_of(tracks: Sequence[Track], faces: Sequence[Face]) -> list[tuple[Track, Face]]:
    """The face of each body, best fit first, each at most once; a face amid a body that has no other is its, too."""
    fits = [(fit, i, j) for i, track in enumerate(tracks) for j, face in enumerate(faces)
            if (fit := _fit(track.box, face.box) or _fit_amid(track.box, face.box)) > 0]  # fmt: skip
    found: list[tuple[Track, Face]] = []
    bodies: set[int] = set()
    taken: set[int] = set()
    for _, i, j in sorted(fits, key=lambda each: -each[0]):
        if i not in bodies and j not in taken:
            found.append((tracks[i], faces[j]))
            bodies.add(i)
            taken.add(j)
    return found


def _fit(body: Box, face: Box) -> float:
    """0..1: how well a face sits at the top of a body; 0 where it cannot be its face."""
    (x, y), width, height = face.centre, max(body.width, 1.0), max(body.height, 1.0)
    down = (y - body.y) / height
    if not -0.05 <= down <= HEAD or not body.x - 0.1 * width <= x <= body.x + 1.1 * width:
        return 0.0
    if not 0.04 < face.height / height < 0.75:
        return 0.0
    aside = abs(x - body.centre[0]) / width
    return max(0.02, 1.0 - 0.5 * aside - 0.5 * max(0.0, down - 0.12))


def _fit_amid(body: Box, face: Box) -> float:
    """Of a face that lies in a body, but not at its top: somebody bends down. Worse than any other fit."""
    return 0.01 if share_inside(face, body) > AMID and face.height < 0.75 * body.height else 0.0


class FaceNumbers:
    """The numbers of people of whom only the face is known, and of those whose face was joined with a body."""

    def __init__(self, give: Callable[[], int]) -> None:
        self._give = give
        self._numbers: dict[int, int] = {}  # track of the face -> number of the person

    def of(self, face: Face) -> int | None:
        """The number of a face alone; None for one that is not followed."""
        if face.track is None:
            return None
        if face.track not in self._numbers:
            self._numbers[face.track] = self._give()
        return self._numbers[face.track]

    def known(self, face: Face) -> int | None:
        """The number that a face has already."""
        return None if face.track is None else self._numbers.get(face.track)

    def join(self, face: Face, number: int) -> None:
        """From now on this face is that person's."""
        if face.track is not None:
            self._numbers[face.track] = number

    def keep(self, faces: Sequence[Face]) -> None:
        """Forgets the oldest where many came and went: tracks of faces are never used twice."""
        if len(self._numbers) > 1000:
            present = {face.track for face in faces}
            old = [track for track in self._numbers if track not in present][:500]
            for track in old:
                del self._numbers[track]
