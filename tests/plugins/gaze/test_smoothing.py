"""The filter that steadies angles: it must not lag behind a turn."""

import numpy as np
import pytest
from vidframe_gaze.smoothing import OneEuro

FPS = 15


def test_a_turn_is_followed_within_a_twentieth_of_a_second() -> None:
    smooth = OneEuro(0.25)
    seconds = np.arange(0, 3, 1 / FPS)
    turn = np.clip((seconds - 1) * 120, 0, 60)  # 60 degrees in half a second: a quick look to the side

    followed = [smooth(angle, at) for angle, at in zip(turn, seconds, strict=True)]

    half_way_truth = np.interp(30, turn, seconds)
    half_way = np.interp(30, followed, seconds)
    assert half_way - half_way_truth < 0.05
    assert followed[-1] == pytest.approx(60, abs=1)


def test_the_noise_of_a_still_head_is_at_least_halved() -> None:
    smooth = OneEuro(0.25)
    noise = np.random.default_rng(0).normal(0, 2, 300)

    steadied = [smooth(angle, number / FPS) for number, angle in enumerate(noise)]

    assert np.std(steadied[30:]) < 0.5 * np.std(noise)


def test_a_mean_is_kept() -> None:
    smooth = OneEuro(0.25)
    noise = 20 + np.random.default_rng(0).normal(0, 3, 600)

    steadied = [smooth(angle, number / FPS) for number, angle in enumerate(noise)]

    assert np.mean(steadied) == pytest.approx(20, abs=0.5)


def test_zero_leaves_values_as_they_are() -> None:
    smooth = OneEuro(0)

    assert [smooth(value, at) for at, value in enumerate([1, 50, -50])] == [1, 50, -50]


def test_a_time_that_stands_still_changes_nothing() -> None:
    smooth = OneEuro(0.25)
    smooth(10, 1.0)

    assert smooth(90, 1.0) == 10
