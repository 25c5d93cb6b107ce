"""What framing, size, blur and turn of a face do to the accuracy of an expression model.

    python benchmarks/emotion_framing.py --data FILE.npz [--model MODEL.keras] [--faces 1200]

Changes the faces of PublicTest as cameras and detectors do, one thing at a time, and prints the accuracy of each.
The defaults of the plugin (`min_face`, `min_sharpness`) and the framing of its crops rest on these metrics.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import click
import cv2
import numpy as np
from numpy.typing import NDArray
from vidframe_emotion.crops import sharpness
from vidframe_emotion.datasets import PUBLIC_TEST, Faces, load
from vidframe_emotion.model import OURS, Classifier

Picture = NDArray[np.uint8]
Change = Callable[[Picture], Picture]
SIDE = 48


def moved(zoom: float = 1.0, right: float = 0.0, down: float = 0.0, degrees: float = 0.0) -> Change:
    """Faces `zoom` times as large, moved by shares of the side, turned in the picture."""

    def change(picture: Picture) -> Picture:
        matrix = cv2.getRotationMatrix2D(((SIDE - 1) / 2, (SIDE - 1) / 2), degrees, zoom)
        matrix[:, 2] += np.array([right, down]) * SIDE
        moved = cv2.warpAffine(picture, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(moved, np.uint8)

    return change


def coarse(side: int) -> Change:
    """Faces that a camera sees with `side` pixels a side of the crop."""

    def change(picture: Picture) -> Picture:
        small = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
        return np.asarray(cv2.resize(small, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR), np.uint8)

    return change


def blurred(sigma: float) -> Change:
    """Faces out of focus, `sigma` in pixels of the crop."""
    return lambda picture: np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.uint8)


def smeared(length: int) -> Change:
    """Faces that move sideways by `length` pixels of the crop while the shutter is open."""
    kernel = np.full((1, length), 1 / length)
    return lambda picture: np.asarray(cv2.filter2D(picture, -1, kernel), np.uint8)


def changes() -> Iterator[tuple[str, Change]]:
    """Each with what the table calls it."""
    yield "as they are", lambda picture: picture
    for zoom in (0.75, 0.85, 0.92, 1.08, 1.17, 1.3):
        yield f"{zoom:.2f} times as large", moved(zoom=zoom)
    for share in (-0.12, -0.06, 0.06, 0.12):
        yield f"{share:+.0%} of the side down", moved(down=share)
    for share in (0.06, 0.12):
        yield f"{share:+.0%} of the side to the right", moved(right=share)
    for degrees in (10, 20, 30):
        yield f"leaning by {degrees} degrees", moved(degrees=degrees)
    for side in (36, 28, 24, 20, 16, 12):
        yield f"{side} pixels a side", coarse(side)
    for sigma in (1.0, 1.5, 2.0, 3.0, 4.0):
        yield f"out of focus, sigma {sigma}", blurred(sigma)
    for length in (5, 9, 13):
        yield f"smeared over {length} pixels", smeared(length)


@click.command()
@click.option("--data", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--model", type=click.Path(path_type=Path, exists=True), default=OURS)
@click.option("--faces", "count", default=1200, show_default=True)
def main(data: Path, model: Path, count: int) -> None:
    """Print the table."""
    classifier = Classifier(model)
    faces = load(data, PUBLIC_TEST)
    faces = faces.where(np.arange(len(faces)) < count)
    print(f"{'faces':32} {'accuracy':>8} {'sharpness: 1 %':>15} {'5 %':>7} {'median':>7}")
    for name, change in changes():
        pictures = np.stack([change(picture) for picture in faces.pictures])
        sharp = np.percentile([sharpness(picture) for picture in pictures], (1, 5, 50))
        row = " ".join(f"{value:7.4f}" for value in sharp[1:])
        print(f"{name:32} {accuracy(classifier, pictures, faces):8.1%} {sharp[0]:15.4f} {row}", flush=True)


def accuracy(classifier: Classifier, pictures: Picture, faces: Faces) -> float:
    """Share of faces whose label is the most probable class."""
    answers = np.concatenate([classifier(pictures[at : at + 64]) for at in range(0, len(pictures), 64)])
    return float(np.mean(answers.argmax(axis=1) == faces.labels))


if __name__ == "__main__":
    main()
