"""What the command line adds to a chain: the events as JSON lines, and a clip with what was found."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import IO, Any

import numpy as np

from vidframe.core.frame import Camera, Event, Face, Frame, Pixels
from vidframe.core.hookspecs import hookimpl

CLOCK = Fraction(1, 90_000)  # of the annotated clip, so that every frame keeps its own time
BANNER_SECONDS = 2.0


@dataclass
class EventLog:
    """Appends every event to a file, one JSON object a line."""

    path: Path
    _file: IO[str] | None = field(default=None, init=False, repr=False)

    @hookimpl
    def open_camera(self, camera: Camera) -> None:
        # Line by line and appending: several cameras write into one file.
        self._file = self.path.open("a", encoding="utf-8", buffering=1)

    @hookimpl
    def handle_event(self, event: Event) -> None:
        if self._file is not None:
            self._file.write(json.dumps(event.as_json(), ensure_ascii=False) + "\n")

    @hookimpl
    def close_camera(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


@dataclass
class Annotate:
    """Writes an H.264 clip in which faces, head directions, expressions and events are drawn."""

    paths: dict[str, Path]  # camera name -> file
    needs = ("faces?", "faces.emotion?", "faces.gaze?")
    _path: Path = field(default=Path(), init=False)
    _output: Any = field(default=None, init=False, repr=False)
    _stream: Any = field(default=None, init=False, repr=False)
    _size: tuple[int, int] = field(default=(0, 0), init=False)
    _last: int = field(default=-1, init=False)
    _banners: list[tuple[str, float]] = field(default_factory=list, init=False)
    _boxes: list[Any] = field(default_factory=list, init=False)
    _seconds: float = field(default=0.0, init=False)

    @hookimpl
    def open_camera(self, camera: Camera) -> None:
        self._path = self.paths[camera.name]

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        self._seconds = frame.seconds
        canvas = frame.image.copy()
        for face in frame.faces:
            _draw_face(canvas, face)
        self._draw_events(canvas, frame)
        self._write(canvas, frame.seconds)

    @hookimpl
    def handle_event(self, event: Event) -> None:
        self._banners.append((_words(event), self._seconds + BANNER_SECONDS))
        if event.kind in ("incident.opened", "incident.updated"):
            self._boxes = list(event.facts.get("boxes") or [])
        elif event.kind == "incident.closed":
            self._boxes = []

    @hookimpl
    def close_camera(self) -> None:
        if self._output is not None:
            self._output.mux(self._stream.encode())
            self._output.close()
            self._output = None

    def _draw_events(self, canvas: Pixels, frame: Frame) -> None:
        import cv2

        height, width = canvas.shape[:2]
        for x, y, w, h in self._boxes:
            corner, other = (int(x * width), int(y * height)), (int((x + w) * width), int((y + h) * height))
            cv2.rectangle(canvas, corner, other, (40, 40, 220), 2)
        self._banners = [banner for banner in self._banners if banner[1] > frame.seconds][-4:]
        lines = [
            f"{frame.camera.name}  {frame.time:%H:%M:%S}  {frame.mode or ''}",
            *(text for text, _ in self._banners),
        ]
        for i, line in enumerate(lines):
            _text(canvas, line, (8, 20 + 20 * i))

    def _write(self, canvas: Pixels, seconds: float) -> None:
        import av
        import cv2

        if self._output is None:
            self._open(av, canvas)
        if (canvas.shape[1], canvas.shape[0]) != self._size:  # the camera changed its size; the clip cannot
            canvas = np.asarray(cv2.resize(canvas, self._size), dtype=np.uint8)
        picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(canvas), format="bgr24")
        picture.pts = self._last = max(self._last + 1, round(seconds / CLOCK))
        picture.time_base = CLOCK
        self._output.mux(self._stream.encode(picture))

    def _open(self, av: Any, canvas: Pixels) -> None:
        height, width = (max(2, length - length % 2) for length in canvas.shape[:2])
        self._size = (width, height)
        self._output = av.open(str(self._path), "w", format="mp4", options={"movflags": "faststart"})
        self._stream = self._output.add_stream("libx264", rate=30)
        self._stream.width, self._stream.height, self._stream.pix_fmt = width, height, "yuv420p"
        self._stream.time_base = self._stream.codec_context.time_base = CLOCK
        self._stream.options = {"preset": "veryfast", "crf": "23"}


def _draw_face(canvas: Pixels, face: Face) -> None:
    import cv2

    box = face.box
    corner = (round(box.x), round(box.y))
    cv2.rectangle(canvas, corner, (round(box.x + box.width), round(box.y + box.height)), (90, 200, 60), 2)
    words = [f"#{face.track}" if face.track is not None else ""]
    if face.emotion is not None:
        words.append(f"{face.emotion.label} {face.emotion.probabilities[face.emotion.label]:.0%}")
    if face.gaze is not None:
        words.append(f"{face.gaze.yaw:+.0f} deg")
        middle = (round(box.centre[0]), round(box.centre[1]))
        length = 1.5 * box.width
        tip = (
            round(middle[0] + length * math.sin(math.radians(face.gaze.yaw))),
            round(middle[1] - length * math.sin(math.radians(face.gaze.pitch))),
        )
        cv2.arrowedLine(canvas, middle, tip, (0, 160, 255), 2, tipLength=0.2)
    _text(canvas, " ".join(word for word in words if word), (corner[0], max(14, corner[1] - 6)))


def _text(canvas: Pixels, text: str, at: tuple[int, int]) -> None:
    import cv2

    plain = text.encode("ascii", "replace").decode()  # OpenCV's fonts know no other letters
    if not plain:
        return
    (width, height), below = cv2.getTextSize(plain, cv2.FONT_HERSHEY_SIMPLEX, 0.5, 1)
    x, y = at
    cv2.rectangle(canvas, (x - 2, y - height - 3), (x + width + 2, y + below), (30, 30, 30), cv2.FILLED)
    cv2.putText(canvas, plain, at, cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255, 255, 255), 1, cv2.LINE_AA)


def _words(event: Event) -> str:
    facts = event.facts
    named = [
        str(facts[key]) for key in ("zone", "product", "change", "severity", "mode", "state", "step") if facts.get(key)
    ]
    return f"{event.kind} {' '.join(named)}".strip()
