"""The night chain against decoding alone: processor time of whole processes, one thread, the same H.264 files.

    python benchmarks/night.py [--quiet FILE] [--busy FILE]       (default: drawn clips)

Prints, for 720p and 1080p, quiet and busy, without the start: milliseconds a picture for decoding alone, for decoding with the chain
`day_night, abnormality, recorder` armed, and their ratio; the peak memory of the night process with 10 s of pre-roll;
and, with --peers, OpenCV's MOG2 on full frames, and DVR-Scan where `dvr-scan` is on the PATH (an environment of its own:
it brings another OpenCV).
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import av

SIZES = {"720p": (1280, 720), "1080p": (1920, 1080)}
SECONDS = 40
FEW = 100  # pictures of a short run, which is taken off: start-up, and the warm-up of the reference
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

CHAIN = """
cameras: {{bench: {{source: "{path}"}}}}
state: "{state}"
mode: {{plugin: day_night, night: "00:00-24:00"}}
night: [abnormality, {{recorder: {{before: 10s}}}}]
"""


def measured(what: str, path: Path, most: int = 1 << 30) -> dict[str, float]:
    """Runs one contestant in a process of its own: processor seconds and peak memory."""
    command = (
        dvr_scan(path, most) if what == "dvr-scan" else [sys.executable, __file__, "--run", what, str(path), str(most)]
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, env=os.environ | ONE_THREAD, capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    pictures, peak = done.stdout.split()[-2:] if what != "dvr-scan" else (0, 0)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"pictures": float(pictures), "cpu": cpu, "megabytes": float(peak) / 1024}


def decode(path: Path, most: int) -> int:
    """Decoding alone, one thread."""
    with av.open(str(path)) as container:
        container.streams.video[0].thread_type = "NONE"
        return sum(1 for _ in islice(container.decode(video=0), most))


def night(path: Path, most: int) -> int:
    """The whole framework with the night chain."""
    from threading import Event

    from vidframe.core.config.reading import load
    from vidframe.core.observe.metrics import CameraMetrics
    from vidframe.core.run.loop import run_camera
    from vidframe.core.run.resources import ResourceCache

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "night.yaml"
        file.write_text(CHAIN.format(path=path, state=folder))
        camera = load(file).cameras[0]
        metrics = CameraMetrics("bench")
        run_camera(camera, state=Path(folder), shared=ResourceCache(), metrics=metrics, stop=Event(), frames=most)
        return int(metrics.frames)


def mog2(path: Path, most: int) -> int:
    """OpenCV's MOG2 on full frames, as most scripts use it."""
    import cv2

    cv2.setNumThreads(1)
    capture, model, count = cv2.VideoCapture(str(path)), cv2.createBackgroundSubtractorMOG2(), 0
    while count < most and (picture := capture.read()[1]) is not None:
        cv2.countNonZero(model.apply(picture))
        count += 1
    return count


def dvr_scan(path: Path, most: int) -> list[str]:
    """The command by which DVR-Scan looks for motion and writes nothing."""
    return ["dvr-scan", "--scan-only", "--quiet", "-i", str(path), *(["-et", str(most)] if most == FEW else [])]


CONTESTANTS = {"decode": decode, "night": night, "mog2": mog2}


def main() -> None:
    """Runs one contestant (--run), or all and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quiet", type=Path, help="a real video in which nothing happens")
    parser.add_argument("--busy", type=Path, help="a real video in which much happens")
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--run", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.run:
        what, path, most = arguments.run
        count = CONTESTANTS[what](Path(path), int(most))
        print(count, peak_memory())
        return
    peers = [peer for peer in ("mog2", "dvr-scan") if arguments.peers]
    if "dvr-scan" in peers and not shutil.which("dvr-scan"):
        print("dvr-scan is not installed: left out")
        peers.remove("dvr-scan")
    with tempfile.TemporaryDirectory() as folder:
        for kind, source in (("quiet", arguments.quiet), ("busy", arguments.busy)):
            for size, (width, height) in SIZES.items():
                path = Path(folder) / f"{kind}-{size}.mp4"
                write(path, pictures(source, kind, width, height), width, height)
                report(f"{size} {kind}", path, arguments.rounds, peers)


def peak_memory() -> int:
    """Kilobytes; `ru_maxrss` would count what the parent had when it forked."""
    status = Path("/proc/self/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))


def report(name: str, path: Path, rounds: int, peers: list[str]) -> None:
    """Alternates the contestants, long and short runs, so that a busy machine is busy for all; prints the least."""
    names = ["decode", "night", *peers]
    runs: dict[str, list[dict[str, float]]] = {what: [] for what in names}
    short: dict[str, list[float]] = {what: [] for what in names}
    for _ in range(rounds):
        for what in names:
            runs[what].append(measured(what, path))
            short[what].append(measured(what, path, FEW)["cpu"])
    count = runs["decode"][0]["pictures"]
    whole = {what: min(run["cpu"] for run in runs[what]) for what in names}
    cpu = {what: whole[what] - min(short[what]) for what in names}
    each = "  ".join(f"{what} {cpu[what] / (count - FEW) * 1000:.2f} ms" for what in names)
    ratios = "  ".join(f"{what}/decode {cpu[what] / cpu['decode']:.2f}" for what in names[1:])
    peak = max(run["megabytes"] for run in runs["night"])
    start = whole["night"] - cpu["night"]
    print(f"{name:12s} {each}  {ratios}  night: {peak:.0f} MB, {start:.1f} s to start", flush=True)


def pictures(source: Path | None, kind: str, width: int, height: int) -> Iterator[Any]:
    """25 pictures a second of the source, there and back; without a source, drawn."""
    if source is None:
        yield from drawn(kind, width, height)
        return
    with av.open(str(source)) as container:
        kept = [
            p.reformat(width, height, "yuv420p") for p, _ in zip(container.decode(video=0), range(100), strict=False)
        ]
    kept = kept[:50] if kind == "quiet" else kept
    there_and_back = kept + kept[::-1]
    for index in range(SECONDS * 25):
        yield there_and_back[index % len(there_and_back)]


def drawn(kind: str, width: int, height: int) -> Iterator[Any]:
    """A noisy room; busy: six things walk about."""
    import numpy as np

    rng = np.random.default_rng(0)
    ground = np.kron(rng.integers(40, 160, (18, 32)), np.ones((height // 18, width // 32))).astype(np.int16)
    grains = rng.normal(0, 2, (8, height, width)).round().astype(np.int16)
    chroma = np.full((height // 2, width), 128, np.uint8)
    for index in range(SECONDS * 25):
        luma = np.clip(ground + grains[index % 8], 0, 255).astype(np.uint8)
        if kind == "busy":
            for walker in range(6):
                x = (index * (3 + walker) + walker * 211) % (width - 80)
                luma[height // 4 + walker * 9 : height * 3 // 4, x : x + 80] = 20 + 30 * walker
        yield av.VideoFrame.from_ndarray(np.vstack([luma, chroma]), format="yuv420p")


def write(path: Path, frames: Iterator[Any], width: int, height: int) -> None:
    """H.264 as a camera sends it: a keyframe each two seconds, no B-frames."""
    with av.open(str(path), "w") as output:
        options = {"preset": "veryfast", "crf": "23", "g": "50", "bf": "0"}
        stream: Any = output.add_stream("libx264", rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for index, frame in enumerate(frames):
            frame.pts, frame.time_base, frame.pict_type = index, Fraction(1, 25), 0
            output.mux(stream.encode(frame))
        output.mux(stream.encode())


if __name__ == "__main__":
    main()
