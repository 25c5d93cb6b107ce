"""Fills `frame.faces` with MediaPipe: the moments at which a camera's watch is kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from vidframe import Camera, Canvas, Frame, hookimpl
from vidframe_faces.model_files import check
from vidframe_faces.settings import Settings

if TYPE_CHECKING:
    from vidframe_faces.watch import Watch


class Faces(Settings):
    """Finds faces with MediaPipe, and gives each a number that stays the same from frame to frame.

    What changed since it was last searched is searched at native resolution; faces that are known are looked for
    where they are expected. Every face in `frame.faces` was seen in this frame, or the picture
    around it has not changed since it was.
    """

    needs = ()
    adds = ("faces", "faces.landmarks")
    renamed: ClassVar = {"keep": "lost_after"}

    _watch: Watch | None = None  # from open_camera to close_camera

    @hookimpl
    def open_camera(self, camera: Camera) -> None:
        from vidframe_faces.finder import Finder
        from vidframe_faces.watch import Watch

        self._watch = Watch(self, camera.share(Finder, Finder), with_landmarks="faces.landmarks" in camera.needed)

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        assert self._watch is not None
        frame.faces = self._watch.faces_in(frame)

    @hookimpl
    def draw(self, frame: Frame, canvas: Canvas) -> None:
        for face in frame.faces:
            canvas.box(face.box, f"#{face.track}" if face.track is not None else "")

    @hookimpl
    def check_machine(self) -> Iterator[tuple[str, str]]:
        return check()

    @hookimpl
    def close_camera(self) -> None:
        # The models are shared; the process closes them after its last camera.
        self._watch = None
