"""Where on the floor people stand, for a camera whose mounting is known.

Feet, height, breadth and face of a person each tell something, none of them everything: feet are hidden behind shelves,
children are small, detectors' boxes are off. So places along the line to a person are compared by how likely each makes
what is seen, and their mean by likelihood is where the person stands.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from vidframe import Box, Face, Person
from vidframe.geometry import Mounting, Point

Array = NDArray[np.float64]

FACE_METRES: Final = 0.15  # brow-to-chin box of a grown-up
CHILD_FACE: Final = 0.86  # of that, of a child of 1.25 m
FACE_SIGMA: Final = 0.08  # of the natural logarithm of a face's width: of people, and of a detector's boxes
GROWN: Final = (1.71, 0.1)  # metres: height of grown-ups in shoes, and its standard deviation
CHILDREN: Final = (0.95, 1.6, 0.2)  # metres from and to, and how many of the people are children
ABOVE_FACE: Final = 0.13  # metres from the middle of a face to the top of the head
BREADTH: Final = (0.27, 0.3)  # of a person's height, and standard deviation of its natural logarithm: arms, strides
SHOULDERS: Final = 0.8  # of a person's height: where people are broadest
FEET: Final = 0.1  # metres from the tips of the shoes to below the head
BOX_SIGMA: Final = 0.04  # of a body box's height: how far off its lower edge is
HIDDEN: Final = 0.1  # how many people's feet are hidden, behind a shelf or others
AT_EDGE: Final = 2.0  # pixels

_RANGES: Final = np.exp(np.linspace(-0.45, 0.3, 31))  # of the distance that a grown-up's face would have
# Where the feet may be, in heights of the box below its lower edge; and how much of the scale each place stands for.
_BELOW: Final = np.concatenate([np.linspace(-0.15, 0.15, 31), np.linspace(0.18, 2.5, 30)])
_ARE_HIDDEN: Final = _BELOW > 0.16
_SHARES: Final = np.gradient(_BELOW)


class Floor:
    """The floor before one camera. x is metres to the camera's right, z metres ahead; below the camera both are 0."""

    def __init__(self, mounting: Mounting, size: tuple[int, int]) -> None:
        """`size`: width and height of the picture in pixels."""
        self.mounting = mounting
        self.size = size
        self._focal = mounting.focal(size)
        self._lens = np.array([0.0, mounting.height, 0.0])
        self._sine, self._cosine = np.sin(np.radians(mounting.tilt)), np.cos(np.radians(mounting.tilt))
        # Its own inverse: it turns by the tilt, and z points ahead on the floor, but backwards in the camera.
        self._turn = np.array([[1, 0, 0], [0, self._cosine, self._sine], [0, self._sine, -self._cosine]])

    def stand(self, person: Person) -> Point | None:
        """(x, z) of where a person stands; None where nothing of the box is below the horizon."""
        if person.seen_by == "face":
            return self.stand_of(person.face) if person.face else None
        box = person.box
        weights, z, statures = self._likelihoods(box, person.face)
        if not weights.sum() > 0:
            return self.stand_of(person.face) if person.face else None
        # Seen or hidden, whichever is likelier: between the two nobody stands.
        hidden = weights[_ARE_HIDDEN].sum() > weights.sum() / 2
        weights = weights * (hidden == _ARE_HIDDEN)
        deep, stature = float(z @ weights / weights.sum()), float(statures @ weights / weights.sum())
        return self._across(box, deep, stature), deep

    def stand_of(self, face: Face) -> Point:
        """(x, z) below a face."""
        x, _, z = self.head(face).tolist()
        return x, z

    def head(self, face: Face) -> Array:
        """Where a face is: x, metres above the floor, z.

        By the width of faces and by how high heads are: along a steep line the height tells more, along a level one
        the width.
        """
        ray = np.array(self.mounting.ray(face.box.centre, self.size))
        length = float(np.linalg.norm(ray))
        ray /= length
        ranges = self._focal * FACE_METRES / _seen(face.box, length) * _RANGES
        statures = self.mounting.height + ranges * ray[1] + ABOVE_FACE
        weights = self._face_likelihood(face.box, length, ranges, statures) * _commonness(statures)
        return np.asarray(self._lens + ranges @ weights / weights.sum() * ray)

    def in_shop(self, points: Array) -> Array:
        """Points (... x 3) of the camera's coordinates (metres, y up, it looks along -z) as x, height above floor, z."""
        return np.asarray(points @ self._turn + self._lens)

    def before_camera(self, points: Array) -> Array:
        """The way back from `in_shop`."""
        return np.asarray((points - self._lens) @ self._turn)

    def _likelihoods(self, box: Box, face: Face | None) -> tuple[Array, Array, Array]:
        """Of places along the line to a body: how likely each is, its z, and how tall the person is who stands there."""
        levels, depths = self._slopes(box.y + box.height * (1 + _BELOW))
        is_floor = levels < -1e-6
        z = np.where(is_floor, self.mounting.height * depths / np.where(is_floor, -levels, 1.0), 0.0) + FEET
        statures = self._height_at(box.y, z)
        breadths = box.width * self._depth(SHOULDERS * statures, z) / self._focal
        weights = is_floor * self._feet_likelihood(box) * _commonness(statures)
        middle, sigma = BREADTH
        odd = np.log(np.maximum(breadths, 1e-3) / (middle * np.maximum(statures, 0.1))) / sigma
        weights *= np.exp(-(odd**2) / 2)
        if face is not None:
            ray = self.mounting.ray(face.box.centre, self.size)
            ranges = self._depth(statures - ABOVE_FACE, z) * np.linalg.norm(ray)
            weights *= self._face_likelihood(face.box, float(np.linalg.norm(ray)), ranges, statures)
        return np.asarray(weights), z, statures

    def _feet_likelihood(self, box: Box) -> Array:
        hidden = (_BELOW > 0) / _BELOW[-1]
        if box.y + box.height > self.size[1] - AT_EDGE:
            return np.asarray(hidden * _SHARES)
        seen = np.exp(-((_BELOW / BOX_SIGMA) ** 2) / 2) / (BOX_SIGMA * np.sqrt(2 * np.pi))
        return np.asarray(((1 - HIDDEN) * seen + HIDDEN * hidden) * _SHARES)

    def _face_likelihood(self, box: Box, length: float, ranges: Array, statures: Array) -> Array:
        grown = np.maximum(ranges, 0.1) * _seen(box, length) / (self._focal * FACE_METRES)
        off = np.log(grown / np.interp(statures, (1.25, GROWN[0]), (CHILD_FACE, 1.0))) / FACE_SIGMA
        return np.asarray(np.exp(-(off**2) / 2))

    def _across(self, box: Box, z: float, stature: float) -> float:
        """x of a body: seen from above, people lean outwards, so that head and feet are apart."""
        lowest = min(max(float(self._height_at(box.y + box.height, z)), 0.0), stature)
        scales = self._focal / self._depth(np.array([stature, lowest]), z)
        return float((box.centre[0] - self.size[0] / 2) / scales.mean())

    def _height_at(self, row: float, z: Array | float) -> Array:
        """Metres above the floor of what a row of the picture shows at z."""
        level, depth = self._slopes(np.asarray(row))
        return np.asarray(self.mounting.height + level * z / np.where(np.abs(depth) < 1e-6, 1e-6, depth))

    def _slopes(self, rows: Array) -> tuple[Array, Array]:
        """Up and ahead, of the direction to a row: the camera does not lean, so that this is the same in every column."""
        up = (self.size[1] / 2 - rows) / self._focal
        return up * self._cosine - self._sine, up * self._sine + self._cosine

    def _depth(self, height: Array, z: Array | float) -> Array:
        """Metres along the camera's axis."""
        return np.asarray(np.maximum((self.mounting.height - height) * self._sine + z * self._cosine, 0.01))


def _seen(box: Box, length: float) -> float:
    """Pixels of a face; `length`: of its ray, whose part along the axis is 1.

    A ball's image is longer by 1 / cos^2 along the picture's radius, and by 1 / cos across it.
    """
    return float(np.sqrt(max(box.area, 1.0)) / length**1.5)


def _commonness(statures: Array) -> Array:
    """How common people of a height are, per metre; never quite 0, for who stands on a step."""
    mean, deviation = GROWN
    low, high, share = CHILDREN
    grown = np.exp(-(((statures - mean) / deviation) ** 2) / 2) / (deviation * np.sqrt(2 * np.pi))
    children = ((statures >= low) & (statures <= high)) / (high - low)
    return np.asarray((1 - share) * grown + share * children + 1e-4)
