"""Plugins that the tests of the kit run."""

from __future__ import annotations

from time import monotonic

from vidframe import Box, Camera, Canvas, Detection, Event, Frame, hookimpl


class Finder:
    """Finds one box in every second frame; looks at none of the others."""

    adds = ("detections",)

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        if frame.index % 2 == 0:
            frame.detections.append(Detection(Box(frame.index, 1, 2, 3), "cup"))


class Counter:
    """Reports, counts and draws boxes, and tells the sum at the end."""

    needs = ("detections",)

    def __init__(self) -> None:
        self.sum = 0

    @hookimpl
    def open_camera(self, camera: Camera) -> None:
        self._camera = camera

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        self.sum += len(frame.detections)
        frame.report("counter.seen", boxes=len(frame.detections))
        self._camera.metric("boxes_total", self.sum)
        (self._camera.state / "sum").write_text(str(self.sum))

    @hookimpl
    def handle_event(self, event: Event) -> None:
        if event.kind == "camera.closing":
            self._camera.report("counter.sum", boxes=self.sum)

    @hookimpl
    def draw(self, canvas: Canvas) -> None:
        canvas.label(f"{self.sum}", (1, 1))


class Listener:
    """Keeps what it hears, and when by the clock of the machine."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str, float]] = []

    @hookimpl
    def handle_event(self, event: Event) -> None:
        self.heard.append((event.kind, event.camera, monotonic()))


class Failing:
    """Fails on every second frame, half done."""

    adds = ("notes.failing",)

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        frame.notes["failing"] = frame.index
        if frame.index % 2:
            raise KeyError("boxes")
