"""How the parts of a difference are counted and told apart."""

from __future__ import annotations

import numpy as np
import pytest
from vidframe_abnormality.change import find_parts, masked, shares_of

SIZE = (90, 160)


def test_of_more_than_255_parts_the_largest_are_kept() -> None:
    mask = np.zeros(SIZE, np.uint8)
    mask[::3, ::3] = 1  # 1620 specks
    mask[40:60, 50:90] = 1

    labels, parts = find_parts(mask, 0.0)

    largest = max(parts, key=lambda part: part.area)
    assert len(parts) == 255
    assert largest.area == pytest.approx(800 / mask.size, rel=0.1)
    assert masked(labels, [largest])[50, 70] == 1
    assert masked(labels, [largest])[0, 0] == 0


def test_parts_that_are_too_small_have_no_label() -> None:
    mask = np.zeros(SIZE, np.uint8)
    mask[10, 10] = mask[40:60, 50:90] = 1

    labels, (part,) = find_parts(mask, 0.01)

    assert part.area == 800 / mask.size
    assert set(np.unique(labels)) == {0, part.label}


def test_the_share_of_a_part_is_counted_in_its_own_pixels() -> None:
    mask = np.zeros(SIZE, np.uint8)
    mask[40:60, 50:90] = mask[10:20, 10:20] = 1
    labels, parts = find_parts(mask, 0.0)
    upper_half = np.zeros(SIZE, np.uint8)
    upper_half[:50] = 1

    shares = shares_of(labels, parts, upper_half)

    assert sorted(shares.values()) == pytest.approx([0.5, 1.0])
