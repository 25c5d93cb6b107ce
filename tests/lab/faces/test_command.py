"""`vidframe eval faces` on a small labelled set."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result
from numpy.typing import NDArray
from vidframe_lab.evaluation.files import DataError
from vidframe_lab.faces.command import evaluate_faces
from vidframe_lab.faces.evaluation import evaluate, read_labels

from vidframe import Box

Draw = Callable[..., NDArray[np.uint8]]


def evaluated(folder: Path, *options: str) -> Result:
    return CliRunner().invoke(evaluate_faces, ["--data", str(folder), *options])


@pytest.fixture
def labelled(tmp_path: Path, scene: Draw) -> Path:
    """Two pictures with a face and one without; the fourth face was labelled where none is."""
    rows = ["file,x,y,width,height"]
    for name, faces in (("a.png", [(600, 200, 95)]), ("b.png", [(200, 300, 30)]), ("c.png", [])):
        cv2.imwrite(str(tmp_path / name), scene(*faces))
        rows += [f"{name},{x},{y},{width},{width}" for x, y, width in faces] or [f"{name},,,,"]
    rows.append("c.png,900,500,50,50")
    (tmp_path / "faces.csv").write_text("\n".join(rows) + "\n")
    return tmp_path


def test_recall_is_told_by_face_width(labelled: Path) -> None:
    metrics = json.loads(evaluated(labelled, "--json", "-").output)

    assert (metrics["pictures"], metrics["faces"], metrics["found"]) == (3, 3, 2)
    assert metrics["false_boxes_per_picture"] == 0
    assert {row["from"]: row["recall"] for row in metrics["by_width"]} == {28: 1.0, 48: 0.0, 64: 1.0}


def test_the_table_names_the_widths(labelled: Path) -> None:
    output = evaluated(labelled).output

    assert "28 to 31 px" in output
    assert "3 pictures: recall 0.6667, 0.0 false boxes a picture" in output


def test_the_plot_is_a_picture(labelled: Path, tmp_path: Path) -> None:
    evaluated(labelled, "--json", "-", "--plot", str(tmp_path / "plot.png"))

    assert cv2.imread(str(tmp_path / "plot.png")) is not None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("file,x,y,w,h\n", "faces.csv:1: no column width, height; found file, x, y, w, h", id="columns"),
        pytest.param("file,x,y,width,height\nno.png,1,2,3,4\n", "faces.csv:2: no file 'no.png'", id="no picture"),
        pytest.param(
            "file,x,y,width,height\na.png,1,2,wide,4\n", "faces.csv:2: width must be a number, found 'wide'", id="word"
        ),
        pytest.param(
            "file,x,y,width,height\na.png,1,2,,\n", "faces.csv:2: width must be a number, found ''", id="half a box"
        ),
        pytest.param("file,x,y,width,height\na.png,1,2,0,4\n", "faces.csv:2: a face of 0 x 4 pixels", id="flat"),
        pytest.param("file,x,y,width,height\n", "names no picture", id="empty"),
        pytest.param("", "faces.csv:1: no column file", id="zero bytes"),
    ],
)
def test_wrong_labels_are_named_with_file_and_line(labelled: Path, text: str, message: str) -> None:
    (labelled / "faces.csv").write_text(text)

    ran = evaluated(labelled)

    assert ran.exit_code == 2
    assert message in ran.output


def test_all_wrong_lines_are_named_at_once(labelled: Path) -> None:
    (labelled / "faces.csv").write_text("file,x,y,width,height\nno.png,1,2,3,4\nb.png,1,2,wide,4\n")

    with pytest.raises(DataError) as refused:
        read_labels(labelled)

    assert len(str(refused.value).splitlines()) == 2


def test_a_folder_without_labels_says_what_it_should_hold(tmp_path: Path) -> None:
    assert "a CSV with the columns file, x, y, width, height" in evaluated(tmp_path).output


def test_a_file_that_is_no_picture_is_named(labelled: Path) -> None:
    (labelled / "a.png").write_text("no picture")

    assert "a.png is no picture that OpenCV reads" in evaluated(labelled).output


def test_a_box_counts_for_one_face_only() -> None:
    from vidframe_lab.faces.evaluation import Labelled

    twins = Labelled(Path("twins"), (Box(0, 0, 40, 40), Box(8, 0, 40, 40)))
    found: list[Any] = [Box(2, 0, 40, 40)]

    (result,) = evaluate([twins], lambda path: None, lambda image: found)

    assert (result.faces, result.found, result.false_boxes) == (2, 1, 0)
