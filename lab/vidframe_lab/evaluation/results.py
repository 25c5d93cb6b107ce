"""Shows what an evaluation measured: tables, a JSON file, a diagram. The same options for every `vidframe eval`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.table import Table

from vidframe_lab.evaluation.files import DataError

Command = TypeVar("Command", bound=Callable[..., Any])
PRINT = "-"
_BARE = ""  # `--json` without a file


def data_option(help: str) -> Callable[[Command], Command]:
    """`--data DIR`."""
    kind = click.Path(exists=True, file_okay=False, path_type=Path)
    return click.option("--data", type=kind, required=True, help=help)


def result_options(command: Command) -> Command:
    """`--json FILE` and `--plot FILE`, as `json_to` and `plot`."""
    command = click.option(
        "--plot", type=click.Path(path_type=Path, dir_okay=False), help="Draw a diagram into FILE (PNG, SVG or PDF)."
    )(command)
    return click.option(
        "--json",
        "json_to",
        is_flag=False,
        flag_value=_BARE,
        metavar="FILE",
        callback=_json_to,
        help="Write the metrics into FILE as JSON; - prints them instead of tables.",
    )(command)


def present(content: Any, json_to: str | None, show: Callable[[], None]) -> None:
    """Calls `show`, which prints tables, and writes the content where it is wanted as JSON: into a file, or printed."""
    text = json.dumps(content, indent=1)
    if json_to == PRINT:
        click.echo(text)
        return
    show()
    if json_to is not None:
        try:
            Path(json_to).write_text(text + "\n", encoding="utf-8")
        except OSError as error:
            raise DataError(f"cannot write {json_to}: {error.strerror or error}") from None


def show(title: str, metrics: Mapping[str, float | None]) -> None:
    """Prints one metric a line."""
    table = Table(title=title)
    table.add_column("metric")
    table.add_column("value", justify="right")
    for name, value in metrics.items():
        table.add_row(name, "-" if value is None else f"{value:g}")
    Console().print(table)


def show_rows(title: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Prints one mapping a line; all have the same keys."""
    table = Table(title=title)
    for name in rows[0] if rows else ():
        table.add_column(name, justify="left" if isinstance(rows[0][name], str) else "right")
    for row in rows:
        table.add_row(*("-" if value is None else str(value) for value in row.values()))
    Console().print(table)


def write_plot(path: Path, draw: Callable[[Any], None], size: tuple[float, float] = (6, 6)) -> None:
    """Draws into one diagram; `size` in inches."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained")
    draw(figure.subplots())
    save(figure, path)


def save(figure: Any, path: Path) -> None:
    """Writes a Matplotlib figure in the form that the file's name says."""
    try:
        figure.savefig(path, dpi=120)
    except (OSError, ValueError) as error:
        raise DataError(f"cannot draw into {path}: {error}") from None


def share(part: float, whole: float) -> float | None:
    """Part of a whole, rounded; None of nothing."""
    return round(part / whole, 3) if whole else None


def _json_to(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    if value == _BARE:
        click.echo("vidframe: --json without a file is deprecated; `--json -` prints", err=True)
        return PRINT
    return value
