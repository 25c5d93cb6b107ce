"""Writes a clip of what the camera showed, with what the steps draw into it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
from pydantic import Field

from vidframe import Camera, Canvas, Event, Frame, hookimpl
from vidframe.kinds import words

CLOCK = Fraction(1, 90_000)  # of the clip, so that every frame keeps its own time
BANNER_SECONDS = 2.5

# Red, green, blue.
ALERT = (220, 40, 40)
GROUNDS = {"day": (20, 105, 150), "night": (45, 40, 110)}


class _Banner(NamedTuple):
    text: str
    until: float  # seconds
    is_alert: bool


class Annotate:
    """Writes an H.264 clip with what the steps draw, and the events in words; red while an incident is open."""

    needs = ("canvas", "masked?")

    def __init__(
        self,
        *,
        file: Annotated[
            Path, Field(description="The clip; {camera} in it stands for the camera's name, which several cameras need")
        ] = Path("annotated-{camera}.mp4"),
        quality: Annotated[int, Field(ge=0, le=51, description="x264's CRF: 18 looks like the original, 30 poor")] = 23,
    ) -> None:
        self.file = file
        self.quality = quality
        self._clip: _Clip | None = None
        self._banners: list[_Banner] = []
        self._incidents: set[Any] = set()  # that are open
        self._seconds = 0.0

    @hookimpl
    def open_camera(self, camera: Camera) -> None:
        path = Path(str(self.file).replace("{camera}", camera.name))
        path.parent.mkdir(parents=True, exist_ok=True)
        self._clip = _Clip(path, self.quality)

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        if self._clip is None:
            return
        self._seconds = frame.seconds
        canvas = frame.canvas
        self._add_captions(canvas, frame)
        self._clip.write(canvas.paint(frame.shown), frame.seconds)

    @hookimpl
    def handle_event(self, event: Event) -> None:
        if event.kind not in ("camera.closing", "incident.updated"):
            is_alert = event.kind == "incident.opened"
            text = words(event.kind, event.facts)
            self._banners.append(_Banner(text, self._seconds + BANNER_SECONDS, is_alert))
        incident = event.facts.get("incident")
        if event.kind == "incident.opened":
            self._incidents.add(incident)
        elif event.kind == "incident.closed":
            self._incidents.discard(incident)

    @hookimpl
    def close_camera(self) -> None:
        if self._clip is not None:
            self._clip.close()
            self._clip = None

    def _add_captions(self, canvas: Canvas, frame: Frame) -> None:
        ground = ALERT if self._incidents else GROUNDS.get(frame.mode or "")
        line = 26 * max(0.6, frame.height / 720)
        canvas.label(f"{frame.camera.name}  {frame.time:%H:%M:%S}  {frame.mode or ''}".rstrip(), (8, line), ground)
        self._banners = [banner for banner in self._banners if banner.until > frame.seconds][-4:]
        for i, banner in enumerate(self._banners):
            canvas.label(banner.text, (8, line * (i + 2)), ALERT if banner.is_alert else None)


class _Clip:
    """An MP4 file of H.264; opened at the first image, whose size it keeps."""

    def __init__(self, path: Path, quality: int) -> None:
        self._path = path
        self._quality = quality
        self._output: Any = None
        self._stream: Any = None
        self._size = (0, 0)
        self._last = -1  # in ticks of CLOCK

    def write(self, image: Any, seconds: float) -> None:
        """Adds an image (height x width x 3, BGR) that was taken at `seconds`."""
        import av
        import cv2

        if self._output is None:
            self._open(av, image)
        if (image.shape[1], image.shape[0]) != self._size:  # the camera changed its size; the clip cannot
            image = np.asarray(cv2.resize(image, self._size), dtype=np.uint8)
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="bgr24")
        frame.pts = self._last = max(self._last + 1, round(seconds / CLOCK))
        frame.time_base = CLOCK
        self._output.mux(self._stream.encode(frame))

    def close(self) -> None:
        """Finishes the file."""
        if self._output is not None:
            self._output.mux(self._stream.encode())
            self._output.close()

    def _open(self, av: Any, image: Any) -> None:
        height, width = (max(2, length - length % 2) for length in image.shape[:2])
        self._size = (width, height)
        self._output = av.open(str(self._path), "w", format="mp4", options={"movflags": "faststart"})
        self._stream = self._output.add_stream("libx264", rate=30)
        self._stream.width, self._stream.height, self._stream.pix_fmt = width, height, "yuv420p"
        self._stream.time_base = self._stream.codec_context.time_base = CLOCK
        self._stream.options = {"preset": "veryfast", "crf": str(self._quality)}
