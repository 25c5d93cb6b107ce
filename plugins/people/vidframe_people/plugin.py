"""Fills `frame.people`: the moments at which a camera's watch is kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from vidframe import Camera, Canvas, Frame, Person, hookimpl
from vidframe_people.model_files import check
from vidframe_people.settings import Settings

if TYPE_CHECKING:
    from vidframe_people.watch import Watch


class People(Settings):
    """Finds people by their bodies, and gives each a number that stays the same from frame to frame."""

    needs = ("faces?",)
    adds = ("people", "people.facing")

    def __post_init__(self) -> None:
        self._watch: Watch | None = None  # from open_camera to close_camera

    @hookimpl
    def open_camera(self, camera: Camera) -> None:
        from vidframe.detectors import make_detector
        from vidframe_people.watch import Watch

        detector = camera.share(("detector", self.detector), lambda: make_detector(self.detector))
        self._watch = Watch(self, detector)

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        assert self._watch is not None
        frame.people = [Person(track.box, track.score, track.number) for track in self._watch.tracks_in(frame)]

    @hookimpl
    def draw(self, frame: Frame, canvas: Canvas) -> None:
        for person in frame.people:
            canvas.box(person.box, f"{person.track}")

    @hookimpl
    def check_machine(self) -> Iterator[tuple[str, str]]:
        return check()

    @hookimpl
    def close_camera(self) -> None:
        self._watch = None  # the models are shared; the process closes them after its last camera
