"""Lines: who crosses counts once; who jitters on a line, turns back or goes round it counts not."""

from __future__ import annotations

import itertools

import pytest
from vidframe_footfall.places import LinePlace
from vidframe_footfall.plugin import Footfall, SeenBy

from tests.plugins.footfall.walks import NOTHING, Conditions, count_crossings
from vidframe import Box, Frame, Person
from vidframe.testing import make_camera, make_frame, run_plugin

LINE = LinePlace.model_validate({"name": "door", "from": (400, 400), "to": (800, 400), "inside": "below"})
BETWEEN, BESIDE = 600.0, 1000.0  # x


def walk(ys: list[float | None], x: float = BETWEEN, seen_by: SeenBy = "body") -> list[Frame]:
    """Frames of a person (200 pixels high) whose feet, or middle of the face, are at these y; None: not seen."""
    camera = make_camera()
    people = [[] if y is None else [person(x, y, seen_by)] for y in ys]
    return [make_frame(NOTHING, camera=camera, index=n, people=each) for n, each in enumerate(people)]


def person(x: float, y: float, seen_by: SeenBy) -> Person:
    box = Box(x - 40, y - 200, 80, 200) if seen_by == "body" else Box(x - 10, y - 10, 20, 20)
    return Person(box, track=1, seen_by=seen_by)


def counted(frames: list[Frame]) -> tuple[int, int]:
    """Entries and exits."""
    events = run_plugin(Footfall(lines=(LINE,)), frames)
    lines = [line for event in events if event.kind == "footfall.lines" for line in event.facts["lines"]]
    return sum(line["entries"] for line in lines), sum(line["exits"] for line in lines)


def steps(*ys: float, each: int = 8) -> list[float | None]:
    """From y to y in so many frames each."""
    path: list[float | None] = [ys[0]]
    for before, after in itertools.pairwise(ys):
        path += [before + (after - before) * n / each for n in range(1, each + 1)]
    return path


JITTER: list[float | None] = [400 + (7.0 if n % 2 else -7.0) for n in range(100)]


@pytest.mark.parametrize(
    ("ys", "expected"),
    [
        pytest.param(steps(300, 500), (1, 0), id="in"),
        pytest.param(steps(500, 300), (0, 1), id="out"),
        pytest.param(steps(300, 400) + JITTER + steps(400, 500), (1, 0), id="jitters on the line, goes in"),
        pytest.param(steps(300, 400) + JITTER + steps(400, 300), (0, 0), id="jitters on the line, goes back"),
        pytest.param(steps(300, 415, 300), (0, 0), id="turns back"),
        pytest.param(steps(300, 500, 500, 300), (1, 1), id="comes back"),
        pytest.param(steps(300, 500, 300, 500), (2, 1), id="in, out and in"),
        pytest.param(steps(300, 390) + [None] * 20 + steps(440, 500), (1, 0), id="lost on the line"),
        pytest.param(steps(300, 380) + [None] * 200 + steps(460, 500), (1, 0), id="found again long after"),
        pytest.param([*steps(300, 395), 450.0, *steps(390, 300)], (0, 0), id="a box that leaps for one frame"),
        pytest.param(steps(300, 470), (1, 0), id="is gone right behind the line"),
        pytest.param(steps(405, 500), (0, 0), id="first seen on the line"),
    ],
)
def test_crossings_count_once(ys: list[float | None], expected: tuple[int, int]) -> None:
    assert counted(walk(ys)) == expected


def test_who_goes_round_the_end_of_a_line_has_not_crossed_it() -> None:
    assert counted(walk(steps(300, 500), x=BESIDE)) == (0, 0)


def test_a_change_from_face_to_body_is_no_crossing() -> None:
    face, body = walk(steps(300, 310), seen_by="face"), walk([500.0] * 10)
    frames = [make_frame(NOTHING, index=n, people=frame.people) for n, frame in enumerate(face + body)]

    assert counted(frames) == (0, 0)


def test_faces_cross_lines_by_their_middle() -> None:
    frames = walk(steps(300, 500, each=16), seen_by="face")

    events = run_plugin(Footfall(lines=(LINE,)), frames)

    [event] = [event for event in events if event.kind == "footfall.lines"]
    assert event.facts["seen_by"] == "face"
    assert event.facts["lines"] == [{"name": "door", "entries": 1, "exits": 0}]


@pytest.mark.parametrize(
    "conditions",
    [
        pytest.param(Conditions(fps=5), id="5 frames a second"),
        pytest.param(Conditions(fps=25), id="25 frames a second"),
        pytest.param(Conditions(jitter=0.04), id="boxes that jitter by 6 % of the height"),
        pytest.param(Conditions(losses=0.2), id="lost every 5 s"),
        pytest.param(Conditions(hidden=0.2), id="legs hidden every 5 s"),
    ],
)
def test_made_walks_are_counted_within_five_percent(conditions: Conditions) -> None:
    result = count_crossings(conditions, count=40, seed=1)

    assert result.entries + result.exits > 50
    assert result.error <= 0.05
