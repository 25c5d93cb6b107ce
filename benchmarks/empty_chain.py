"""Frames a second of vidframe's loop with N steps that look at the picture as BGR and do nothing.

python benchmarks/empty_chain.py CLIP STEPS
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from threading import Event
from time import perf_counter

from vidframe import Frame, hookimpl
from vidframe.core.config.reading import CameraConfig, StepConfig
from vidframe.core.observe.metrics import CameraMetrics
from vidframe.core.plugin.registry import inspected
from vidframe.core.run.loop import run_camera
from vidframe.core.run.resources import ResourceCache

TIMES: list[float] = []


class Stage:
    """Takes the picture as other frameworks hand it on: BGR."""

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        assert frame.image.ndim == 3


class Last:
    """Keeps the time of each frame."""

    @hookimpl
    def process_frame(self) -> None:
        TIMES.append(perf_counter())


def main() -> None:
    """Prints the rate from the first to the last frame."""
    clip, steps = sys.argv[1], int(sys.argv[2])
    chain = [StepConfig(f"stage-{n}", inspected("stage", Stage)) for n in range(steps)]
    camera = CameraConfig("bench", clip, chains={"always": (*chain, StepConfig("last", inspected("last", Last)))})
    with tempfile.TemporaryDirectory() as state:
        run_camera(camera, state=Path(state), shared=ResourceCache(), metrics=CameraMetrics("bench"), stop=Event())
    print(f"{(len(TIMES) - 1) / (TIMES[-1] - TIMES[0]):.1f}")


if __name__ == "__main__":
    main()
