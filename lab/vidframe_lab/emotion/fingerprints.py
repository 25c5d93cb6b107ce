"""Tells pictures that look alike apart from those that do not: perceptual hashes of 64 bits."""

from __future__ import annotations

import threading
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray


def fingerprint(picture: NDArray[np.uint8]) -> int:
    """64 bits: signs of the lowest 8 x 8 frequencies about their median (pHash, Zauner 2010)."""
    small = cv2.resize(picture, (32, 32), interpolation=cv2.INTER_AREA).astype(np.float32)
    low = cv2.dct(small)[:8, :8].ravel()
    bits = np.asarray(low > np.median(low[1:]))
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


class Fingerprints:
    """Those that are known; several cameras may ask at once."""

    def __init__(self) -> None:
        self._known: set[int] = set()
        self._lock = threading.Lock()

    @classmethod
    def of_folder(cls, folder: Path) -> Fingerprints:
        """Of all PNG files in the folders of a folder; what is no picture does not count."""
        found = cls()
        for file in sorted(folder.glob("*/*.png")):
            picture = cv2.imread(str(file), cv2.IMREAD_GRAYSCALE)
            if picture is not None:
                found._known.add(fingerprint(np.asarray(picture, np.uint8)))
        return found

    def added(self, picture: NDArray[np.uint8], distance: int) -> str | None:
        """The picture's name, now known; None if one that is known differs in `distance` bits or less."""
        mine = fingerprint(picture)
        with self._lock:
            if any((mine ^ other).bit_count() <= distance for other in self._known):
                return None
            self._known.add(mine)
        return f"{mine:016x}"
