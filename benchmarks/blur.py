"""What hiding people costs where packets could be copied, and how many labelled heads it hides.

    python benchmarks/blur.py [--rounds 5] [--truth DATA]

The cost is the processor time a frame of a recorder that writes all the time, on a made 720p H.264 film, in turn: packets
copied, and two bodies hidden in each frame. Who finds the bodies is not part of it. DATA holds `people/truth.json` and
the clips that it names.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

import numpy as np
from vidframe_blur.plugin import Blur
from vidframe_recorder.plugin import Recorder

import vidframe
from tests.clips import moving_square, write_clip
from vidframe import Box, Frame, Person, hookimpl


class Finder:
    """Finds two bodies, and opens an incident at the first frame."""

    adds = ("people",)

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        frame.people = [Person(Box(x, 200, 120, 360), 0.9, track=x) for x in (300, 800)]
        if frame.index == 0:
            frame.report("alarm.rang")


def main() -> None:
    """Prints the cost, and with `--truth` the shares by view."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--truth", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        film = write_clip(Path(folder) / "film.mp4", moving_square(150, 1280, 720), fps=25)
        took: dict[str, list[float]] = defaultdict(list)
        for _ in range(options.rounds):
            for name, steps in (("decoded alone", []), ("copied", [Recorder]), ("hidden", [Blur, Recorder])):
                began = process_time()
                count = run(film, [Finder, *steps])
                took[name].append((process_time() - began) / count * 1000)
    print("; ".join(f"{name} {median(times):.2f} ms a frame" for name, times in took.items()))
    if options.truth:
        for view, (hidden, heads) in sorted(heads_hidden(options.truth).items()):
            print(f"{view}: {hidden} of {heads} heads hidden")


def run(film: Path, kinds: list[Any]) -> int:
    """Takes a film through a chain; its number of frames."""
    steps = [Recorder(events=["alarm"], after=60) if kind is Recorder else kind() for kind in kinds]
    with vidframe.Pipeline(steps, source=str(film)) as frames:
        return sum(1 for _ in frames)


def heads_hidden(data: Path) -> dict[str, tuple[int, int]]:
    """By view: labelled people whose head's middle is hidden, and all of them."""
    by_clip: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for entry in json.loads((data / "people" / "truth.json").read_text()).values():
        by_clip[entry["clip"]].append(entry)
    found: dict[str, tuple[int, int]] = {}
    for clip, entries in by_clip.items():
        last = max(entry["frame"] for entry in entries)
        for frame in hidden_frames(data / clip):
            for entry in (entry for entry in entries if entry["frame"] == frame.index):
                hidden, heads = found.get(entry["view"], (0, 0))
                seen = [is_hidden(frame, person["box"]) for person in entry["people"]]
                found[entry["view"]] = (hidden + sum(seen), heads + len(seen))
            if frame.index >= last:
                break
    return found


def hidden_frames(clip: Path) -> Iterator[Frame]:
    """The frames of a clip with people hidden, as a shop's chain hides them."""
    from vidframe_faces.plugin import Faces
    from vidframe_people.plugin import People

    with vidframe.Pipeline([People(), Faces(), Blur()], source=str(clip)) as frames:
        yield from frames


def is_hidden(frame: Frame, box: list[float]) -> bool:
    """Whether most of the middle of a body's head is not as the camera saw it."""
    left, top, right, bottom = box
    x, y, side = (left + right) / 2, top + (bottom - top) / 12, max(2.0, (bottom - top) / 30)
    part = np.s_[max(0, int(y - side)) : int(y + side) + 1, max(0, int(x - side)) : int(x + side) + 1]
    return bool((frame.shown[part] != frame.image[part]).any(axis=2).mean() > 0.5)


if __name__ == "__main__":
    main()
