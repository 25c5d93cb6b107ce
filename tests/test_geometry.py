"""Areas, counting lines and the tracker of boxes."""

from __future__ import annotations

import itertools

import pytest

from vidframe import Detection
from vidframe.geometry import Box, BoxTracker, Line, Point, Polygon, check_units, in_pixels, is_inside

SQUARE = Polygon([(10, 10), (30, 10), (30, 30), (10, 30)])


def test_a_point_is_in_a_polygon_or_not() -> None:
    assert (20, 20) in SQUARE
    assert (31, 20) not in SQUARE
    assert (20, 9) not in SQUARE
    notched = [(0, 0), (10, 0), (10, 10), (5, 2), (0, 10)]
    assert is_inside(notched, (1, 5))
    assert not is_inside(notched, (5, 5))


@pytest.mark.parametrize("corners", [[(0, 0), (1, 1)], [(0, 0), (1, 1), (2, 2)]], ids=["two corners", "on one line"])
def test_a_polygon_without_area_is_refused(corners: list[tuple[float, float]]) -> None:
    with pytest.raises(ValueError, match="a polygon needs"):
        Polygon(corners)


@pytest.mark.parametrize(
    ("before", "after", "crossed"),
    [
        pytest.param((5, 0), (5, 20), -1, id="from the left of the direction to the right: down"),
        pytest.param((5, 20), (5, 0), 1, id="up"),
        pytest.param((5, 0), (5, 9), 0, id="not as far as the line"),
        pytest.param((15, 0), (15, 20), 0, id="beside its end"),
        pytest.param((5, 9), (5, 9), 0, id="standing still"),
    ],
)
def test_a_step_crosses_a_line_one_way_or_the_other(
    before: tuple[float, float], after: tuple[float, float], crossed: int
) -> None:
    # From right to left, so that its right-hand side, as somebody looks who walks along it, is above.
    assert Line((10, 10), (0, 10)).crossed(before, after) == crossed


def test_somebody_who_stops_on_a_line_is_counted_once() -> None:
    line = Line((0, 10), (10, 10))
    path = [(5.0, 8.0), (5.0, 10.0), (5.0, 10.0), (5.0, 12.0), (5.0, 14.0)]

    assert sum(abs(line.crossed(a, b)) for a, b in itertools.pairwise(path)) == 1


def test_the_distance_from_a_line_is_positive_on_its_right() -> None:
    line = Line((10, 0), (10, 50))  # downwards: its right is the left of the frame

    assert line.distance((4, 20)) == 6
    assert line.distance((13, 90)) == -3  # beside its end, too


def test_shares_become_pixels_and_pixels_stay() -> None:
    assert in_pixels([(0, 0), (0.5, 0.5), (1, 1)], 200, 100) == [(0, 0), (100, 50), (200, 100)]
    assert in_pixels([(0, 1), (40, 30)], 200, 100) == [(0, 1), (40, 30)]


@pytest.mark.parametrize(
    ("points", "corner"),
    [
        pytest.param([(0.1, 0.2), (0.9, 0.2), (1.002, 0.9)], 3, id="just above 1 among shares"),
        pytest.param([(0, 0), (1.002, 0), (1, 1), (0, 1)], 2, id="just above 1 among the corners of the frame"),
        pytest.param([(10, 20), (200, 20), (0.5, 0.9)], 3, id="a share among pixels"),
        pytest.param([(0.2, 0.9), (300, 200)], 2, id="one of each"),
    ],
)
def test_corners_of_mixed_units_are_refused_by_number(points: list[Point], corner: int) -> None:
    with pytest.raises(ValueError, match=rf"corner {corner} \(.* another unit .* 0 to 1, or all in pixels"):
        check_units(points)


@pytest.mark.parametrize("points", [[(0, 0), (1, 0), (0.5, 1)], [(0, 1), (640, 0), (320, 480)], [(-5, 3), (12.5, 3)]])
def test_corners_of_one_unit_are_taken(points: list[Point]) -> None:
    check_units(points)


def test_boxes_keep_their_numbers_when_they_pass_each_other() -> None:
    tracker = BoxTracker()
    seen = []
    for frame in range(30):
        right, left = (
            Detection(Box(10 * frame, 50, 20, 40), "person"),
            Detection(Box(290 - 10 * frame, 60, 20, 40), "person"),
        )
        tracker.update([right, left] if frame % 2 else [left, right], frame / 10)
        seen.append((right.track, left.track))

    assert len(set(seen)) == 1
    assert seen[0][0] != seen[0][1]


def test_a_number_is_not_used_again_and_kinds_are_kept_apart() -> None:
    tracker = BoxTracker(lost_after=0.5)
    first, car, late = (Detection(Box(0, 0, 10, 10), label) for label in ("person", "car", "person"))

    tracker.update([first], 0.0)
    tracker.update([car], 0.1)
    tracker.update([late], 2.0)

    assert [first.track, car.track, late.track] == [1, 2, 3]
