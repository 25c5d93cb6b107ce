"""Cameras that fail in every way, for as long as one likes: are they live again in time, and does nothing grow?

    python -m benchmarks.soak [--minutes 60] [--workers 2]        (needs the RTSP server of tests/rtsp_server.py)

One camera is killed, hung, slowed, replaced by noise and started again with another size and codec, by turns; two
others are left alone. Prints a line a fault: how long after its end the camera showed pictures again; and at the end
the frame rate of the others against what they send, and threads, descriptors and memory against those after the
first round. Exit code 1 where a limit is broken: 5 s, 5 %, and any growth.
"""

from __future__ import annotations

import argparse
import json
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep, time

from tests.cameras import RtspCamera, free_port
from tests.clips import moving_square, write_clip
from vidframe.cli.top import Sample, sample

FPS = 10
GROWTH = {"threads": 2, "open_files": 3, "memory_bytes": 15e6}  # what a connection that is being made may take

CONFIG = """
metrics: {address}
workers: {workers}
state: state
cameras:
  troubled: {{source: "{troubled}", timeout: 3s}}
  calm-1: "{calm_1}"
  calm-2: "{calm_2}"
always:
  - motion
  - recorder: {{events: [camera.state], before: 1s, after: 2s, max_clips: 10}}
"""


