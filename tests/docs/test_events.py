"""What is written of the kinds of events is made from their definitions."""

from __future__ import annotations

import runpy
from pathlib import Path

MAKER = Path(__file__).parents[2] / "docs/make_events.py"


def test_page_schemas_and_examples_are_up_to_date() -> None:
    stale = runpy.run_path(str(MAKER))["stale"]()

    assert stale == [], "run: make events"
