"""`vidframe eval people`: a step that is known to be right and wrong, on drawn clips; and real clips where they are."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest
from click.testing import CliRunner, Result
from vidframe_lab.people.command import AsksForPeople, evaluate_people, measure
from vidframe_lab.people.labels import FrameLabel, as_box, read_labels
from vidframe_lab.people.matching import Found, matched
from vidframe_lab.people.metrics import metrics_of, recall_rows

from tests.clips import write_clip
from vidframe import Box, Detection, Face, Frame, Person, hookimpl

SIZE = (160, 120)
DATA = Path(os.environ.get("VIDFRAME_DATA", "nowhere"))


def square(index: int) -> Box:
    """Where the square of the drawn clip is."""
    return Box((3 * index) % 130, (2 * index) % 90, 30, 30)


def corners(box: Box) -> list[float]:
    return [box.x, box.y, box.x + box.width, box.y + box.height]


@dataclass
class Watcher:
    """Finds the square, from frame 12 on under another number, and never in frame 20."""

    adds = ("people", "people.facing")
    seen_by: Literal["body", "face"] = "body"

    @hookimpl
    def process_frame(self, frame: Frame) -> None:
        found = Person(square(frame.index), track=1 if frame.index < 12 else 2, facing=(-95.0, 30.0))
        frame.people = [] if frame.index == 20 else [found]


def labels_in(folder: Path, frames: dict[int, dict[str, Any]], **changes: Any) -> None:
    """Writes people.json for a clip of which each frame shows the square."""
    labels = {
        f"f{index}": {
            "clip": "clip.mp4",
            "frame": index,
            "size": SIZE,
            "people": [{"box": corners(square(index)), "track": "ann"} | label],
        }
        | changes
        for index, label in frames.items()
    }
    (folder / "people.json").write_text(json.dumps(labels))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    write_clip(tmp_path / "clip.mp4")
    labels_in(tmp_path, {5: {"facing": "l", "face": "u"}, 10: {"facing": "r"}, 15: {"facing": "a"}, 20: {"face": "n"}})
    return tmp_path


def label(*people: Box, ignore: tuple[Box, ...] = (), **changes: Any) -> FrameLabel:
    found = {"people": [{"box": corners(box)} for box in people], "ignore": [corners(box) for box in ignore]}
    return FrameLabel.model_validate({"clip": "a.mp4", "frame": 0, "size": SIZE} | found | changes)


def test_the_chain_is_run_and_compared_at_the_labelled_frames(data: Path) -> None:
    measured = measure(data, read_labels(data), lambda: [Watcher()])

    metrics = metrics_of(measured.chain)
    assert (metrics["people"], metrics["found"], metrics["recall"], metrics["precision"]) == (4, 3, 0.75, 1)
    assert (metrics["facing_known"], metrics["facing_right"], metrics["facing_opposite"]) == (1, 0.333, 0.333)
    assert (metrics["track_pairs"], metrics["track_switches"]) == (2, 1)
    assert measured.frames == 20
    assert measured.cpu_seconds > 0


def test_recall_is_told_by_face_and_view_beside_the_detector_alone(data: Path) -> None:
    class Late:
        """A detector that finds the square in the last two labelled frames only."""

        def __init__(self) -> None:
            self.asked = 0

        def detect(self, image: Any, least: float = 0.3) -> list[Detection]:
            self.asked += 1
            place = square((5, 10, 15, 20)[self.asked - 1])
            return [Detection(place, "person" if self.asked > 2 else "dog", 0.9)]

    measured = measure(data, read_labels(data), lambda: [Watcher()], Late())

    everybody, both_eyes, none, clip = recall_rows(measured.chain, measured.detector)
    assert everybody == {
        "people": "all", "labelled": 4, "found": 3, "recall": 0.75, "detector": 2, "saved": 2, "lost": 1,
    }  # fmt: skip
    assert (both_eyes["people"], both_eyes["found"]) == ("face: both eyes", 1)
    assert (none["people"], none["found"]) == ("face: none", 0)
    assert (clip["people"], clip["labelled"]) == ("view: clip", 4)


def test_a_body_counts_once_and_for_the_label_that_it_covers_best() -> None:
    one, other = Box(0, 0, 40, 80), Box(30, 0, 40, 80)

    frame = matched(label(one, other), [Found(one, 0.6), Found(one, 0.9), Found(Box(100, 0, 20, 20), 0.9)])

    assert [found and found.score for _, found in frame.people] == [0.9, None]
    assert frame.false == 2


def test_what_lies_on_an_ignored_area_counts_neither_way() -> None:
    frame = matched(label(ignore=(Box(0, 0, 50, 50),)), [Found(Box(20, 20, 40, 40), 0.9), Found(Box(5, 5, 9, 9), 0.9)])

    assert (frame.people, frame.false) == ((), 0)


def test_a_face_counts_for_the_person_in_whom_it_lies() -> None:
    frame = matched(
        label(Box(0, 0, 40, 80)), [Found(Box(10, 5, 10, 12), 1, "face"), Found(Box(90, 5, 10, 12), 1, "face")]
    )

    ((_, found),) = frame.people
    assert found is not None
    assert found.seen_by == "face"
    assert frame.false == 1
    assert metrics_of([frame])["found_by_face_alone"] == 1


@pytest.mark.parametrize(
    ("yaw", "right", "opposite"), [(180, 1, 0), (-170, 1, 0), (130, 0, 0), (0, 0, 1), (-10, 0, 1), (None, None, None)]
)
def test_directions_are_told_in_quarter_turns(yaw: float | None, right: float | None, opposite: float | None) -> None:
    box = Box(0, 0, 40, 80)
    away = label(box)
    away.people[0].facing = "a"

    metrics = metrics_of([matched(away, [Found(box, 1, facing=yaw)])])

    assert (metrics["facing_right"], metrics["facing_opposite"]) == (right, opposite)


CONFIG = """
plugins: [./watcher.py]
cameras:
  door: {source: "webcam:0"}
  till: {source: "webcam:1", exclude: [watcher]}
