"""Which way a body faces, from its joints."""

from __future__ import annotations

import math

import numpy as np
import pytest
from vidframe_people.facing import FacingAverage, facing_of
from vidframe_people.pose import LEFT_EAR, LEFT_HIP, LEFT_SHOULDER, NOSE, RIGHT_EAR, RIGHT_HIP, RIGHT_SHOULDER, Joints


def joints(yaw: float, score: float = 0.8) -> Joints:
    """Of a body that is turned by so many degrees, in parallel projection; a trunk is 100 pixels."""
    across, ahead = math.cos(math.radians(yaw)), math.sin(math.radians(yaw))
    found = np.zeros((17, 3), np.float32)
    found[:, 2] = score
    found[LEFT_SHOULDER, :2], found[RIGHT_SHOULDER, :2] = (37 * across, 0), (-37 * across, 0)
    found[LEFT_HIP, :2], found[RIGHT_HIP, :2] = (22 * across, 100), (-22 * across, 100)
    found[LEFT_EAR, :2], found[RIGHT_EAR, :2] = (8 * across, -30), (-8 * across, -30)
    found[NOSE, :2] = 20 * ahead, -28
    return found


@pytest.mark.parametrize("yaw", range(-165, 181, 15))
def test_a_turned_body_faces_that_way(yaw: int) -> None:
    facing = facing_of(joints(yaw))

    assert facing is not None
    assert abs((facing[0] - yaw + 180) % 360 - 180) < 3


def test_joints_that_are_not_sure_say_nothing_or_less() -> None:
    sure, unsure = facing_of(joints(90, 0.8)), facing_of(joints(90, 0.4))

    assert facing_of(joints(90, 0.2)) is None
    assert sure is not None
    assert unsure is not None
    assert sure[1] < unsure[1]


def test_the_average_goes_round_the_circle() -> None:
    average = FacingAverage()
    average.add((170.0, 30.0), 0.0)
    average.add((-170.0, 30.0), 0.1)

    facing = average.at(0.1)

    assert facing is not None
    assert abs(abs(facing[0]) - 180) < 1


def test_looks_that_contradict_each_other_and_old_ones_say_nothing() -> None:
    average = FacingAverage()
    average.add((0.0, 30.0), 0.0)
    average.add((180.0, 30.0), 0.0)

    assert average.at(0.1) is None

    average.add((0.0, 30.0), 10.0)
    assert average.at(11.0) is not None
    assert average.at(20.0) is None
