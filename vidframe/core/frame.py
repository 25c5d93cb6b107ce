"""What travels along the chain: a frame, the faces in it, and the events that steps report."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
T = TypeVar("T")


class Box(NamedTuple):
    """A rectangle in the pixels of the whole frame; may reach over the frame's edge."""

    x: float  # left edge
    y: float  # upper edge
    width: float
    height: float

    @property
    def centre(self) -> tuple[float, float]:
        """The middle as (x, y)."""
        return self.x + self.width / 2, self.y + self.height / 2

    @property
    def area(self) -> float:
        """Square pixels."""
        return self.width * self.height

    def grown(self, factor: float) -> Box:
        """The box about the same centre, `factor` times as wide and high."""
        x, y = self.centre
        width, height = self.width * factor, self.height * factor
        return Box(x - width / 2, y - height / 2, width, height)

    def overlap(self, other: Box) -> float:
        """Intersection over union, 0 (apart) to 1 (the same)."""
        width = min(self.x + self.width, other.x + other.width) - max(self.x, other.x)
        height = min(self.y + self.height, other.y + other.height) - max(self.y, other.y)
        if width <= 0 or height <= 0:
            return 0.0
        return width * height / (self.area + other.area - width * height)


@dataclass(frozen=True, slots=True)
class Emotion:
    """How a face looks: an estimate of its expression, not of what the person feels."""

    probabilities: Mapping[str, float]  # class name -> probability; they sum to 1
    valence: float  # -1 (negative) .. 1 (positive)

    @property
    def label(self) -> str:
        """The most probable class."""
        return max(self.probabilities, key=self.probabilities.__getitem__)


@dataclass(frozen=True, slots=True)
class Gaze:
    """Where a head points. Head direction, not eye gaze.

    Angles are degrees relative to the line from the head to the camera: a face that looks
    into the camera has yaw and pitch 0.
    """

    yaw: float  # positive: turned to the viewer's right (towards larger x in the picture)
    pitch: float  # positive: up
    roll: float  # positive: the head's top leans to the viewer's right
    sigma: float  # standard error of yaw


@dataclass(slots=True, eq=False)
class Face:
    """One face in one frame."""

    box: Box  # brow to chin
    score: float = 1.0  # of the detector, 0..1
    track: int | None = None  # the same number over frames for the same face; means nothing beyond this run
    keypoints: NDArray[np.float32] | None = (
        None  # 6 x 2 pixels: right and left eye, nose tip, mouth, right and left ear
    )
    landmarks: NDArray[np.float32] | None = None  # 478 x 3: x, y in pixels of the whole frame, z in the same scale
    emotion: Emotion | None = None
    gaze: Gaze | None = None


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that belongs to an event: bytes in memory, or a file on disk."""

    role: str  # "snapshot", "clip", "thumbnail"
    media_type: str  # "image/jpeg", "video/mp4"
    content: bytes | Path

    def read(self) -> bytes:
        """The content; OSError if the file is gone."""
        return self.content.read_bytes() if isinstance(self.content, Path) else self.content

    def as_json(self) -> dict[str, Any]:
        """Role, type, size and SHA-256, as docs/events.md says; OSError if the file is gone."""
        content = self.read()
        digest = hashlib.sha256(content).hexdigest()
        return {"role": self.role, "media_type": self.media_type, "bytes": len(content), "sha256": digest}


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened; docs/events.md lists the kinds and their facts."""

    id: str  # unique for ever, at most 64 characters of [A-Za-z0-9._:-]
    kind: str  # dotted: "incident.opened"
    camera: str
    time: datetime  # UTC, of the picture that shows it
    facts: Mapping[str, Any]  # plain JSON values
    files: tuple[Attachment, ...] = ()
    reporter: str = "vidframe"  # name of the step that reported it

    def __post_init__(self) -> None:
        # Found here the mistake is the reporter's; found when it is written, it would be the sink's.
        for name, fact in self.facts.items():
            try:
                json.dumps(fact, allow_nan=False)
            except (TypeError, ValueError) as error:
                raise TypeError(f"event {self.kind}: {name} must be plain JSON, found {fact!r} ({error})") from None

    def as_json(self) -> dict[str, Any]:
        """The event as plain JSON values, in the form of docs/events.md. Reads its files for their SHA-256."""
        return {
            "version": 1,
            "id": self.id,
            "kind": self.kind,
            "camera": self.camera,
            "time": self.time.isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "reporter": self.reporter,
            "facts": dict(self.facts),
            "files": [attachment.as_json() for attachment in self.files],
        }


@dataclass(frozen=True, slots=True)
class Encoding:
    """How the packets of a source are encoded; all that a muxer needs to copy them.

    With PyAV: `output.add_stream_from_template(av.open(BytesIO(encoding.header)).streams.video[0], opaque=True)`.
    """

    codec: str  # FFmpeg's name: "h264", "hevc", "mjpeg"
    width: int
    height: int
    extradata: bytes  # codec headers (SPS and PPS for H.264), may be empty
    header: bytes = b""  # an MP4 file with this stream and no packet; empty where MP4 cannot hold the codec


@dataclass(frozen=True, slots=True)
class Packet:
    """One encoded picture as the camera sent it."""

    data: bytes
    seconds: float  # presentation time on the clock of Frame.seconds
    decode_seconds: float  # decoding time on the same clock; differs where there are B-frames
    is_keyframe: bool
    encoding: Encoding


