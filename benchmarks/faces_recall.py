"""How small a face is found, and how often what is none: faces of known width pasted into shop frames.

    python benchmarks/faces_recall.py --data FOLDER [--widths 16 20 24 28] [--count 60] [--json]

FOLDER (or $VIDFRAME_DATA) holds Pointing'04 in `gaze/pointing04` (Gourier, Hall, Crowley 2004) and videos without a face
that looks into the camera; `--videos` names them. A face (|pan| and |tilt| as asked for) is scaled to the width, pasted on
a 1280 x 720 frame, saved as JPEG of quality 80 and read again. The ways to search are compared on the same frames:

    short       short range on the whole frame
    full        full range on the whole frame
    tiles       full range on tiles and the whole frame
    two         tiles, each proposal looked at by short range
    three       as the plugin does it: two, and the mesh
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import av
import cv2
from rich.console import Console
from rich.table import Table
from vidframe_faces import finder as finding
from vidframe_faces.detector import Detector
from vidframe_faces.finder import Finder, distinct
from vidframe_faces.model_files import FULL_RANGE, SHORT_RANGE, model_path
from vidframe_faces.regions import everywhere

from vidframe import Box

WIDTH, HEIGHT = 1280, 720
VIDEOS = ("videos/store-aisle-detection.gif", "night/intel_one_by_one.mp4")
NAME = re.compile(r"person\d{5}([+-]\d+)([+-]\d+)")
SAME = 0.25  # overlap: the labels of Pointing'04 are taller than MediaPipe's boxes


@dataclass(frozen=True)
class Portrait:
    """One picture of Pointing'04 and the face in it."""

    path: Path
    face: Box


Method = Callable[[Any], list[Box]]


def main() -> None:
    """Prints one table: recall by width, and false boxes a frame."""
    options = _options()
    portraits = list(_portraits(options.data / "gaze/pointing04", options.pan, options.tilt))
    rooms = [room for name in options.videos for room in _rooms(options.data / name)]
    console = Console(stderr=True)
    console.print(f"{len(portraits)} portraits, {len(rooms)} rooms")
    with ExitStack() as models:
        metrics = _metrics(_methods(models, options.min_face), rooms, portraits, options)
    print(json.dumps(metrics)) if options.json else _print(metrics, options.widths)


def _metrics(
    methods: dict[str, Method], rooms: list[Any], portraits: list[Portrait], options: argparse.Namespace
) -> dict[str, Any]:
    rng = random.Random(options.seed)
    metrics: dict[str, Any] = {name: {"recall": {}, "false": 0.0, "ms": 0.0} for name in methods}
    for width in options.widths:
        cases = [_pasted(rng.choice(rooms), rng.choice(portraits), width, rng) for _ in range(options.count)]
        for name, method in methods.items():
            found, wrong, milliseconds = _counted(method, cases)
            metrics[name]["recall"][width] = found / len(cases)
            metrics[name]["false"] += wrong / len(cases) / len(options.widths)
            metrics[name]["ms"] += milliseconds / len(options.widths)
    for name, method in methods.items():
        metrics[name]["false_in_rooms"] = sum(len(method(room)) for room in rooms) / len(rooms)
    return metrics


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("VIDFRAME_DATA"))
    parser.add_argument("--videos", nargs="+", default=VIDEOS)
    parser.add_argument("--widths", type=int, nargs="+", default=[16, 20, 24, 28, 32, 40, 64, 128])
    parser.add_argument("--count", type=int, default=60, help="frames for each width")
    parser.add_argument("--pan", type=int, default=45, help="largest |pan|, degrees")
    parser.add_argument("--tilt", type=int, default=30, help="largest |tilt|, degrees")
    parser.add_argument("--min-face", type=int, default=28, help="the plugin's setting")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.data is None:
        parser.error("name the data with --data or VIDFRAME_DATA")
    options.data = Path(options.data)
    return options


def _portraits(folder: Path, pan: int, tilt: int) -> Iterator[Portrait]:
    for path in sorted(folder.glob("*/*.jpg")):
        name = NAME.match(path.stem)
        if name and abs(int(name[1])) <= tilt and abs(int(name[2])) <= pan:
            numbers = [int(line) for line in path.with_suffix(".txt").read_text().split() if line.lstrip("-").isdigit()]
            x, y, width, height = numbers[-4:]
            yield Portrait(path, Box(x - width / 2, y - height / 2, width, height))


def _rooms(path: Path, count: int = 10) -> list[Any]:
    """Frames spread over a video, at 1280 x 720."""
    with av.open(str(path)) as video:
        frames = [frame.to_ndarray(format="bgr24") for frame in video.decode(video=0)]
    chosen = frames[:: max(1, len(frames) // count)]
    return [cv2.resize(frame, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC) for frame in chosen]


def _pasted(room: Any, portrait: Portrait, width: int, rng: random.Random) -> tuple[Any, Box]:
    scale = width / portrait.face.width
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    original: Any = cv2.imread(str(portrait.path))
    picture = cv2.resize(original, None, fx=scale, fy=scale, interpolation=way)
    height, across = picture.shape[:2]
    left, top = rng.randrange(max(1, WIDTH - across)), rng.randrange(max(1, HEIGHT - height))
    frame = room.copy()
    frame[top : top + height, left : left + across] = picture[: HEIGHT - top, : WIDTH - left]
    encoded = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, 80])[1]
    face = Box(*(value * scale for value in portrait.face))
    return cv2.imdecode(encoded, cv2.IMREAD_COLOR), face._replace(x=face.x + left, y=face.y + top)


def _methods(models: ExitStack, min_face: int) -> dict[str, Method]:
    finder = models.enter_context(closing(Finder()))
    short = models.enter_context(closing(Detector(model_path(SHORT_RANGE), 0.5)))
    full = models.enter_context(closing(Detector(model_path(FULL_RANGE), 0.5)))
    whole, tiles = Box(0, 0, WIDTH, HEIGHT), everywhere(WIDTH, HEIGHT, min_face)

    def two(image: Any) -> list[Box]:
        proposals = distinct(face for tile in tiles for face in finder._full_range.find(image, tile))
        looked = ((proposal, finder._nearest(image, proposal.box, finding.CROP)) for proposal in proposals)
        return [
            face.box for proposal, face in looked if face and (face.score + proposal.score) / 2 >= finding.LANDMARKED
        ]

    return {
        "short": lambda image: [face.box for face in short.find(image, whole)],
        "full": lambda image: [face.box for face in full.find(image, whole)],
        "tiles": lambda image: [face.box for face in distinct(f for tile in tiles for f in full.find(image, tile))],
        "two": two,
        "three": lambda image: [face.box for face in finder.search(image, tiles, [], 0.7)],
    }


def _counted(method: Method, cases: list[tuple[Any, Box]]) -> tuple[int, int, float]:
    """Faces found, boxes that are none, milliseconds a frame."""
    found = wrong = 0
    started = perf_counter()
    for image, truth in cases:
        boxes = method(image)
        right = [box for box in boxes if box.overlap(truth) > SAME]
        found += bool(right)
        wrong += len(boxes) - len(right)
    return found, wrong, (perf_counter() - started) / len(cases) * 1000


def _print(metrics: dict[str, Any], widths: list[int]) -> None:
    table = Table("", *(f"{width} px" for width in widths), "false, pasted", "false, rooms", "ms a frame")
    for name, row in metrics.items():
        recall = (f"{row['recall'][width]:.2f}" for width in widths)
        table.add_row(name, *recall, f"{row['false']:.2f}", f"{row['false_in_rooms']:.2f}", f"{row['ms']:.0f}")
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
