"""Where people stand before a camera that hangs high and looks down."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from vidframe_gaze.facing import Facing
from vidframe_gaze.floor import Floor
from vidframe_gaze.zones import Zone

from benchmarks.interest_mounting import ADULT, CHILD, SIZE, Kind, by_body, by_half, by_head, measure
from vidframe import Box, Face, Person
from vidframe.geometry import Mounting

HIGH = [Mounting(height, tilt, 80) for height, tilt in ((2.4, 20), (2.8, 30), (3.0, 45), (3.5, 20), (3.5, 60))]
HUNG = Mounting(2.8, 30, 80)


@pytest.mark.parametrize("mounting", HIGH, ids=str)
@pytest.mark.parametrize(
    ("kind", "least"), [pytest.param(ADULT, 0.85, id="adult"), pytest.param(CHILD, 0.75, id="child")]
)
def test_a_high_camera_tells_by_bodies_who_is_within_reach(mounting: Mounting, kind: Kind, least: float) -> None:
    recall, precision = measure(mounting, "low", kind, by_body, people=40, noise=0)

    assert recall >= least
    assert precision >= least


@pytest.mark.parametrize("mounting", HIGH, ids=str)
@pytest.mark.parametrize("kind", [ADULT, CHILD], ids=["adult", "child"])
def test_a_high_camera_tells_by_heads_who_is_within_reach(mounting: Mounting, kind: Kind) -> None:
    recall, precision = measure(mounting, "low", kind, by_head, people=40, noise=0)

    assert recall >= 0.85
    assert precision >= 0.85


def test_without_the_mounting_height_is_taken_for_distance() -> None:
    recall, _ = measure(HUNG, "low", ADULT, by_head, people=40, noise=0, mounted=False)

    assert recall < 0.6


def test_legs_behind_a_shelf_put_nobody_far_away() -> None:
    recall, precision = measure(HUNG, "high", ADULT, by_half, people=40, noise=0)

    assert recall >= 0.7
    assert precision >= 0.7


@given(st.floats(1, 5), st.floats(-30, 80), st.lists(st.floats(-9, 9), min_size=3, max_size=3))
def test_camera_and_shop_coordinates_go_to_and_fro(height: float, tilt: float, point: list[float]) -> None:
    floor = Floor(Mounting(height, tilt, 80), SIZE)

    assert floor.before_camera(floor.in_shop(np.array([point]))) == pytest.approx(np.array([point]), abs=1e-9)
    # One metre along the axis of the camera: down by the sine of its tilt.
    ahead = floor.in_shop(np.array([0.0, 0.0, -1.0]))
    assert ahead == pytest.approx([0, height - np.sin(np.radians(tilt)), np.cos(np.radians(tilt))])


def body(x: float, z: float, stature: float = 1.74) -> Box:
    """Somebody 0.5 m wide, as HUNG sees him: from the tips of the shoes to the top of the head."""
    feet, head = HUNG.picture(x, 0.0, z - 0.1, SIZE), HUNG.picture(x, stature, z, SIZE)
    assert feet is not None
    assert head is not None
    width = 0.5 * HUNG.focal(SIZE) / ((2.8 - stature / 2) * 0.5 + z * np.cos(np.radians(30)))
    return Box((feet[0] + head[0] - width) / 2, head[1], width, feet[1] - head[1])


@pytest.mark.parametrize("place", [(0.0, 3.5), (-1.6, 3.0), (1.2, 4.5)])
def test_a_body_is_where_its_feet_are(place: tuple[float, float]) -> None:
    assert Floor(HUNG, SIZE).stand(Person(body(*place), track=1)) == pytest.approx(place, abs=0.12)


def test_a_body_whose_feet_are_below_the_picture_is_placed_by_its_height() -> None:
    whole = body(0.3, 1.6)
    assert whole.y + whole.height > SIZE[1]
    cut = whole._replace(height=SIZE[1] - whole.y)

    assert Floor(HUNG, SIZE).stand(Person(cut, track=1)) == pytest.approx((0.3, 1.6), abs=0.2)


def test_who_is_seen_by_a_face_alone_is_placed_by_it() -> None:
    face = Face(Box(600, 300, 40, 40), track=1)
    floor = Floor(HUNG, SIZE)

    assert floor.stand(Person(face.box, track=1, face=face, seen_by="face")) == floor.stand_of(face)


def test_a_box_above_the_horizon_is_placed_nowhere() -> None:
    assert Floor(Mounting(2.8, 0, 80), SIZE).stand(Person(Box(600, 20, 40, 80), track=1)) is None


def test_heights_of_corners_say_as_much_as_their_distances() -> None:
    corners = [(-1.0, 1.2, 4.0), (0.2, 1.2, 3.5), (0.2, 0.4, 3.5), (-1.0, 0.4, 4.0)]
    pixels = [HUNG.picture(*corner, SIZE) for corner in corners]
    distances = [float(np.linalg.norm(np.subtract(corner, (0, 2.8, 0)))) for corner in corners]
    ways = [{"distance": distances}, {"height": [1.2, 1.2, 0.4, 0.4]}]
    person = Person(body(-0.5, 3.2), track=1)

    told = [
        Facing([Zone.model_validate({"name": "tea", "polygon": pixels, **way})], SIZE, mounting=HUNG).metres(person)
        for way in ways
    ]

    assert told[0]["tea"] == pytest.approx(told[1]["tea"], abs=1e-6)
    assert told[0]["tea"] == pytest.approx(0.5, abs=0.1)


def test_a_corner_that_is_nowhere_at_its_height_is_named() -> None:
    zone = Zone(name="tea", polygon=[(0.1, 0.01), (0.2, 0.01), (0.2, 0.5)], height=0.5)

    with pytest.raises(ValueError, match=r"zone 'tea': what the camera sees at \(128, 7\) is nowhere 0.5 m above the"):
        Facing([zone], SIZE, mounting=replace(HUNG, tilt=5))
