"""Which way a body faces: from its joints, averaged over a moment, or from its head where that is known.

Shoulders and hips tell front from back and how far the body is turned; the nose before or behind the ears tells to
which side. All lengths are shares of the trunk (middle of the shoulders to middle of the hips).
"""

from __future__ import annotations

import cmath
import math
from dataclasses import dataclass

import numpy as np

from vidframe import Face
from vidframe_people.pose import LEFT_EAR, LEFT_HIP, LEFT_SHOULDER, NOSE, RIGHT_EAR, RIGHT_HIP, RIGHT_SHOULDER, Joints

SHOULDERS, HIPS = 0.75, 0.45  # widths of somebody who faces the camera, in trunks
NOSE_ASIDE = 0.2  # of the nose from the ears in profile, in trunks
LEAST_SCORE = 0.3  # of shoulders and hips; below it nothing is said
SURE_SCORE = 0.55
SIGMA, UNSURE_SIGMA = 30.0, 55.0  # degrees, at SURE_SCORE and at LEAST_SCORE
MEMORY = 1.5  # seconds after which a look counts a third
OLDEST = 5.0  # seconds for which an average is told without a new look

Facing = tuple[float, float]  # degrees on the scale of HeadPose.yaw (180: away), and their standard error


def facing_of(joints: Joints) -> Facing | None:
    """Of one body in one picture; None where its joints are not sure enough."""
    trunk = joints[[LEFT_SHOULDER, RIGHT_SHOULDER, LEFT_HIP, RIGHT_HIP]]
    score = float(trunk[:, 2].mean())
    length = math.dist(trunk[:2, :2].mean(0), trunk[2:, :2].mean(0))
    if score < LEAST_SCORE or length < 4:
        return None
    ahead = (trunk[0, 0] - trunk[1, 0]) / SHOULDERS + (trunk[2, 0] - trunk[3, 0]) / HIPS
    ears = (joints[LEFT_EAR, 0] + joints[RIGHT_EAR, 0]) / 2
    aside = (joints[NOSE, 0] - ears) / NOSE_ASIDE
    yaw = math.degrees(math.atan2(_limited(aside / length), _limited(ahead / 2 / length)))
    unsure = np.clip((SURE_SCORE - score) / (SURE_SCORE - LEAST_SCORE), 0, 1)
    return yaw, SIGMA + float(unsure) * (UNSURE_SIGMA - SIGMA)


def facing_of_head(face: Face) -> Facing | None:
    """Of somebody whose head direction is known."""
    return None if face.head_pose is None else (face.head_pose.yaw, max(face.head_pose.sigma, 1.0))


def _limited(value: float) -> float:
    return float(np.clip(value, -1, 1))


@dataclass
class FacingAverage:
    """The facing of one body over the last moments: a mean of directions, each weighted by its certainty and age."""

    _sum: complex = 0j
    _weight: float = 0.0
    _when: float = -math.inf
    _sigma: float = UNSURE_SIGMA

    def add(self, facing: Facing | None, now: float) -> None:
        """Takes what one picture shows."""
        kept = math.exp(-(now - self._when) / MEMORY) if self._weight else 0.0
        if facing is None:
            return
        yaw, sigma = facing
        weight = 1 / sigma**2
        self._sum = self._sum * kept + cmath.rect(weight, math.radians(yaw))
        self._weight = self._weight * kept + weight
        self._when, self._sigma = now, sigma

    def at(self, now: float) -> Facing | None:
        """The average and its standard error; None where nothing is known any more, or looks contradict each other."""
        if not self._weight or now - self._when > OLDEST:
            return None
        agreement = abs(self._sum) / self._weight  # 1: all looks agree
        if agreement < 0.3:
            return None
        # The looks of a moment share their mistakes, so their mean is no surer than one of them.
        spread = math.degrees(math.sqrt(-2 * math.log(min(agreement, 1.0))))
        return math.degrees(cmath.phase(self._sum)), math.hypot(self._sigma, spread)
