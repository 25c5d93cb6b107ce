"""Squares that are searched, and bodies that are put together from what they show."""

from __future__ import annotations

import pytest
from vidframe_people.regions import grid_of, put_together, share_inside, square_about, squares_of

from vidframe import Box, Detection


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (640, 480), (720, 1280), (500, 500), (3840, 1080)])
def test_squares_cover_the_frame(width: int, height: int) -> None:
    for squares in (squares_of(width, height), grid_of(width, height, 200)):
        for x in range(0, width, 40):
            for y in range(0, height, 40):
                assert any(box.x <= x <= box.x + box.width and box.y <= y <= box.y + box.height for box in squares)
        assert all(share_inside(box, Box(0, 0, width, height)) == pytest.approx(1) for box in squares)


def test_a_square_about_a_body_at_the_edge_stays_in_the_frame() -> None:
    assert square_about(Box(0, 600, 60, 120), 2, 1280, 720) == Box(0, 480, 240, 240)


def test_a_body_in_two_squares_is_one() -> None:
    left, right = Box(0, 0, 700, 720), Box(560, 0, 720, 720)
    halves = [
        (left, [Detection(Box(600, 200, 100, 400), "person", 0.6)]),
        (right, [Detection(Box(0, 205, 150, 400), "person", 0.7)]),
    ]

    (whole,) = put_together(halves, 1280, 720)

    assert tuple(whole.box) == pytest.approx((560, 200, 150, 405))
    assert whole.score == 0.7


def test_a_body_that_one_square_shows_whole_is_not_halved_by_another() -> None:
    left, right = Box(0, 0, 700, 720), Box(560, 0, 720, 720)
    found = [
        (left, [Detection(Box(580, 200, 110, 400), "person", 0.8)]),
        (right, [Detection(Box(0, 200, 130, 400), "person", 0.7)]),
    ]

    assert [each.score for each in put_together(found, 1280, 720)] == [0.8]


def test_head_and_shoulders_of_a_body_are_no_second_body_but_a_child_before_it_is() -> None:
    everything = Box(0, 0, 700, 700)
    adult = Detection(Box(200, 100, 200, 500), "person", 0.9)
    upper = Detection(Box(220, 105, 160, 200), "person", 0.6)
    child = Detection(Box(230, 350, 120, 190), "person", 0.6)

    assert [each.box for each in put_together([(everything, [adult, upper])], 700, 700)] == [adult.box]
    assert [each.box for each in put_together([(everything, [adult, child])], 700, 700)] == [adult.box, child.box]
