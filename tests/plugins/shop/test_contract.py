"""What the shop step sends is what the example events of the contract say."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest

from vidframe import Attachment, Event
from vidframe.outbox import Outbox

EXAMPLES = sorted((Path(__file__).parents[2] / "contract").glob("*.json"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_event_leaves_the_outbox_as_the_contract_writes_it(path: Path, tmp_path: Path) -> None:
    example = json.loads(path.read_text())
    files = tuple(Attachment(file["role"], file["media_type"], b"x" * 9) for file in example["files"])
    event = Event(
        example["id"], example["kind"], example["camera"], datetime.fromisoformat(example["time"]), example["facts"],
        files, example["reporter"],
    )  # fmt: skip
    outbox = Outbox(tmp_path, limit=10_000_000)

    outbox.add(event)
    [sent] = outbox.batch(now=0.0)
    outbox.close()

    assert sent | {"files": []} == example | {"files": []}
    assert sent["files"] == event.as_json()["files"]
