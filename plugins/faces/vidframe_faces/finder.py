"""Finds faces in two steps: a detector that sees small ones proposes, a second one confirms each on a close crop.

Full range alone, at a score that misses few faces, also reports about one thing a frame that is none; short range alone
sees backs of heads everywhere. Together they are right: docs/plugins/faces.md has the figures.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from vidframe import Box
from vidframe_faces.detector import Detection, Detector, Pixels
from vidframe_faces.model_files import FULL_RANGE, SHORT_RANGE, model_path

PROPOSED = 0.3  # least score of full range
FOLLOWED = 0.5  # least score of short range where a face was a moment ago
SAME = 0.3  # overlap from which two boxes are one face
CROP = 3.5  # side of a crop, in face widths
LARGEST_CROP = 6.0  # beyond, short range starts to miss


class Finder:
    """The two detectors. One object serves all cameras of a process."""

    def __init__(self) -> None:
        self._full_range = Detector(model_path(FULL_RANGE), PROPOSED)
        self._short_range = Detector(model_path(SHORT_RANGE), FOLLOWED)

    def search(self, image: Pixels, regions: Iterable[Box], known: Sequence[Box], confidence: float) -> list[Detection]:
        """Faces in the regions that are none of the known ones, each confirmed with at least `confidence`."""
        proposed = [face for region in regions for face in self._full_range.find(image, region)]
        confirmed: list[Detection] = []
        for candidate in distinct(proposed):
            if _is_any_of(candidate.box, [*known, *(face.box for face in confirmed)]):
                continue
            face = self.look(image, candidate.box)
            if face is not None and face.score >= confidence and not _is_any_of(face.box, known):
                confirmed.append(face)
        return distinct(confirmed)

    def look(self, image: Pixels, expected: Box, reach: float = 0.0) -> Detection | None:
        """The face nearest to where one is expected, give or take `reach` face widths."""
        found = self._short_range.find(image, expected.grown(min(CROP + 2 * reach, LARGEST_CROP)))
        alike = [face for face in found if 0.5 < face.box.width / max(expected.width, 1) < 2]
        return min(alike, key=lambda face: _distance(face.box, expected), default=None)

    def close(self) -> None:
        """Frees both models."""
        self._full_range.close()
        self._short_range.close()


def distinct(detections: Iterable[Detection]) -> list[Detection]:
    """Of detections that overlap, the one with the highest score."""
    kept: list[Detection] = []
    for face in sorted(detections, key=lambda face: -face.score):
        if not _is_any_of(face.box, [other.box for other in kept]):
            kept.append(face)
    return kept


def _is_any_of(box: Box, others: Iterable[Box]) -> bool:
    return any(box.overlap(other) > SAME for other in others)


def _distance(a: Box, b: Box) -> float:
    (ax, ay), (bx, by) = a.centre, b.centre
    return (ax - bx) ** 2 + (ay - by) ** 2
