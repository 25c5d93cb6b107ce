"""Fills `face.head_pose`: where each head is turned, smoothed over the frames of its track."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar

from pydantic import Field

from vidframe import Box, Canvas, Face, Frame, HeadPose, Seconds, hookimpl
from vidframe_gaze.estimate import Estimator
from vidframe_gaze.head_pose import Angles, ErrorModel
from vidframe_gaze.smoothing import OneEuro

ARROW = (255, 160, 0)  # red, green, blue


class Gaze:
    """Says where each head is turned (head direction, not eye gaze).

    From the landmarks where there are some, else from the detector's six keypoints; a face with neither has no gaze.
    Where irises can be made out, a part of the eyes' turn is added to the head's.
    """

    needs = ("faces", "faces.landmarks?")
    adds = ("faces.head_pose",)
    renamed: ClassVar = {"steady": "smoothing", "forget_after": "lost_after"}

    def __init__(
        self,
        smoothing: Annotated[
            Seconds, Field(ge=0, le=5, description="time constant of the smoothing of a still head; 0: none")
        ] = 0.25,
        yaw_offset: Annotated[
            float, Field(ge=-90, le=90, description="degrees subtracted from each yaw (vidframe calibrate gaze)")
        ] = 0.0,
        pitch_offset: Annotated[
            float, Field(ge=-90, le=90, description="degrees subtracted from each pitch (vidframe calibrate gaze)")
        ] = 0.0,
        lost_after: Annotated[Seconds, Field(gt=0, description="a track unseen for this long is lost")] = 2.0,
    ) -> None:
        self.smoothing = smoothing
        self.yaw_offset = yaw_offset
        self.pitch_offset = pitch_offset
        self.lost_after = lost_after
        self._estimate: Estimator | None = None
        self._tracks: dict[int, _Track] = {}

    @hookimpl
    def open_camera(self) -> None:
        self._estimate = Estimator()
        self._tracks.clear()

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        for face in frame.faces:
            face.head_pose = self._gaze(face, frame.seconds)
        self._forget(frame.seconds)

    @hookimpl
    def draw(self, frame: Frame, canvas: Canvas) -> None:
        for face in frame.faces:
            if face.head_pose is not None:
                _draw_pose(canvas, face.box, face.head_pose)

    def _gaze(self, face: Face, seconds: float) -> HeadPose | None:
        assert self._estimate is not None
        track = None if face.track is None else self._tracks.setdefault(face.track, _Track(self.smoothing))
        estimate = self._estimate(face) if track is None else track.estimated(face, self._estimate)
        if estimate is None:
            return None
        (yaw, pitch, roll), errors = estimate
        angles = Angles(yaw - self.yaw_offset, pitch - self.pitch_offset, roll)
        if track is not None:
            angles = track.smoothed(angles, seconds)
        return HeadPose(*angles, sigma=errors.sigma(angles.yaw, face.box.width))

    def _forget(self, now: float) -> None:
        lost = [number for number, track in self._tracks.items() if now - track.seen > self.lost_after]
        for number in lost:
            del self._tracks[number]


class _Track:
    """One face over time: its last estimate, and the filters."""

    def __init__(self, smoothing: float) -> None:
        self.seen = 0.0
        self._filters = [OneEuro(smoothing) for _ in Angles._fields]
        self._face: Face | None = None
        self._estimate: tuple[Angles, ErrorModel] | None = None

    def estimated(self, face: Face, estimate: Estimator) -> tuple[Angles, ErrorModel] | None:
        """The estimate of the face; that of the frame before for the very same points, as of a face that rests."""
        if self._face is None or not _same_points(face, self._face):
            self._face, self._estimate = face, estimate(face)
        return self._estimate

    def smoothed(self, angles: Angles, seconds: float) -> Angles:
        self.seen = seconds
        return Angles(*(smooth(angle, seconds) for smooth, angle in zip(self._filters, angles, strict=True)))


def _draw_pose(canvas: Canvas, box: Box, pose: HeadPose) -> None:
    """An arrow from between the eyes to where the head points; short: towards the camera."""
    x, y = box.centre
    length = 3 * box.width
    tip = x + length * math.sin(math.radians(pose.yaw)), y - length * math.sin(math.radians(pose.pitch))
    canvas.arrow((x, y), tip, ARROW)
    canvas.label(f"{round(pose.yaw):+d} deg", (box.x, box.y + box.height + 46))


def _same_points(face: Face, before: Face) -> bool:
    """Whether two faces share their arrays; those that can be written to may have changed since."""
    pairs = ((face.landmarks, before.landmarks), (face.keypoints, before.keypoints))
    return all(now is then and (now is None or not now.flags.writeable) for now, then in pairs)
