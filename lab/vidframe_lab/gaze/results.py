"""Shows what an evaluation measured: a table, a JSON file, a diagram."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table


def show(title: str, metrics: Mapping[str, float]) -> None:
    """Prints one figure a line."""
    table = Table(title=title)
    table.add_column("figure")
    table.add_column("value", justify="right")
    for name, value in metrics.items():
        table.add_row(name, f"{value:g}")
    Console().print(table)


def show_rows(title: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Prints one mapping a line; all have the same keys."""
    table = Table(title=title)
    for name in rows[0] if rows else ():
        table.add_column(name, justify="left" if isinstance(rows[0][name], str) else "right")
    for row in rows:
        table.add_row(*("-" if value is None else str(value) for value in row.values()))
    Console().print(table)


def write_json(path: Path, content: Any) -> None:
    """Writes plain values."""
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def write_plot(path: Path, draw: Callable[[Any], None]) -> None:
    """Draws into one diagram."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 6), layout="constrained")
    draw(figure.subplots())
    figure.savefig(path)
