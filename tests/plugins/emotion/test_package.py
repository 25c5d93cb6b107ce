"""What people install."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.needs import need_module

PACKAGE = Path(__file__).parents[3] / "plugins" / "emotion"


@pytest.mark.slow
def test_the_wheel_carries_the_model(tmp_path: Path) -> None:
    need_module("hatchling")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]

    subprocess.run(command, cwd=PACKAGE, check=True, capture_output=True, timeout=120)

    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as file:
        names = file.namelist()
    assert "vidframe_emotion/models/expression.keras" in names
    assert wheel.stat().st_size < 8_000_000


def test_the_card_names_the_model_that_is_shipped() -> None:
    from vidframe_emotion.model import OURS, read_facts

    facts = read_facts(OURS)
    card = (PACKAGE / "MODEL_CARD.md").read_text()

    assert f"{facts['epochs']} epochs" in card
    assert f"{facts['parameters']:,} parameters" in card
    assert f"temperature {facts['temperature']}" in card
