"""Outlines of zones: area, overlap, and what is wrong with them."""

import re
from typing import Any

import numpy as np
import pytest
from vidframe_gaze.outlines import area_of, hull, problem_of, share_inside, unlike_the_picture

SQUARE = np.array([(0.0, 0.0), (0.4, 0.0), (0.4, 0.4), (0.0, 0.4)])
BOW_TIE = np.array([(0.0, 0.0), (0.4, 0.4), (0.4, 0.0), (0.0, 0.4)])


def test_the_area_counts_both_lobes_of_a_bow_tie() -> None:
    assert area_of(SQUARE) == pytest.approx(0.16)
    assert area_of(BOW_TIE) == pytest.approx(0.08, abs=0.002)


def test_the_share_inside_is_of_the_first() -> None:
    small = SQUARE / 2

    assert share_inside(small, SQUARE) == 1
    assert share_inside(SQUARE, small) == pytest.approx(0.25, abs=0.01)
    assert share_inside(SQUARE, SQUARE + np.array([0.2, 0.0])) == pytest.approx(0.5, abs=0.01)
    assert share_inside(SQUARE, SQUARE + 1) == 0


def test_the_hull_leaves_out_what_lies_within() -> None:
    points = np.vstack([SQUARE, SQUARE / 2 + 0.1])

    assert {tuple(corner) for corner in hull(points).tolist()} == {tuple(corner) for corner in SQUARE.tolist()}


@pytest.mark.parametrize(
    ("polygon", "problem"),
    [
        pytest.param(SQUARE, None, id="parts"),
        pytest.param(BOW_TIE, None, id="bow tie"),
        pytest.param([(0, 0), (200, 0), (200, 100)], None, id="pixels"),
        pytest.param(
            [(0.1, 0.1), (1.002, 0.1), (1.0, 0.9)], r"corner 2 \(1.002, 0.1\) lies outside", id="just above 1"
        ),
        pytest.param([(-0.01, 0.1), (0.5, 0.1), (0.5, 0.9)], r"corner 1 \(-0.01, 0.1\) lies outside", id="below 0"),
        pytest.param([(100, 100), (300, 0.5), (300, 200)], r"corner 2 \(300, 0.5\) mixes parts", id="mixed"),
        pytest.param([(0.1, 0.1), (0.5, 0.5), (0.9, 0.9)], "its area is 0.00000", id="a line"),
        pytest.param([(0.5, 0.5)] * 3, "its area is 0.00000", id="a point"),
        pytest.param([(0.1, 0.1), (0.11, 0.1), (0.11, 0.12)], "its area is 0.0001", id="a speck"),
        pytest.param([(10, 10), (100, 10), (200, 10)], "it has no area", id="a line of pixels"),
        pytest.param([(0.1, float("nan")), (0.5, 0.5), (0.9, 0.1)], "no finite number", id="no number"),
    ],
)
def test_what_is_wrong_whatever_the_picture_is_told(polygon: Any, problem: str | None) -> None:
    found = problem_of(polygon)

    assert found is None if problem is None else re.search(problem, found or "")


@pytest.mark.parametrize(
    ("corners", "problem"),
    [
        pytest.param([(100, 100), (900, 100), (900, 700)], None, id="fits"),
        pytest.param(
            [(100, 100), (1800, 100), (1800, 1000)],
            "reaches to x 1800, y 1000, and the picture has 1280 x 720",
            id="1080p",
        ),
        pytest.param([(0, 10), (18, 10), (18, 90), (0, 90)], "percent", id="percent"),
        pytest.param([(500, 500), (510, 500), (510, 510)], "covers less than 0.0005", id="a speck"),
    ],
)
def test_what_does_not_fit_the_picture_is_told(corners: Any, problem: str | None) -> None:
    found = unlike_the_picture(np.array(corners, np.float64), (1280, 720))

    assert found is None if problem is None else problem in (found or "")
