"""By night, reports what does not belong in the picture: somebody came in, something fell, the camera was covered."""

from pathlib import Path
from typing import TYPE_CHECKING

from vidframe import Box, Camera, Canvas, Event, Frame, hookimpl
from vidframe_abnormality import unfinished
from vidframe_abnormality.settings import Settings

if TYPE_CHECKING:
    from vidframe_abnormality.session import CameraSession


RED = (220, 40, 40)


class Abnormality(Settings):
    """Reports an incident where the picture differs from the one taken at the switch to night.

    Threshold background subtraction; docs/plugins/abnormality.md has the settings, measured one by one.
    """

    needs = ("masked?",)
    adds = ("notes.changed",)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._session: CameraSession | None = None  # from open_camera to close_camera

    @hookimpl
    def open_camera(self, camera: Camera) -> None:
        from vidframe_abnormality.session import CameraSession

        self._session = CameraSession(self, camera)

    @property
    def measured(self) -> float:
        """Share of the picture that changed at the last look, also below `min_area`: by it a threshold is chosen."""
        return 0.0 if self._session is None else self._session.measured

    @hookimpl
    def has_pending(self, state: Path) -> bool:
        """Whether a crash left an open incident of the camera with this state folder."""
        return unfinished.is_there(state)

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        assert self._session is not None
        frame.notes["changed"] = self._session.process(frame)

    @hookimpl
    def draw(self, frame: Frame, canvas: Canvas) -> None:
        if self._session is None:
            return
        label = self._session.shown_label()
        for x, y, width, height in self._session.shown_boxes(frame.seconds):
            box = Box(x * frame.width, y * frame.height, width * frame.width, height * frame.height)
            canvas.box(box, label, colour=RED)

    @hookimpl
    def handle_event(self, event: Event) -> None:
        if event.kind in ("mode.changed", "camera.closing") and self._session is not None:
            self._session.start_anew()

    @hookimpl
    def close_camera(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None
