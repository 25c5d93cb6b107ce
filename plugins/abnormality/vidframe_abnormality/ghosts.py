"""What stands still becomes background; when it leaves again, it must leave no ghost behind."""

import cv2
import numpy as np

from vidframe_abnormality.blobs import Blob, enlarged, mask_of
from vidframe_abnormality.light import Floats, Gray
from vidframe_abnormality.reference import ReferenceFrame

STILL_DIFFERS = 0.1  # share of a blob that may differ from what was there before, and it is a ghost all the same
_SMALL = np.ones((3, 3), np.uint8)
_WIDE = np.ones((5, 5), np.uint8)


class Absorbed:
    """What has become part of the reference frame, and the background that it covered.

    A ghost is a change where nothing is: an object of the reference frame has left (Cucchiara, Grana, Piccardi and
    Prati, "Detecting moving objects, ghosts, and shadows in video streams", PAMI 2003). Here the background under it
    is known, and put back.
    """

    def __init__(self, reference: ReferenceFrame) -> None:
        self._reference = reference
        self._covered: Floats = reference.original.copy()  # as it was before the last object was absorbed
        self._is_empty = True

    def add(self, frame: Gray, mask: Gray) -> None:
        """Makes what a frame shows where `mask` (half size) is 1 part of the reference frame."""
        where = enlarged(np.asarray(cv2.dilate(mask, _SMALL)), frame)
        cv2.copyTo(self._reference.original, where, self._covered)
        self._is_empty = False
        self._reference.replace_in(where, frame)

    def add_all(self, frame: Gray) -> None:
        """Makes the whole frame the reference frame."""
        self._covered = self._reference.original
        self._is_empty = False
        self._reference.replace(frame)

    def without_ghosts(self, frame: Gray, labels: Gray, blobs: list[Blob]) -> list[Blob]:
        """The blobs that are no ghosts; where the others are, the reference frame is again as it was before."""
        if self._is_empty:
            return blobs
        return [blob for blob in blobs if not self._is_put_back(frame, mask_of(labels, [blob]))]

    def _is_put_back(self, frame: Gray, mask: Gray) -> bool:
        """Puts the background back if the frame shows it where `mask` (half size) is 1."""
        where = enlarged(mask, frame)
        difference = cv2.absdiff(cv2.convertScaleAbs(self._covered), frame)
        differs = cv2.bitwise_and(cv2.subtract(difference, self._reference.thresholds), where * 255)
        if cv2.countNonZero(differs) >= STILL_DIFFERS * cv2.countNonZero(where):
            return False
        self._reference.put_back(np.asarray(cv2.dilate(where, _WIDE)), self._covered)
        return True
