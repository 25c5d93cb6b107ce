"""Who it is: what the step makes of a detector's answers."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from vidframe_abnormality.witness import Answers, brightened, scores_of

from tests.conftest import InstallPlugin
from tests.needs import need_module
from tests.plugins.abnormality.scenes import incidents, kinds, person, walks_through
from vidframe import Box, Detection, Event

# Sees something of the kind that the file says, in the middle of each image; a score for each call.
DETECTOR = """
    from pathlib import Path
    from vidframe import Box, Detection

    class Detector:
        calls = 0

        def detect(self, image, least=0.3):
            label, *scores = Path({answers!r}).read_text().split()
            score = float(scores[min(self.calls, len(scores) - 1)])
            Detector.calls += 1
            height, width = image.shape[:2]
            return [Detection(Box(width / 5, height / 5, width * 0.6, height * 0.6), label, score)]
"""
Seen = Callable[..., list[Event]]
Pixels = NDArray[np.uint8]
BROKEN = """
    class Detector:
        def detect(self, image, least=0.3):
            raise RuntimeError("no memory")
"""


@pytest.fixture
def seen(install_plugin: InstallPlugin, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """`seen("person 0.9 0.8", **settings)`: the events of somebody who walks through where a detector says that."""
    answers = tmp_path_factory.mktemp("detector") / "answers"
    install_plugin(DETECTOR.format(answers=str(answers)), group="vidframe.detectors", made="Detector")

    def events(said: str, **settings: object) -> list[Event]:
        answers.write_text(said)
        return incidents(walks_through, detector="made", **settings)  # type: ignore[arg-type]

    return events


def classes(events: list[Event]) -> list[tuple[str, str | None, str]]:
    return [(event.kind.removeprefix("incident."), event.facts["who"], event.facts["severity"]) for event in events]


def test_without_a_detector_nobody_is_told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    with_none = incidents(walks_through)
    missing = incidents(walks_through, detector="missing")

    assert [event.kind for event in with_none] == [event.kind for event in missing]
    assert {event.facts["who"] for event in with_none + missing} == {None}
    assert {event.facts["who_probability"] for event in with_none + missing} == {None}
    assert "detector missing is not installed" in caplog.text


def test_a_sure_first_frame_tells_a_person_with_the_opening_and_no_more_is_asked(seen: Seen) -> None:
    events = seen("person 0.9 0.85")

    assert classes(events)[0] == ("opened", "person", "alert")
    assert events[0].facts["who_probability"] == pytest.approx(0.675)  # of one frame, that no other confirms
    assert events[-1].facts["who_probability"] == 0.85


def test_a_person_who_is_recognised_later_is_told_at_once(seen: Seen) -> None:
    events = seen("person 0.2 0.65 0.7")

    assert classes(events) == [
        ("opened", "unknown", "alert"),
        ("updated", "person", "alert"),
        ("closed", "person", "alert"),
    ]
    assert (events[1].time - events[0].time).total_seconds() == pytest.approx(1.0)
    assert events[0].facts["who_probability"] == pytest.approx(0.85)


def test_what_nobody_recognises_stays_an_alert(seen: Seen) -> None:
    assert classes(seen("person 0.3")) == [("opened", "unknown", "alert"), ("closed", "unknown", "alert")]
    assert classes(seen("chair 0.9")) == [("opened", "unknown", "alert"), ("closed", "unknown", "alert")]


def test_an_animal_in_three_frames_is_less_than_an_alert(seen: Seen) -> None:
    assert classes(seen("dog 0.8")) == [("opened", "unknown", "alert"), ("closed", "animal", "info")]


def test_animals_are_ignored_where_a_shop_wants_that(seen: Seen) -> None:
    assert seen("cat 0.8", ignore_animals=True) == []


def test_what_looked_like_an_animal_once_is_told_all_the_same(seen: Seen) -> None:
    events = seen("cat 0.8 0.1", ignore_animals=True)

    assert kinds(events) == ["opened", "closed"]
    assert events[0].facts["start"] == "2026-01-01T00:00:06.000000Z"
    assert events[0].files


def test_an_animal_that_was_gone_before_it_was_sure_is_told(seen: Seen) -> None:
    def passes(index: int, picture: NDArray[Any]) -> NDArray[Any]:
        return person(picture, 60 + 9 * (index - 60)) if 60 <= index < 64 else picture

    seen("cat 0.8")
    assert kinds(incidents(passes, detector="made", ignore_animals=True)) == ["opened", "closed"]


def test_a_detector_that_fails_costs_nothing_but_its_answer(
    install_plugin: InstallPlugin, caplog: pytest.LogCaptureFixture
) -> None:
    install_plugin(BROKEN, group="vidframe.detectors", broken="Detector")

    events = incidents(walks_through, detector="broken", ignore_animals=True)

    assert kinds(events) == kinds(incidents(walks_through))
    assert {event.facts["who"] for event in events} == {None}
    assert caplog.text.count("the detector failed") == 1


def test_nothing_is_asked_while_nothing_happens(seen: Seen) -> None:
    seen("person 0.9 0.85")

    calls = sys.modules["outsider_plugin"].Detector.calls
    assert calls == 2  # in the four seconds of one incident, of fifteen


def told(frames: Sequence[Mapping[str, float]]) -> tuple[str | None, float | None]:
    return Answers(list(frames)).who("motion")


@pytest.mark.parametrize("change", ["left", "gone"])
def test_what_stays_and_is_nobody_is_a_thing(change: Literal["left", "gone"]) -> None:
    answers = Answers([{"person": 0.2}, {}])

    assert answers.who(change) == ("thing", 0.85)
    assert answers.who("motion") == ("unknown", 0.85)


def test_a_person_comes_before_the_vehicle_and_the_animal() -> None:
    assert told([{"vehicle": 0.9, "person": 0.65}] * 2) == ("person", 0.65)
    assert told([{"animal": 0.9, "person": 0.3}] * 5)[0] == "unknown"
    assert told([{"vehicle": 0.9}] * 2) == ("vehicle", 0.9)


def test_an_animal_in_less_than_half_of_the_frames_is_none() -> None:
    assert told([{"animal": 0.9}] * 3 + [{}] * 3)[0] == "animal"
    assert told([{"animal": 0.9}] * 3 + [{}] * 4)[0] == "unknown"


def test_the_questions_of_a_long_incident_become_rarer() -> None:
    assert (Answers([{}] * 19).pause, Answers([{}] * 20).pause) == (0.5, 2.0)


class Fixed:
    """Finds one box; keeps the image that it was given."""

    def __init__(self, box: Box) -> None:
        self.box = box

    def detect(self, image: Pixels, least: float = 0.3) -> list[Detection]:
        self.image = image
        return [Detection(self.box, "person", 0.8)]


def test_the_detector_sees_a_square_about_the_change_inside_the_frame() -> None:
    frame = np.zeros((360, 640, 3), np.uint8)

    beside = Fixed(Box(0, 0, 20, 20))
    assert scores_of(beside, frame, [Box(600, 100, 40, 100)]) == {}  # something that stands beside what changed
    assert beside.image.shape == (135, 135, 3)

    small = Fixed(Box(32, 20, 8, 20))
    assert scores_of(small, frame, [Box(4, 4, 8, 20)]) == {}
    assert small.image.shape == (64, 64, 3)


def test_parts_that_are_near_are_one_body_and_what_is_far_is_not() -> None:
    detector = Fixed(Box(10, 10, 100, 100))
    frame = np.zeros((360, 640, 3), np.uint8)

    scores_of(detector, frame, [Box(100, 100, 40, 100), Box(110, 60, 20, 35), Box(500, 10, 20, 20)])

    assert detector.image.shape == (189, 189, 3)  # 1.35 times 140


def test_a_dark_image_is_made_as_light_as_one_of_the_day_and_a_light_one_stays() -> None:
    ramp = np.asarray(np.tile(np.linspace(0, 60, 100)[:, None, None], (1, 100, 3)), np.uint8)

    assert 205 <= np.percentile(brightened(ramp), 97) <= 225
    light = np.asarray(cv2.convertScaleAbs(ramp, alpha=4.2), np.uint8)
    assert np.array_equal(brightened(light), light)
    assert brightened(np.zeros((9, 9, 3), np.uint8)).max() == 0


def test_the_snapshot_says_who_it_is(seen: Seen) -> None:
    named, plain = seen("person 0.9")[0], incidents(walks_through)[0]

    assert _red(named) > _red(plain) + 100


def _red(event: Event) -> int:
    """How many pixels of the snapshot are red."""
    picture = np.asarray(cv2.imdecode(np.frombuffer(event.files[0].read(), np.uint8), cv2.IMREAD_COLOR))
    return int(np.count_nonzero((picture[:, :, 2] > 180) & (picture[:, :, 0] < 90)))


def test_the_real_detector_knows_a_person_in_a_dark_picture() -> None:
    need_module("skimage")
    need_module("vidframe_people.detector")
    from skimage import data
    from vidframe_people.detector import CocoSsd

    astronaut = (data.astronaut()[:, :, ::-1] * 0.3).astype(np.uint8)

    assert scores_of(CocoSsd(), np.ascontiguousarray(astronaut), [Box(60, 20, 380, 480)])["person"] > 0.5
