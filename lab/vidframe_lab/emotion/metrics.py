"""How good probabilities are: accuracy, balance, calibration, agreement with people."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidframe_lab.emotion.datasets import Faces

Probabilities = NDArray[np.float32]  # N x classes


@dataclass(frozen=True)
class Metrics:
    """What one model reaches on one set; shares 0..1."""

    faces: int
    accuracy: float
    accuracy_interval: tuple[float, float]  # 95 %
    balanced_accuracy: float  # mean of the classes' recalls
    macro_f1: float
    calibration_error: float  # expected calibration error, 15 bins of equal width (Guo et al. 2017)
    agreement: float | None  # with the majority of FER+ votes, where there is one
    recalls: tuple[float, ...]  # by class; nan without faces of it
    confusion: tuple[tuple[int, ...], ...]  # rows: label, columns: answer

    def as_json(self) -> dict[str, Any]:
        """Plain values; nan becomes None."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        values["accuracy_interval"] = [round(bound, 4) for bound in self.accuracy_interval]
        values["recalls"] = [None if np.isnan(recall) else round(recall, 4) for recall in self.recalls]
        return {name: round(value, 4) if isinstance(value, float) else value for name, value in values.items()}


def metrics(probabilities: Probabilities, faces: Faces) -> Metrics:
    """Metrics of a model that gave these probabilities for these faces."""
    answers, count = probabilities.argmax(axis=1), probabilities.shape[1]
    confusion = np.zeros((count, count), int)
    np.add.at(confusion, (faces.labels, answers), 1)
    hits, labelled, answered = np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    with np.errstate(invalid="ignore"):
        recalls = hits / labelled
        f1 = 2 * hits / (labelled + answered)
    known = faces.majority >= 0
    return Metrics(
        faces=len(faces),
        accuracy=float(hits.sum() / len(faces)),
        accuracy_interval=interval(int(hits.sum()), len(faces)),
        balanced_accuracy=float(np.nanmean(recalls)),
        macro_f1=float(np.nanmean(f1)),
        calibration_error=calibration_error(probabilities, faces.labels),
        agreement=float(np.mean(answers[known] == faces.majority[known])) if known.any() else None,
        recalls=tuple(float(recall) for recall in recalls),
        confusion=tuple(tuple(int(n) for n in row) for row in confusion),
    )


def interval(hits: int, count: int, z: float = 1.96) -> tuple[float, float]:
    """Between which shares the truth lies with 95 % where `hits` of `count` were right (Wilson 1927)."""
    share, weight = hits / count, z * z / count
    middle = (share + weight / 2) / (1 + weight)
    reach = z / (1 + weight) * math.sqrt(share * (1 - share) / count + weight / (4 * count))
    return max(0.0, middle - reach), min(1.0, middle + reach)


def calibration_error(probabilities: Probabilities, labels: NDArray[np.int64], bins: int = 15) -> float:
    """Mean distance between how sure a model is and how often it is right, over bins of sureness."""
    sureness, is_right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    place = np.minimum((sureness * bins).astype(int), bins - 1)
    distance = 0.0
    for inside in (place == bin for bin in range(bins)):
        if inside.any():
            distance += inside.mean() * abs(sureness[inside].mean() - is_right[inside].mean())
    return float(distance)


def softmax(logits: NDArray[np.float32]) -> Probabilities:
    """Probabilities from logits, row by row."""
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True), np.float32)


def fitted_temperature(logits: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    """What logits are divided by so that the labels are most probable (temperature scaling, Guo et al. 2017)."""
    from scipy.optimize import minimize_scalar

    def surprise(log_temperature: float) -> float:
        chosen = softmax(logits / np.exp(log_temperature))[np.arange(len(labels)), labels]
        return float(-np.log(np.maximum(chosen, 1e-12)).mean())

    return float(np.exp(minimize_scalar(surprise, bounds=(-1.5, 1.5), method="bounded").x))
