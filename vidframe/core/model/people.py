"""What steps find in a frame: detections, faces, people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vidframe.core.model.deprecated import deprecated
from vidframe.core.model.geometry import Box, Point


@dataclass(slots=True, eq=False)
class Detection:
    """Something of a known kind in one frame."""

    box: Box
    label: str  # of the detector's own set: "person", "car"
    score: float = 1.0  # of the detector, 0..1
    track: int | None = None  # the same number over frames for the same thing; means nothing beyond this run


@dataclass(frozen=True, slots=True)
class Expression:
    """How a face looks: an estimate of its expression, not of what the person feels."""

    probabilities: Mapping[str, float]  # class name -> probability; they sum to 1
    valence: float  # -1 (negative) .. 1 (positive)

    @property
    def label(self) -> str:
        """The most probable class."""
        return max(self.probabilities, key=self.probabilities.__getitem__)


@dataclass(frozen=True, slots=True)
class HeadPose:
    """Where a head points. Head direction, not eye gaze.

    Angles are degrees relative to the line from the head to the camera: a face that looks
    into the camera has yaw and pitch 0.
    """

    yaw: float  # positive: turned to the viewer's right (towards larger x in the frame)
    pitch: float  # positive: up
    roll: float  # positive: the head's top leans to the viewer's right
    sigma: float  # standard error of yaw


@dataclass(slots=True, eq=False)
class Face:
    """One face in one frame."""

    box: Box  # brow to chin
    score: float = 1.0  # of the detector, 0..1
    track: int | None = None  # the same number over frames for the same face; means nothing beyond this run
    # 6 x 2 pixels: right and left eye, nose tip, mouth, right and left ear
    keypoints: NDArray[np.float32] | None = None
    landmarks: NDArray[np.float32] | None = None  # 478 x 3: x, y in pixels of the whole frame, z in the same scale
    expression: Expression | None = None
    head_pose: HeadPose | None = None

    @property
    def emotion(self) -> Expression | None:
        """Deprecated name of `expression`."""
        deprecated("Face.emotion", "Face.expression")
        return self.expression

    @emotion.setter
    def emotion(self, expression: Expression | None) -> None:
        deprecated("Face.emotion", "Face.expression")
        self.expression = expression

    @property
    def gaze(self) -> HeadPose | None:
        """Deprecated name of `head_pose`."""
        deprecated("Face.gaze", "Face.head_pose")
        return self.head_pose

    @gaze.setter
    def gaze(self, head_pose: HeadPose | None) -> None:
        deprecated("Face.gaze", "Face.head_pose")
        self.head_pose = head_pose


@dataclass(slots=True, eq=False)
class Person:
    """One person in one frame: a body, a face, or both, under one track."""

    box: Box  # of the body; where only the face is seen, of the face
    score: float = 1.0  # of the detector, 0..1
    track: int | None = None  # the same number over frames for the same person; means nothing beyond this run
    face: Face | None = None
    # Degrees on the scale of HeadPose.yaw, 180 = away from the camera, and its standard error; None: not known.
    facing: tuple[float, float] | None = None
    seen_by: Literal["body", "face"] = "body"  # what the box is of

    @property
    def foot(self) -> Point:
        """Where the person stands, (x, y) in pixels: the middle of the box's lower edge."""
        return self.box.foot


def people_of(faces: Iterable[Face]) -> list[Person]:
    """People of whom only the face is known, each under the track of the face."""
    return [Person(face.box, face.score, face.track, face, seen_by="face") for face in faces]
