"""How the blobs of a difference are counted and told apart."""

from __future__ import annotations

import numpy as np
import pytest
from vidframe_abnormality.blobs import covered_shares, find_blobs, mask_of

SIZE = (90, 160)


def test_of_more_than_255_blobs_the_largest_are_kept() -> None:
    mask = np.zeros(SIZE, np.uint8)
    mask[::3, ::3] = 1  # 1620 specks
    mask[40:60, 50:90] = 1

    labels, blobs = find_blobs(mask, 0.0)

    largest = max(blobs, key=lambda blob: blob.area)
    assert len(blobs) == 255
    assert largest.area == pytest.approx(800 / mask.size, rel=0.1)
    assert mask_of(labels, [largest])[50, 70] == 1
    assert mask_of(labels, [largest])[0, 0] == 0


def test_blobs_that_are_too_small_have_no_label() -> None:
    mask = np.zeros(SIZE, np.uint8)
    mask[10, 10] = mask[40:60, 50:90] = 1

    labels, (blob,) = find_blobs(mask, 0.01)

    assert blob.area == 800 / mask.size
    assert set(np.unique(labels)) == {0, blob.label}


def test_the_share_of_a_blob_is_counted_in_its_own_pixels() -> None:
    mask = np.zeros(SIZE, np.uint8)
    mask[40:60, 50:90] = mask[10:20, 10:20] = 1
    labels, blobs = find_blobs(mask, 0.0)
    upper_half = np.zeros(SIZE, np.uint8)
    upper_half[:50] = 1

    shares = covered_shares(labels, blobs, upper_half)

    assert sorted(shares.values()) == pytest.approx([0.5, 1.0])
