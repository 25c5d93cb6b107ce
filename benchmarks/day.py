"""The day chain on one core: against decoding alone, against fer and deepface, and what memory it takes.

    python benchmarks/day.py --data FOLDER [--peers PYTHON] [--frames 300] [--rounds 3] [--json]

Two clips of 1280 x 720, H.264: two people who turn their heads all the time (FOLDER/videos, a short film played on and on),
and a quiet scene (one frame of an aisle, with sensor noise). Each contestant runs in a process of its own, held to one
core; the clock starts after the first 40 frames, so that starting costs nothing. Rounds alternate.

    decode      PyAV, one thread
    day         vidframe's loop with faces, emotion, gaze, people, footfall and interest: configs/day.yaml and footfall
    fer         FER().detect_emotions on each frame: Haar cascade and mini-XCEPTION
    deepface    the part of DeepFace.stream that runs on every frame, finding faces: a lower bound. What it runs on top
                needs models that deepface downloads at run time

PYTHON is an interpreter that has `fer` and `deepface` (`pip install fer deepface flask tf-keras "setuptools<81"`). Times are processor seconds; frames
a second are those of a core that does nothing else. Memory is the peak of the resident set of the whole process.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from time import process_time
from typing import Any

TWO_FACES = "videos/head-pose-face-detection-female-and-male.gif"
AISLE = "videos/store-aisle-detection.gif"
SIZE = 1280, 720
FEW = 40  # frames before the clock starts
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "PYTHONWARNINGS": "ignore",
}

CHAIN = """
cameras: {{bench: {{source: "{path}"}}}}
state: "{state}"
always:
  - faces
  - emotion
  - gaze
  - people
  - footfall
  - interest:
      zones:
        - {{name: left, polygon: [[0.0, 0.2], [0.15, 0.2], [0.15, 0.9], [0.0, 0.9]]}}
        - {{name: right, polygon: [[0.85, 0.2], [1.0, 0.2], [1.0, 0.9], [0.85, 0.9]]}}