def main() -> None:
    """Runs it, and says how it went."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--faults", type=int, default=1 << 30, help="end after so many")
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--within", type=float, default=5.0, metavar="SECONDS", help="live again after a fault")
    parser.add_argument("--share", type=float, default=0.05, help="by which the others' frame rate may be off")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, soaking(Path(folder), options.workers) as soak:
        soak.run(options.minutes * 60, options.faults, random.Random(options.seed))
        broken = soak.broken(options.within, options.share)
    for limit in broken:
        print(f"BROKEN: {limit}")
    sys.exit(bool(broken))


@dataclass
class Soak:
    """A running vidframe, the camera that is ill-treated, and what was seen."""

    process: subprocess.Popen[bytes]
    address: str
    camera: RtspCamera
    files: list[Path]
    back: dict[str, list[float]] = field(default_factory=dict)  # fault -> seconds until live again
    first: Sample | None = None  # after the first round of faults
    start: Sample | None = None
    end: Sample | None = None

    def run(self, seconds: float, most: int, chance: random.Random) -> None:
        """One fault after the other."""
        self.wait_for_pictures()
        self.start, deadline, count = sample(self.address), monotonic() + seconds, 0
        faults = self.faults(chance)
        while monotonic() < deadline and count < most:
            for name, fault in faults.items():
                if count >= most:
                    break
                fault()
                self.back.setdefault(name, []).append(self.wait_for_pictures())
                count += 1
                print(f"{count:4} {name:8} live again after {self.back[name][-1]:.1f} s", flush=True)
                sleep(chance.uniform(1, 3))
            self.first = self.first or sample(self.address)
        sleep(2)  # pictures on their way
        self.end = sample(self.address)

    def faults(self, chance: random.Random) -> dict[str, Callable[[], None]]:
        """What can happen to a camera. Each returns when it could show pictures again."""
        camera = self.camera

        def killed() -> None:
            camera.kill()
            sleep(chance.uniform(0.5, 6))
            camera.switch_on()

        def hung() -> None:
            camera.hang()
            sleep(chance.uniform(4, 9))
            camera.wake()

        def changed() -> None:
            camera.kill()
            self.files.append(self.files.pop(0))
            camera.switch_on(self.files[0])

        def slowed() -> None:
            camera.kill()
            camera.switch_on(fps=1)
            sleep(chance.uniform(3, 6))
            camera.kill()
            camera.switch_on(fps=FPS)

        def garbled() -> None:
            camera.kill()
            with noise(camera.port):
                sleep(chance.uniform(2, 5))
            camera.switch_on()

        return {"killed": killed, "hung": hung, "changed": changed, "slowed": slowed, "garbled": garbled}

    def wait_for_pictures(self) -> float:
        """Seconds until results of the troubled camera are newer than now."""
        began, since = monotonic(), time()
        while monotonic() < began + 60:
            now = sample(self.address)
            is_live = now.value("vidframe_camera_state", "troubled", "live")
            if is_live and now.value("vidframe_camera_newest_result_timestamp_seconds", "troubled") > since:
                break
            sleep(0.1)
        return monotonic() - began

    def broken(self, within: float, share: float) -> list[str]:
        """Prints what was seen; the limits that it breaks."""
        return [*self._late(within), *self._disturbed(share), *self._grown()]

    def _late(self, within: float) -> Iterator[str]:
        for name, seconds in self.back.items():
            print(f"{name}: {len(seconds)} times, median {statistics.median(seconds):.1f} s, most {max(seconds):.1f} s")
            if max(seconds) > within:
                yield f"after it was {name}, the camera was live again only after {max(seconds):.1f} s"

    def _disturbed(self, share: float) -> Iterator[str]:
        assert self.start is not None
        assert self.end is not None
        for name in ("calm-1", "calm-2"):
            of_both = [seen.value("vidframe_camera_frames_in_total", name) for seen in (self.start, self.end)]
            rate = (of_both[1] - of_both[0]) / (self.end.at - self.start.at)
            print(f"{name}: {rate:.2f} of {FPS} pictures a second")
            if abs(rate / FPS - 1) > share:
                yield f"{name} had {rate:.2f} pictures a second instead of {FPS}"

    def _grown(self) -> Iterator[str]:
        assert self.first is not None
        assert self.end is not None
        for (process,) in self.end.rows("vidframe_process_up"):
            for figure, allowed in GROWTH.items():
                before, after = (seen.value(f"vidframe_process_{figure}", process) for seen in (self.first, self.end))
                print(f"{process} {figure}: {before:,.0f} after the first round, {after:,.0f} at the end")
                if after - before > allowed:
                    yield f"{figure} of {process} grew from {before:,.0f} to {after:,.0f}"


@contextmanager
def soaking(folder: Path, workers: int) -> Iterator[Soak]:
    """Three cameras and the vidframe that watches them."""
    with ExitStack() as stack:
        files = list(clips(folder))
        cameras = [stack.enter_context(RtspCamera(files[0], fps=FPS)) for _ in range(3)]
        for camera in cameras:
            camera.switch_on()
        address = f"127.0.0.1:{free_port()}"
        urls = dict(zip(("troubled", "calm_1", "calm_2"), (camera.url for camera in cameras), strict=True))
        (folder / "soak.yaml").write_text(CONFIG.format(address=address, workers=workers, **urls))
        command = [sys.executable, "-m", "vidframe", "run", "soak.yaml", "--no-progress"]
        process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        stack.callback(end, process)
        wait_until_shown(address)
        yield Soak(process, address, cameras[0], files)


def clips(folder: Path) -> Iterator[Path]:
    """The same in several sizes and codecs."""
    quiet = {"x265-params": "log-level=none"}
    yield write_clip(folder / "a.h264", moving_square(40, 320, 240))
    yield write_clip(folder / "b.h265", moving_square(40, 640, 480), codec="libx265", options=quiet)
    yield write_clip(folder / "c.h264", moving_square(40, 480, 360))


@contextmanager
def noise(port: int) -> Iterator[None]:
    """Somebody at the camera's port who answers with what is no RTSP."""
    done = threading.Event()

    def answer(server: socket.socket) -> None:
        while not done.is_set():
            try:
                with server.accept()[0] as connection:
                    connection.sendall(random.randbytes(4000))
            except OSError:
                continue

    with socket.create_server(("127.0.0.1", port), reuse_port=False) as server:
        server.settimeout(0.2)
        thread = threading.Thread(target=answer, args=(server,))
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()


def wait_until_shown(address: str) -> None:
    """Waits for the first metrics."""
    for _ in range(600):
        try:
            sample(address)
        except Exception:
            sleep(0.1)
        else:
            return
    raise SystemExit(f"no metrics at {address}")


def end(process: subprocess.Popen[bytes]) -> None:
    """As a service manager does; a run that does not end in time is told."""
    began = monotonic()
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    print(json.dumps({"ended_after_s": round(monotonic() - began, 1), "exit_code": process.returncode}))


if __name__ == "__main__":
    main()
