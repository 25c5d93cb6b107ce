"""Lines and areas as they are written in a config."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from pydantic import ValidationError
from vidframe_footfall.places import AreaPlace, LinePlace
from vidframe_footfall.plugin import Footfall

from vidframe.testing import make_frame, run_plugin

SQUARE = [(0.1, 0.1), (0.3, 0.1), (0.3, 0.3), (0.1, 0.3)]


def line(**changes: Any) -> LinePlace:
    return LinePlace.model_validate({"name": "door", "from": (0.2, 0.5), "to": (0.8, 0.5), "inside": "below"} | changes)


def area(**changes: Any) -> AreaPlace:
    return AreaPlace.model_validate({"name": "till", "polygon": SQUARE} | changes)


@pytest.mark.parametrize(
    ("ends", "inside", "point"),
    [
        pytest.param(((0.2, 0.5), (0.8, 0.5)), "below", (50, 90), id="below"),
        pytest.param(((0.2, 0.5), (0.8, 0.5)), "above", (50, 10), id="above"),
        pytest.param(((0.8, 0.5), (0.2, 0.5)), "above", (50, 10), id="drawn the other way"),
        pytest.param(((50, 80), (50, 20)), "left", (10, 50), id="left, in pixels"),
        pytest.param(((0.2, 0.2), (0.8, 0.8)), "right", (90, 10), id="right of a slope"),
        pytest.param(((0.2, 0.2), (0.8, 0.8)), "below", (10, 90), id="below a slope"),
    ],
)
def test_inside_is_a_side_in_the_frame_whichever_way_the_line_is_drawn(
    ends: tuple[Any, Any], inside: str, point: tuple[float, float]
) -> None:
    place = line(**{"from": ends[0], "to": ends[1]}, inside=inside)

    assert place.line(100, 100).distance(point) > 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"to": (0.2, 0.5)}, "line 'door' has no length", id="a point"),
        pytest.param({"inside": "left"}, "line 'door' has no side left: write inside: above or below", id="along it"),
        pytest.param({"to": (1.002, 0.5)}, r"line 'door': corner 2 \(1.002, 0.5\) is in another unit", id="units"),
        pytest.param({"inside": "in"}, "'above', 'below', 'left' or 'right'", id="no side"),
        pytest.param({"colour": "red"}, "Extra inputs", id="unknown key"),
    ],
)
def test_a_line_that_makes_no_sense_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        line(**changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"polygon": SQUARE[:2]}, "at least 3 items", id="a line"),
        pytest.param({"polygon": [(0, 0), (0.5, 0.5), (1, 1)]}, "area 'till': a polygon needs an area", id="flat"),
        pytest.param({"polygon": [*SQUARE, (320, 240)]}, r"corner 5 \(320, 240\) is in another unit", id="units"),
        pytest.param({"limit": 3}, "has a limit, which is for queues: add kind: queue", id="limit of an area"),
        pytest.param({"limit": 0, "kind": "queue"}, "greater than or equal to 1", id="limit of nobody"),
    ],
)
def test_an_area_that_makes_no_sense_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        area(**changes)


def test_names_are_used_once() -> None:
    with pytest.raises(ValueError, match="line 'door' is defined twice"):
        Footfall(lines=(line(), line()))
    with pytest.raises(ValueError, match="area 'till' is defined twice"):
        Footfall(areas=(area(), area(kind="queue")))


def test_corners_outside_of_the_frame_are_named_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    drawn_on_another = area(polygon=[(100, 100), (300, 100), (1800, 900)])

    with caplog.at_level(logging.WARNING):
        run_plugin(Footfall(lines=(line(),), areas=(drawn_on_another,)), [make_frame(people=[])] * 2)

    assert caplog.text.count("area 'till' has a corner at (1800, 900), outside of the frame of 320 x 240") == 1
    assert "line 'door'" not in caplog.text
