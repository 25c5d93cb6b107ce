"""`vidframe eval interest` on visits.csv: visits, moments, stops and reaches, by the chain that is given."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from vidframe_lab.evaluation.files import DataError
from vidframe_lab.gaze.eval_interest import evaluate, found_in, metrics_of
from vidframe_lab.gaze.visits import Visit, matched, read_clips, visits_of

from tests.clips import write_clip
from vidframe import Frame, hookimpl
from vidframe.core.model.kinds import KINDS
from vidframe.testing import START
from vidframe.tools import iso_time

HEADER = "clip,zone,start,end,stopped_seconds,reached,taken\n"


class Teller:
    """Tells two visits to zones at the end of the camera's first second, as `interest` does."""

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        if frame.index == 10:
            for zone, start, end in (("tea", 0.2, 0.6), ("coffee", 0.5, 1.0)):
                frame.report("interest.visit", **facts(zone, frame.camera.utc(0), start, end))


def facts(zone: str, begin: datetime, start: float, end: float, **more: Any) -> dict[str, Any]:
    """Facts of a visit of which nothing but the zone and the moments counts here."""
    moments = {name: iso_time(begin + timedelta(seconds=at)) for name, at in (("start", start), ("end", end))}
    counts = {
        "visit": "a" * 16,
        "zone": zone,
        "passed": True,
        "stopped_seconds": 0.1,
        "looked_seconds": 0.0,
        "looks": 0,
    }
    return dict(KINDS["interest.visit"].example) | moments | counts | more


@pytest.fixture
def data(tmp_path: Path) -> Path:
    write_clip(tmp_path / "clip.mp4")
    return tmp_path


def test_without_zones_a_visit_to_several_is_one(data: Path) -> None:
    (data / "visits.csv").write_text("clip,start,end\nclip.mp4,0.3,1.5\n")
    (clip,) = read_clips(data)

    (found,) = found_in(clip, lambda: [Teller()])

    assert (found.start, found.end, found.stopped_seconds) == pytest.approx((0.2, 1.0, 0.2))


def test_with_zones_each_is_a_visit_of_its_own(data: Path) -> None:
    (data / "visits.csv").write_text(HEADER + "clip.mp4,tea,0.3,0.5,0.4,,\n")
    (clip,) = read_clips(data)

    pairs = matched("clip.mp4", clip.visits, found_in(clip, lambda: [Teller()]))

    metrics = metrics_of(pairs)
    assert [pair.true and pair.true.zone for pair in pairs] == ["tea", None]
    assert (metrics["visits_true"], metrics["visits_found"], metrics["found_per_true"]) == (1, 2, 2)
    assert (metrics["start_mae"], metrics["end_mae"]) == (0.1, 0.1)
    assert metrics["stopped_seconds_mae"] == 0.2  # 0.3 too few at one zone, 0.1 too many at the other
    assert "looks_recall" not in metrics  # no line says who looked


def test_answers_count_where_both_are_known(data: Path) -> None:
    def pair(true: bool | None, found: bool | None) -> Any:
        one = Visit(zone="tea", start=0, end=1, reached=true)
        return matched("v", [one], [one.model_copy(update={"reached": found})])

    answers = [(True, True), (True, False), (False, False), (True, None), (None, True)]
    metrics = metrics_of([each for true, found in answers for each in pair(true, found)])

    assert [metrics[f"reached_{true}_found_{found}"] for true in ("yes", "no") for found in ("yes", "no")] == [
        1,
        1,
        0,
        1,
    ]
    assert "taken_yes_found_yes" not in metrics


@pytest.mark.parametrize(
    ("events", "reached", "taken"),
    [
        pytest.param([{"reaches": 0, "taken": None}, {"reaches": 0, "taken": None}], False, None, id="never"),
        pytest.param([{"reaches": 0, "taken": None}], False, None, id="not judged"),
        pytest.param([{"reaches": 0, "taken": False}, {"reaches": 2, "taken": True}], True, True, id="later"),
        pytest.param([{"reaches": 2, "taken": True}, {"reaches": 0, "taken": None}], True, True, id="earlier"),
    ],
)
def test_reaches_of_the_events_of_a_visit_come_together(
    events: list[dict[str, Any]], reached: bool | None, taken: bool | None
) -> None:
    (visit,) = visits_of([facts("tea", START, 0, 1, **more) for more in events], START)

    assert (visit.reached, visit.taken) == (reached, taken)


def test_a_clip_in_which_nobody_came_is_a_line_with_its_name_alone(data: Path) -> None:
    (data / "visits.csv").write_text(HEADER + "clip.mp4,,,,,,\n")

    (clip,) = read_clips(data)

    assert clip.visits == ()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        pytest.param("no.mp4,,1,2,,,", "visits.csv:2: no file 'no.mp4'", id="no clip"),
        pytest.param("clip.mp4,,2,1,,,", "visits.csv:2: end must be later than start, found 2 to 1", id="backwards"),
        pytest.param(
            "clip.mp4,,soon,1,,,", "visits.csv:2: start must be a number of at least 0, found 'soon'", id="word"
        ),
        pytest.param("clip.mp4,,1,2,,maybe,", "visits.csv:2: reached must be one of yes, true, 1", id="maybe"),
        pytest.param("", "visits.csv names no clip", id="nothing"),
    ],
)
def test_a_line_that_makes_no_sense_is_named(data: Path, line: str, message: str) -> None:
    (data / "visits.csv").write_text(HEADER + line + "\n")

    with pytest.raises(DataError) as refused:
        read_clips(data)

    assert message in refused.value.message


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        pytest.param("clip.mp4,tea,1,2,,,\nclip.mp4,,1,2,,,\n", "some visits name a zone and some do not", id="mixed"),
        pytest.param("clip.mp4,tea,1,2,,,\n", "give the config that defines them: --config FILE", id="no config"),
    ],
)
def test_zones_need_a_config_that_defines_them(data: Path, lines: str, message: str) -> None:
    (data / "visits.csv").write_text(HEADER + lines)

    result = CliRunner().invoke(evaluate, ["--data", str(data)])

    assert result.exit_code == 2
    assert message in result.output


def test_the_zones_of_a_config_are_taken(data: Path) -> None:
    (data / "visits.csv").write_text(HEADER + "clip.mp4,tea,1,2,,no,no\n")
    (data / "shop.yaml").write_text(
        "cameras: {door: {source: 'webcam:0'}}\nalways:\n- faces\n- gaze\n"
        "- interest: {zones: [{name: tea, polygon: [[0, 0], [1, 0], [1, 1]]}]}\n"
    )
    options = ["--data", str(data), "--config", str(data / "shop.yaml"), "--json", "-", "--plot", str(data / "p.png")]

    result = CliRunner().invoke(evaluate, options)

    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["metrics"]["visits_found"] == 0
    assert (data / "p.png").is_file()
