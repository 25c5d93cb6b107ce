"""Finds faces with three models that check each other; knows no camera and no time.

Full range proposes: on tiles it sees small faces, but at a score that misses few it also takes backs of heads and bottles
for faces. Short range looks at each proposal from close by: sharp on small faces, but it, too, likes backs of heads.
The mesh settles it: it makes out no eyes and mouth where there are none. docs/plugins/faces.md has the figures.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from vidframe import Box
from vidframe_faces.detector import Detection, Detector, Pixels
from vidframe_faces.landmarks import Points, moved_to
from vidframe_faces.mesh import Mesh, Place, place_of_box, place_of_landmarks
from vidframe_faces.model_files import FULL_RANGE, MESH, SHORT_RANGE, model_path

PROPOSED = 0.25  # least score of full range
FOLLOWED = 0.5  # least score of short range where a face was a moment ago
LANDMARKED = 0.65  # least mean score of both detectors for a face whose landmarks can be made out
SAME = 0.3  # overlap from which two boxes are one face
CROP = 3.5  # side of a crop, in face widths
LARGEST_CROP = 6.0  # beyond, short range starts to miss


class Finder:
    """The models. One object serves all cameras of a process."""

    def __init__(self) -> None:
        self._full_range = Detector(model_path(FULL_RANGE), PROPOSED)
        self._short_range = Detector(model_path(SHORT_RANGE), PROPOSED)
        self._mesh = Mesh(model_path(MESH))

    def search(self, image: Pixels, regions: Iterable[Box], known: Sequence[Box], confidence: float) -> list[Detection]:
        """Faces in the regions that are none of the known ones.

        `confidence`: least mean score of both detectors for a face whose landmarks cannot be made out.
        """
        found: list[Detection] = []
        for proposal in distinct(face for region in regions for face in self._full_range.find(image, region)):
            face = self._checked(image, proposal, [*known, *(face.box for face in found)], confidence)
            if face is not None:
                found.append(face)
        return found

    def follow(self, image: Pixels, expected: Box, reach: float) -> Detection | None:
        """The face nearest to where one is expected, give or take `reach` face widths, by short range alone."""
        face = self._nearest(image, expected, min(CROP + 2 * reach, LARGEST_CROP))
        return face if face is not None and face.score >= FOLLOWED else None

    def landmarked(self, image: Pixels, face: Detection, about: Points | None = None) -> Detection:
        """The face with its landmarks, where they can be made out. `about`: where they are, if that is roughly known."""
        if about is None and (about := self._landmarks(image, face, place_of_box(face))) is None:
            return replace(face, landmarks=None)
        # From landmarks on, the place is surer than from a box.
        return replace(face, landmarks=self._landmarks(image, face, place_of_landmarks(about)))

    def made_out_again(self, image: Pixels, face: Detection) -> Detection | None:
        """The face where its landmarks are now, if they were about here a moment ago; None where there are none."""
        assert face.landmarks is not None
        landmarks = self._landmarks(image, face, place_of_landmarks(face.landmarks))
        return None if landmarks is None else moved_to(face, landmarks)

    def agree(self, image: Pixels, face: Detection, confidence: float) -> bool:
        """Whether full range, looking closely, sees the face too: whether the mean of both scores is high enough."""
        return self._agreement(image, face) >= confidence

    def close(self) -> None:
        """Frees the models."""
        for model in (self._full_range, self._short_range, self._mesh):
            model.close()

    def _checked(self, image: Pixels, proposal: Detection, known: Sequence[Box], confidence: float) -> Detection | None:
        if is_any_of(proposal.box, known):
            return None
        face = self._nearest(image, proposal.box, CROP)
        if face is None or is_any_of(face.box, known):
            return None
        score = (face.score + proposal.score) / 2
        if score < LANDMARKED:
            score = self._agreement(image, face)  # on a tile, full range saw the face small
        if score < LANDMARKED:
            return None
        face = self.landmarked(image, face)
        return face if face.landmarks is not None or score >= confidence else None

    def _landmarks(self, image: Pixels, face: Detection, place: Place) -> Points | None:
        """The landmarks in a place, if they are this face's and not a neighbour's."""
        landmarks = self._mesh.find(image, place)
        if landmarks is None:
            return None
        (x, y), box = landmarks[:, :2].mean(axis=0), face.box
        return landmarks if box.x < x < box.x + box.width and box.y < y < box.y + box.height else None

    def _agreement(self, image: Pixels, face: Detection) -> float:
        """Mean score of short range, which saw the face, and of full range, looking closely."""
        found = self._full_range.find(image, face.box.grown(CROP))
        score = max((other.score for other in found if is_any_of(other.box, [face.box])), default=0.0)
        return (face.score + score) / 2

    def _nearest(self, image: Pixels, expected: Box, crop: float) -> Detection | None:
        found = self._short_range.find(image, expected.grown(crop))
        alike = [face for face in found if 0.5 < face.box.width / max(expected.width, 1) < 2]
        return min(alike, key=lambda face: _distance(face.box, expected), default=None)


def distinct(detections: Iterable[Detection]) -> list[Detection]:
    """Of detections that overlap, the one with the highest score; best first."""
    kept: list[Detection] = []
    for face in sorted(detections, key=lambda face: -face.score):
        if not is_any_of(face.box, [other.box for other in kept]):
            kept.append(face)
    return kept


def is_any_of(box: Box, others: Iterable[Box]) -> bool:
    """Whether the box is about where one of the others is."""
    return any(box.overlap(other) > SAME for other in others)


def _distance(a: Box, b: Box) -> float:
    (ax, ay), (bx, by) = a.centre, b.centre
    return (ax - bx) ** 2 + (ay - by) ** 2
