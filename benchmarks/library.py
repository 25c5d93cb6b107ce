"""What a frame costs through `vidframe.Pipeline` beside `run_camera`: CPU time, the same clip and steps, runs in turn.

    python benchmarks/library.py CLIP [--steps 6] [--rounds 7]

The steps look at the luma and do nothing, so that what is left is decoding, the loop, and the door to it.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from threading import Event
from time import process_time

import vidframe
from vidframe import Frame, hookimpl
from vidframe.core.config.model import CameraConfig
from vidframe.core.observe.metrics import CameraMetrics
from vidframe.core.run.loop import run_camera
from vidframe.core.run.resources import ResourceCache
from vidframe.pipeline import steps_of


class Looks:
    """Looks at the luma."""

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        assert frame.gray.ndim == 2


def main() -> None:
    """Prints the milliseconds a frame of both, and the ratio of each pair of runs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clip")
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    runs = (by_run_camera, by_pipeline)
    _measured(by_run_camera, options.clip, options.steps)  # the first run fills the caches
    pairs = []
    for number in range(options.rounds):
        order = runs if number % 2 else runs[::-1]
        cost = {run: _measured(run, options.clip, options.steps) for run in order}
        pairs.append((cost[by_run_camera], cost[by_pipeline]))
    ratios = sorted(two / one for one, two in pairs)
    print(
        f"{options.steps} steps: run_camera {median(one for one, _ in pairs):.3f} ms a frame, "
        f"Pipeline {median(two for _, two in pairs):.3f}; x {median(ratios):.3f} ({ratios[0]:.3f} to {ratios[-1]:.3f})"
    )


def _measured(run: Callable[[str, int], int], clip: str, steps: int) -> float:
    began = process_time()
    frames = run(clip, steps)
    return (process_time() - began) / frames * 1000


def by_run_camera(clip: str, steps: int) -> int:
    """As the command line does; the number of frames."""
    camera = CameraConfig("camera", clip, chains={"always": steps_of([Looks() for _ in range(steps)])})
    metrics = CameraMetrics("camera")
    with tempfile.TemporaryDirectory() as state:
        run_camera(camera, state=Path(state), shared=ResourceCache(), metrics=metrics, stop=Event())
    return metrics.frames


def by_pipeline(clip: str, steps: int) -> int:
    """As a program of one's own does; the number of frames."""
    with vidframe.Pipeline([Looks() for _ in range(steps)], source=clip) as frames:
        return sum(1 for _ in frames)


if __name__ == "__main__":
    main()