class Report(Protocol):
    """Tells every step of the camera's chains that something happened."""

    def __call__(self, kind: str, /, *files: Attachment, **facts: Any) -> Event: ...


class Share(Protocol):
    """One object for all cameras of the process: `share(key, make)` makes it at the first call and returns it at each.

    What is shared is used by several threads at once. It is closed (`close()`, if it has one) after the
    last camera that asked for it.
    """

    def __call__(self, key: Hashable, make: Callable[[], T], /) -> T: ...


class Letter(NamedTuple):
    """An event on its way to the consumer of a cluster."""

    event: Mapping[str, Any]  # in the form of docs/events.md
    epoch: int  # of the camera's lease when the event was made; 0: of none
    age: float  # seconds since it was made


class Bus(Protocol):
    """Carries events to whoever writes them into the shop, where several machines share the cameras."""

    def publish(self, letters: Sequence[Letter], /) -> None:
        """Returns when all are safe on the bus, which takes each id once; ConnectionError if they may not be."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A camera's right to run on this machine, where several machines share the cameras."""

    epoch: int  # grows whenever the camera gets another owner; 0: of the past, the camera runs elsewhere
    connect: Callable[[], Bus]  # hashable: cameras of one process share what it returns


@dataclass(frozen=True, slots=True)
class Camera:
    """What a plugin learns about its camera when it is opened."""

    name: str
    source: str  # without credentials
    fps: float | None  # as the source states it
    is_live: bool  # False: a recording, played as fast as the chain goes
    state: Path  # folder for what this camera's plugins keep between runs; made on first use
    needed: frozenset[str]  # all names that steps of this camera need, so that nobody computes what nobody reads
    report: Report
    share: Share
    utc: Callable[[float], datetime]  # Frame.seconds -> UTC
    # Shows a number of the plugin's own among the figures: `camera.figure("queue", 3)`. Names are [a-z][a-z0-9_]*;
    # those that end in `_total` only grow. From any thread.
    figure: Callable[[str, float], None] = lambda name, value: None
    lease: Lease | None = None  # None: nobody shares the cameras with this machine


class Picture(Protocol):
    """The decoder's picture, in whatever format it came."""

    width: int
    height: int

    def gray(self) -> Pixels: ...

    def bgr(self, width: int | None = None) -> Pixels: ...

    def chroma(self) -> tuple[Pixels, Pixels] | None: ...


class Frame:
    """One picture of one camera, and what the steps before found in it.

    Every frame is fresh: nothing of the last one is in it. Pictures are read-only, made on first use
    and shared by all steps.
    """

    def __init__(
        self,
        picture: Picture,
        camera: Camera,
        index: int = 0,
        seconds: float = 0.0,
        packets: Sequence[Packet] = (),
    ) -> None:
        self.camera = camera
        self.index = index  # 0, 1, 2 ... for this camera and run; dropped frames are not counted
        self.seconds = seconds  # since the source was opened; grows, also over reconnects
        self.packets = packets  # since the last frame, dropped frames' included; filled where a step needs "packets"
        self.width = picture.width
        self.height = picture.height
        self.mode: str | None = None  # "day" or "night", where a mode plugin decides
        self.motion: float | None = None  # share of the picture that changed since the last frame, 0..1
        self.faces: list[Face] = []
        self.notes: dict[str, Any] = {}  # for plugins whose findings have no field here
        self.picture = picture
        self._views: dict[tuple[str, int | None], Pixels] = {}

    @property
    def time(self) -> datetime:
        """When the picture was taken, UTC."""
        return self.camera.utc(self.seconds)

    @property
    def gray(self) -> Pixels:
        """Luma, height x width. The decoder's own plane where there is one, without a copy."""
        return self._view("gray", None, self.picture.gray)

    @property
    def image(self) -> Pixels:
        """Height x width x 3, BGR as OpenCV reads it."""
        return self._view("image", None, self.picture.bgr)

    def scaled(self, width: int) -> Pixels:
        """`image` at `width` pixels wide, straight from the decoder's picture; never blown up."""
        if width >= self.width:
            return self.image
        return self._view("image", width, lambda: self.picture.bgr(width))

    def scaled_gray(self, width: int) -> Pixels:
        """`gray` at `width` pixels wide, linearly interpolated; never blown up."""
        if width >= self.width:
            return self.gray
        return self._view("gray", width, lambda: _shrunk(self.gray, width))

    def chroma(self) -> tuple[Pixels, Pixels] | None:
        """The decoder's Cb and Cr planes, 128 = no colour; None where the picture came as RGB or grey."""
        planes = self.picture.chroma()
        if planes is not None:
            for plane in planes:
                plane.setflags(write=False)
        return planes

    def report(self, kind: str, /, *files: Attachment, **facts: Any) -> Event:
        """Tells every step, sinks among them, that something happened in this frame."""
        return self.camera.report(kind, *files, **facts)

    def _view(self, name: str, width: int | None, make: Callable[[], Pixels]) -> Pixels:
        view = self._views.get((name, width))
        if view is None:
            view = self._views[name, width] = make()
            view.setflags(write=False)
        return view


def _shrunk(gray: Pixels, width: int) -> Pixels:
    import cv2  # takes a tenth of a second to load; `vidframe check` does without

    height = max(1, round(gray.shape[0] * width / gray.shape[1]))
    shrunk: Any = cv2.resize(gray, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(shrunk)
