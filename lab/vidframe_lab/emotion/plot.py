"""Draws what `vidframe eval emotion` measured: a confusion matrix and a calibration curve for each model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from vidframe_emotion.classes import CLASSES

from vidframe_lab.emotion.datasets import Faces
from vidframe_lab.emotion.metrics import metrics


def draw(path: Path, answers: dict[str, NDArray[np.float32]], faces: Faces) -> None:
    """Writes a picture with a row for each model; ValueError for a file type that matplotlib does not know."""
    figure = Figure(figsize=(10, 4.6 * len(answers)), layout="constrained")
    for row, (name, probabilities) in zip(
        figure.subplots(len(answers), 2, squeeze=False), answers.items(), strict=True
    ):
        _confusion(row[0], name, probabilities, faces)
        _calibration(row[1], probabilities, faces)
    figure.savefig(path)


def _confusion(axes: Axes, name: str, probabilities: NDArray[np.float32], faces: Faces) -> None:
    reached = metrics(probabilities, faces)
    counts = np.array(reached.confusion, float)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.ndindex(shares.shape):
        axes.text(column, row, f"{shares[row, column]:.2f}", ha="center", va="center", fontsize=8)
    axes.set(title=f"{name}: {reached.accuracy:.1%}", xlabel="answer", ylabel="label")
    axes.set_xticks(range(len(CLASSES)), CLASSES, rotation=45)
    axes.set_yticks(range(len(CLASSES)), CLASSES)


def _calibration(axes: Axes, probabilities: NDArray[np.float32], faces: Faces, bins: int = 10) -> None:
    sureness, is_right = probabilities.max(axis=1), probabilities.argmax(axis=1) == faces.labels
    place = np.minimum((sureness * bins).astype(int), bins - 1)
    points = [(sureness[place == b].mean(), is_right[place == b].mean()) for b in range(bins) if (place == b).any()]
    axes.plot([0, 1], [0, 1], color="grey", linewidth=1)
    axes.plot(*zip(*points, strict=True), marker="o")
    axes.set(title="calibration", xlabel="how sure", ylabel="how often right", xlim=(0, 1), ylim=(0, 1))
