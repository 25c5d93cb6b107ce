"""A frame: one image of one camera, and what the steps before found in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from vidframe.core.model.camera import Camera
from vidframe.core.model.canvas import Canvas
from vidframe.core.model.events import Attachment, Event
from vidframe.core.model.packets import Packet
from vidframe.core.model.people import Detection, Face, Person

Pixels = NDArray[np.uint8]

COARSE = 16  # columns of an image in which nobody is recognised


class Picture(Protocol):
    """The decoder's picture, in whatever format it came."""

    width: int
    height: int

    def gray(self) -> Pixels: ...

    def bgr(self, width: int | None = None) -> Pixels: ...

    def chroma(self) -> tuple[Pixels, Pixels] | None: ...


class Frame:
    """One image of one camera, and what the steps before found in it.

    Every frame is fresh: nothing of the last one is in it. Images are read-only, made on first use
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
        self.camera = camera  # of the step that runs now
        self.index = index  # 0, 1, 2 ... for this camera and run; dropped frames are not counted
        self.seconds = seconds  # since the source was opened; grows, also over reconnects
        self.packets = packets  # since the last frame, dropped frames' included; filled where a step needs "packets"
        self.width = picture.width
        self.height = picture.height
        self.mode: str | None = None  # "day" or "night", where a mode plugin decides
        self.motion: float | None = None  # share of the image that changed since the last frame, 0..1
        self.is_masked = False  # a step of the chain adds `masked`: nothing else may be kept or shown
        self.notes: dict[str, Any] = {}  # for plugins whose findings have no field here
        self.events: list[Event] = []  # reported in this frame, filled when its last step is done
        self.picture = picture
        self.lists: dict[str, list[Any]] = {}  # faces, people and detections, as far as somebody looked for them
        self.touched: set[str] = set()  # lists that the step that runs now read or set
        self.draw_steps: Callable[[Frame, Canvas], None] = _nothing  # lets the steps draw
        self._views: dict[tuple[str, int | None], Pixels] = {}

    @property  # type: ignore[misc]
    def __class__(self) -> type[Frame]:
        """Without a setter: a step cannot make a frame something else, which the next one would meet."""
        return type(self)

    @property
    def faces(self) -> list[Face]:
        """Faces, as a step that adds `faces` left them."""
        return self._list("faces")

    @faces.setter
    def faces(self, faces: list[Face]) -> None:
        self._set("faces", faces)

    @property
    def people(self) -> list[Person]:
        """People, as a step that adds `people` left them."""
        return self._list("people")

    @people.setter
    def people(self, people: list[Person]) -> None:
        self._set("people", people)

    @property
    def detections(self) -> list[Detection]:
        """Boxes with a label. Several steps may add some: append or extend."""
        return self._list("detections")

    @detections.setter
    def detections(self, detections: list[Detection]) -> None:
        self._set("detections", detections)

    @property
    def time(self) -> datetime:
        """When the image was taken, UTC."""
        return self.camera.utc(self.seconds)

    @property
    def gray(self) -> Pixels:
        """Luma, height x width. The decoder's own plane where there is one, without a copy."""
        return self._view("gray", None, self.picture.gray)

    @property
    def image(self) -> Pixels:
        """Height x width x 3, BGR as OpenCV reads it."""
        return self._view("image", None, self.picture.bgr)

    @property
    def masked(self) -> Pixels | None:
        """`image` with what must not be recognised made unrecognisable, as a step that adds `masked` left it."""
        held = self.__dict__.get("masked")
        return None if held is None else held.pixels

    @masked.setter
    def masked(self, pixels: Pixels | None) -> None:
        self.__dict__["masked"] = None if pixels is None else _Held(pixels)

    @property
    def shown(self) -> Pixels:
        """What may be kept or shown to people: `image`, or `masked` where a step of the chain adds it.

        Where that step failed or was skipped on this frame, the image is so coarse that nobody is recognised.
        """
        if not self.is_masked:
            return self.image
        return self._view("coarse", None, self._coarse) if self.masked is None else self.masked

    def scaled_shown(self, width: int) -> Pixels:
        """`shown` at `width` pixels wide; never enlarged."""
        if not self.is_masked or width >= self.width:
            return self.shown if width >= self.width else self.scaled(width)
        return self._view("shown", width, lambda: _shrunk(self.shown, width))

    def scaled(self, width: int) -> Pixels:
        """`image` at `width` pixels wide, straight from the decoder's picture; never enlarged."""
        if width >= self.width:
            return self.image
        return self._view("image", width, lambda: self.picture.bgr(width))

    def scaled_gray(self, width: int) -> Pixels:
        """`gray` at `width` pixels wide, linearly interpolated; never enlarged."""
        if width >= self.width:
            return self.gray
        return self._view("gray", width, lambda: _shrunk(self.gray, width))

    def chroma(self) -> tuple[Pixels, Pixels] | None:
        """The decoder's Cb and Cr planes, 128 = no colour; None where the image came as RGB or grey."""
        planes = self.picture.chroma()
        if planes is not None:
            for plane in planes:
                plane.setflags(write=False)
        return planes

    @property
    def canvas(self) -> Canvas:
        """What the steps of the chain draw into this frame, made anew at each call."""
        canvas = Canvas(self.width, self.height)
        self.draw_steps(self, canvas)
        return canvas

    def report(self, kind: str, /, *files: Attachment, **facts: Any) -> Event:
        """Tells every step, sinks among them, that something happened in this frame."""
        return self.camera.report(kind, *files, **facts)

    def forget_writeable_images(self) -> bool:
        """Whether somebody made an image writeable; such images are made anew for the next step."""
        if not self._views:
            return False
        touched = [key for key, view in self._views.items() if view.flags.writeable]
        for key in touched:
            del self._views[key]
        return bool(touched)

    def _coarse(self) -> Pixels:
        import cv2

        few: Any = self.picture.bgr(min(COARSE, self.width))
        return np.asarray(cv2.resize(few, (self.width, self.height), interpolation=cv2.INTER_NEAREST))

    def _list(self, name: str) -> list[Any]:
        self.touched.add(name)
        found = self.lists.get(name)
        if found is None:
            found = self.lists[name] = []
        return found

    def _set(self, name: str, items: list[Any]) -> None:
        self.touched.add(name)
        self.lists[name] = items

    def _view(self, name: str, width: int | None, make: Callable[[], Pixels]) -> Pixels:
        view = self._views.get((name, width))
        if view is None:
            view = self._views[name, width] = make()
            view.setflags(write=False)
        return view


class _Held:
    """Pixels as one value: arrays cannot be compared with `==`, as a frame's attributes are."""

    def __init__(self, pixels: Pixels) -> None:
        self.pixels = pixels


def _shrunk(pixels: Pixels, width: int) -> Pixels:
    import cv2  # takes a tenth of a second to load; `vidframe check` does without

    height = max(1, round(pixels.shape[0] * width / pixels.shape[1]))
    shrunk: Any = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(shrunk)


def _nothing(frame: Frame, canvas: Canvas) -> None:
    """Draws nothing."""
