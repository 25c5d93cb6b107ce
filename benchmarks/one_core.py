"""What one core carries: processor time of each chain for a second of one camera.

    python benchmarks/one_core.py [--film shop.mp4] [--frames 300]

Plays a 720p film (default: the drawn shop of `vidframe scene`) through decoding alone, the day's chain and the night's,
and prints processor seconds for each second of film: all threads together, the start taken off by a shorter run. Five
pictures of a second are analysed by day, as the default of `faces` has it in a live camera; every picture is decoded.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import av

CHAINS = {
    "decoding alone": "always: []",
    "day: faces, emotion, gaze": "always: [faces: {every: 200ms}, emotion, gaze]",
    "night: abnormality, recorder": "mode: {plugin: day_night, night: '00:00-23:59'}\nnight: [abnormality, recorder]",
}


def used(folder: Path, film: Path, chain: str, frames: int) -> tuple[float, float]:
    """Processor seconds and the most megabytes of a whole run."""
    (folder / "one.yaml").write_text(f"cameras: {{one: {film.resolve()}}}\n{chain}\n")
    command = [sys.executable, "-m", "vidframe", "run", "one.yaml", "--frames", str(frames), "--no-progress"]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{chain}: vidframe ended with {os.waitstatus_to_exitcode(status)}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--film", type=Path)
    parser.add_argument("--frames", type=int, default=300)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.film is None:
            scene = [sys.executable, "-m", "vidframe", "scene", "--part", "day", "--out", str(folder)]
            subprocess.run(scene, check=True, stdout=subprocess.DEVNULL)
            options.film = next(folder.glob("*.mp4"))
        with av.open(str(options.film)) as film:
            stream = film.streams.video[0]
            rate = float(stream.average_rate or 0)
            print(f"{stream.width}x{stream.height}, {rate:.0f} pictures a second, {stream.codec_context.name}")
        for what, chain in CHAINS.items():
            few, many = options.frames // 5, options.frames
            short, (seconds, megabytes) = (used(folder, options.film, chain, frames) for frames in (few, many))
            share = (seconds - short[0]) / ((many - few) / rate)
            print(f"{what:<30} {share:6.3f} cores a camera, {1 / share:5.1f} cameras a core, {megabytes:4.0f} MB")


if __name__ == "__main__":
    main()
