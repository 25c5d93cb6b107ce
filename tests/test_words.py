"""Events are told to people in a few words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vidframe.words import words

EXAMPLES = sorted((Path(__file__).parent / "contract").glob("*.json"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_of_the_contract_has_words(path: Path) -> None:
    example = json.loads(path.read_text())

    said = words(example["kind"], example["facts"])

    assert 0 < len(said) < 80
    assert "{" not in said


@pytest.mark.parametrize(
    ("kind", "facts", "said"),
    [
        pytest.param(
            "interest",
            {"zone": "tea", "product": "4711", "stopped_seconds": 9.7, "looked_seconds": 3.12, "expression": None},
            "tea (4711): stopped 10 s, looked 3.1 s",
            id="a look",
        ),
        pytest.param(
            "interest",
            {"zone": "tea", "product": None, "stopped_seconds": 0, "looked_seconds": 0, "expression": None},
            "tea: passed by",
            id="no look",
        ),
        pytest.param("mode.changed", {"mode": "night", "reason": "sun"}, "night begins, by the sun", id="mode"),
        pytest.param("queue.long", {"zone": "till", "people": 5}, "queue.long till", id="a kind of an outsider"),
        pytest.param("interest", {"zone": "tea"}, "interest tea", id="a known kind with other facts"),
    ],
)
def test_the_words(kind: str, facts: dict[str, object], said: str) -> None:
    assert words(kind, facts) == said
