"""Zones that cover the same part of the picture."""

import logging
from typing import Any

import numpy as np
import pytest
from vidframe_gaze.facing import Facing
from vidframe_gaze.interest import Interest
from vidframe_gaze.zones import Zone

from vidframe import Box, Face, HeadPose
from vidframe.testing import make_frame, run_plugin

SIZE = (1280, 720)


def rectangle(name: str, left: float, top: float, right: float, low: float, **about: Any) -> Zone:
    return Zone(name=name, polygon=[(left, top), (right, top), (right, low), (left, low)], **about)


TEA, COFFEE = rectangle("tea", 0.0, 0.1, 0.2, 0.9), rectangle("coffee", 0.0, 0.1, 0.2, 0.9)
OFFER = rectangle("offer", 0.02, 0.35, 0.18, 0.65)
LOOKS_LEFT = Face(Box(610, 330, 60, 60), track=1, head_pose=HeadPose(-40, 0, 0, 4))


def probabilities(*zones: Zone) -> dict[str, float]:
    return Facing(zones, SIZE).probabilities(LOOKS_LEFT)


def test_two_zones_in_one_place_share_the_probability() -> None:
    shares = probabilities(TEA, COFFEE)

    assert shares["tea"] == shares["coffee"] == pytest.approx(0.5, abs=0.02)


def test_the_smaller_one_within_a_shelf_has_its_place_to_itself() -> None:
    shares = probabilities(TEA, OFFER)

    assert shares["offer"] > 0.8 > 0.2 > shares.get("tea", 0.0)


def test_zones_that_overlap_in_part_share_that_part() -> None:
    beside = rectangle("beside", 0.15, 0.1, 0.35, 0.9)

    shares = probabilities(TEA, beside)

    assert shares["tea"] == pytest.approx(shares["beside"], abs=0.05)


@pytest.mark.parametrize("zones", [(TEA, COFFEE), (TEA, OFFER), (TEA, OFFER, COFFEE)])
def test_the_order_in_the_file_does_not_count(zones: Any) -> None:
    assert probabilities(*zones) == pytest.approx(probabilities(*zones[::-1]))


def test_zones_one_behind_the_other_in_space_do_not_overlap() -> None:
    near, far = (rectangle(name, 0.0, 0.1, 0.2, 0.9, distance=d) for name, d in (("near", 2.0), ("far", 4.0)))

    assert list(Facing([near, far], SIZE, field_of_view=70).overlaps.told()) == []


def test_sectors_that_overlap_share_what_both_have() -> None:
    left, middle = Zone(name="left", sector=(-60, 0)), Zone(name="middle", sector=(-60, 20))

    shares = probabilities(left, middle)

    assert shares == {"left": pytest.approx(1.0, abs=0.05)}


def test_overlaps_and_zones_of_another_picture_are_warned_of_at_the_first_frame(caplog: Any) -> None:
    large = Zone(name="large", polygon=[(0, 0), (1900, 0), (1900, 1000)])

    with caplog.at_level(logging.WARNING):
        run_plugin(
            Interest([TEA, COFFEE, OFFER, large]),
            [make_frame(np.zeros((720, 1280), np.uint8), seconds=at, people=[]) for at in (0, 1)],
        )

    told = [record.getMessage() for record in caplog.records]
    assert sum("'tea' and 'coffee' overlap" in line for line in told) == 1
    assert sum("'offer' lies within zone 'tea'" in line for line in told) == 1
    assert sum("'large' reaches to x 1900, y 1000, and the picture has 1280 x 720" in line for line in told) == 1
