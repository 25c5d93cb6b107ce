"""From a training to the file that ships: both heads become one, its probabilities calibrated."""

from __future__ import annotations

import json
import os
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from vidframe_emotion.classes import CLASSES, FERPLUS
from vidframe_emotion.model import FACTS

from vidframe_lab.emotion.datasets import Faces
from vidframe_lab.emotion.metrics import fitted_temperature
from vidframe_lab.emotion.train import Trainer

# The column of the votes that means the same as each class.
VOTE_OF_CLASS = [FERPLUS.index(name) for name in CLASSES]
VOTES_SHARES = (0.0, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3)
PRICE = 0.002  # of accuracy that more agreement with people may cost; far within chance


def joined(logits: NDArray[np.float32], votes_share: float) -> NDArray[np.float32]:
    """N x 7 logits of the classes from the N x 17 of both heads."""
    labels, votes = logits[:, : len(CLASSES)], logits[:, len(CLASSES) :]
    return labels + votes_share * votes[:, VOTE_OF_CLASS]


def export(trainer: Trainer, chosen_on: Faces, path: Path) -> dict[str, Any]:
    """Writes the averaged weights as a `.keras` file; returns the facts that stand in it.

    `chosen_on` decides how much the votes count and fits the temperature; it must not be training data.
    """
    from vidframe_lab.emotion.architectures import build

    logits = trainer.logits(chosen_on.pictures)
    share = _votes_share(logits, chosen_on)
    temperature = fitted_temperature(joined(logits, share), chosen_on.labels)
    model = build(trainer.recipe.architecture, len(CLASSES), softmax=True)
    *body, kernel, bias = trainer.averaged_weights()
    kernel, bias = (joined(head, share) / temperature for head in (kernel, bias[None]))
    model.set_weights([weights.astype(np.float16) for weights in (*body, kernel, bias[0])])
    facts = {
        "classes": list(CLASSES),
        "architecture": trainer.recipe.architecture,
        "parameters": int(model.count_params()),
        "epochs": trainer.epoch,
        "votes_share": share,
        "temperature": round(temperature, 4),
        "recipe": trainer.recipe.as_json(),
    }
    save(model, path, facts)
    return facts


def _votes_share(logits: NDArray[np.float32], faces: Faces) -> float:
    """How much the votes count: as much as costs no accuracy that can be told from chance."""
    reached = {share: accuracy(joined(logits, share), faces) for share in VOTES_SHARES}
    return max(share for share in VOTES_SHARES if reached[share] >= max(reached.values()) - PRICE)


def save(model: Any, path: Path, facts: dict[str, Any]) -> None:
    """Writes a Keras model with what is known about it, compressed.

    Weights of half precision (kept as single) take half the space and give the same answers.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        plain, packed = Path(folder, "plain.keras"), Path(folder, "packed.keras")
        model.save(plain)
        with (
            zipfile.ZipFile(plain) as source,
            zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as to,
        ):
            for member in source.namelist():
                to.writestr(member, source.read(member))
            to.writestr(FACTS, json.dumps(facts, indent=1))
        os.replace(packed, path)


def accuracy(logits: NDArray[np.float32], faces: Faces) -> float:
    """Share of faces whose label has the highest of the first seven logits."""
    return float(np.mean(logits[:, : len(CLASSES)].argmax(axis=1) == faces.labels))
