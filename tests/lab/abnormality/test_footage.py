"""Real footage with truth, where it is at hand: VIDFRAME_DATA names the folder whose night/ holds truth.json and the videos."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from vidframe_lab.abnormality.evaluate import made, read_truth, watch
from vidframe_lab.abnormality.scoring import Truth

DATA = Path(os.environ.get("VIDFRAME_DATA", "nowhere"), "night")
TRUTHS = read_truth(DATA) if (DATA / "truth.json").exists() else []

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not TRUTHS, reason="VIDFRAME_DATA names no footage with truth")]


@pytest.mark.parametrize("truth", TRUTHS, ids=[truth.name for truth in TRUTHS])
def test_every_incident_is_found_at_once_and_nothing_else(truth: Truth) -> None:
    score = watch(DATA / truth.name, truth, made({})).score

    assert (score.found, score.false) == (len(truth.incidents), 0)
    assert all(delay <= 3 for delay in score.delays)
    if score.true_frames > 100:
        assert score.covered is not None
        assert score.covered >= 0.98
        assert score.extra is not None
        assert score.extra <= 0.05
