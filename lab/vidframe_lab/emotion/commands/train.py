"""`vidframe train emotion`: trains a network and writes it as a `.keras` file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vidframe_lab.emotion.datasets import PUBLIC_TEST, TRAINING, DataError, Faces, joined, load

if TYPE_CHECKING:
    from vidframe_lab.emotion.train import Trainer

ARCHITECTURES = ("vgg", "aligned", "residual", "mini_xception")  # importing them would start Keras for --help
LATE_SIZES = (44, 44, 48)  # pixels a side for a network that has learnt before
TAUGHT = 0.4  # weight of a teacher's answers in the target


@click.command()
@click.option(
    "--data",
    "data",
    type=click.Path(path_type=Path),
    multiple=True,
    required=True,
    help="FER2013 as .npz, or a folder with a folder of PNG per class. May be given several times.",
)
@click.option("--out", type=click.Path(path_type=Path), required=True, metavar="MODEL.keras", help="Output file.")
@click.option("--architecture", type=click.Choice(ARCHITECTURES), default="vgg", show_default=True)
@click.option("--epochs", type=click.IntRange(min=1), default=120, show_default=True)
@click.option("--batch", type=click.IntRange(min=1), default=128, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--device", default="cpu", show_default=True, help="A torch device: cpu, cuda, cuda:1, mps.")
@click.option("--threads", type=click.IntRange(min=1), help="Threads of torch on a CPU.")
@click.option(
    "--start",
    type=click.Path(path_type=Path),
    help='A .keras file to begin with, or "shipped"; for few faces of your own.',
)
@click.option(
    "--teacher",
    "teachers",
    type=click.Path(path_type=Path),
    multiple=True,
    help='A .keras file, or "shipped", whose answers about the training faces are learnt as well; of several, their mean.',
)
@click.option("--rate", type=float, help="Times the usual learning rate; 1, and 0.2 with --start.")
@click.option("--checkpoints", type=click.Path(path_type=Path), help="Folder; without it MODEL.checkpoints.")
@click.option("--fresh", is_flag=True, help="Start anew where there are checkpoints, instead of resuming.")
def train(
    data: tuple[Path, ...],
    out: Path,
    checkpoints: Path | None,
    fresh: bool,
    start: Path | None,
    teachers: tuple[Path, ...],
    rate: float | None,
    device: str,
    threads: int | None,
    **choices: Any,
) -> None:
    """Train a network for expressions and write it as a .keras file.

    The same command goes on where it was stopped, and with more --epochs goes on after its end.
    """
    if out.suffix != ".keras":
        raise click.ClickException(f"--out {out}: the name must end in .keras")
    training, choosing = _read(data, TRAINING), _read(data, PUBLIC_TEST)
    if not len(training) or not len(choosing):
        raise click.ClickException(f"{len(training)} faces to train on and {len(choosing)} held out: both are needed")
    _start_torch(device, threads)

    from vidframe_lab.emotion.export import export
    from vidframe_lab.emotion.train import Recipe, Trainer

    folder = checkpoints or out.with_suffix(".checkpoints")
    sizes = LATE_SIZES if start else Recipe.sizes
    recipe = Recipe(**choices, sizes=sizes, teacher_weight=TAUGHT if teachers else 0.0)
    recipe = recipe.times((0.2 if start else 1.0) if rate is None else rate)
    trainer = Trainer(recipe, training, folder, device=device)
    if fresh or not _resumed(trainer):
        _begin(trainer, start, teachers)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        _run(trainer, choosing)
        facts = export(trainer, choosing, out)
    except OSError as error:
        raise click.ClickException(
            f"cannot write {error.filename or out}: {error.strerror or error}; the same command goes on from {folder}"
        ) from error
    click.echo(
        f"{out}: {facts['parameters']:,} parameters, {facts['epochs']} epochs; `vidframe eval emotion` measures it"
    )


def _read(paths: tuple[Path, ...], split: int) -> Faces:
    try:
        return joined(load(path, split) for path in paths)
    except DataError as error:
        raise click.ClickException(str(error)) from error


def _start_torch(device: str, threads: int | None) -> None:
    from vidframe_emotion.model import ModelError, use_backend

    try:
        use_backend("torch")
        import torch

        torch.empty(1, device=device)
    except (ModelError, ImportError) as error:
        raise click.ClickException(f"training needs torch: pip install 'vidframe-lab[train]' ({error})") from error
    except (RuntimeError, AssertionError) as error:
        raise click.ClickException(f"--device {device}: {str(error).partition(chr(10))[0]}") from error
    if threads is not None:
        torch.set_num_threads(threads)


def _resumed(trainer: Trainer) -> bool:
    try:
        resumed = trainer.resume()
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        reason = str(error).partition("\n")[0]
        raise click.ClickException(
            f"the checkpoint in {trainer.folder} does not fit this training ({reason}); --fresh starts anew"
        ) from error
    if resumed:
        click.echo(f"resuming after epoch {trainer.epoch} of {trainer.folder}", err=True)
    return resumed


def _begin(trainer: Trainer, start: Path | None, teachers: tuple[Path, ...]) -> None:
    from vidframe_emotion.model import ModelError

    try:
        if start is not None:
            trainer.start_from(_file(start))
        if teachers:
            click.echo(f"asking {' and '.join(map(str, teachers))} about the faces", err=True)
            trainer.ask([_file(teacher) for teacher in teachers])
    except ModelError as error:
        raise click.ClickException(str(error)) from error


def _file(name: Path) -> Path:
    from vidframe_emotion.model import OURS

    return OURS if str(name) == "shipped" else name


def _run(trainer: Trainer, choosing: Faces) -> None:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from vidframe_lab.emotion.export import accuracy

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, TextColumn("{task.fields[note]}")) as bar:
        total = trainer.recipe.epochs * trainer.steps
        task = bar.add_task("training", total=total, completed=trainer.epoch * trainer.steps, note="")

        def show(epoch: int, step: int, loss: float) -> None:
            bar.update(task, completed=epoch * trainer.steps + step + 1, note=f"epoch {epoch + 1}, loss {loss:.3f}")

        def measure(trainer: Trainer) -> dict[str, float]:
            reached = accuracy(trainer.logits(choosing.pictures), choosing)
            bar.console.print(f"epoch {trainer.epoch}: {reached:.1%} of the held-out faces")
            return {"accuracy": reached}

        trainer.run(show, measure)
