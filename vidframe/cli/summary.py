"""The tables that `vidframe run` ends with."""

from __future__ import annotations

import json
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from vidframe.core.model.kinds import words
from vidframe.core.observe.metrics import CameraMetrics

UNTOLD = ("camera.state", "camera.closing", "incident.updated")


def print_summary(metrics: list[CameraMetrics]) -> None:
    """One row a camera, and the steps that failed; why a camera failed was logged when it did."""
    table = Table("camera", title="Done", title_justify="left")
    for column in ("frames", "frames/s", "dropped", "events", "errors"):
        table.add_column(column, justify="right")
    table.add_column("what happened")
    for camera in metrics:
        errors = sum(step.errors for step in camera.steps.values())
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(camera.kinds.items()))
        rate = f"{camera.frames / camera.seconds:.1f}" if camera.seconds else "-"
        table.add_row(
            camera.name, str(camera.frames), rate, str(camera.dropped), str(camera.events), str(errors), kinds
        )
    _console().print(table)
    for camera in metrics:
        for name, step in sorted(camera.steps.items()):
            if step.errors:
                how = f"on every {step.always_failed}" if step.always_failed else _times(step.errors)
                how += ", and was disabled" if name in camera.failed_steps else ""
                message = f"camera {camera.name}: step {name} failed {how}"
                Console(stderr=True).print(message, style="red", markup=False, soft_wrap=True)


def _times(count: int) -> str:
    return f"{count} time{'s' * (count != 1)}"


def print_events(path: Path) -> None:
    """The events of a file of JSON lines, one row each, in words."""
    table = Table("time", "camera", "reporter", "what", title="What happened", title_justify="left")
    for line in path.read_text(encoding="utf-8").splitlines():
        event = json.loads(line)
        if event["kind"] not in UNTOLD:
            said = Text(words(event["kind"], event["facts"]), "red" if event["kind"] == "incident.opened" else "")
            table.add_row(event["time"][11:19], event["camera"], event["reporter"], said)
    _console().print(table)


def print_profile(metrics: list[CameraMetrics]) -> None:
    """What each step of each camera cost."""
    table = Table("camera", "step", title="Cost of the steps", title_justify="left")
    for column in ("calls", "skipped", "errors", "mean ms", "p95 ms", "max ms", "ms/frame"):
        table.add_column(column, justify="right")
    for camera in metrics:
        for name, step in camera.steps.items():
            if not step.calls:
                table.add_row(camera.name, name, "0", str(step.skipped), str(step.errors), "-", "-", "-", "-")
                continue
            table.add_row(
                camera.name,
                name,
                str(step.calls),
                str(step.skipped),
                str(step.errors),
                f"{1000 * step.seconds / step.calls:.3f}",
                f"<= {1000 * step.quantile(0.95):.3g}",
                f"{1000 * step.slowest:.1f}",
                f"{1000 * step.seconds / max(camera.frames, 1):.3f}",
            )
    _console().print(table)


def _console() -> Console:
    console = Console()
    return console if console.is_terminal else Console(width=140)  # a pipe or a file has no edge to cut at
