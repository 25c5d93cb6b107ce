"""How much of a walk is seen: heads of known width that move over video of a shop, through the whole plugin.

    python benchmarks/faces_walk.py --data FOLDER [--widths 20 24 28 32 48] [--walks 6] [--json]

FOLDER (or $VIDFRAME_DATA) holds Pointing'04 in `gaze/pointing04` and videos without a face. A head, cut out along an ellipse
with soft edges, walks over the moving picture at 0.2 to 1.5 metres a second, stands now and then, and turns within
|pan| and |tilt| of 45 and 30 degrees; frames are 1280 x 720 and pass through H.264. Every frame is compared with the truth:

    recall      of all frames in which a whole head is there, from the first on
    at once     seconds from the first whole head to the first box on it, median and worst
    numbers     track numbers a walk was given (1 is right)
    false       boxes a frame that are no face
    ms          processor time a frame, the first left out
"""

from __future__ import annotations

import argparse
import json
import os
import random
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import process_time
from typing import Any

import av
import cv2
import numpy as np
from faces_recall import HEIGHT, SAME, VIDEOS, WIDTH, Portrait, _portraits
from rich.console import Console
from rich.table import Table
from vidframe_faces.plugin import Faces

from vidframe import Box, Frame
from vidframe.core.sources.decoded import decoded_frames
from vidframe.core.sources.opening import open_source
from vidframe.testing import make_camera

FRAMES = 60


@dataclass
class Metrics:
    """Sums over the walks of one width."""

    frames: int = 0
    seen: int = 0
    late: list[float] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    false: int = 0
    every_frame: int = 0
    milliseconds: list[float] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "recall": round(self.seen / max(1, self.frames), 3),
            "at_once_s": f"{np.median(self.late):.2f} / {max(self.late):.2f}",
            "numbers": round(float(np.mean(self.numbers)), 2),
            "false_boxes": round(self.false / max(1, self.every_frame), 3),
            "ms": round(float(np.mean(self.milliseconds)), 1),
        }


def main() -> None:
    """Prints one row for each width."""
    options = _options()
    portraits = list(_portraits(options.data / "gaze/pointing04", 45, 30))
    people = sorted({portrait.path.parent for portrait in portraits})
    rooms = [list(_room(options.data / name)) for name in options.videos]
    rng = random.Random(options.seed)
    rows = {}
    with tempfile.TemporaryDirectory() as folder:
        for width in options.widths:
            metrics = Metrics()
            for number in range(options.walks):
                person = people[number % len(people)]
                poses = [portrait for portrait in portraits if portrait.path.parent == person]
                walk = _Walk(poses, width, options.fps, rng)
                clip = _filmed(Path(folder) / "walk.mp4", rooms[number % len(rooms)], walk, options.fps)
                _watched(clip, walk.truth, options, metrics)
            rows[width] = metrics.as_dict()
    print(json.dumps(rows)) if options.json else _print(rows)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("VIDFRAME_DATA"))
    parser.add_argument("--videos", nargs="+", default=VIDEOS)
    parser.add_argument("--widths", type=int, nargs="+", default=[20, 24, 28, 32, 48])
    parser.add_argument("--walks", type=int, default=6, help="for each width")
    parser.add_argument("--fps", type=int, default=15)
    parser.add_argument("--min-face", type=int, default=28, help="the plugin's setting")
    parser.add_argument("--landmarks", action="store_true", help="as if a later step needed them")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.data is None:
        parser.error("name the data with --data or VIDFRAME_DATA")
    options.data = Path(options.data)
    return options


def _room(path: Path) -> Iterator[Any]:
    with av.open(str(path)) as video:
        for index, frame in enumerate(video.decode(video=0)):
            if index >= FRAMES:
                return
            yield cv2.resize(frame.to_ndarray(format="bgr24"), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)


class _Walk:
    """One head on its way; `truth` holds its box in each frame, None where it is not whole in the picture."""

    def __init__(self, poses: list[Portrait], width: int, fps: int, rng: random.Random) -> None:
        self.truth: list[Box | None] = []
        self._poses = poses
        self._width = width
        self._rng = rng
        self._pose = rng.choice(poses)
        self._start = rng.uniform(-3 * width, WIDTH / 3)
        self._top = rng.uniform(0.15 * HEIGHT, 0.6 * HEIGHT)
        self._speed = rng.uniform(1.2, 9) * width / fps  # pixels a frame; a face is 16 cm wide

    def over(self, room: Any, index: int) -> Any:
        """The room with the head in it, as it is at one frame."""
        walked = min(index, 20) + max(0, index - 35)  # stands for a second
        x, y = self._start + self._speed * walked, self._top + 0.03 * self._width * np.sin(index)
        if index % 6 == 5:
            self._pose = self._nearby()
        head, opacity, face = _cut_out(self._pose, self._width)
        frame = room.copy()
        left, top = round(x), round(y)
        inside = _laid_over(frame, head, opacity, left, top)
        box = face._replace(x=face.x + left, y=face.y + top)
        whole = inside and box.x >= 0 and box.x + box.width <= WIDTH and box.y + box.height <= HEIGHT
        self.truth.append(box if whole else None)
        return frame

    def _nearby(self) -> Portrait:
        """A pose of the same series not far from the one before."""
        index = self._poses.index(self._pose)
        return self._poses[max(0, min(len(self._poses) - 1, index + self._rng.choice((-1, 1))))]


