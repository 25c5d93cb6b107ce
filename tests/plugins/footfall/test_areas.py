"""Areas and queues: who is there, how long people stay and wait."""

from __future__ import annotations

from typing import Any

import pytest
from vidframe_footfall.places import AreaPlace
from vidframe_footfall.plugin import Footfall
from vidframe_footfall.tallies import Level

from tests.plugins.footfall.walks import NOTHING, Conditions, watch_queue
from vidframe import Box, Event, Frame, Person
from vidframe.testing import make_camera, make_frame, run_plugin

CORNERS = [(400.0, 300.0), (800.0, 300.0), (800.0, 600.0), (400.0, 600.0)]
AREA = AreaPlace(name="tables", polygon=CORNERS)
QUEUE = AreaPlace(name="till", kind="queue", polygon=CORNERS, limit=2)

Path = dict[int, float]  # second -> x of the feet; straight between


def film(*paths: Path, fps: int = 10, y: float = 450.0, hidden: tuple[float, float] = (0, 0)) -> list[Frame]:
    """Frames of people 200 pixels high; nobody is seen from the one to the other second of `hidden`."""
    camera, frames = make_camera(), []
    for index in range(int(max(max(path) for path in paths) * fps) + 1):
        seconds, people = index / fps, []
        for track, path in enumerate(paths, start=1):
            if min(path) <= seconds <= max(path) and not hidden[0] <= seconds < hidden[1]:
                people.append(Person(Box(_x(path, seconds) - 40, y - 200, 80, 200), track=track))
        frames.append(make_frame(NOTHING, camera=camera, index=index, seconds=seconds, people=people))
    return frames


def _x(path: Path, seconds: float) -> float:
    import numpy as np

    return float(np.interp(seconds, list(path), list(path.values())))


def told(area: AreaPlace, frames: list[Frame], **settings: Any) -> list[dict[str, Any]]:
    """The facts about the area of each event."""
    events = run_plugin(Footfall(areas=(area,), **settings), frames)
    return [event.facts["areas"][0] for event in events if event.kind == "footfall.areas"]


VISIT = {0: 200.0, 3: 600.0, 23: 600.0, 26: 1000.0}  # inside from 1.5 to 24.5 s, standing from 3 to 23 s


def test_a_stay_is_as_long_as_somebody_is_in_the_area() -> None:
    [facts] = told(AREA, film(VISIT))

    assert (facts["now"], facts["most"], facts["stays"]) == (0, 1, 1)
    assert facts["mean_stay"] == pytest.approx(23, abs=0.5)
    assert facts["seconds"] == pytest.approx(23, abs=1.5)


def test_a_wait_begins_where_somebody_stands() -> None:
    [facts] = told(QUEUE, film(VISIT))

    assert facts["stays"] == 1
    assert facts["longest_stay"] == pytest.approx(21.5, abs=0.5)


def test_who_walks_through_stays_for_a_while_and_does_not_wait() -> None:
    through = {0: 200.0, 6: 1000.0}

    assert told(AREA, film(through))[0]["stays"] == 1
    assert told(QUEUE, film(through))[0] == {
        "name": "till",
        "kind": "queue",
        "now": 0,
        "most": 0,
        "seconds": 0.0,
        "stays": 0,
        "mean_stay": None,
        "longest_stay": None,
    }


def test_short_stays_count_not() -> None:
    assert told(AREA, film({0: 200.0, 6: 1000.0}), min_stay=5.0)[0]["stays"] == 0


def test_who_stands_on_the_edge_of_an_area_stays_once() -> None:
    edge = {second: 400.0 + (8 if second % 4 else -8) for second in range(0, 20, 2)}

    [facts] = told(AREA, film({**edge, 20: 600.0, 24: 600.0, 27: 1000.0}))

    assert facts["stays"] == 1


def test_who_is_hidden_while_waiting_waits_on() -> None:
    [facts] = told(QUEUE, film(VISIT, hidden=(10.0, 14.0)), update_every=60.0)

    assert facts["stays"] == 1
    assert facts["seconds"] == pytest.approx(20.5, abs=1.5)


def test_people_together_are_counted_now_and_at_most() -> None:
    until_the_end = {10: 200.0, 13: 500.0, 60: 500.0}

    facts = told(AREA, film(VISIT, until_the_end), update_every=30.0)

    assert [(each["now"], each["most"], each["stays"]) for each in facts[:2]] == [(1, 2, 1), (1, 1, 0)]


def test_a_number_that_flickers_is_not_the_most() -> None:
    level = Level()
    for frame in range(100):
        level.update(3 if frame == 42 else 2, 0.1, frame / 10)

    assert level.take()["most"] == 2


def queue_events(frames: list[Frame]) -> list[Event]:
    return [event for event in run_plugin(Footfall(areas=(QUEUE,)), frames) if event.kind == "footfall.queue"]


def test_a_long_queue_is_told_after_ten_seconds_and_its_end_too() -> None:
    first, second, third = {0: 450.0, 70: 450.0}, {10: 650.0, 40: 650.0, 42: 1000.0}, {25: 750.0, 28: 750.0, 30: 1000.0}

    begin, end = queue_events(film(first, second, third))

    start = make_camera().utc(0)
    assert (begin.facts["is_long"], begin.facts["people"], begin.facts["limit"]) == (True, 2, 2)
    assert (begin.time - start).total_seconds() == pytest.approx(22, abs=1)  # waits from 12 on
    assert (end.facts["is_long"], end.facts["people"]) == (False, 1)
    assert (end.time - start).total_seconds() == pytest.approx(52.5, abs=1)
    assert begin.facts["area"] == end.facts["area"] == "till"


def test_a_queue_that_is_long_for_a_moment_is_not_told() -> None:
    assert queue_events(film({0: 450.0, 60: 450.0}, {10: 650.0, 18: 650.0, 20: 1000.0})) == []


def test_a_long_queue_ends_with_the_run() -> None:
    events = queue_events(film({0: 450.0, 40: 450.0}, {0: 650.0, 40: 650.0}))

    assert [event.facts["is_long"] for event in events] == [True, False]


@pytest.mark.parametrize(
    "conditions",
    [
        pytest.param(Conditions(fps=5), id="5 frames a second"),
        pytest.param(Conditions(losses=0.2, hidden=0.2), id="lost and hidden"),
    ],
)
def test_the_length_of_made_queues_is_right(conditions: Conditions) -> None:
    result = watch_queue(conditions, minutes=6, seed=3)

    assert result.people > 10
    assert result.within_one >= 0.95
    assert result.told_people == pytest.approx(result.people, abs=2)
    assert result.told_mean_wait == pytest.approx(result.mean_wait, rel=0.15)
