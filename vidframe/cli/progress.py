"""A progress bar for each camera: frames, frames a second, time left."""

from __future__ import annotations

from time import monotonic
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from vidframe.core.observe.metrics import CameraMetrics


class Progress:
    """Shows metrics on a terminal; does nothing where `enabled` is False."""

    def __init__(self, *, enabled: bool) -> None:
        self._bars = Bars(
            TextColumn("[bold]{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[fps]:.0f} fps"),
            TextColumn("{task.fields[state]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            disable=not enabled,
        )
        self._tasks: dict[str, TaskID] = {}
        self._started = monotonic()

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._bars.stop()

    def update(self, metrics: list[CameraMetrics]) -> None:
        """Shows where each camera stands."""
        elapsed = max(monotonic() - self._started, 1e-6)
        for camera in metrics:
            if camera.name not in self._tasks:
                self._tasks[camera.name] = self._bars.add_task(camera.name, total=None, fps=0.0, state="")
            state = camera.state if camera.frames_expected is None else ""
            self._bars.update(
                self._tasks[camera.name],
                completed=camera.frames,
                total=camera.frames_expected,
                fps=camera.frames / elapsed,
                state=state,
            )
