"""Which zone a head is turned to."""

from typing import Any

import numpy as np
import pytest
from vidframe_gaze.facing import Facing
from vidframe_gaze.floor import FACE_METRES
from vidframe_gaze.shapes import surrounds
from vidframe_gaze.zones import Zone

from vidframe import Box, Face, HeadPose

SIZE = (1280, 720)


def face(
    yaw: float, pitch: float = 0.0, *, x: float = 640.0, y: float = 360.0, width: float = 60.0, sigma: float = 7.0
) -> Face:
    box = Box(x - width / 2, y - width / 2, width, width)
    return Face(box, track=1, head_pose=HeadPose(yaw, pitch, 0.0, sigma))


def rectangle(left: float, top: float, right: float, bottom: float) -> list[tuple[float, float]]:
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


LEFT = Zone(name="left", polygon=rectangle(0.0, 0.1, 0.2, 0.9))
RIGHT = Zone(name="right", polygon=rectangle(0.8, 0.1, 1.0, 0.9))
BELOW = Zone(name="below", polygon=rectangle(0.3, 0.85, 0.7, 1.0))


@pytest.mark.parametrize(
    ("yaw", "pitch", "expected"),
    [
        pytest.param(-40, 0, "left", id="to the left"),
        pytest.param(40, 0, "right", id="to the right"),
        pytest.param(0, -40, "below", id="down"),
    ],
)
def test_the_ray_in_the_picture_meets_the_zone_that_the_face_is_turned_to(
    yaw: float, pitch: float, expected: str
) -> None:
    probabilities = Facing([LEFT, RIGHT, BELOW], SIZE).probabilities(face(yaw, pitch))

    assert max(probabilities, key=probabilities.__getitem__) == expected
    assert probabilities[expected] > 0.8
    assert sum(probabilities.values()) <= 1


def test_a_look_into_the_camera_is_at_no_zone() -> None:
    assert sum(Facing([LEFT, RIGHT, BELOW], SIZE).probabilities(face(0, sigma=4)).values()) < 0.15


def test_a_less_sure_direction_gives_a_lower_probability() -> None:
    facing = Facing([LEFT, RIGHT, BELOW], SIZE)

    sure, unsure = (facing.probabilities(face(-30, sigma=sigma))["left"] for sigma in (3, 20))

    assert sure > unsure


def test_the_nearer_of_two_zones_on_one_ray_is_met() -> None:
    near = Zone(name="near", polygon=rectangle(0.3, 0.1, 0.4, 0.9))

    probabilities = Facing([LEFT, near], SIZE).probabilities(face(-40))

    assert probabilities["near"] > 0.8 > 0.2 > probabilities.get("left", 0)


def test_a_shelf_behind_the_face_is_not_looked_at() -> None:
    behind = Zone(name="behind", polygon=rectangle(0.3, 0.2, 0.7, 0.8))

    assert Facing([behind], SIZE).probabilities(face(-30)) == {}


def test_sectors_divide_yaw_for_a_camera_on_the_shelf() -> None:
    sectors = {"tea": (-67.5, -22.5), "coffee": (-22.5, 22.5), "cocoa": (22.5, 67.5)}
    facing = Facing([Zone(name=name, sector=sector) for name, sector in sectors.items()], SIZE)

    probabilities = facing.probabilities(face(-45))

    assert probabilities["tea"] > 0.99
    assert facing.probabilities(face(-22.5))["tea"] == pytest.approx(0.5, abs=0.05)


def test_a_head_without_a_direction_faces_nothing() -> None:
    nobody = face(0)
    nobody.head_pose = None

    assert Facing([LEFT], SIZE).probabilities(nobody) == {}


def seen_from(point: Any, target: Any) -> tuple[float, float]:
    """Yaw and pitch with which a head at `point` (camera coordinates, metres) is turned to `target`."""
    ahead = -point / np.linalg.norm(point)
    right = np.cross([0, 1, 0], ahead)
    right /= np.linalg.norm(right)
    up = np.cross(ahead, right)
    direction = (target - point) / np.linalg.norm(target - point)
    x, y, z = direction @ right, direction @ up, direction @ ahead
    return np.degrees(np.arctan2(x, z)), np.degrees(np.arcsin(y))


@pytest.mark.parametrize("head", [(0.0, 0.0, -4.0), (1.2, 0.3, -4.0), (-1.0, -0.4, -2.5)])
@pytest.mark.parametrize("number", [0, 1, 2])
def test_with_distances_and_a_field_of_view_the_zone_is_met_in_space(head: Any, number: int) -> None:
    focal = 640 / np.tan(np.radians(35))

    def pixel(point: Any) -> tuple[float, float]:
        x, y, z = point
        return float(640 + focal * x / -z), float(360 - focal * y / -z)

    # Three panels of a shelf along the left wall, one behind the other: in one line as the picture shows them.
    panels = [
        [(-1.6, 0.6, near), (-1.6, 0.6, near - 1), (-1.6, -0.6, near - 1), (-1.6, -0.6, near)]
        for near in (-1.6, -2.6, -3.6)
    ]
    zones = [
        Zone(
            name=str(index),
            polygon=[pixel(corner) for corner in panel],
            distance=[float(np.linalg.norm(corner)) for corner in panel],
        )
        for index, panel in enumerate(panels)
    ]
    head = np.array(head)
    yaw, pitch = seen_from(head, np.mean(panels[number], axis=0))
    x, y = pixel(head)
    width = focal * FACE_METRES / np.linalg.norm(head)

    found = Facing(zones, SIZE, field_of_view=70).probabilities(face(yaw, pitch, x=x, y=y, width=width, sigma=1))

    assert max(found, key=found.__getitem__) == str(number)
    assert found[str(number)] > 0.9


@pytest.mark.parametrize(
    ("direction", "expected"),
    [
        pytest.param((-0.5, 0.0, 1.0), True, id="one arm of a U"),
        pytest.param((0.5, 0.5, 1.0), True, id="the other arm"),
        pytest.param((0.0, 0.5, 1.0), False, id="between its arms"),
        pytest.param((0.0, -0.5, 1.0), True, id="its foot"),
        pytest.param((2.0, 0.0, 1.0), False, id="beside it"),
        pytest.param((0.5, 0.0, -1.0), False, id="away from it"),
    ],
)
def test_a_surface_that_bends_inwards_is_met_where_it_is_alone(direction: Any, expected: bool) -> None:
    corners = [(-1, 1), (-0.3, 1), (-0.3, -0.3), (0.3, -0.3), (0.3, 1), (1, 1), (1, -1), (-1, -1)]
    u_shaped = np.array([(x, y, 1.0) for x, y in corners])

    assert surrounds(u_shaped, np.array([direction])).tolist() == [expected]


def test_narrow_zones_are_named_where_it_is_known_from_where_people_look() -> None:
    narrow = Zone(name="narrow", sector=(0, 15))
    wide = Zone(name="wide", sector=(15, 60))
    far = Zone(name="far", polygon=rectangle(0.0, 0.4, 0.05, 0.5), area=rectangle(0.7, 0.4, 0.9, 0.6))

    assert Facing([narrow, wide, far, LEFT], SIZE).narrow_zones() == {"narrow": 15, "far": pytest.approx(4.3, abs=0.1)}
