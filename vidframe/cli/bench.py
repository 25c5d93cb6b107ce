"""`vidframe bench`: what the frame loop costs over decoding alone, in one run."""

from __future__ import annotations

import json
import tempfile
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


@click.command()
@click.option("--source", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Use this video.")
@click.option("--steps", type=click.IntRange(0, 50), default=6, show_default=True, help="Empty steps in the chain.")
@click.option("--rounds", type=click.IntRange(1, 50), default=5, show_default=True, help="Pairs of runs.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def bench(source: Path | None, steps: int, rounds: int, as_json: bool) -> None:
    """Measure the frame loop with empty steps against decoding alone: processor time, runs in turn."""
    with tempfile.TemporaryDirectory() as folder:
        clip = source or _drawn_clip(Path(folder) / "clip.mp4")
        pairs = [(_decode_only(clip), _loop(clip, steps, Path(folder))) for _ in range(rounds)]
    frames = pairs[0][0][1]
    decode = median(seconds for (seconds, _), _ in pairs) / frames * 1000
    loop = median(seconds for _, (seconds, _) in pairs) / frames * 1000
    overhead = median((b - a) for (a, _), (b, _) in pairs) / frames * 1000
    metrics: dict[str, Any] = {
        "frames": frames,
        "steps": steps,
        "decode_ms": round(decode, 4),
        "loop_ms": round(loop, 4),
        "overhead_ms": round(overhead, 4),
        "ratio": round(loop / decode, 3),
    }
    if as_json:
        click.echo(json.dumps(metrics))
    else:
        click.echo(
            f"{frames} frames, {steps} empty steps: decoding alone {decode:.3f} ms a frame, with the loop {loop:.3f} "
            f"(x {loop / decode:.2f}); the loop costs {overhead:.3f} ms a frame"
        )


def _decode_only(clip: Path) -> tuple[float, int]:
    from vidframe.core.sources.decoded import decoded_frames
    from vidframe.core.sources.opening import open_source

    started = process_time()
    with open_source(str(clip)) as source:
        frames = sum(1 for _ in decoded_frames(source))
    return process_time() - started, frames


def _loop(clip: Path, steps: int, state: Path) -> tuple[float, int]:
    from threading import Event

    from vidframe.core.config.reading import CameraConfig, StepConfig
    from vidframe.core.observe.metrics import CameraMetrics
    from vidframe.core.plugin.hookspecs import hookimpl
    from vidframe.core.plugin.registry import inspected
    from vidframe.core.run.loop import run_camera
    from vidframe.core.run.resources import ResourceCache

    class Empty(_Empty):
        process_frame = hookimpl(_Empty.process_frame)

    chain = tuple(StepConfig(f"empty-{n}", inspected("empty", Empty)) for n in range(steps))
    camera = CameraConfig("bench", str(clip), chains={"always": chain})
    metrics = CameraMetrics("bench")
    started = process_time()
    run_camera(camera, state=state, shared=ResourceCache(), metrics=metrics, stop=Event())
    return process_time() - started, metrics.frames


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
