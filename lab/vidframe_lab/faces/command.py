"""`vidframe eval faces`: how well faces are found in a shop's own labelled pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from vidframe import Box
from vidframe_lab.evaluation.files import DataError
from vidframe_lab.evaluation.results import data_option, present, result_options, write_plot
from vidframe_lab.faces.evaluation import Result, evaluate, read_labels


@click.command()
@data_option("Folder with pictures and faces.csv: file,x,y,width,height.")
@click.option(
    "--min-face", type=click.IntRange(12, 400), default=28, show_default=True, help="As the plugin's setting."
)
@click.option(
    "--confidence", type=click.FloatRange(0.5, 1), default=0.7, show_default=True, help="As the plugin's setting."
)
@result_options
def evaluate_faces(data: Path, min_face: int, confidence: float, json_to: str | None, plot: Path | None) -> None:
    """Measure how many labelled faces are found, by width, and how many boxes are none."""
    result = _measured(data, min_face, confidence)
    present(result.as_dict(), json_to, lambda: _print(result))
    if plot is not None:
        write_plot(plot, lambda axes: _draw(axes, result), size=(7, 4))


def _measured(data: Path, min_face: int, confidence: float) -> Result:
    from rich.progress import track
    from vidframe_faces.finder import Finder
    from vidframe_faces.regions import everywhere

    labelled = read_labels(data)
    finder = Finder()

    def find(image: Any) -> Sequence[Box]:
        height, width = image.shape[:2]
        regions = everywhere(width, height, min_face)
        return [face.box for face in finder.search(image, regions, [], confidence)]

    result = Result()
    try:
        steps = evaluate(labelled, _read, find)
        for result in track(  # noqa: B007 - the last one counts them all
            steps, "searching", total=len(labelled), transient=True, console=_stderr()
        ):
            pass
    finally:
        finder.close()
    return result


def _read(path: Path) -> Any:
    import cv2
    import numpy as np

    image = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise DataError(f"{path} is no picture that OpenCV reads")
    return image


def _stderr() -> Any:
    from rich.console import Console

    return Console(stderr=True)


def _print(result: Result) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("face width", "faces", "found", "recall")
    bounds = [row.least_width for row in result.rows]
    for row, upper in zip(result.rows, [*bounds[1:], None], strict=True):
        if row.faces:
            name = f"{row.least_width} px and more" if upper is None else f"{row.least_width} to {upper - 1} px"
            table.add_row(name, str(row.faces), str(row.found), f"{row.found / row.faces:.3f}")
    console = Console()
    console.print(table)
    metrics = result.as_dict()
    console.print(
        f"{result.pictures} pictures: recall {metrics['recall']}, "
        f"{metrics['false_boxes_per_picture']} false boxes a picture, "
        f"{metrics['milliseconds_per_picture']} ms a picture when all of it is searched (median)"
    )


def _draw(axes: Any, result: Result) -> None:
    rows = [row for row in result.rows if row.faces]
    axes.plot([row.least_width for row in rows], [row.found / row.faces for row in rows], marker="o")
    axes.set(xlabel="face width from, pixels", ylabel="recall", ylim=(0, 1.05))
    axes.grid(alpha=0.3)
