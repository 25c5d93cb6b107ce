"""The step as a whole: what it tells when, by what people were seen, metrics and drawing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from vidframe_footfall.places import AreaPlace, LinePlace
from vidframe_footfall.plugin import Footfall, SeenBy

from tests.plugins.footfall.walks import NOTHING, Walk
from vidframe import Box, Canvas, Frame, Person, hookimpl
from vidframe.core.model.shapes import Arrow
from vidframe.testing import conformance, make_camera, make_frame, run_chain, run_plugin

LINE = LinePlace.model_validate({"name": "door", "from": (0.5, 0.2), "to": (0.5, 0.9), "inside": "right"})
AREA = AreaPlace(name="shelf", polygon=[(0.55, 0.3), (1, 0.3), (1, 0.9), (0.55, 0.9)])
COMES_IN = Walk([(1.0, 300.0, 450.0), (7.0, 1000.0, 450.0), (37.0, 1000.0, 450.0), (40.0, 1200.0, 450.0)])


def film(seconds: int, seen_by: SeenBy = "body", walk: Walk = COMES_IN, **more: Any) -> list[Frame]:
    """Ten frames a second of one person whose box is 80 x 200, or whose face is 20 x 20."""
    camera, frames = make_camera(), []
    for index in range(10 * seconds):
        point = walk.at(index / 10)
        people = [] if point is None else [person(*point, seen_by)]
        frames.append(make_frame(NOTHING, camera=camera, index=index, people=people, **more))
    return frames


def person(x: float, y: float, seen_by: SeenBy, track: int | None = 7) -> Person:
    box = Box(x - 40, y - 200, 80, 200) if seen_by == "body" else Box(x - 10, y - 10, 20, 20)
    return Person(box, track=track, seen_by=seen_by)


def step(**settings: Any) -> Footfall:
    return Footfall(lines=(LINE,), areas=(AREA,), **settings)


def test_it_keeps_the_promises_of_a_plugin() -> None:
    conformance(Footfall)


def test_a_minute_is_told_in_three_events() -> None:
    events = run_plugin(step(), film(70))

    assert [event.kind for event in events] == ["footfall.lines", "footfall.areas", "footfall.heat"]
    lines, areas, heat = (event.facts for event in events)
    assert lines["start"] == "2026-01-01T00:00:00.000000Z"
    assert lines["end"] == "2026-01-01T00:01:00.000000Z"
    assert lines["lines"] == [{"name": "door", "entries": 1, "exits": 0}]
    assert (areas["now"], areas["most"]) == (0, 1)
    assert areas["areas"][0]["stays"] == 1
    assert (heat["columns"], heat["rows"]) == (16, 9)
    assert [cell[:2] for cell in heat["cells"]] == [[12, 5]]  # (1000, 450) of 1280 x 720
    assert heat["cells"][0][2] == pytest.approx(30, abs=1)


def test_a_minute_without_anybody_is_not_told() -> None:
    assert run_plugin(step(), film(200, walk=Walk([(0.0, 0.0, 0.0), (0.0, 0.0, 0.0)]))[1:]) == []


def test_what_is_left_is_told_when_the_camera_closes() -> None:
    events = run_plugin(step(), film(20))

    assert [event.kind for event in events] == ["footfall.lines", "footfall.areas", "footfall.heat"]
    assert events[1].facts["areas"][0]["stays"] == 1


def test_what_is_left_is_told_when_the_mode_changes() -> None:
    class Night:
        adds = ("mode",)

        @hookimpl
        def process_frame(self, frame: Frame) -> None:
            frame.mode = "night"
            if frame.index == 200:
                frame.report("mode.changed", mode="night", reason="schedule", previous="day")

    run = run_chain({"mode": Night(), "footfall": step()}, film(70))

    told = [event for event in run.events if event.reporter == "footfall"]
    times = [(event.time - make_camera().utc(0)).total_seconds() for event in told if event.kind == "footfall.areas"]
    assert times[0] == 20.0
    assert len([event for event in told if event.kind == "footfall.lines"]) == 1


def test_bodies_and_faces_are_never_in_one_count() -> None:
    camera, frames = make_camera(), []
    for index in range(300):
        people = [person(300, 450, "body", 1), person(900, 450, "face", 2), person(1000, 450, "face", 3)]
        frames.append(make_frame(NOTHING, camera=camera, index=index, people=people))

    events = [event for event in run_plugin(step(update_every=20.0), frames) if event.kind == "footfall.areas"]

    assert [(event.facts["seen_by"], event.facts["now"]) for event in events[:2]] == [("body", 1), ("face", 2)]
    assert camera.metrics["body_occupancy"] == 1
    assert camera.metrics["face_occupancy"] == 2


def test_who_is_seen_by_the_body_is_not_seen_by_the_face_any_more() -> None:
    camera = make_camera()
    frames = [
        make_frame(NOTHING, camera=camera, index=n, people=[person(1000, 450, "face" if n < 100 else "body")])
        for n in range(200)
    ]

    events = [event for event in run_plugin(step(update_every=12.0), frames) if event.kind == "footfall.areas"]

    assert [(event.facts["seen_by"], event.facts["now"]) for event in events[:2]] == [("body", 1), ("face", 0)]


def test_a_person_without_a_number_is_not_counted() -> None:
    frames = [make_frame(NOTHING, index=n, people=[person(1000, 450, "body", None)]) for n in range(100)]

    assert run_plugin(step(), frames) == []


def test_no_event_tells_who_it_was() -> None:
    for event in run_plugin(step(), film(70)):
        assert event.files == ()
        assert "track" not in json.dumps(event.facts)
        assert "box" not in json.dumps(event.facts)


def test_heat_is_left_out_where_it_is_not_wanted() -> None:
    assert "footfall.heat" not in [event.kind for event in run_plugin(step(heat=False), film(70))]


def test_a_camera_that_changes_its_size_goes_on() -> None:
    small = [make_frame(index=700 + n, people=[Person(Box(240, 80, 20, 60), track=9)]) for n in range(50)]

    events = run_plugin(step(), [*film(70), *small])

    assert [event.kind for event in events].count("footfall.areas") == 2
    assert events[-2].facts["areas"][0]["stays"] == 1


def test_totals_are_metrics() -> None:
    run = run_chain({"footfall": step()}, film(70))

    assert run.metrics["footfall"] == {
        "body_occupancy": 0.0,
        "body_queue_length": 0.0,
        "body_entries_total": 1.0,
        "body_exits_total": 0.0,
    }


def test_lines_and_areas_are_drawn_with_their_counts() -> None:
    plugin = step(draw_heat=True)
    run_chain({"footfall": plugin}, film(20))
    canvas = Canvas(1280, 720)

    plugin.draw(canvas)

    texts = [shape.text for shape in canvas.shapes if hasattr(shape, "text")]
    assert texts == ["shelf 0", "door 1 in 0 out"]
    assert [type(shape).__name__ for shape in canvas.shapes] == [
        "Heat",
        "Outline",
        "Label",
        "Outline",
        "Arrow",
        "Label",
    ]
    [arrow] = [shape for shape in canvas.shapes if isinstance(shape, Arrow)]
    assert arrow.start[0] == 640
    assert arrow.end[0] > 700  # inside is right
    assert canvas.paint(NOTHING[..., None].repeat(3, axis=2)).any()
