"""`vidframe eval footfall`: crossings and queues that are known, as told by a step that is known to be wrong."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from vidframe_lab.evaluation.files import DataError
from vidframe_lab.footfall.command import Told, evaluate_footfall, line_counts, metrics_of, queue_counts, told_of
from vidframe_lab.footfall.truth import Waiting, mean_people, read_clips

from tests.clips import moving_square, write_clip
from vidframe import Event, Frame, hookimpl
from vidframe.tools import iso_time

CROSSINGS = "clip,line,seconds,direction\n"
QUEUE = "clip,area,seconds,people\n"


TILL = {
    "name": "till",
    "kind": "queue",
    "now": 3,
    "most": 3,
    "seconds": 3.0,
    "stays": 0,
    "mean_stay": None,
    "longest_stay": None,
}


class Counter:
    """Reports in the second frame and when it closes."""

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        self.camera = frame.camera
        if frame.index == 1:
            frame.report("footfall.lines", **self._span(0, 1), lines=[line("door", 2, 0), line("stairs", 0, 0)])

    @hookimpl
    def handle_event(self, event: Event) -> None:
        if event.kind == "camera.closing":
            self.camera.report("footfall.lines", **self._span(1, 2), lines=[line("door", 1, 1), line("stairs", 0, 0)])
            by_faces = self._span(1, 2) | {"seen_by": "face"}  # of the same people: never to be added
            self.camera.report("footfall.lines", **by_faces, lines=[line("door", 1, 1), line("stairs", 0, 0)])
            self.camera.report("footfall.areas", **self._span(1, 2), now=3, most=3, seconds=3.0, areas=[TILL])

    def _span(self, start: float, end: float) -> dict[str, Any]:
        span = (("start", start), ("end", end))
        moments = {name: iso_time(self.camera.utc(0) + timedelta(seconds=at)) for name, at in span}
        return {"seen_by": "body"} | moments


def line(name: str, entries: int, exits: int) -> dict[str, Any]:
    return {"name": name, "entries": entries, "exits": exits}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    write_clip(tmp_path / "clip.mp4")
    return tmp_path


def test_the_events_of_a_clip_are_added_up_and_compared(data: Path) -> None:
    (data / "crossings.csv").write_text(CROSSINGS + "clip.mp4,door,0.2,in\nclip.mp4,door,0.4,in\nclip.mp4,door,1,out\n")
    (clip,) = read_clips(data)

    told = told_of(clip, lambda: [Counter()])
    (door,) = line_counts(clip, told)

    assert told.lines == {"door": (3, 1), "stairs": (0, 0)}
    assert (door.entries_true, door.entries_told, door.exits_true, door.exits_told) == (2, 3, 1, 1)
    assert metrics_of([door], [])["entries_error_percent"] == 50
    assert metrics_of([door], [])["exits_error_percent"] == 0


def test_a_queue_is_compared_over_the_time_in_which_it_was_counted(data: Path) -> None:
    (data / "queue.csv").write_text(QUEUE + "clip.mp4,till,0.5,1\nclip.mp4,till,1.0,2\nclip.mp4,till,1.5,4\n")
    (clip,) = read_clips(data)

    (till,) = queue_counts(clip, Told({}, {"till": [(1.0, 2.0, 3.0)]}, 2.5))

    # 0.5 to 1 s: 1 person, none told; 1 to 2 s: 3 on average, 3 told; 2 to 2.5 s: 4 people, none told
    assert (till.seconds, till.people_true, till.people_told) == (2.0, 2.75, 1.5)
    assert till.error == 1.25
    assert metrics_of([], [till])["queue_error"] == 1.25


def test_the_events_of_the_closing_count(data: Path) -> None:
    (data / "queue.csv").write_text(QUEUE + "clip.mp4,till,1.0,3\n")
    (clip,) = read_clips(data)

    told = told_of(clip, lambda: [Counter()])

    assert told.areas == {"till": [pytest.approx((1, 2, 3))]}
    assert told.seconds == pytest.approx(2.9)


def test_a_count_holds_until_the_next_one() -> None:
    counts = [Waiting(0, 1), Waiting(10, 3)]

    assert mean_people(counts, 0, 20) == 2
    assert mean_people(counts, 5, 15) == 2
    assert mean_people(counts, 12, 14) == 3


def test_a_line_that_nobody_crossed_and_nobody_told_is_left_out(data: Path) -> None:
    (data / "crossings.csv").write_text(CROSSINGS + "clip.mp4,,,\n")
    (clip,) = read_clips(data)

    (door,) = line_counts(clip, Told({"door": (1, 0), "stairs": (0, 0)}, {}, 3))

    assert (door.line, door.entries_true, door.entries_told) == ("door", 0, 1)
    assert metrics_of([door], [])["entries_error_percent"] is None


def test_where_crossings_were_not_counted_none_are_compared(data: Path) -> None:
    (data / "queue.csv").write_text(QUEUE + "clip.mp4,till,0,1\n")
    (clip,) = read_clips(data)

    assert line_counts(clip, Told({"door": (1, 0)}, {}, 3)) == []


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        pytest.param("crossings.csv", CROSSINGS + "clip.mp4,door,1,up\n", "csv:2: direction must be one of in, out", id="up"),
        pytest.param("crossings.csv", CROSSINGS + "clip.mp4,,1,in\n", "crossings.csv:2: line is empty", id="no line"),
        pytest.param("queue.csv", QUEUE + "clip.mp4,till,2,1\nclip.mp4,till,1,1\n", "queue.csv:3: seconds must rise", id="back"),
        pytest.param("queue.csv", QUEUE + "clip.mp4,till,2,-1\n", "queue.csv:2: people must be a number of at least 0", id="-1"),
        pytest.param("queue.csv", QUEUE, "queue.csv names no clip", id="nothing"),
        pytest.param("other.csv", QUEUE, "neither crossings.csv nor queue.csv", id="no table"),
    ],
)  # fmt: skip
def test_a_table_that_makes_no_sense_is_named(data: Path, name: str, text: str, message: str) -> None:
    (data / name).write_text(text)

    with pytest.raises(DataError) as refused:
        read_clips(data)

    assert message in refused.value.message


def test_without_a_config_it_says_what_for_one_is_needed(data: Path) -> None:
    result = CliRunner().invoke(evaluate_footfall, ["--data", str(data)])

    assert result.exit_code == 2
    assert "--config FILE is needed" in result.output


WALKER = """
from vidframe import Box, Person, hookimpl


