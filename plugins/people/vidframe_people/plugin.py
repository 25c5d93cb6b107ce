"""Fills `frame.people`: the moments at which a camera's watch is kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from vidframe import Camera, Canvas, Frame, Person, hookimpl
from vidframe_people.model_files import check
from vidframe_people.settings import Settings

if TYPE_CHECKING:
    from vidframe_people.crowd import Crowd

SIDES = ("to camera", "right", "away", "left")  # at 0, 90, 180 and 270 degrees


class People(Settings):
    """Finds people by their bodies, and gives each a number that stays the same from frame to frame."""

    needs = ("faces?", "faces.head_pose?")
    adds = ("people", "people.facing")

    _crowd: Crowd | None = None  # from open_camera to close_camera

    @hookimpl
    def open_camera(self, camera: Camera) -> None:
        from vidframe.detectors import make_detector
        from vidframe_people.crowd import Crowd
        from vidframe_people.fixtures import Fixtures
        from vidframe_people.pose import Pose

        detector = camera.share(("detector", self.detector), lambda: make_detector(self.detector))
        pose = camera.share(Pose, Pose) if "people.facing" in camera.needed else None
        self._crowd = Crowd(self, detector, pose, Fixtures(camera))

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        assert self._crowd is not None
        frame.people = self._crowd.people_in(frame)

    @hookimpl
    def draw(self, frame: Frame, canvas: Canvas) -> None:
        for person in frame.people:
            canvas.box(person.box, _label(person))

    @hookimpl
    def check_machine(self) -> Iterator[tuple[str, str]]:
        return check()

    @hookimpl
    def close_camera(self) -> None:
        self._crowd = None  # the models are shared; the process closes them after its last camera


def _label(person: Person) -> str:
    if person.facing is None or person.seen_by == "face":
        return f"{person.track}"
    yaw, _ = person.facing
    return f"{person.track} {SIDES[round(yaw / 90) % 4]}"
