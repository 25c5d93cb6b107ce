"""What reading a recording costs beside decoding alone: CPU time a picture, as a ratio, runs in turn.

    python benchmarks/decode.py CLIP [--rounds 5] [--threads 1 2]

Decoding alone is PyAV's loop over the packets with the same number of threads. The source adds times, the
upright turn, and with `packets` a copy of each packet for the recorder.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from statistics import median
from time import perf_counter, process_time

import av

from vidframe.core.sources.decoded import decoded_frames
from vidframe.core.sources.opening import open_source


def main() -> None:
    """Prints one line for each number of threads."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clip")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, nargs="+", default=[1])
    options = parser.parse_args()
    for threads in options.threads:
        runs = {
            "decoding alone": lambda threads=threads: alone(options.clip, threads),
            "source": lambda threads=threads: through_source(options.clip, threads, wants_packets=False),
            "source with packets": lambda threads=threads: through_source(options.clip, threads, wants_packets=True),
        }
        print(f"{threads} thread(s): {compare(runs, options.rounds)}")


def compare(runs: dict[str, Callable[[], int]], rounds: int) -> str:
    """CPU and wall time a picture of each, and the ratio to the first."""
    cpu: dict[str, list[float]] = {name: [] for name in runs}
    wall: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            began, cpu_began = perf_counter(), process_time()
            count = run()
            cpu[name].append((process_time() - cpu_began) / count * 1000)
            wall[name].append((perf_counter() - began) / count * 1000)
    base = median(next(iter(cpu.values())))
    return "; ".join(
        f"{name} {median(cpu[name]):.3f} ms CPU ({median(cpu[name]) / base:.2f}x), {median(wall[name]):.3f} ms by the clock"
        for name in runs
    )


def alone(clip: str, threads: int) -> int:
    """Decodes every picture, and looks at none."""
    with av.open(clip) as container:
        stream = container.streams.video[0]
        stream.thread_type = "FRAME" if threads > 1 else "NONE"
        stream.codec_context.thread_count = threads
        return sum(len(packet.decode()) for packet in container.demux(stream))


def through_source(clip: str, threads: int, *, wants_packets: bool) -> int:
    """Takes every picture's luma from a source."""
    with open_source(clip, threads=threads, wants_packets=wants_packets) as source:
        return sum(decoded.picture.gray().ndim > 0 for decoded in decoded_frames(source))


if __name__ == "__main__":
    main()
