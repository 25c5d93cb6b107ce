"""Events as lines of a file."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from vidframe_output.events import Events

from vidframe import Frame, hookimpl
from vidframe.testing import conformance, film, make_camera, run_chain


class Reporter:
    """Reports each frame."""

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        frame.report("queue.long", length=frame.index, where='the "till", left')


def test_it_keeps_the_contract(tmp_path: Path) -> None:
    conformance(Events, file=tmp_path / "events.jsonl")


def test_each_event_is_a_line_of_json_behind_those_that_are_there(tmp_path: Path) -> None:
    path = tmp_path / "new" / "events.jsonl"

    for name in ("door", "till"):
        run_chain([Reporter(), Events(file=path)], film(2, camera=make_camera(name)))

    events = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(event["camera"], event["kind"]) for event in events if event["kind"] != "camera.closing"] == [
        ("door", "queue.long"), ("door", "queue.long"), ("till", "queue.long"), ("till", "queue.long"),
    ]  # fmt: skip
    assert events[1]["facts"] == {"length": 1, "where": 'the "till", left'}


def test_a_file_that_ends_in_csv_has_one_heading_and_rows(tmp_path: Path) -> None:
    path = tmp_path / "events.csv"

    for _ in range(2):
        run_chain([Reporter(), Events(file=path)], film(1))

    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["kind"] for row in rows] == ["queue.long", "camera.closing"] * 2
    assert json.loads(rows[0]["facts"])["where"] == 'the "till", left'
