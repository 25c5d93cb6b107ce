"""Which blobs are objects, and which are light: a lamp, a shadow, headlights on the wall."""

import cv2
import numpy as np

from vidframe_abnormality import light
from vidframe_abnormality.blobs import Blob, covered_shares, mask_of, total_area
from vidframe_abnormality.light import Gray
from vidframe_abnormality.noise import dimness
from vidframe_abnormality.reference import ReferenceFrame

TRUSTED = 3  # comparisons for which an object needs not be told from light again
CELL = 10  # pixels: width and height of the cells whose structure is compared
OUTLINED = 0.2  # of its perimeter: a blob with as many new outlines is an object
SAME_SURFACE = 0.7  # share of the cells of a blob in which the surface must still be there, if it is light
_SMALL = np.ones((3, 3), np.uint8)


class KnownObjects:
    """Where objects were told from light a moment ago, so that the costly test is not made in every frame."""

    def __init__(self, min_area: float) -> None:
        self._min_area = min_area  # share of the frame from which objects count
        self._mask: Gray | None = None  # 1 where the objects of the last comparison were, half size
        self._age = 0  # comparisons since all blobs were tested

    @property
    def is_empty(self) -> bool:
        """Whether the last comparison found no objects."""
        return self._mask is None

    @property
    def is_outdated(self) -> bool:
        """Whether all blobs must be tested."""
        return self._mask is None or self._age >= TRUSTED

    def forget(self) -> None:
        """The reference frame has changed, or nothing differs from it."""
        self._mask = None

    def update(self, object_mask: Gray | None) -> None:
        """Takes in where the objects of a comparison are: 1 in a mask of half size; None if there were none."""
        self._age = 0 if self.is_outdated else self._age + 1
        self._mask = object_mask

    def to_test(self, labels: Gray, blobs: list[Blob]) -> list[Blob]:
        """The blobs to be tested: none while enough of them are where known objects were."""
        if self._mask is None or self.is_outdated:
            return blobs
        shares = covered_shares(labels, blobs, self._mask)
        unknown = [blob for blob in blobs if shares[blob.label] <= 0.5]
        is_enough = total_area(blobs) - total_area(unknown) >= self._min_area
        return [] if is_enough else unknown


def light_labels(frame: Gray, reference: ReferenceFrame, labels: Gray, blobs: list[Blob]) -> set[int]:
    """The labels of those of the blobs that are light: no outlines of their own, and the surfaces are still there."""
    if not blobs:
        return set()
    sigma = reference.noise.sigma
    step = max(10 * dimness(reference.expected), 4 * sigma)
    outlines = light.changed_outlines(frame, reference.as_taken, step)
    outlines = cv2.threshold(light.halved(outlines), 60, 1, cv2.THRESH_BINARY)[1]
    height, width = frame.shape
    cells = (max(1, width // CELL), max(1, height // CELL))
    found = light.structure(frame.astype(np.float32), reference.original, sigma, cells, flattened=True)
    return {blob.label for blob in blobs if _is_light(mask_of(labels, [blob]), np.asarray(outlines), found)}


def _is_light(mask: Gray, outlines: Gray, found: light.Structure) -> bool:
    """Whether what is 1 in the mask is light; `outlines`: 1 where an outline is new or gone. Both are half size."""
    perimeter = cv2.countNonZero(cv2.subtract(mask, cv2.erode(mask, _SMALL, borderValue=0)))
    edges = cv2.countNonZero(cv2.bitwise_and(outlines, cv2.dilate(mask, _SMALL)))
    if edges >= OUTLINED * perimeter:
        return False
    rows, columns = found.is_textured.shape
    share = cv2.resize(mask.astype(np.float32), (columns, rows), interpolation=cv2.INTER_AREA)
    covers = share > 0.5
    textured = covers & found.is_textured
    if textured.sum() < max(2, 0.1 * covers.sum()):
        return True
    return float((found.correlation[textured] > light.SAME_STRUCTURE).mean()) >= SAME_SURFACE
