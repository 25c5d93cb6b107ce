"""Where a person stands, also while something hides the legs."""

from __future__ import annotations

import pytest
from vidframe_footfall.feet import Feet

from vidframe import Box, Person

WHOLE = Box(300, 100, 80, 200)


def places(boxes: list[Box]) -> list[tuple[float, float]]:
    """The points of a person, ten times a second."""
    feet = Feet()
    return [feet.place(Person(box), number / 10)[0] for number, box in enumerate(boxes)]


def test_hidden_legs_leave_the_foot_where_it_was() -> None:
    seen = places([WHOLE] * 10 + [WHOLE._replace(height=120)] * 200 + [WHOLE] * 5)

    assert {(x, round(y)) for x, y in seen} == {(340, 300)}


def test_who_walks_on_with_hidden_legs_takes_the_foot_along() -> None:
    walk = [WHOLE._replace(x=300 + 8.0 * n, height=200 if n < 10 or n > 40 else 130) for n in range(50)]

    assert [y for _, y in places(walk)] == pytest.approx([300.0] * 50, abs=2)


def test_who_walks_away_becomes_smaller_and_is_where_the_box_ends() -> None:
    scales = [0.98**n for n in range(40)]  # the horizon is at y = 80
    boxes = [Box(300, 80 + 20 * scale, 80 * scale, 200 * scale) for scale in scales]

    assert [y for _, y in places(boxes)] == [box.foot[1] for box in boxes]


def test_who_bends_down_keeps_the_feet_where_they_are() -> None:
    boxes = [WHOLE] * 10 + [Box(300, 100 + step, 80, 200 - step) for step in (40, 80, 80, 80)]

    assert {round(y) for _, y in places(boxes)} == {300}


def test_a_person_who_sits_down_behind_a_counter_and_walks_off_is_where_the_box_ends_after_a_while() -> None:
    away = [Box(300 + 4.0 * n, 100 + 2.0 * n, 80, 120) for n in range(60)]

    assert places([WHOLE] * 10 + away)[-1] == away[-1].foot


def test_of_a_face_alone_its_middle_counts() -> None:
    point, height = Feet().place(Person(Box(100, 50, 20, 30), seen_by="face"), 0.0)

    assert point == (110, 65)
    assert height == 220  # 11 face widths of 15 cm
