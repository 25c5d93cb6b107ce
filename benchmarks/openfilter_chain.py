"""Four pass-through stages on one clip: vidframe's loop beside OpenFilter, runs in turn.

    python benchmarks/openfilter_chain.py --peer /path/to/python [--rounds 3] [--frames 300]

`--peer` is the Python of an environment with openfilter installed; it needs one of its own, because it brings
another build of OpenCV. Both read the same 720p Motion JPEG clip as fast as they can; the rate is frames over
the time from the first to the last frame in the last stage, so that neither pays for its start.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from statistics import median
from typing import Any

PEER = """
import json, os, sys, time
from openfilter.filter_runtime.filter import Filter
from openfilter.filter_runtime.filters.video_in import VideoIn

class Stage(Filter):
    def process(self, frames):
        return frames

class Last(Filter):
    def setup(self, config):
        self.times = []
    def process(self, frames):
        self.times.append(time.perf_counter())
    def shutdown(self):
        json.dump(self.times, open(sys.argv[2], "w"))

def main():
    wire = sys.argv[3] + "://" + ("127.0.0.1:%d" if sys.argv[3] == "tcp" else f"vidframe-{os.getpid()}-%d")
    at = [wire % port for port in (5550, 5552, 5554, 5556, 5558)]
    common = {"outputs_jpg": False} if sys.argv[4] == "raw" else {}
    Filter.run_multi([
        (VideoIn, dict(sources="file://" + sys.argv[1] + "!sync!no-loop", outputs=at[0], **common)),
        *[(Stage, dict(sources=at[n], outputs=at[n + 1], **common)) for n in range(4)],
        (Last, dict(sources=at[4])),
    ])

if __name__ == "__main__":
    main()
"""

SETTINGS = {
    "defaults (JPEG, TCP)": ("tcp", "jpeg", {}),
    "tuned (raw, shared memory)": ("ipc", "raw", {"SHM_ENABLE": "true"}),
}


def main() -> None:
    """Prints the frames a second of both, round by round, and the ratio of the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--frames", type=int, default=300)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clip = draw(folder / "clip.avi", arguments.frames)
        for setting, (wire, payload, environ) in SETTINGS.items():
            ours, theirs = [], []
            for _ in range(arguments.rounds):
                theirs.append(peer_rate(arguments.peer, clip, folder, wire, payload, environ))
                ours.append(our_rate(clip, folder))
            ratio = median(ours) / median(theirs)
            print(f"OpenFilter {setting}: {rates(theirs)} fps · vidframe {rates(ours)} fps · ratio {ratio:.1f}")


def rates(values: list[float]) -> str:
    """The rounds, slowest to fastest."""
    return " ".join(f"{value:.0f}" for value in sorted(values))


def peer_rate(python: str, clip: Path, folder: Path, wire: str, payload: str, environ: dict[str, str]) -> float:
    """Frames a second of OpenFilter."""
    script, times = folder / "peer.py", folder / "times.json"
    script.write_text(PEER)
    times.unlink(missing_ok=True)
    quiet = {"LOG_LEVEL": "CRITICAL", "TELEMETRY_EXPORTER_ENABLED": "false", "DO_NOT_TRACK": "1"}
    peer = subprocess.Popen(
        [python, str(script), str(clip), str(times), wire, payload],
        cwd=folder,
        env=os.environ | quiet | environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        peer.wait(timeout=120)
    finally:
        with suppress(ProcessLookupError):  # its stages are processes of their own, and outlive it
            os.killpg(peer.pid, signal.SIGKILL)
    seen = json.loads(times.read_text())
    return float((len(seen) - 1) / (seen[-1] - seen[0]))


def our_rate(clip: Path, folder: Path) -> float:
    """Frames a second of vidframe, in a process of its own."""
    script = Path(__file__).with_name("empty_chain.py").resolve()
    command = [sys.executable, str(script), str(clip), "4"]
    return float(subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout)


def draw(path: Path, frames: int) -> Path:
    """A 720p Motion JPEG clip: a picture with detail that moves."""
    import av
    import numpy as np

    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 255, (45, 80, 3), dtype=np.uint8)
    picture = np.repeat(np.repeat(coarse, 16, axis=0), 16, axis=1)
    with av.open(str(path), "w") as output:
        stream: Any = output.add_stream("mjpeg", rate=30)
        stream.width, stream.height, stream.pix_fmt = 1280, 720, "yuvj420p"
        for index in range(frames):
            shifted = np.ascontiguousarray(np.roll(picture, 4 * index, axis=1))
            output.mux(stream.encode(av.VideoFrame.from_ndarray(shifted, format="bgr24")))
        output.mux(stream.encode())
    return path


if __name__ == "__main__":
    main()