"""


class Clock:
    """Counts frames and the faces in them, and processor time from the frame number FEW on."""

    def __init__(self) -> None:
        self.counts: list[int] = []
        self._started = self._now = 0.0

    def tick(self, faces: int) -> None:
        """One more frame is done."""
        self.counts.append(faces)
        self._now = process_time()
        if len(self.counts) == FEW:
            self._started = self._now

    def metrics(self) -> dict[str, float]:
        """Milliseconds a frame, the share of frames with two faces, and the peak of the memory."""
        frames = len(self.counts) - FEW
        return {
            "ms": (self._now - self._started) / frames * 1000,
            "two_faces": sum(count >= 2 for count in self.counts) / len(self.counts),
            "megabytes": _peak_kilobytes() / 1024,
        }


def decode(path: Path, clock: Clock) -> None:
    """Decoding alone, one thread; no faces."""
    import av

    with av.open(str(path)) as container:
        container.streams.video[0].thread_type = "NONE"
        for _ in container.decode(video=0):
            clock.tick(0)


def day(path: Path, clock: Clock) -> None:
    """The whole framework with the day chain."""
    from threading import Event

    from vidframe import Frame, hookimpl
    from vidframe.core.config.reading import StepConfig, load
    from vidframe.core.observe.metrics import CameraMetrics
    from vidframe.core.plugin.registry import inspected
    from vidframe.core.run.loop import run_camera
    from vidframe.core.run.resources import ResourceCache

    class Count:
        needs = ("faces",)

        @hookimpl
        def process_frame(self, frame: Frame) -> None:
            clock.tick(sum(face.head_pose is not None for face in frame.faces))

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "day.yaml"
        file.write_text(CHAIN.format(path=path, state=folder))
        camera, sinks, metrics = (
            load(file).cameras[0],
            [StepConfig("count", inspected("count", Count))],
            CameraMetrics(""),
        )
        run_camera(camera, state=Path(folder), shared=ResourceCache(), metrics=metrics, stop=Event(), sinks=sinks)
        if metrics.error or metrics.failed_steps:
            raise RuntimeError(metrics.error or f"failed: {metrics.failed_steps}")


def fer(path: Path, clock: Clock) -> None:
    """As its documentation has it."""
    from fer.fer import FER

    detector = FER(mtcnn=False)
    for picture in _captured(path):
        clock.tick(len(detector.detect_emotions(picture)))


def deepface(path: Path, clock: Clock) -> None:
    """Faces as DeepFace.stream finds them in every frame, with its default detector."""
    from deepface import DeepFace

    for picture in _captured(path):
        faces = DeepFace.extract_faces(picture, enforce_detection=False)
        clock.tick(sum(face["confidence"] > 0 for face in faces))


CONTESTANTS: dict[str, Callable[[Path, Clock], None]] = {
    "decode": decode,
    "day": day,
    "fer": fer,
    "deepface": deepface,
}


def main() -> None:
    """Runs one contestant (--run), or all and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("VIDFRAME_DATA"))
    parser.add_argument("--peers", type=Path, help="an interpreter that has fer and deepface")
    parser.add_argument(
        "--frames", type=int, default=300, help="of the clip with faces; the quiet one has three times as many"
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--run", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        _run_here(options.run[0], Path(options.run[1]))
        return
    if options.data is None:
        parser.error("name the data with --data or VIDFRAME_DATA")
    rows = _measured(Path(options.data), options)
    print(json.dumps(rows)) if options.json else _print(rows)


def _measured(data: Path, options: argparse.Namespace) -> dict[str, dict[str, float]]:
    """Rows by "clip, contestant"."""
    with tempfile.TemporaryDirectory() as folder:
        faces, quiet = Path(folder) / "faces.mp4", Path(folder) / "quiet.mp4"
        _write(faces, _on_and_on(data / TWO_FACES, options.frames), rate=15)
        _write(quiet, _noisy(data / AISLE, 3 * options.frames), rate=15)
        cases = [("two faces", faces, name) for name in ("decode", "day")]
        cases += [("quiet", quiet, name) for name in ("decode", "day")]
        if options.peers:
            cases += [("two faces", faces, name) for name in ("fer", "deepface")]
        samples: dict[str, list[dict[str, float]]] = {}
        for _ in range(options.rounds):
            for clip, path, name in cases:
                python = options.peers if name in ("fer", "deepface") else Path(sys.executable)
                samples.setdefault(f"{clip}, {name}", []).append(_run_apart(python, name, path))
    return {name: _summed_up(found) for name, found in samples.items()}


def _run_apart(python: Path, name: str, path: Path) -> dict[str, float]:
    command = [str(python), __file__, "--run", name, str(path)]
    done = subprocess.run(command, env=os.environ | ONE_THREAD, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{name} failed: {done.stderr[-1500:]}")
    return {key: float(value) for key, value in json.loads(done.stdout.splitlines()[-1]).items()}


def _run_here(name: str, path: Path) -> None:
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    clock = Clock()
    CONTESTANTS[name](path, clock)
    print(json.dumps(clock.metrics()))


def _peak_kilobytes() -> int:
    """`ru_maxrss` would count what the parent had when it forked."""
    status = Path("/proc/self/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))


def _summed_up(samples: list[dict[str, float]]) -> dict[str, float]:
    """Medians; the best time too, since others may have used the machine."""
    times = [sample["ms"] for sample in samples]
    return {
        "ms": round(statistics.median(times), 2),
        "least_ms": round(min(times), 2),
        "two_faces": round(samples[0]["two_faces"], 3),
        "megabytes": round(max(sample["megabytes"] for sample in samples)),
    }


def _captured(path: Path) -> Iterator[Any]:
    """As scripts read a video."""
    import cv2

    capture = cv2.VideoCapture(str(path))
    while (picture := capture.read()[1]) is not None:
        yield picture


def _on_and_on(path: Path, frames: int) -> Iterator[Any]:
    """A short film forwards and backwards, so that nothing jumps."""
    pictures = list(_pictures(path))
    there_and_back = [*pictures, *pictures[-2:0:-1]]
    for index in range(frames):
        yield there_and_back[index % len(there_and_back)]


def _noisy(path: Path, frames: int) -> Iterator[Any]:
    import numpy as np

    still, rng = next(_pictures(path)), np.random.default_rng(0)
    noise = rng.normal(0, 3, (8, *still.shape)).astype(np.float32)
    for index in range(frames):
        yield np.clip(still + noise[index % 8], 0, 255).astype(np.uint8)


def _pictures(path: Path) -> Iterator[Any]:
    import av
    import cv2

    with av.open(str(path)) as video:
        for frame in video.decode(video=0):
            yield cv2.resize(frame.to_ndarray(format="bgr24"), SIZE, interpolation=cv2.INTER_CUBIC)


def _write(path: Path, pictures: Iterator[Any], rate: int) -> None:
    import av

    with av.open(str(path), "w") as output:
        stream: Any = output.add_stream("libx264", rate=rate, options={"preset": "veryfast", "crf": "23"})
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for picture in pictures:
            output.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        output.mux(stream.encode())


def _print(rows: dict[str, dict[str, float]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("", "ms a frame, median", "least", "frames a second", "times ours", "two faces seen", "peak MB")
    for name, row in rows.items():
        clip = name.partition(",")[0]
        ours = row["ms"] / rows[f"{clip}, day"]["ms"]
        times = [f"{row['ms']:.1f}", f"{row['least_ms']:.1f}", f"{1000 / row['ms']:.0f}", f"{ours:.2f}"]
        table.add_row(name, *times, f"{row['two_faces']:.0%}", f"{row['megabytes']:.0f}")
    console = Console(width=130)
    console.print(table)
    quiet = rows["quiet, day"]["ms"] / rows["quiet, decode"]["ms"]
    console.print(f"a quiet scene costs {quiet:.2f} times decoding")


if __name__ == "__main__":
    main()