class Walker:
    \"\"\"Walks from the left edge to the right one, and stands in the last second.\"\"\"

    adds = ("people",)

    @hookimpl
    def process_frame(self, frame):
        frame.people = [Person(Box(min(6 * frame.index, 120) - 10, 40, 20, 60), track=1)]
"""
CONFIG = """
plugins: [./walker.py]
cameras: {door: {source: "webcam:0"}}
always:
- walker
- footfall:
    lines: [{name: door, from: [0.4, 0], to: [0.4, 1], inside: right}]
    areas: [{name: till, kind: queue, polygon: [[0.5, 0.5], [1, 0.5], [1, 1], [0.5, 1]]}]
"""


def test_the_step_of_a_config_is_measured_from_the_command_line(tmp_path: Path) -> None:
    write_clip(tmp_path / "clip.mp4", moving_square(80))
    (tmp_path / "walker.py").write_text(WALKER)
    (tmp_path / "shop.yaml").write_text(CONFIG)
    (tmp_path / "crossings.csv").write_text(CROSSINGS + "clip.mp4,door,1.2,in\nclip.mp4,door,5,out\n")
    (tmp_path / "queue.csv").write_text(QUEUE + "clip.mp4,till,0,0\nclip.mp4,till,2,1\n")
    options = ["--data", str(tmp_path), "--config", str(tmp_path / "shop.yaml"), "--plot", str(tmp_path / "p.png")]

    result = CliRunner().invoke(evaluate_footfall, [*options, "--json", str(tmp_path / "m.json")])

    assert result.exit_code == 0, result.output
    assert "Crossings" in result.output
    content = json.loads((tmp_path / "m.json").read_text())
    metrics = content["metrics"]
    assert (metrics["entries_told"], metrics["exits_told"]) == (1, 0)
    assert (metrics["entries_error_percent"], metrics["exits_error_percent"]) == (0, -100)
    assert metrics["queue_people_true"] == 0.75
    assert 0.4 < metrics["queue_people_told"] <= 0.75  # who stands for 2 s waits, and is told of from then on
    assert (tmp_path / "p.png").is_file()


@pytest.mark.parametrize(
    ("table", "text", "message"),
    [
        ("crossings.csv", CROSSINGS + "clip.mp4,dor,1.2,in\n", "has no line 'dor'; it has door"),
        ("queue.csv", QUEUE + "clip.mp4,tlil,0,0\n", "has no area 'tlil'; it has till"),
    ],
)
def test_a_name_that_the_config_does_not_have_is_named(tmp_path: Path, table: str, text: str, message: str) -> None:
    write_clip(tmp_path / "clip.mp4", moving_square(80))
    (tmp_path / "walker.py").write_text(WALKER)
    (tmp_path / "shop.yaml").write_text(CONFIG)
    (tmp_path / table).write_text(text)

    result = CliRunner().invoke(evaluate_footfall, ["--data", str(tmp_path), "--config", str(tmp_path / "shop.yaml")])

    assert result.exit_code == 2
    assert message in result.output


def test_a_config_without_footfall_is_named(data: Path) -> None:
    (data / "queue.csv").write_text(QUEUE + "clip.mp4,till,0,1\n")
    (data / "shop.yaml").write_text("cameras: {door: {source: 'webcam:0'}}\nalways: [faces]\n")

    result = CliRunner().invoke(evaluate_footfall, ["--data", str(data), "--config", str(data / "shop.yaml")])

    assert result.exit_code == 2
    assert "camera door has no step footfall" in result.output
