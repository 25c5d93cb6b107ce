"""`vidframe bench`: what the frame loop costs over decoding alone, in one run."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

import click

FRAMES = 250


class _Empty:
    """A step that does nothing."""

    def process_frame(self) -> None:
        """Nothing."""


@dataclass(frozen=True)
class _Cost:
    """Processor time of one run, in seconds, the first frame apart: with it come the opening and all first calls."""

    first: float
    others: float
    frames: int  # without the first


@click.command()
@click.option("--source", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Use this video.")
@click.option("--steps", type=click.IntRange(0, 50), default=6, show_default=True, help="Empty steps in the chain.")
@click.option("--rounds", type=click.IntRange(1, 50), default=5, show_default=True, help="Pairs of runs.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def bench(source: Path | None, steps: int, rounds: int, as_json: bool) -> None:
    """Measure the frame loop with empty steps against decoding alone: processor time, runs in turn.

    What is done once, up to the first frame, is told apart and not spread over the frames.
    """
    with tempfile.TemporaryDirectory() as folder:
        clip = source or _drawn_clip(Path(folder) / "clip.mp4")
        pairs = [(_decode_only(clip), _loop(clip, steps, Path(folder))) for _ in range(rounds)]
    frames = pairs[0][0].frames
    if not frames:
        raise click.ClickException(f"{clip} has one frame; give a video of two or more")
    decode = median(alone.others for alone, _ in pairs) / frames * 1000
    loop = median(looped.others for _, looped in pairs) / frames * 1000
    overhead = median(looped.others - alone.others for alone, looped in pairs) / frames * 1000
    opening = median(looped.first - alone.first for alone, looped in pairs) * 1000
    metrics: dict[str, Any] = {
        "frames": frames,
        "steps": steps,
        "decode_ms": round(decode, 4),
        "loop_ms": round(loop, 4),
        "overhead_ms": round(overhead, 4),
        "opening_ms": round(opening, 1),
        "ratio": round(loop / decode, 3),
    }
    if as_json:
        click.echo(json.dumps(metrics))
    else:
        click.echo(
            f"{frames} frames, {steps} empty steps: decoding alone {decode:.3f} ms a frame, with the loop {loop:.3f} "
            f"(x {loop / decode:.2f}); the loop costs {overhead:.3f} ms a frame, and {opening:.1f} ms once"
        )


def _decode_only(clip: Path) -> _Cost:
    from vidframe.core.sources.decoded import decoded_frames
    from vidframe.core.sources.opening import open_source

    started = process_time()
    with open_source(str(clip)) as source:
        return _measured(decoded_frames(source), started)


def _loop(clip: Path, steps: int, state: Path) -> _Cost:
    from threading import Event

    from vidframe.core.config.reading import CameraConfig, StepConfig
    from vidframe.core.observe.metrics import CameraMetrics
    from vidframe.core.plugin.hookspecs import hookimpl
    from vidframe.core.plugin.registry import inspected
    from vidframe.core.run.loop import camera_frames, source_of
    from vidframe.core.run.resources import ResourceCache

    class Empty(_Empty):
        process_frame = hookimpl(_Empty.process_frame)

    chain = tuple(StepConfig(f"empty-{n}", inspected("empty", Empty)) for n in range(steps))
    camera = CameraConfig("bench", str(clip), chains={"always": chain})
    metrics = CameraMetrics("bench")
    started = process_time()
    source = source_of(camera, Event())
    return _measured(camera_frames(camera, source, state=state, shared=ResourceCache(), metrics=metrics), started)


def _measured(frames: Iterator[Any], started: float) -> _Cost:
    """Takes frames to their end, and keeps none."""
    next(frames, None)
    first = process_time()
    count = sum(1 for _ in frames)
    return _Cost(first - started, process_time() - first, count)


def _drawn_clip(path: Path) -> Path:
    """A 720p clip of a few moving squares over noise, H.264."""
    import av
    import numpy as np

    noise = np.random.default_rng(1).integers(60, 90, (720, 1280, 3), dtype=np.uint8)
    with av.open(str(path), "w") as output:
        stream: Any = output.add_stream("libx264", rate=25, options={"preset": "veryfast", "crf": "26"})
        stream.width, stream.height, stream.pix_fmt = 1280, 720, "yuv420p"
        for index in range(FRAMES):
            picture = noise.copy()
            for lane in range(3):
                x, y = (7 * index * (lane + 1)) % 1180, 100 + 200 * lane
                picture[y : y + 100, x : x + 100] = 60 * lane + 100
            output.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        output.mux(stream.encode())
    return path
