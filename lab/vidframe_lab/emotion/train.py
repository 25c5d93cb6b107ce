"""Training of the expression network: Keras model, torch steps, checkpoints after every epoch.

One head learns the label of FER2013, softened by what its FER+ votes say about how labels are given; a second one
learns the votes themselves. Both stand on the same features and are added to the one head that ships.
"""

from __future__ import annotations

import io
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from vidframe_emotion.classes import CLASSES, FERPLUS

from vidframe_lab.emotion.augment import Augmentation
from vidframe_lab.emotion.datasets import Faces

Progress = Callable[[int, int, float], None]  # epoch, step, loss


@dataclass(frozen=True)
class Recipe:
    """All that decides what a training gives; kept beside the weights."""

    architecture: str = "vgg"
    epochs: int = 120
    cooldown: float = 0.75  # share of the epochs over which the learning rate falls to 0
    batch: int = 128
    kernel_rate: float = 0.02  # learning rate of Muon, for convolutions
    rate: float = 2e-3  # learning rate of AdamW, for the rest
    weight_decay: float = 0.008  # of the convolutions, times the learning rate a step
    dropout: float = 0.3
    label_weight: float = 0.75  # of the FER2013 label in its own target; the rest comes from the votes
    teacher_weight: float = 0.0  # of a teacher's answers in the target of the first head
    votes_weight: float = 1.0  # of the second head in the loss
    smoothing: float = 0.1  # where there are no votes
    average: float = 0.998  # decay of the averaged weights, a step; less in the first steps
    sizes: tuple[int, ...] = (36, 40, 44, 44, 48)  # pixels a side, over equal parts of the training
    seed: int = 1

    def size(self, epoch: int) -> int:
        """Pixels a side in this epoch: small pictures first, since they cost less."""
        return self.sizes[min(len(self.sizes) - 1, epoch * len(self.sizes) // self.epochs)]

    def rate_at(self, epoch: float) -> float:
        """Share of the learning rate: up within an epoch, level, then straight down to 0."""
        fall = self.epochs * self.cooldown
        return max(0.0, min(1.0, epoch + 0.02, (self.epochs - epoch) / fall))

    def times(self, rate: float) -> Recipe:
        """The same with other learning rates."""
        return replace(self, kernel_rate=self.kernel_rate * rate, rate=self.rate * rate)

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self) | {"sizes": list(self.sizes)}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Recipe:
        """The recipe that `as_json` gave."""
        return cls(**values | {"sizes": tuple(values["sizes"])})


class Trainer:
    """Trains one network; `keras` must run on torch."""

    def __init__(self, recipe: Recipe, faces: Faces, folder: Path, *, device: str = "cpu") -> None:
        import keras
        import torch

        from vidframe_lab.emotion.architectures import build
        from vidframe_lab.emotion.optimiser import Muon
        from vidframe_lab.emotion.torch_graph import TorchGraph

        if keras.backend.backend() != "torch":
            raise RuntimeError(f"training needs Keras on torch, not on {keras.backend.backend()}")
        keras.utils.set_random_seed(recipe.seed)
        self.recipe = recipe
        self.folder = folder
        self.epoch = 0  # epochs done
        self.history: list[dict[str, float]] = []
        self.steps = max(1, len(faces) // recipe.batch)  # an epoch
        self._faces = faces
        self._device = torch.device(device)
        self._targets, self._vote_targets = (torch.from_numpy(t).to(self._device) for t in targets(faces, recipe))
        self.model = build(recipe.architecture, len(CLASSES) + len(FERPLUS), dropout=recipe.dropout)
        self.model.to(self._device)
        self.graph = TorchGraph(self.model)
        self._weights = [weight.value for weight in self.model.weights if "seed" not in weight.path]
        trained = [weight.value for weight in self.model.trainable_weights]
        kernels = [weight for weight in trained if weight.ndim == 4 and weight.shape[2] > 1 and weight.shape[3] > 1]
        rest = [weight for weight in trained if all(weight is not kernel for kernel in kernels)]
        self._optimisers: list[torch.optim.Optimizer] = [
            Muon(kernels, recipe.kernel_rate, weight_decay=recipe.weight_decay),
            torch.optim.AdamW(rest, recipe.rate, weight_decay=0.0),
        ]
        self._averaged = 0  # steps that the averages saw
        self._averages = [weight.detach().clone() for weight in self._weights]

    def start_from(self, path: Path) -> None:
        """Takes the weights of a model that was trained before; ModelError if it is of another architecture.

        The second head starts from chance: a finished model has none.
        """
        import keras
        import torch
        from vidframe_emotion.model import ModelError, read_facts

        facts = read_facts(path)
        if facts.get("architecture") != self.recipe.architecture:
            kind = facts.get("architecture", "an unknown architecture")
            raise ModelError(f"{path} is of {kind}; it cannot start a training of {self.recipe.architecture}")
        *body, kernel, bias = keras.saving.load_model(path, compile=False).get_weights()
        heat = facts.get("temperature", 1.0)  # it was divided into the last layer
        values = [torch.from_numpy(value).to(self._device) for value in body]
        self._put([*values, *self._weights[-2:]])
        with torch.no_grad():
            self._weights[-2][:, : len(CLASSES)] = torch.from_numpy(kernel * heat).to(self._device)
            self._weights[-1][: len(CLASSES)] = torch.from_numpy(bias * heat).to(self._device)
        self._averages = [weight.detach().clone() for weight in self._weights]

    def ask(self, paths: Sequence[Path]) -> None:
        """Mixes what the models at `paths` answer about the training faces, on average, into what is learnt."""
        import torch

        from vidframe_lab.emotion.teacher import answers

        share = self.recipe.teacher_weight
        said = np.mean([answers(path, self._faces.pictures, self._device) for path in paths], axis=0)
        self._targets = (1 - share) * self._targets + share * torch.from_numpy(said).to(self._device)

    def run(self, progress: Progress, after_epoch: Callable[[Trainer], dict[str, float]]) -> None:
        """Trains until the recipe's last epoch; `after_epoch` gives metrics for the history.

        OSError where a checkpoint cannot be written; the one before stays.
        """
        self.folder.mkdir(parents=True, exist_ok=True)  # better now than after an epoch
        while self.epoch < self.recipe.epochs:
            start = time.monotonic()
            loss = self._run_epoch(progress)
            self.epoch += 1
            metrics = {"epoch": self.epoch, "loss": loss, "seconds": time.monotonic() - start}
            self.history.append(metrics | after_epoch(self))
            self.save()

    def _run_epoch(self, progress: Progress) -> float:
        import torch

        # By epoch, so that a training that was stopped goes on with the same numbers.
        random = np.random.default_rng((self.recipe.seed, self.epoch))
        torch.manual_seed(int(random.integers(2**31)))
        total = 0.0
        for step, (pictures, chosen) in enumerate(self._batches(random)):
            self._set_rate(self.recipe.rate_at(self.epoch + step / self.steps))
            loss = self._step(pictures, chosen)
            total += loss
            progress(self.epoch, step, loss)
        return total / self.steps

    def _batches(self, random: np.random.Generator) -> Iterator[tuple[NDArray[np.float32], NDArray[np.int64]]]:
        change, size = Augmentation(), self.recipe.size(self.epoch)
        order = random.permutation(len(self._faces))
        for step in range(self.steps):
            chosen = order[step * self.recipe.batch : (step + 1) * self.recipe.batch]
            yield change(self._faces.pictures[chosen], size, random), chosen

    def _step(self, pictures: NDArray[np.float32], chosen: NDArray[np.int64]) -> float:
        import torch
        from torch.nn.functional import log_softmax

        x = torch.from_numpy(pictures[:, None]).to(self._device).contiguous(memory_format=torch.channels_last)
        with torch.autocast(self._device.type, torch.bfloat16):
            logits = self.graph(x, training=True)
        labels, votes = logits.float().split((len(CLASSES), len(FERPLUS)), dim=1)
        loss = -(self._targets[chosen] * log_softmax(labels, 1)).sum(1).mean()
        loss = loss - self.recipe.votes_weight * (self._vote_targets[chosen] * log_softmax(votes, 1)).sum(1).mean()
        loss.backward()
        for optimiser in self._optimisers:
            optimiser.step()
            optimiser.zero_grad()
        self._average()
        return float(loss.item())

    def _average(self) -> None:
        import torch

        self._averaged += 1
        decay = min(self.recipe.average, (1 + self._averaged) / (10 + self._averaged))
        with torch.no_grad():
            for average, weight in zip(self._averages, self._weights, strict=True):
                average.lerp_(weight, 1 - decay)

    def _set_rate(self, share: float) -> None:
        for optimiser, rate in zip(self._optimisers, (self.recipe.kernel_rate, self.recipe.rate), strict=True):
            for group in optimiser.param_groups:
                group["lr"] = rate * share

    def logits(self, pictures: NDArray[np.uint8], batch: int = 512) -> NDArray[np.float32]:
        """N x 17 logits of the averaged weights: the classes, then the votes."""
        import torch

        mine = [weight.detach().clone() for weight in self._weights]
        self._put(self._averages)
        rows = []
        with torch.no_grad(), torch.autocast(self._device.type, torch.bfloat16):
            for start in range(0, len(pictures), batch):
                x = torch.from_numpy(pictures[start : start + batch, None].astype(np.float32)).to(self._device)
                x = x.contiguous(memory_format=torch.channels_last)
                rows.append(self.graph(x, training=False).float().cpu().numpy())
        self._put(mine)
        return np.concatenate(rows)

    def averaged_weights(self) -> list[NDArray[np.float32]]:
        """The averages in the order of `keras.Model.get_weights()`."""
        return [average.cpu().numpy() for average in self._averages]

    def _put(self, values: list[Any]) -> None:
        import torch

        with torch.no_grad():
            for weight, value in zip(self._weights, values, strict=True):
                weight.copy_(value)

    def save(self) -> None:
        """Writes the checkpoint; the one before the learning rate falls is kept, so that a longer run can go on there."""
        import torch

        state = {
            "epoch": self.epoch,
            "history": self.history,
            "recipe": self.recipe.as_json(),
            "weights": [weight.detach() for weight in self._weights],
            "averages": self._averages,
            "averaged": self._averaged,
            "targets": self._targets,
            "optimisers": [optimiser.state_dict() for optimiser in self._optimisers],
        }
        content = io.BytesIO()  # torch itself does not say that a disk is full
        torch.save(state, content)
        names = ["last.pt"] if self.recipe.rate_at(self.epoch) < 1 else ["last.pt", "level.pt"]
        for name in names:
            part = self.folder / f"{name}.part"
            part.write_bytes(content.getbuffer())
            os.replace(part, self.folder / name)
        (self.folder / "history.json").write_text(json.dumps(self.history, indent=1) + "\n")

    def resume(self) -> bool:
        """Goes on from the folder's checkpoint; False where there is none, ValueError where it is of another network.

        Where the recipe now has so many more epochs that its learning rate would be over twice that of the checkpoint,
        the checkpoint from before the fall is taken.
        """
        import torch

        last, level = self.folder / "last.pt", self.folder / "level.pt"
        if not last.exists():
            return False
        state = torch.load(last, map_location=self._device, weights_only=True)
        old = Recipe.from_json(state["recipe"])
        if old.architecture != self.recipe.architecture:
            raise ValueError(f"it is of {old.architecture}, not of {self.recipe.architecture}")
        is_longer = self.recipe.rate_at(state["epoch"]) > 2 * old.rate_at(state["epoch"])
        if is_longer and level.exists():
            state = torch.load(level, map_location=self._device, weights_only=True)
        self.epoch, self.history = state["epoch"], state["history"]
        self._put(state["weights"])
        self._averages, self._averaged = state["averages"], state["averaged"]
        self._targets = state["targets"]
        for optimiser, saved in zip(self._optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(saved)
        return True


def targets(faces: Faces, recipe: Recipe) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What the two heads learn: N x 7 and N x 10, a row of the second is 0 where no votes are known."""
    label = np.eye(len(CLASSES), dtype=np.float32)[faces.labels]
    smooth = label * (1 - recipe.smoothing) + recipe.smoothing / len(CLASSES)
    if faces.votes is None or not faces.votes.any():
        return smooth, np.zeros((len(faces), len(FERPLUS)), np.float32)
    total = faces.votes.sum(axis=1, keepdims=True)
    votes = faces.votes / np.maximum(total, 1)
    labels_given = votes.T @ label  # 10 x 7: how often a face with this vote bears that label
    labels_given /= np.maximum(labels_given.sum(axis=1, keepdims=True), 1e-6)
    expected = votes @ labels_given
    softened = recipe.label_weight * label + (1 - recipe.label_weight) * expected
    return np.where(total > 0, softened, smooth).astype(np.float32), votes
