"""What the command line adds to a chain: the events as JSON lines, and a clip with what was found."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np

from vidframe.core.model.camera import Camera
from vidframe.core.model.events import Event
from vidframe.core.model.frames import Frame, Pixels
from vidframe.core.model.kinds import words
from vidframe.core.model.people import Face
from vidframe.core.plugin.hookspecs import hookimpl

CLOCK = Fraction(1, 90_000)  # of the annotated clip, so that every frame keeps its own time
BANNER_SECONDS = 2.5

# Blue, green, red.
FACE = (90, 200, 60)
GAZE = (0, 160, 255)
ZONE = (170, 170, 170)
ALERT = (40, 40, 220)
PLAIN = (30, 30, 30)
GROUNDS = {"day": (150, 105, 20), "night": (110, 40, 45)}


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


class _Banner(NamedTuple):
    text: str
    until: float  # seconds
    is_alert: bool


@dataclass
class Annotate:
    """Writes an H.264 clip in which zones, faces, head directions, expressions and events are drawn."""

    paths: dict[str, Path]  # camera name -> file
    needs = ("faces?", "faces.expression?", "faces.head_pose?", "notes.zones?")
    _path: Path = field(default=Path(), init=False)
    _output: Any = field(default=None, init=False, repr=False)
    _stream: Any = field(default=None, init=False, repr=False)
    _size: tuple[int, int] = field(default=(0, 0), init=False)
    _last: int = field(default=-1, init=False)
    _banners: list[_Banner] = field(default_factory=list, init=False)
    _incidents: set[Any] = field(default_factory=set, init=False)  # that go on
    _boxes: list[Any] = field(default_factory=list, init=False)
    _boxes_until: float = field(default=0.0, init=False)  # seconds; where a change was is soon out of date
    _seconds: float = field(default=0.0, init=False)

    @hookimpl
    def open_camera(self, camera: Camera) -> None:
        self._path = self.paths[camera.name]

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        self._seconds = frame.seconds
        canvas = frame.image.copy()
        for zone in frame.notes.get("zones", ()):
            _draw_zone(canvas, zone)
        for face in frame.faces:
            _draw_face(canvas, face)
        self._draw_events(canvas, frame)
        self._write(canvas, frame.seconds)

    @hookimpl
    def handle_event(self, event: Event) -> None:
        until = self._seconds + BANNER_SECONDS
        if event.kind not in ("camera.closing", "incident.updated"):
            self._banners.append(_Banner(words(event.kind, event.facts), until, event.kind == "incident.opened"))
        incident = event.facts.get("incident")
        if event.kind in ("incident.opened", "incident.updated"):
            self._incidents.add(incident)
            self._boxes, self._boxes_until = list(event.facts.get("boxes") or []), until
        elif event.kind == "incident.closed":
            self._incidents.discard(incident)
            self._boxes = []

    @hookimpl
    def close_camera(self) -> None:
        if self._output is not None:
            self._output.mux(self._stream.encode())
            self._output.close()
            self._output = None

    def _draw_events(self, canvas: Pixels, frame: Frame) -> None:
        height, width = canvas.shape[:2]
        if frame.seconds < self._boxes_until:
            for x, y, w, h in self._boxes:
                corner, other = (int(x * width), int(y * height)), (int((x + w) * width), int((y + h) * height))
                _rectangle(canvas, corner, other, ALERT)
        ground = ALERT if self._incidents else GROUNDS.get(frame.mode or "", PLAIN)
        step = round(26 * _scale(canvas))
        _text(canvas, f"{frame.camera.name}  {frame.time:%H:%M:%S}  {frame.mode or ''}".rstrip(), (8, step), ground)
        self._banners = [banner for banner in self._banners if banner.until > frame.seconds][-4:]
        for i, banner in enumerate(self._banners):
            _text(canvas, banner.text, (8, step * (i + 2)), ALERT if banner.is_alert else PLAIN)

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


def _draw_zone(canvas: Pixels, zone: Mapping[str, Any]) -> None:
    """The outline of a zone, in the colour of head directions as far as somebody is turned to it."""
    import cv2

    faced = float(zone["probability"])
    mixed = [round(plain + (gaze - plain) * faced) for plain, gaze in zip(ZONE, GAZE, strict=True)]
    colour = (mixed[0], mixed[1], mixed[2])
    corners = np.array(zone["polygon"], np.int32)
    cv2.polylines(canvas, [corners], True, colour, _line(canvas), cv2.LINE_AA)
    x, y = (int(edge) for edge in corners.min(axis=0))
    _text(
        canvas, zone["name"] + (f" {faced:.0%}" if faced >= 0.1 else ""), (x + 4, y + round(22 * _scale(canvas))), PLAIN
    )


def _draw_face(canvas: Pixels, face: Face) -> None:
    box = face.box
    corner = (round(box.x), round(box.y))
    _rectangle(canvas, corner, (round(box.x + box.width), round(box.y + box.height)), FACE)
    texts = [f"#{face.track}" if face.track is not None else ""]
    if face.expression is not None:
        texts.append(f"{face.expression.label} {face.expression.probabilities[face.expression.label]:.0%}")
    if face.head_pose is not None:
        texts.append(f"{round(face.head_pose.yaw):+d} deg")
        _draw_gaze(canvas, face)
    _text(canvas, " ".join(text for text in texts if text), (corner[0], corner[1] - 6), PLAIN)


def _draw_gaze(canvas: Pixels, face: Face) -> None:
    """An arrow from between the eyes to where the head points; short: towards the camera."""
    import cv2

    gaze, (x, y) = face.head_pose, face.box.centre
    assert gaze is not None
    length = 3 * face.box.width
    tip = (
        round(x + length * math.sin(math.radians(gaze.yaw))),
        round(y - length * math.sin(math.radians(gaze.pitch))),
    )
    cv2.arrowedLine(canvas, (round(x), round(y)), tip, GAZE, _line(canvas), cv2.LINE_AA, tipLength=0.15)


def _rectangle(canvas: Pixels, corner: tuple[int, int], other: tuple[int, int], colour: tuple[int, int, int]) -> None:
    import cv2

    cv2.rectangle(canvas, corner, other, colour, _line(canvas), cv2.LINE_AA)


def _text(canvas: Pixels, text: str, at: tuple[int, int], ground: tuple[int, int, int]) -> None:
    """White on a ground, its lower left corner at `at`, moved so far that all of it is in the picture."""
    import cv2

    plain = text.encode("ascii", "replace").decode()  # OpenCV's fonts know no other letters
    if not plain:
        return
    scale = 0.6 * _scale(canvas)
    (width, height), below = cv2.getTextSize(plain, cv2.FONT_HERSHEY_SIMPLEX, scale, 1)
    x = max(2, min(at[0], canvas.shape[1] - width - 2))
    y = max(at[1], height + 3)
    cv2.rectangle(canvas, (x - 3, y - height - 4), (x + width + 3, y + below), ground, cv2.FILLED)
    cv2.putText(canvas, plain, (x, y), cv2.FONT_HERSHEY_SIMPLEX, scale, (255, 255, 255), 1, cv2.LINE_AA)


def _scale(canvas: Pixels) -> float:
    """1 for pictures of 720 lines; never so small that nobody can read it."""
    return max(0.6, float(canvas.shape[0]) / 720)


def _line(canvas: Pixels) -> int:
    return max(1, round(2 * _scale(canvas)))
