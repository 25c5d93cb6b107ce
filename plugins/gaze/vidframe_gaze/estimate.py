"""Where one face is turned: its landmarks, keypoints and irises together, and how far that may be off."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from vidframe import Face
from vidframe_gaze.head_pose import (
    EYE_CORNERS,
    KEYPOINT_ERRORS,
    LANDMARK_ERRORS,
    Angles,
    ErrorModel,
    Points,
    ReferenceFace,
    angles_of,
    keypoint_face,
    reference_face,
)

MESH_POINTS: Final = 468  # a landmarker's further ten points are irises

# The detector sees a face independently of the landmarker: a little of its answer takes noise off the other's.
KEYPOINT_SHARE: Final = 0.2

# What head and eyes add up to is where somebody looks, and people spare their necks. But a pupil is found to a part of a
# pixel only, and a share of what it says is worth more than all of it (docs/plugins/gaze.md, "How").
EYE_SHARE: Final = 0.45
EYEBALL: Final = 0.13  # its radius, 12 mm, in distances of the outer eye corners, 92 mm
IRIS_AHEAD: Final = 0.021  # how far irises lie before the rims of the lids, in the same unit
BLURRED: Final = 20.0  # face width in pixels at which an iris is worth half as much
SQUEEZED: Final = 52.0  # degrees beyond which a landmarker's yaw grows half as fast as the head's
# Right eye, left eye, in the numbering of MediaPipe's face mesh: the irises, and the rims of the lids around them.
IRISES: Final = (468, 473)
LIDS: Final = (
    (7, 33, 133, 144, 145, 153, 154, 155, 157, 158, 159, 160, 161, 163, 173, 246),
    (249, 263, 362, 373, 374, 380, 381, 382, 384, 385, 386, 387, 388, 390, 398, 466),
)


class Estimator:
    """Tells the direction of single faces; knows nothing of what was before."""

    def __init__(self, mesh: ReferenceFace | None = None) -> None:
        self._mesh = mesh or reference_face()
        self._keypoints = keypoint_face(self._mesh)
        self._eyes = self._mesh.points[np.array(LIDS)].mean(axis=1)

    def __call__(self, face: Face) -> tuple[Angles, ErrorModel] | None:
        """Angles of the head and how far they may be off; None for a face whose points say nothing."""
        by_keypoints = None if face.keypoints is None else self._keypoints.rotation(face.keypoints)
        if face.landmarks is None:
            return None if by_keypoints is None else (angles_of(by_keypoints), KEYPOINT_ERRORS)
        rotation = self._mesh.rotation(face.landmarks[:MESH_POINTS])
        if rotation is None:
            return None
        angles = angles_of(rotation)
        yaw = angles.yaw
        if by_keypoints is not None:
            yaw += KEYPOINT_SHARE * (angles_of(by_keypoints).yaw - yaw)
        if len(face.landmarks) > MESH_POINTS:
            yaw += _iris_weight(yaw, face.box.width) * self.eyes_aside(face.landmarks, rotation)
        return angles._replace(yaw=unsqueezed(yaw)), LANDMARK_ERRORS

    def eyes_aside(self, landmarks: ArrayLike, rotation: Points) -> float:
        """Degrees by which the eyes are turned to the viewer's right from where the head is turned.

        `landmarks`: 478 x 3 pixels; `rotation`: of the head.
        """
        points = np.asarray(landmarks, np.float64)
        right_corner, left_corner = points[list(EYE_CORNERS), :2]
        across = left_corner - right_corner
        corners = math.hypot(*across)
        if corners == 0:
            return 0.0
        # The whole face tells better where the lids have their middle than the landmarks at the lids.
        middles = self._mesh.placed(self._eyes, points[:MESH_POINTS])
        right, left = (points[list(IRISES), :2] - middles) @ across
        sine = rotation[0, 2]
        # A head that is turned shows one eye better than the other.
        share = (1 + sine) / 2  # of the right eye
        shortened = max(math.hypot(rotation[0, 0], rotation[1, 0]), 0.1)
        aside = (share * right + (1 - share) * left) * shortened / corners**2
        return math.degrees(min(max((aside - IRIS_AHEAD * sine) / EYEBALL, -0.5), 0.5))


def unsqueezed(yaw: float) -> float:
    """Degrees that a yaw by landmarks stands for: of a head in profile they show too little."""
    beyond = max(0.0, abs(yaw) - SQUEEZED)
    return math.copysign(min(abs(yaw) + beyond, 90.0), yaw)


def _iris_weight(yaw: float, face_width: float) -> float:
    """How much of the eyes' turn counts: less on small faces, and next to nothing on those that are turned away."""
    return EYE_SHARE * math.cos(math.radians(yaw)) ** 4 * face_width**2 / (face_width**2 + BLURRED**2)
