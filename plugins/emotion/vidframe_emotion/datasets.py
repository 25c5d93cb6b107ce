"""Labelled faces: FER2013 as one .npz file, or a shop's own folders of crops."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vidframe_emotion.classes import CLASSES, FERPLUS

TRAINING, PUBLIC_TEST = 0, 1


@dataclass(frozen=True)
class Faces:
    """Grey faces with their labels."""

    pictures: NDArray[np.uint8]  # N x 48 x 48
    labels: NDArray[np.int64]  # N, index into CLASSES
    votes: NDArray[np.float32] | None = None  # N x 10, votes of FER+ in the order of FERPLUS; a row of 0: none known

    def __len__(self) -> int:
        return len(self.labels)

    def where(self, chosen: NDArray[np.bool_]) -> Faces:
        """The chosen ones."""
        return Faces(self.pictures[chosen], self.labels[chosen], None if self.votes is None else self.votes[chosen])

    @property
    def majority(self) -> NDArray[np.int64]:
        """Index into CLASSES that over half of the ten FER+ votes went to; -1 where there is none."""
        if self.votes is None:
            return np.full(len(self), -1)
        winner = self.votes.argmax(axis=1)
        index = np.array([CLASSES.index(name) if name in CLASSES else -1 for name in FERPLUS])
        has_majority = self.votes.max(axis=1) > self.votes.sum(axis=1) / 2
        return np.where(has_majority, index[winner], -1)


def load_fer2013(path: Path, split: int) -> Faces:
    """One split of a .npz file: `images` uint8 N x 48 x 48, `labels`, `split`, and where known `ferplus_votes`.

    Votes of pictures that exist only as JPEG are left out: they may belong to another one.
    """
    with np.load(path, allow_pickle=False) as file:
        missing = {"images", "labels", "split"} - set(file.files)
        if missing:
            raise ValueError(f"{path} has no array {', '.join(sorted(missing))}; it holds {', '.join(file.files)}")
        chosen = file["split"] == split
        votes = None
        if "ferplus_votes" in file.files:
            votes = file["ferplus_votes"][chosen].astype(np.float32)
            if "pixels_lossless" in file.files:
                votes[~file["pixels_lossless"][chosen]] = 0
        return Faces(file["images"][chosen], file["labels"][chosen].astype(np.int64), votes)


def twins(faces: Faces, others: Faces) -> NDArray[np.bool_]:
    """Which faces also stand, pixel for pixel, among the others."""
    known = {picture.tobytes() for picture in others.pictures}
    return np.array([picture.tobytes() in known for picture in faces.pictures])
