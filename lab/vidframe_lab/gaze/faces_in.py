"""Faces of single pictures that have nothing to do with each other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from vidframe_faces.finder import Finder
from vidframe_faces.regions import everywhere

from vidframe import Face

CONFIDENCE = 0.7  # as the default of the step `faces`


class FindFaces(Protocol):
    """The faces of one picture, as the step `faces` finds them in the first frame of a camera."""

    def __call__(self, picture: NDArray[np.uint8]) -> list[Face]: ...


@contextmanager
def face_finder(min_face: int = 28) -> Iterator[FindFaces]:
    """Finds faces of at least `min_face` pixels of width in pictures (BGR); closes its models at the end."""
    with closing(Finder()) as finder:

        def find(picture: NDArray[np.uint8]) -> list[Face]:
            height, width = picture.shape[:2]
            found = finder.search(picture, everywhere(width, height, min_face), [], CONFIDENCE)
            return [Face(face.box, face.score, None, face.keypoints, face.landmarks) for face in found]

        yield find
