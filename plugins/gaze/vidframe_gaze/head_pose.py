"""Turns points of a face into the direction of the head: geometry alone, which knows no frame.

Scaled orthography: the picture of a face that is far away compared with its depth is a rotated, scaled and shifted
reference face without its depth. The rotation is what a least-squares fit leaves when scale and shift are taken off;
no focal length is needed. Axes here: x to the viewer's right, y up, z towards the viewer.
"""

from __future__ import annotations

import math
from importlib.resources import files
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Points = NDArray[np.float64]
Vector = list[float]

# Which mesh points a detector's keypoints lie between: right and left eye, nose tip, mouth, right and left ear.
EYE_CORNERS: Final = (33, 263)  # mesh points
KEYPOINTS: Final = ((33, 133), (362, 263), (1,), (13, 14), (234,), (454,))


class Angles(NamedTuple):
    """Degrees; the axes and signs of `vidframe.HeadPose`."""

    yaw: float
    pitch: float
    roll: float


class ErrorModel(NamedTuple):
    """How far an estimate is off, as root mean square, in degrees.

    The figures are a fit to the errors on Pointing'04 (docs/plugins/gaze.md, "How sure is it").
    """

    people: float  # however large the face: people differ, and so does what they call "straight"
    size: float  # degrees times pixels: small faces have few
    turned: float  # degrees per degree beyond `turned_from`, where half of the face is hidden
    turned_from: float
    turned_most: float

    def sigma(self, yaw: float, face_width: float) -> float:
        """Standard error of yaw for a face of so many pixels, brow-to-chin box."""
        turned = min(self.turned_most, self.turned * max(0.0, abs(yaw) - self.turned_from))
        return math.hypot(self.people, self.size / max(face_width, 1.0), turned)


LANDMARK_ERRORS: Final = ErrorModel(people=6.0, size=60.0, turned=0.4, turned_from=25.0, turned_most=10.5)
KEYPOINT_ERRORS: Final = ErrorModel(people=7.2, size=95.0, turned=0.5, turned_from=30.0, turned_most=14.0)


class ReferenceFace:
    """A face to compare with, as n x 3 points, prepared for many fits."""

    def __init__(self, points: ArrayLike) -> None:
        self.points: Points = np.asarray(points, np.float64)
        self._side = self.points[:, 0] / np.abs(self.points[:, 0]).max()  # -1 (left in the picture) .. 1
        self._affine = np.column_stack([self.points, np.ones(len(self.points))])
        self._evenly = np.linalg.pinv(self._affine)

    def rotation(self, picture: ArrayLike) -> Points | None:
        """The rotation (3 x 3, face to viewer) that makes the reference face look like n x 2 points, y down.

        Fitted twice: the second time the points of the side that is turned away count less, since a mesh
        only guesses them. None where the points say nothing: not finite, or all in one line.
        """
        xy = np.asarray(picture, np.float64)[:, :2] * (1, -1)
        if xy.shape[0] != self.points.shape[0]:
            raise ValueError(f"{xy.shape[0]} points of a face, expected {self.points.shape[0]}")
        if not np.isfinite(xy).all():
            return None
        first = _nearest_rotation(self._evenly @ xy)
        if first is None:
            return None
        turned = first[0, 2]  # the sine of yaw, nearly
        weighted = (self._affine * np.maximum(1 - turned * self._side, 0.02)[:, None]).T
        return _nearest_rotation(np.linalg.solve(weighted @ self._affine, weighted @ xy))

    def placed(self, points: Points, picture: Points) -> Points:
        """Where in a picture of the face (n x 2 or 3) other points of it (m x 3) are, by least squares: m x 2."""
        motion = self._evenly @ picture[:, :2]
        return np.asarray(points @ motion[:3] + motion[3])


def reference_face() -> ReferenceFace:
    """The mean of real faces: 468 mesh points in units of the distance between the outer eye corners (33 and 263).

    Measured by `benchmarks/gaze_reference_face.py` on the 12 frontal pictures of six people of Pointing'04 (Gourier,
    Hall, Crowley: Estimating Face Orientation from Robust Detection of Salient Facial Features, Pointing 2004),
    and made symmetric.
    """
    with files(__package__).joinpath("reference_face.csv").open(encoding="ascii") as table:
        return ReferenceFace(np.loadtxt(table, delimiter=",", comments="#"))


def keypoint_face(face: ReferenceFace) -> ReferenceFace:
    """The six keypoints of a face detector on a reference face of 468 points."""
    return ReferenceFace([face.points[list(between)].mean(axis=0) for between in KEYPOINTS])


def angles_of(rotation: Points) -> Angles:
    """Yaw, then pitch, then roll of a head that is turned by a rotation (3 x 3, face to viewer)."""
    # Plain floats: for three numbers NumPy takes five times as long.
    (_, _, x), (leaning, upright, y), (_, _, z) = rotation.tolist()
    radians = math.atan2(x, z), math.asin(min(max(y, -1.0), 1.0)), math.atan2(-leaning, upright)
    return Angles(*map(math.degrees, radians))


def rotation_of(yaw: float, pitch: float = 0.0, roll: float = 0.0) -> Points:
    """The rotation (3 x 3, face to viewer) whose angles these are."""
    return _turn(1, yaw) @ _turn(0, -pitch) @ _turn(2, -roll)


def direction_of(yaw: ArrayLike, pitch: ArrayLike) -> Points:
    """Unit vectors (... x 3) of heads turned by so many degrees; yaws and pitches are broadcast."""
    y, p = np.radians(yaw), np.radians(pitch)
    level = np.cos(p)
    across, ahead = np.sin(y) * level, np.cos(y) * level
    return np.stack([across, np.sin(p) + np.zeros_like(across), ahead], axis=-1)


def line_of_sight(head: ArrayLike) -> Points:
    """The rotation (3 x 3) from "relative to the line to the camera" to camera coordinates.

    `head`: where it is, camera in the origin, x to the right, y up, the camera looks along -z.
    """
    x, y, z = np.asarray(head, np.float64).tolist()
    distance, level = math.hypot(x, y, z), math.hypot(x, z)
    ahead, right = [-x / distance, -y / distance, -z / distance], [-z / level, 0.0, x / level]
    return np.array([right, _cross(ahead, right), ahead]).T


def _turn(axis: int, degrees: float) -> Points:
    """A right-handed rotation about one axis."""
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    first, second = ((1, 2), (2, 0), (0, 1))[axis]
    matrix = np.eye(3)
    matrix[[first, second], [first, second]] = cos
    matrix[first, second], matrix[second, first] = -sin, sin
    return matrix


def _nearest_rotation(affine: Points) -> Points | None:
    """The rotation of an affine map (4 x 2: three coordinates and a shift) without its scale."""
    across, up = affine[:3].T.tolist()
    right = _unit(across)
    if right is None:
        return None
    leaning = sum(a * b for a, b in zip(up, right, strict=True))
    above = _unit([a - leaning * b for a, b in zip(up, right, strict=True)])
    return None if above is None else np.array([right, above, _cross(right, above)])


def _cross(a: Vector, b: Vector) -> Vector:
    (ax, ay, az), (bx, by, bz) = a, b
    return [ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx]


def _unit(vector: Vector) -> Vector | None:
    length = math.hypot(*vector)
    return [part / length for part in vector] if length > 1e-9 else None
