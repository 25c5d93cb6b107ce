"""Fills `frame.faces` with MediaPipe: the settings, and the moments at which a camera's watch is kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from vidframe import Camera, Frame, Seconds, hookimpl
from vidframe_faces.model_files import check

if TYPE_CHECKING:
    from vidframe_faces.watch import Watch


class Faces:
    """Finds faces with MediaPipe, and gives each a number that stays the same from frame to frame.

    What changed since it was last searched is searched at native resolution; faces that are known are looked for
    where they are expected. Every face in `frame.faces` was seen in this frame, or the picture
    around it has not changed since it was.
    """

    needs = ()
    adds = ("faces", "faces.landmarks")

    def __init__(
        self,
        *,
        min_face: Annotated[
            int, Field(ge=12, le=400, description="Width in pixels of the smallest face to be found, brow to chin")
        ] = 28,
        confidence: Annotated[
            float, Field(ge=0.5, le=1, description="Least score, 0.5 to 1, of a face without landmarks")
        ] = 0.7,
        motion: Annotated[
            float,
            Field(
                ge=0,
                le=255,
                description="Change of mean luma, 0 to 255, from which a place is searched again; 0 searches everywhere",
            ),
        ] = 8,
        search_every: Annotated[
            Seconds, Field(ge=0, description="Least time between two searches of the same place")
        ] = 0.3,
        full_pass: Annotated[
            Seconds, Field(ge=0, description="Time from one search of the whole frame to the next; 0 for never")
        ] = 30.0,
        recheck: Annotated[
            Seconds, Field(ge=0, description="How often it is made sure that a known face still is one")
        ] = 1.0,
        refresh: Annotated[
            Seconds,
            Field(
                ge=0, description="Time for which landmarks are carried along with a face; 0: made out in each frame"
            ),
        ] = 0.2,
        keep: Annotated[
            Seconds, Field(ge=0, description="How long a face that is hidden keeps its number; it is not reported then")
        ] = 2.0,
    ) -> None:
        self.min_face = min_face
        self.confidence = confidence
        self.motion = motion
        self.search_every = search_every
        self.full_pass = full_pass
        self.recheck = recheck
        self.refresh = refresh
        self.keep = keep
        self._watch: Watch | None = None

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
    def check_machine(self) -> Iterator[tuple[str, str]]:
        return check()

    @hookimpl
    def close_camera(self) -> None:
        # The models are shared; the process closes them after its last camera.
        self._watch = None
