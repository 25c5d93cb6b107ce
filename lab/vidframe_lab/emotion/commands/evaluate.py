"""`vidframe eval emotion`: models side by side on labelled faces."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np
from vidframe_emotion.classes import CLASSES

from vidframe_lab.emotion.datasets import PUBLIC_TEST, TRAINING, DataError, Faces, joined, load, twins
from vidframe_lab.evaluation.results import present, result_options

if TYPE_CHECKING:
    from vidframe_emotion.model import Classifier

    from vidframe_lab.emotion.metrics import Metrics


@dataclass(frozen=True)
class Result:
    """What was measured of one model."""

    name: str
    model: Path
    reached: Metrics
    without_twins: Metrics | None  # pictures left out that also stand in the training part
    ms_alone: float  # of one core a face at batch 1, median
    ms_of_eight: float  # of one core a face at batch 8, median
    parameters: int

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "model": str(self.model),
            **self.reached.as_json(),
            "without_twins": self.without_twins and self.without_twins.as_json(),
            "ms_per_face": {"1": round(self.ms_alone, 3), "8": round(self.ms_of_eight, 3)},
            "parameters": self.parameters,
            "bytes": self.model.stat().st_size,
        }


@click.command()
@click.option(
    "--data", type=click.Path(path_type=Path), required=True, help="FER2013 as .npz, or a folder with one per class."
)
@click.option(
    "--model",
    "models",
    type=click.Path(path_type=Path),
    multiple=True,
    help="A .keras file; give it several times to compare. Without it: the model that is shipped.",
)
@click.option("--all", "use_all", is_flag=True, help="Measure on every face: for data that no model was trained on.")
@click.option("--backend", default="openvino", show_default=True, help="What Keras runs on.")
@result_options
def evaluate(
    data: Path, models: tuple[Path, ...], use_all: bool, backend: str, json_to: str | None, plot: Path | None
) -> None:
    """Compare models on labelled faces that none of them was trained on.

    Of FER2013 that is PublicTest, of a folder every sixth picture of each class, or with --all each one.
    """
    from vidframe_emotion.model import OURS, Classifier, ModelError

    try:
        faces, has_twin = _read(data, use_all)
        answers, results = {}, []
        with _one_core():
            for name, path in _named(models or (OURS,)).items():
                classifier = Classifier(path, backend)
                answers[name] = _answers(classifier, faces)
                results.append(_result(name, classifier, answers[name], faces, has_twin))
    except (DataError, ModelError) as error:
        raise click.ClickException(str(error)) from error
    present([result.as_json() for result in results], json_to, lambda: _print_tables(results))
    if plot is not None:
        _plot(plot, answers, faces)
        click.echo(plot, err=True)


def _read(data: Path, use_all: bool) -> tuple[Faces, Any]:
    """The faces to measure on, and which of them the models may have seen in training."""
    if use_all:
        faces = joined(load(data, split) for split in (TRAINING, PUBLIC_TEST))
        return faces, np.zeros(len(faces), bool)
    faces = load(data, PUBLIC_TEST)
    if not len(faces):
        raise click.ClickException(f"{data} has no faces that are held out (split {PUBLIC_TEST})")
    return faces, twins(faces, load(data, TRAINING))


@contextmanager
def _one_core() -> Iterator[None]:
    """Keeps this process on one core, where the system can, so that times compare between machines."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _named(models: tuple[Path, ...]) -> dict[str, Path]:
    """Each file under its name, or under its path where two have the same name."""
    stems = [path.stem for path in models]
    return {path.stem if stems.count(path.stem) == 1 else str(path.with_suffix("")): path for path in models}


def _answers(classifier: Classifier, faces: Faces) -> Any:
    if classifier.classes != CLASSES:
        raise click.ClickException(
            f"{classifier.path} knows {', '.join(classifier.classes)}; the data has {', '.join(CLASSES)}"
        )
    pictures = _resized(faces, classifier.side)
    return np.concatenate([classifier(pictures[at : at + 64]) for at in range(0, len(pictures), 64)])


def _result(name: str, classifier: Classifier, answers: Any, faces: Faces, has_twin: Any) -> Result:
    from vidframe_lab.emotion.metrics import metrics

    pictures = _resized(faces.where(np.arange(len(faces)) < 8), classifier.side)
    return Result(
        name=name,
        model=classifier.path,
        reached=metrics(answers, faces),
        without_twins=metrics(answers[~has_twin], faces.where(~has_twin)) if has_twin.any() else None,
        ms_alone=_milliseconds(classifier, pictures[:1]),
        ms_of_eight=_milliseconds(classifier, np.resize(pictures, (8, *pictures.shape[1:]))),
        parameters=classifier.parameters,
    )


def _resized(faces: Faces, side: int) -> Any:
    import cv2

    if faces.pictures.shape[1] == side:
        return faces.pictures
    return np.stack([cv2.resize(picture, (side, side), interpolation=cv2.INTER_LINEAR) for picture in faces.pictures])


def _milliseconds(classifier: Classifier, pictures: Any, calls: int = 60) -> float:
    """A face, processor time, median over calls; the first calls do not count."""
    spent = []
    for _ in range(calls):
        started = time.process_time()
        classifier(pictures)
        spent.append(time.process_time() - started)
    return float(np.median(spent[calls // 6 :])) * 1000 / len(pictures)


def _print_tables(results: list[Result]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    table = Table("", *(result.name for result in results), title="Expressions")
    for name, values in _rows(results):
        table.add_row(name, *values)
    console.print(table)
    for result in results:
        table = Table("", *CLASSES, "recall", title=f"{result.name}: label down, answer across")
        for name, row, recall in zip(CLASSES, result.reached.confusion, result.reached.recalls, strict=True):
            table.add_row(name, *map(str, row), f"{recall:.2f}" if any(row) else "-")
        console.print(table)


def _rows(results: list[Result]) -> list[tuple[str, list[str]]]:
    def share(value: float | None) -> str:
        return "-" if value is None else f"{value:.1%}"

    rows: dict[str, Callable[[Result], str]] = {
        "faces": lambda result: f"{result.reached.faces}",
        "accuracy": lambda result: share(result.reached.accuracy),
        "  95 % interval": lambda result: "{:.1%} to {:.1%}".format(*result.reached.accuracy_interval),
        "  without twins in Training": lambda result: share(
            result.without_twins.accuracy if result.without_twins else None
        ),
        "balanced accuracy": lambda result: share(result.reached.balanced_accuracy),
        "macro F1": lambda result: f"{result.reached.macro_f1:.3f}",
        "expected calibration error": lambda result: f"{result.reached.calibration_error:.3f}",
        "agrees with the FER+ majority": lambda result: share(result.reached.agreement),
        "ms of a core a face, batch 1": lambda result: f"{result.ms_alone:.2f}",
        "ms of a core a face, batch 8": lambda result: f"{result.ms_of_eight:.2f}",
        "parameters": lambda result: f"{result.parameters:,}",
        "file, MB": lambda result: f"{result.model.stat().st_size / 1e6:.1f}",
    }
    return [(name, [value(result) for result in results]) for name, value in rows.items()]


def _plot(path: Path, answers: dict[str, Any], faces: Faces) -> None:
    from vidframe_lab.emotion.plot import draw

    try:
        draw(path, answers, faces)
    except (OSError, ValueError) as error:
        raise click.ClickException(f"cannot draw into {path}: {error}") from error
