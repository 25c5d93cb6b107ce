"""`vidframe eval gaze` and `vidframe eval interest`: what they read, count and refuse."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from vidframe_gaze.head_pose import reference_face, rotation_of
from vidframe_gaze.plugin import Gaze
from vidframe_lab.gaze.eval_gaze import (
    Found,
    Picture,
    directions,
    mirror_difference,
    read_pictures,
)
from vidframe_lab.gaze.eval_gaze import (
    evaluate as evaluate_gaze,
)
from vidframe_lab.gaze.eval_gaze import (
    metrics_of as gaze_metrics,
)
from vidframe_lab.gaze.eval_interest import evaluate as evaluate_interest
from vidframe_lab.gaze.eval_interest import metrics_of
from vidframe_lab.gaze.visits import Visit, matched, visits_of

from vidframe import Box, Face, hookimpl
from vidframe.testing import START

ZONE = {"name": "tea", "polygon": [(0, 0), (1, 0), (1, 1)]}


def found(yaw: float, off: float, *, file: str = "a.jpg", sigma: float = 7.0) -> Found:
    return Found(file, yaw, 0.0, yaw + off, 0.0, sigma, 50.0)


def test_the_metrics_are_those_of_the_errors() -> None:
    metrics = gaze_metrics([found(-45, 4), found(0, -6), found(45, 2), found(30, -20)], total=5)

    assert metrics["found"] == 0.8
    assert metrics["yaw_mae"] == 8
    assert metrics["yaw_bias"] == -5
    assert metrics["within_10"] == 0.75
    assert metrics["zones_right"] == 0.75


def test_nothing_found_is_said_and_no_crash() -> None:
    assert gaze_metrics([], total=3) == {"pictures": 3, "found": 0.0}


def test_a_perfect_mirror_differs_by_nothing() -> None:
    assert mirror_difference([found(20, 3)], [found(20, -43)]) == 0


def test_pointing04_is_read_with_its_pan_turned_round(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "person01146+15-30.jpg"), np.zeros((288, 384, 3), np.uint8))
    (tmp_path / "person01146+15-30.txt").write_text("person01146+15-30.jpg\n\nFace\n192\n140\n100\n110\n")

    (picture,) = read_pictures(tmp_path)

    assert (picture.yaw, picture.pitch, picture.box) == (30, 15, Box(142, 85, 100, 110))


def test_a_table_of_pictures_is_read(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((90, 160, 3), np.uint8))
    (tmp_path / "gaze.csv").write_text("file,yaw,pitch,x,y,width,height\na.png,-10,5,1,2,30,40\na.png,0,0,,,,\n")

    first, second = read_pictures(tmp_path)

    assert (first.yaw, first.pitch, first.box) == (-10, 5, Box(1, 2, 30, 40))
    assert second.box is None


@pytest.mark.parametrize(
    ("table", "message"),
    [
        pytest.param("file,yaw\n", "no column pitch", id="a column is missing"),
        pytest.param(
            "file,yaw,pitch\na.png,left,0\n", "gaze.csv:2: yaw must be a number, found 'left'", id="no number"
        ),
        pytest.param("file,yaw,pitch,x\na.png,1,0,5\n", "gaze.csv:2: y, width, height missing", id="half a box"),
        pytest.param("file,yaw,pitch\nb.png,0,0\n", "gaze.csv:2: no file 'b.png'", id="no picture"),
        pytest.param(None, "neither gaze.csv nor pictures", id="nothing there"),
    ],
)
def test_a_folder_that_makes_no_sense_is_refused_with_its_line(tmp_path: Path, table: str | None, message: str) -> None:
    if table is not None:
        (tmp_path / "gaze.csv").write_text(table)

    result = CliRunner().invoke(evaluate_gaze, ["--data", str(tmp_path)])

    assert result.exit_code == 2
    assert message in result.output


@pytest.mark.parametrize(
    ("mirror", "face_width", "at"),
    [
        pytest.param(False, None, Box(400, 100, 60, 60), id="as it is"),
        pytest.param(True, None, Box(180, 100, 60, 60), id="mirrored"),
        pytest.param(False, 30, Box(360, 140, 30, 30), id="shrunk, in a picture as large as before"),
    ],
)
def test_the_face_at_the_labelled_box_is_measured(
    tmp_path: Path, mirror: bool, face_width: int | None, at: Box
) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((360, 640, 3), np.uint8))

    def find(picture: Any) -> list[Face]:
        points = (reference_face().points @ rotation_of(20).T)[:, :2] * (20, -20) + at.centre
        face = Face(at, landmarks=np.column_stack([points, np.zeros(468)]).astype(np.float32))
        return [Face(Box(5, 5, 50, 50)), face] if picture.shape == (360, 640, 3) else []

    picture = Picture(tmp_path / "a.png", 20, 0, Box(400, 100, 60, 60))
    (found_there,) = directions([picture], find, face_width, mirror=mirror)

    assert found_there.found_yaw == pytest.approx(20, abs=0.01)


def visit(zone: str = "tea", start: float = 0.0, end: float = 10.0, **metrics: Any) -> Visit:
    return Visit(zone=zone, start=start, end=end, **metrics)


def test_visits_are_paired_by_zone_and_longest_overlap() -> None:
    true = [visit(start=0, end=10), visit(start=12, end=20), visit("coffee")]
    told = [visit(start=11, end=21), visit(start=1, end=9)]

    pairs = matched("v", true, told)

    assert [(pair.true, pair.found) for pair in pairs] == [(true[0], told[1]), (true[1], told[0]), (true[2], None)]


def test_a_look_that_nobody_gave_costs_precision_and_a_missed_one_recall() -> None:
    true = [visit(looked_seconds=3, looks=1), visit("coffee", looked_seconds=2, looks=1)]
    told = [visit(looked_seconds=2, looks=1), visit("honey", looked_seconds=4, looks=2)]

    metrics = metrics_of(matched("v", true, told))

    assert (metrics["looks_recall"], metrics["looks_precision"]) == (0.5, 0.5)
    assert metrics["looked_seconds_mae"] == pytest.approx((1 + 2 + 4) / 3, abs=0.001)


def test_the_events_of_a_long_visit_are_added_up() -> None:
    facts = {
        "visit": "a",
        "zone": "tea",
        "passed": True,
        "stopped_seconds": 5,
        "looked_seconds": 4,
        "looks": 1,
        "start": "2026-01-01T00:00:01.000000Z",
        "end": "2026-01-01T00:00:09.000000Z",
    }

    (both,) = visits_of([facts, facts | {"end": "2026-01-01T00:01:09.000000Z"}], START)

    assert (both.start, both.end, both.stopped_seconds, both.looks) == (1, 69, 10, 2)


@pytest.mark.parametrize(
    ("truth", "message"),
    [
        pytest.param(None, "neither visits.csv nor a NAME.mp4", id="no video"),
        pytest.param({"visits": []}, "interest: Field required", id="no zones"),
        pytest.param({"interest": {"zones": [{"name": "x"}]}, "visits": []}, "polygon or a sector", id="bad zone"),
        pytest.param(
            {"interest": {"zones": [ZONE, ZONE]}, "visits": []}, "zone 'tea' is defined twice", id="a zone twice"
        ),
        pytest.param(
            {"interest": {"zones": [ZONE | {"distance": 2.0}]}, "visits": []},
            "has a distance, which needs field_of_view",
            id="a distance without the field of view",
        ),
        pytest.param({"interest": {"zones": [ZONE]}, "visits": []}, "v.mp4 is empty (0 bytes)", id="an empty video"),
    ],
)
def test_videos_without_a_sound_truth_are_refused(tmp_path: Path, truth: Any, message: str) -> None:
    if truth is not None:
        (tmp_path / "v.mp4").touch()
        (tmp_path / "v.json").write_text(json.dumps(truth))

    result = CliRunner().invoke(evaluate_interest, ["--data", str(tmp_path)])

    assert result.exit_code == 2
    assert message in result.output


def test_one_step_tells_the_directions_of_all_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []

    class Counted(Gaze):
        @hookimpl
        def open_camera(self) -> None:
            opened.append(self)
            super().open_camera()

    monkeypatch.setattr("vidframe_lab.gaze.eval_gaze.Gaze", Counted)
    for name in ("a.png", "b.png", "c.png"):
        cv2.imwrite(str(tmp_path / name), np.zeros((360, 640, 3), np.uint8))

    def find(picture: Any) -> list[Face]:
        points = (reference_face().points @ rotation_of(20).T)[:, :2] * (20, -20) + (430, 130)
        landmarks = np.column_stack([points, np.zeros(468)]).astype(np.float32)
        return [] if len(asked) == 2 else [Face(Box(400, 100, 60, 60), landmarks=landmarks)]

    asked: list[Picture] = []

    def pictures() -> Iterator[Picture]:
        for name in ("a.png", "b.png", "c.png"):
            asked.append(Picture(tmp_path / name, 20, 0))
            yield asked[-1]

    found_there = list(directions(pictures(), find))

    assert [one.file for one in found_there] == ["a.png", "c.png"]
    assert len(opened) == 1
