"""Zones as they are written in a config."""

from typing import Any

import pytest
from pydantic import ValidationError
from vidframe_gaze.outlines import in_pixels
from vidframe_gaze.zones import Zone

SQUARE = [(0.1, 0.1), (0.3, 0.1), (0.3, 0.3), (0.1, 0.3)]


def test_corners_up_to_one_are_parts_of_the_picture() -> None:
    assert in_pixels(SQUARE, 1000, 500).tolist() == [[100, 50], [300, 50], [300, 150], [100, 150]]


def test_greater_corners_are_pixels() -> None:
    assert in_pixels([(0, 0), (200, 0), (200, 100)], 1000, 500).tolist() == [[0, 0], [200, 0], [200, 100]]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        pytest.param({}, "needs either a polygon or a sector", id="nowhere"),
        pytest.param({"polygon": SQUARE, "sector": (0, 30)}, "needs either a polygon or a sector", id="twice"),
        pytest.param({"kind": "staff"}, "of kind staff needs a polygon", id="staff area without a place"),
        pytest.param({"sector": (30, 0)}, "from a smaller to a greater yaw", id="sector turned round"),
        pytest.param({"sector": (0, 30), "distance": 2.0}, "has a distance but no polygon", id="distance of a sector"),
        pytest.param({"polygon": SQUARE, "distance": [1.0]}, "has 1 distances for 4 corners", id="too few distances"),
        pytest.param({"polygon": SQUARE, "distance": -1.0}, "greater than 0 metres", id="behind the camera"),
        pytest.param({"sector": (0, 30), "height": 1.2}, "has a height but no polygon", id="height of a sector"),
        pytest.param({"polygon": SQUARE, "height": [1.0]}, "has 1 heights for 4 corners", id="too few heights"),
        pytest.param({"polygon": SQUARE, "height": -0.005}, "at least 0 metres", id="below the floor"),
        pytest.param({"polygon": SQUARE, "height": 1.0, "distance": 2.0}, "one of them tells", id="both"),
        pytest.param({"polygon": SQUARE[:2]}, "at least 3 items", id="a line"),
        pytest.param({"polygon": [*SQUARE[:3], (0.1, 1.002)]}, r"'tea', polygon: corner 4 \(0.1, 1.002\)", id="past 1"),
        pytest.param({"polygon": SQUARE, "area": [(0.1, 0.1)] * 3}, "'tea', area: its area is", id="area of nothing"),
        pytest.param({"kind": "ignore"}, "of kind ignore needs a polygon", id="nothing to ignore"),
        pytest.param({"polygon": SQUARE, "colour": "red"}, "Extra inputs", id="unknown key"),
    ],
)
def test_a_zone_that_makes_no_sense_is_refused(settings: Any, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Zone(name="tea", **settings)
