"""Live cameras with the whole day chain: how old are results, and who loses frames when there is too much work?

    python -m benchmarks.overload [--cameras 4] [--fps 5] [--workers 0] [--film shop.mp4] [--isolate]

Serves a film of people over RTSP on this machine (default: the drawn shop of `vidframe scene`), from one process a
camera, so that a core or so less is left for the analysis. Prints, from the metrics of the running vidframe: pictures
a second that came, were analysed and were dropped, for each camera; the age of results; the mean time of each step;
and processor time and memory.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from time import sleep

import av

from benchmarks.soak import end, wait_until_shown
from tests.cameras import RtspCamera, free_port
from tests.clips import write_clip
from vidframe.cli.top import Sample, sample

WARM_UP = 20.0  # seconds: models are loaded, and called for the first time
CHAIN = """
always:
  - faces{isolated}
  - emotion
  - gaze
  - people
  - interest: {{zones: [{{name: left, polygon: [[0.0, 0.2], [0.3, 0.2], [0.3, 0.9], [0.0, 0.9]]}}]}}
  - footfall: {{areas: [{{name: floor, polygon: [[0.1, 0.3], [0.9, 0.3], [0.9, 1.0], [0.1, 1.0]]}}]}}
"""


def main() -> None:
    """Runs it, and prints what the metrics say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cameras", type=int, default=4)
    parser.add_argument("--fps", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=40)
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--isolate", action="store_true", help="the faces step in a process of its own")
    parser.add_argument("--film", type=Path, help="with people; default: the drawn shop")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        stream = elementary(options.film or drawn_shop(folder), folder / "film.h264", options.fps)
        cameras = [stack.enter_context(RtspCamera(stream, fps=options.fps)) for _ in range(options.cameras)]
        for camera in cameras:
            camera.switch_on()
        address = f"127.0.0.1:{free_port()}"
        (folder / "shop.yaml").write_text(config(address, cameras, options.workers, isolated=options.isolate))
        command = [sys.executable, "-m", "vidframe", "run", "shop.yaml", "--no-progress"]
        process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
        stack.callback(end, process)
        wait_until_shown(address)
        sleep(WARM_UP)
        before = sample(address)
        sleep(options.seconds)
        tell(before, sample(address))


def config(address: str, cameras: list[RtspCamera], workers: int, *, isolated: bool) -> str:
    """The YAML of a shop with these cameras."""
    lines = [f"metrics: {address}", f"workers: {workers}", "cameras:"]
    lines += [f'  camera-{number}: "{camera.url}"' for number, camera in enumerate(cameras, 1)]
    return "\n".join(lines) + CHAIN.format(isolated=": {isolate: process}" if isolated else "")


def drawn_shop(folder: Path) -> Path:
    """A film of people who walk through a shop."""
    command = [sys.executable, "-m", "vidframe", "scene", "--part", "day", "--out", str(folder)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return folder / "shop.mp4"


def elementary(film: Path, stream: Path, fps: int) -> Path:
    """The film as such a camera would send it: so many of its pictures a second, as a bare H.264 stream."""

    def pictures() -> Iterator[object]:
        with av.open(str(film)) as container:
            due = 0.0
            for frame in container.decode(video=0):
                if frame.time is not None and frame.time >= due:
                    due += 1 / fps
                    yield frame.to_ndarray(format="bgr24")

    return write_clip(stream, pictures(), fps=fps)  # type: ignore[arg-type]


def tell(before: Sample, now: Sample) -> None:
    """Prints what happened between two looks."""
    seconds = now.at - before.at

    def rate(name: str, *labels: str) -> float:
        return (now.value(name, *labels) - before.value(name, *labels)) / seconds

    ages: dict[str, float] = {}
    shares = []
    for (camera,) in now.rows("vidframe_camera_frames_in_total"):
        came, done, lost = (
            rate(f"vidframe_camera_frames_{what}_total", camera) for what in ("in", "analysed", "dropped")
        )
        shares.append(done / max(came, 1e-9))
        print(f"{camera}: {came:.1f} came, {done:.1f} analysed, {lost:.1f} dropped a second")
        for name, bound in now.rows("vidframe_camera_age_seconds_bucket"):
            if name == camera:
                grown = rate("vidframe_camera_age_seconds_bucket", name, bound)
                ages[bound] = ages.get(bound, 0.0) + grown
    for share in (0.5, 0.95, 0.99):
        bound = next((bound for bound, count in ages.items() if count >= share * ages["+Inf"]), "-")
        print(f"age of results: {share:.0%} at most {bound} s")
    print(f"share analysed: least {min(shares):.2f}, most {max(shares):.2f}")
    steps = {step for _, step in now.rows("vidframe_step_errors_total")}
    for step in sorted(steps):
        who = [labels for labels in now.rows("vidframe_step_errors_total") if labels[1] == step]
        calls = sum(rate("vidframe_step_seconds_count", *labels) for labels in who)
        busy = sum(rate("vidframe_step_seconds_sum", *labels) for labels in who)
        print(f"{step}: {calls:.1f} calls a second, {1000 * busy / max(calls, 1e-9):.1f} ms each")
    for (process,) in now.rows("vidframe_process_up"):
        cores = rate("vidframe_process_cpu_seconds_total", process)
        print(f"{process}: {cores:.2f} cores, {now.value('vidframe_process_memory_bytes', process) / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
