"""Labelled faces: FER2013 as one .npz file, or a shop's own folders of crops."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from vidframe_emotion.classes import CLASSES, FERPLUS

SIDE = 48  # pixels
TRAINING, PUBLIC_TEST = 0, 1
HELD_OUT = 6  # of a folder's pictures every so many-th is for choosing, not for training


class DataError(Exception):
    """A data set cannot be used; the message says which and why."""


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


def load(path: Path, split: int) -> Faces:
    """One split of a .npz file or of a folder; DataError if it is neither or empty."""
    if path.is_dir():
        return load_folder(path, split)
    try:
        return load_fer2013(path, split)
    except FileNotFoundError as error:
        raise DataError(f"there is no data {path}") from error
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise DataError(f"{path} is no folder of faces and no .npz file: {error}") from error


def load_fer2013(path: Path, split: int) -> Faces:
    """One split of a .npz file: `images` uint8 N x 48 x 48, `labels`, `split`, and where known `ferplus_votes`.

    Votes of pictures that exist only as JPEG are left out: they may belong to another one.
    """
    with np.load(path, allow_pickle=False) as file:
        names = getattr(file, "files", [])
        if missing := {"images", "labels", "split"} - set(names):
            raise DataError(f"{path} has no array {', '.join(sorted(missing))}; it holds {', '.join(names)}")
        chosen = file["split"] == split
        pictures, labels = file["images"][chosen], file["labels"][chosen].astype(np.int64)
        if pictures.shape[1:] != (SIDE, SIDE) or pictures.dtype != np.uint8:
            raise DataError(
                f"{path}: images are {pictures.dtype} {pictures.shape}; N x {SIDE} x {SIDE} uint8 is needed"
            )
        if len(labels) and labels.max() >= len(CLASSES):
            raise DataError(f"{path}: a label is {labels.max()}; 0 to {len(CLASSES) - 1} mean {', '.join(CLASSES)}")
        votes = None
        if "ferplus_votes" in names:
            votes = file["ferplus_votes"][chosen].astype(np.float32)
            if "pixels_lossless" in names:
                votes[~file["pixels_lossless"][chosen]] = 0
    return Faces(pictures, labels, votes)


def load_folder(folder: Path, split: int) -> Faces:
    """Pictures in folders that are named as the classes; every sixth by name is held out as PUBLIC_TEST."""
    pictures, labels = [], []
    for label, name in enumerate(CLASSES):
        for index, file in enumerate(sorted((folder / name).glob("*.png"))):
            if (index % HELD_OUT == HELD_OUT - 1) == (split == PUBLIC_TEST):
                pictures.append(_read(file))
                labels.append(label)
    if not pictures:
        raise DataError(f"{folder} holds no labelled faces: PNG files in folders named {', '.join(CLASSES)}")
    return Faces(np.stack(pictures), np.array(labels, np.int64))


def joined(sets: Iterable[Faces]) -> Faces:
    """Several sets as one."""
    sets = list(sets)
    votes = [np.zeros((len(s), len(FERPLUS)), np.float32) if s.votes is None else s.votes for s in sets]
    return Faces(
        np.concatenate([s.pictures for s in sets]),
        np.concatenate([s.labels for s in sets]),
        np.concatenate(votes) if any(s.votes is not None for s in sets) else None,
    )


def twins(faces: Faces, others: Faces) -> NDArray[np.bool_]:
    """Which faces also stand, pixel for pixel, among the others."""
    known = {picture.tobytes() for picture in others.pictures}
    return np.array([picture.tobytes() in known for picture in faces.pictures], bool)


def _read(file: Path) -> NDArray[np.uint8]:
    picture = cv2.imread(str(file), cv2.IMREAD_GRAYSCALE)
    if picture is None:
        raise DataError(f"{file} is no picture")
    return np.asarray(cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)
