"""What watching costs, what the motion gate saves, and what it misses, on real video.

    python benchmarks/faces_watch.py VIDEO... [--frames 300] [--reference 60] [--landmarks]

Each video is brought to 1280 pixels of width, encoded as H.264 and run through the plugin. The same frames are searched a
second time everywhere, each of them (the first `--reference` frames): a face found there and not by the plugin is
missed; so is a visit (a track of three frames or more) of which the plugin saw nothing. A further clip is a single frame
of the first video with sensor noise: the quiet scene. Times are processor seconds, of decoding and of the plugin in the same run.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import process_time
from typing import Any

import av
import cv2
import numpy as np
from rich.console import Console
from rich.table import Table
from vidframe_faces.detector import Detector
from vidframe_faces.mesh import Mesh
from vidframe_faces.plugin import Faces

from vidframe import Box, Frame
from vidframe.core.sources.decoded import decoded_frames
from vidframe.core.sources.opening import open_source
from vidframe.testing import make_camera

WIDTH = 1280
SAME = 0.3


@dataclass
class Run:
    """What one pass of the plugin over a clip gave."""

    boxes: list[list[tuple[int | None, Box]]] = field(default_factory=list)  # by frame: track and box
    calls: list[int] = field(default_factory=list)  # of any model, by frame
    decode_ms: list[float] = field(default_factory=list)
    plugin_ms: list[float] = field(default_factory=list)


def main() -> None:
    """Prints a row for each video."""
    options = _options()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for path in options.videos:
            clip = _encoded(Path(folder) / "clip.mp4", _scaled(path, options.frames), _rate(path))
            rows.append(_row(path.name, clip, options))
        still = next(iter(_scaled(options.videos[0], 1)))
        quiet = _encoded(Path(folder) / "quiet.mp4", _noisy(still, options.frames), 25)
        rows.append(_row("quiet scene", quiet, options))
    print(json.dumps(rows)) if options.json else _print(rows)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("videos", type=Path, nargs="+")
    parser.add_argument("--frames", type=int, default=300, help="at most, of each video")
    parser.add_argument("--reference", type=int, default=60, help="frames that are searched everywhere, too")
    parser.add_argument("--landmarks", action="store_true", help="as if a later step needed them")
    parser.add_argument("--motion", type=float, default=8.0, help="the plugin's setting")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def _rate(path: Path) -> int:
    with av.open(str(path)) as video:
        return max(1, round(float(video.streams.video[0].average_rate or 10)))


def _scaled(path: Path, frames: int) -> Iterator[Any]:
    with av.open(str(path)) as video:
        for index, frame in enumerate(video.decode(video=0)):
            if index >= frames:
                break
            pixels = frame.to_ndarray(format="bgr24")
            height = round(pixels.shape[0] * WIDTH / pixels.shape[1] / 2) * 2
            yield cv2.resize(pixels, (WIDTH, height), interpolation=cv2.INTER_CUBIC)


def _noisy(picture: Any, frames: int) -> Iterator[Any]:
    rng = np.random.default_rng(0)
    for _ in range(frames):
        yield np.clip(picture + rng.normal(0, 3, picture.shape), 0, 255).astype(np.uint8)


def _encoded(path: Path, pictures: Iterable[Any], rate: int) -> Path:
    with av.open(str(path), "w") as output:
        stream: Any = output.add_stream("libx264", rate=rate, options={"preset": "veryfast", "crf": "20"})
        for index, picture in enumerate(pictures):
            if index == 0:
                stream.height, stream.width = picture.shape[:2]
                stream.pix_fmt = "yuv420p"
            output.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        output.mux(stream.encode())
    return path


def _row(name: str, clip: Path, options: argparse.Namespace) -> dict[str, Any]:
    gated = _run(clip, options.frames, options.landmarks, motion=options.motion)
    full = _run(clip, options.reference, False, motion=0, search_every=0, recheck=0, full_pass=0)
    pairs = list(zip(full.boxes, gated.boxes, strict=False))
    known = [any(box.overlap(other) > SAME for _, other in ours) for theirs, ours in pairs for _, box in theirs]
    extra = [not any(box.overlap(o) > SAME for _, o in theirs) for theirs, ours in pairs for _, box in ours]
    visits = Counter(track for theirs, _ in pairs for track, _ in theirs)
    seen = {t for theirs, ours in pairs for t, box in theirs if any(box.overlap(o) > SAME for _, o in ours)}
    long = [track for track, frames in visits.items() if frames >= 3]
    decode, plugin = float(np.mean(gated.decode_ms)), float(np.mean(gated.plugin_ms))
    return {
        "video": name,
        "frames": len(gated.boxes),
        "decode_ms": round(decode, 2),
        "faces_ms": round(plugin, 2),
        "ratio": round((decode + plugin) / decode, 2),
        "frames_without_a_call": round(sum(not calls for calls in gated.calls) / len(gated.calls), 2),
        "calls_a_frame": round(float(np.mean(gated.calls)), 2),
        "calls_a_frame_everywhere": round(float(np.mean(full.calls)), 2),
        "faces_a_frame": round(sum(map(len, gated.boxes)) / len(gated.boxes), 2),
        "faces_everywhere": len(known),
        "of_them_seen": sum(known),
        "seen_only_by_the_plugin": sum(extra),
        "visits": len(long),
        "visits_missed": len(set(long) - seen),
        "numbers_given": len({track for boxes in gated.boxes for track, _ in boxes}),
    }


def _run(clip: Path, frames: int, landmarks: bool, **settings: float) -> Run:
    run = Run()
    needed = frozenset({"faces", "faces.landmarks"} if landmarks else {"faces"})
    camera = make_camera(needed=needed)
    plugin = Faces(**settings)  # type: ignore[arg-type]
    plugin.open_camera(camera)
    with open_source(str(clip)) as source, _Calls() as calls:
        frames_read = decoded_frames(source)
        for index in range(frames):
            before, started = calls.count, process_time()
            decoded = next(frames_read, None)
            if decoded is None:
                break
            decoding_done = process_time()
            frame = Frame(decoded.picture, camera, index, decoded.seconds)
            plugin.process_frame(frame)
            run.plugin_ms.append((process_time() - decoding_done) * 1000)
            run.decode_ms.append((decoding_done - started) * 1000)
            run.calls.append(calls.count - before)
            run.boxes.append([(face.track, face.box) for face in frame.faces])
    plugin.close_camera()
    camera.close()  # type: ignore[attr-defined]
    # The first frame is searched everywhere; that is paid once, not by the frame.
    run.plugin_ms[:1] = run.decode_ms[:1] = []
    return run


class _Calls:
    """Counts the calls of all models while it is open."""

    count = 0

    def __enter__(self) -> _Calls:
        self._before = Detector.find, Mesh.find
        Detector.find = self._counting(Detector.find)  # type: ignore[method-assign]
        Mesh.find = self._counting(Mesh.find)  # type: ignore[method-assign]
        return self

    def __exit__(self, *_: object) -> None:
        Detector.find, Mesh.find = self._before  # type: ignore[method-assign]

    def _counting(self, find: Any) -> Any:
        def counted(*arguments: Any) -> Any:
            self.count += 1
            return find(*arguments)

        return counted


def _print(rows: list[dict[str, Any]]) -> None:
    table = Table()
    for name in rows[0]:
        table.add_column(name.replace("_", " "))
    for row in rows:
        table.add_row(*map(str, row.values()))
    Console(width=200).print(table)


if __name__ == "__main__":
    main()