mode: {plugin: day_night, night: ["00:00-12:00", "12:00-00:00"]}
day:
- watcher
always:
- sender
"""
PLUGINS = '''
"""Finds one person, always at the same place."""
from vidframe import Box, Person, hookimpl


class Watcher:
    """Finds one person."""

    adds = ("people",)

    @hookimpl
    def process_frame(self, frame):
        frame.people = [Person(Box(15, 10, 30, 30))]
'''
SENDER = '''
from vidframe import hookimpl


class Sender:
    """Tells the world."""

    @hookimpl
    def process_frame(self):
        raise SystemExit("this alerts somebody")
'''


def evaluated(data: Path, *arguments: str) -> Result:
    return CliRunner().invoke(evaluate_people, ["--data", str(data), *arguments])


def configured(folder: Path, install_plugin: Any) -> str:
    (folder / "watcher.py").write_text(PLUGINS)
    install_plugin(SENDER, distribution="world", sender="Sender")
    (folder / "shop.yaml").write_text(CONFIG)
    return str(folder / "shop.yaml")


def test_the_chain_of_a_config_is_measured_and_nobody_is_alerted(data: Path, install_plugin: Any) -> None:
    config = configured(data, install_plugin)

    result = evaluated(data, "--config", config, "--camera", "door", "--json", "-", "--plot", str(data / "p.png"))

    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["metrics"]["found"] == 1  # at frame 5 the square is where the step says
    assert not result.stderr.strip()
    assert (data / "p.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("camera", "message"),
    [
        pytest.param((), "has 2 cameras (door, till); say which: --camera NAME", id="which"),
        pytest.param(("--camera", "yard"), "has no camera 'yard'; it has door, till", id="unknown"),
        pytest.param(("--camera", "till"), "camera till has no step people in `day` or `always`", id="without people"),
    ],
)
def test_a_config_that_cannot_be_measured_is_named(
    data: Path, install_plugin: Any, camera: tuple[str, ...], message: str
) -> None:
    result = evaluated(data, "--config", configured(data, install_plugin), *camera)

    assert result.exit_code == 2
    assert message in result.output


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"size": [80, 60]}, "a frame is 160 x 120 pixels, and was labelled at 80 x 60", id="size"),
        pytest.param({"frame": 99}, "clip.mp4 has 30 frames; frame 99 is labelled", id="frame"),
        pytest.param({"clip": "no.mp4"}, "f5: there is no clip", id="clip"),
        pytest.param({"peple": []}, "f5.peple: Extra inputs are not permitted", id="a misspelt key"),
        pytest.param({"people": [{"box": [5, 5, 1, 9]}]}, "f5.people.0.box: Value error, a box is", id="box"),
    ],
)
def test_labels_that_do_not_fit_the_clip_are_named(data: Path, changes: dict[str, Any], message: str) -> None:
    labels_in(data, {5: {}}, **changes)

    result = evaluated(data, "--chain", "faces")

    assert result.exit_code == 2
    assert message in result.output


def test_a_clip_that_is_no_video_is_named(data: Path) -> None:
    (data / "clip.mp4").write_text("no video")

    result = evaluated(data, "--chain", "faces")

    assert result.exit_code == 2
    assert "clip.mp4 is not a video that FFmpeg can read" in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--chain", "facse"), "no plugin 'facse' is installed; did you mean 'faces'?"),
        (("--detector", "none"), "no detector 'none' is installed"),
        (("--camera", "door"), "--camera names one of a config; give it, too: --config FILE"),
    ],
)
def test_what_is_not_there_is_named(data: Path, arguments: tuple[str, ...], message: str) -> None:
    result = evaluated(data, *arguments)

    assert result.exit_code == 2
    assert message in result.output


def test_a_folder_without_labels_says_how_to_make_them(tmp_path: Path) -> None:
    assert "people.json is missing; `vidframe label people CLIP...` writes it" in evaluated(tmp_path).output


def test_of_a_chain_that_finds_faces_alone_these_are_the_people(tmp_path: Path) -> None:
    class Eyes:
        """Finds a face in the upper part of the square."""

        adds = ("faces",)

        @hookimpl
        def process_frame(self, frame: Frame) -> None:
            box = square(frame.index)
            frame.faces = [Face(Box(box.x + 10, box.y + 2, 9, 9))]

    write_clip(tmp_path / "clip.mp4")
    labels_in(tmp_path, {5: {}, 10: {}})

    measured = measure(tmp_path, read_labels(tmp_path), lambda: [Eyes(), AsksForPeople()])

    assert metrics_of(measured.chain)["found_by_face_alone"] == 2


@pytest.mark.slow
@pytest.mark.skipif(not (DATA / "people" / "truth.json").is_file(), reason="VIDFRAME_DATA names no labelled people")
def test_people_in_real_clips_are_found() -> None:
    result = evaluated(DATA, "--detector", "coco_ssd", "--json", "-")

    assert result.exit_code == 0, result.output
    metrics = json.loads(result.stdout)["metrics"]
    assert metrics["people"] == 52
    assert metrics["recall"] > 0.8
    assert metrics["recall"] > metrics["detector_recall"]
    assert metrics["precision"] > 0.9
    assert metrics["facing_right"] > 0.6


def test_a_label_box_is_in_corners_and_ours_in_sizes() -> None:
    assert as_box((10, 20, 50, 90)) == Box(10, 20, 40, 70)