def _cut_out(portrait: Portrait, width: int) -> tuple[Any, Any, Box]:
    """The head at a face width, its opacity, and the face's place in it."""
    x, y, w, h = portrait.face
    picture: Any = cv2.imread(str(portrait.path))
    left, right = max(0, round(x - 0.5 * w)), min(picture.shape[1], round(x + 1.5 * w))
    top, bottom = max(0, round(y - 0.6 * h)), min(picture.shape[0], round(y + 1.3 * h))
    scale = width / w
    head = cv2.resize(picture[top:bottom, left:right], None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    opacity = np.zeros(head.shape[:2], np.float32)
    rows, columns = opacity.shape
    cv2.ellipse(opacity, (columns // 2, rows // 2), (columns // 2 - 1, rows // 2 - 1), 0, 0, 360, 1.0, -1)
    soft = cv2.GaussianBlur(opacity, (0, 0), max(1.0, width / 16))
    return head, soft, Box((x - left) * scale, (y - top) * scale, w * scale, h * scale)


def _laid_over(frame: Any, head: Any, opacity: Any, left: int, top: int) -> bool:
    """Lays the head over the frame as far as it lies within; says whether any of it does."""
    rows, columns = opacity.shape
    x1, y1, x2, y2 = max(0, left), max(0, top), min(WIDTH, left + columns), min(HEIGHT, top + rows)
    if x1 >= x2 or y1 >= y2:
        return False
    part = slice(y1 - top, y2 - top), slice(x1 - left, x2 - left)
    share, below = opacity[part][..., None], frame[y1:y2, x1:x2]
    frame[y1:y2, x1:x2] = (head[part] * share + below * (1 - share)).astype(np.uint8)
    return True


def _filmed(path: Path, room: list[Any], walk: _Walk, fps: int) -> Path:
    with av.open(str(path), "w") as output:
        stream: Any = output.add_stream("libx264", rate=fps, options={"preset": "veryfast", "crf": "23"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for index in range(FRAMES):
            picture = walk.over(room[index % len(room)], index)
            output.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        output.mux(stream.encode())
    return path


def _watched(clip: Path, truth: list[Box | None], options: argparse.Namespace, metrics: Metrics) -> None:
    camera = make_camera(needed=frozenset({"faces", "faces.landmarks"} if options.landmarks else {"faces"}))
    plugin = Faces(min_face=options.min_face)
    plugin.open_camera(camera)
    there = [index for index, box in enumerate(truth) if box is not None]
    first_seen, numbers = None, set()
    with open_source(str(clip)) as source:
        for index, decoded in enumerate(decoded_frames(source)):
            frame = Frame(decoded.picture, camera, index, decoded.seconds)
            started = process_time()
            plugin.process_frame(frame)
            if index:
                metrics.milliseconds.append((process_time() - started) * 1000)
            box = truth[index]
            right = [face for face in frame.faces if box is not None and face.box.overlap(box) > SAME]
            metrics.every_frame += 1
            # A head on the edge of the picture may be found or not: neither is wrong.
            metrics.false += 0 if box is None and there and index < there[0] else len(frame.faces) - len(right)
            if box is not None:
                metrics.frames += 1
                metrics.seen += bool(right)
            if right:
                numbers.add(right[0].track)
                first_seen = index if first_seen is None else first_seen
    plugin.close_camera()
    camera.close()  # type: ignore[attr-defined]
    if there:
        metrics.late.append(((first_seen if first_seen is not None else FRAMES) - there[0]) / options.fps)
        metrics.numbers.append(len(numbers))


def _print(rows: dict[int, dict[str, Any]]) -> None:
    names = list(next(iter(rows.values())))
    table = Table("face width", *(name.replace("_", " ") for name in names))
    for width, row in rows.items():
        table.add_row(f"{width} px", *(str(value) for value in row.values()))
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
