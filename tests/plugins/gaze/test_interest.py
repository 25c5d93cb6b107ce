"""The `interest` step on made faces: visits, looks, staff and moods."""

import json
from typing import Any

import numpy as np
import pytest
from vidframe_gaze.interest import Interest
from vidframe_gaze.zones import Zone

from vidframe import Box, Camera, Canvas, Event, Expression, Face, Frame, HeadPose
from vidframe.core.model.people import people_of
from vidframe.core.model.shapes import Outline
from vidframe.geometry import Mounting
from vidframe.testing import START, film, make_camera, make_frame, run_plugin, stepwise

PICTURE = np.zeros((720, 1280), np.uint8)
TEA = Zone(name="tea", product="4711", shelf="A", polygon=[(0.0, 0.1), (0.2, 0.1), (0.2, 0.9), (0.0, 0.9)])
COFFEE = Zone(name="coffee", polygon=[(0.8, 0.1), (1.0, 0.1), (1.0, 0.9), (0.8, 0.9)])
COUNTER = Zone(name="counter", kind="service", polygon=[(0.4, 0.4), (0.6, 0.4), (0.6, 0.6), (0.4, 0.6)])
OFFICE = Zone(name="office", kind="staff", polygon=[(0.3, 0.0), (0.7, 0.0), (0.7, 0.3), (0.3, 0.3)])
FPS = 10
HAPPY = Expression({"happy": 0.9, "sad": 0.1}, 0.8)


def face(
    x: float = 400.0,
    y: float = 400.0,
    *,
    yaw: float = 0.0,
    track: int | None = 1,
    expression: Expression | None = None,
    width: float = 60.0,
) -> Face:
    box = Box(x - width / 2, y - width / 2, width, width)
    return Face(box, track=track, head_pose=HeadPose(yaw, 0.0, 0.0, 7.0), expression=expression)


def standing(seconds: float, **about: Any) -> list[list[Face]]:
    return [[face(**about)] for _ in range(round(seconds * FPS))]


def empty(seconds: float) -> list[list[Face]]:
    return [[] for _ in range(round(seconds * FPS))]


def frames_of(scene: Any, camera: Camera | None = None) -> list[Frame]:
    """One frame for each list of faces."""
    camera = camera or make_camera("aisle")
    return [
        make_frame(PICTURE, camera=camera, index=index, seconds=index / FPS, faces=faces)
        for index, faces in enumerate(scene)
    ]


def events_of(scene: Any, *zones: Zone, kind: str = "interest.visit", **settings: Any) -> list[Any]:
    step = Interest(list(zones or (TEA, COFFEE)), **settings)
    return [event.facts for event in run_plugin(step, frames_of(scene)) if event.kind == kind]


def test_a_look_is_told_with_its_zone_seconds_and_probability() -> None:
    scene = [*standing(2, yaw=0), *standing(3, yaw=-40), *standing(2, yaw=0), *empty(4)]

    (tea,) = events_of(scene)

    assert (tea["zone"], tea["product"], tea["shelf"], tea["final"], tea["looks"]) == ("tea", "4711", "A", True, 1)
    assert tea["looked_seconds"] == pytest.approx(3, abs=0.2)
    assert 0.8 < tea["probability"] <= 1


def test_each_look_is_counted_and_a_blink_is_no_end() -> None:
    look, blink, away = standing(1, yaw=-40), standing(0.2, yaw=0), standing(1.5, yaw=0)

    (tea,) = events_of([*look, *blink, *look, *away, *look, *empty(4)])

    assert tea["looks"] == 2
    assert tea["looked_seconds"] == pytest.approx(3, abs=0.4)


def test_a_glance_is_no_look() -> None:
    scene = [*standing(1, yaw=0), *standing(0.2, yaw=-40), *standing(1, yaw=0), *empty(4)]

    assert [(event["looks"], event["looked_seconds"]) for event in events_of(scene)] == [(0, 0)]


def test_whoever_passes_a_shelf_without_a_look_is_told_as_passing() -> None:
    walk = [[face(x=float(x))] for x in np.arange(640, 250, -20)]

    (tea,) = events_of([*walk, *empty(4)])

    assert (tea["passed"], tea["looks"], tea["looked_seconds"], tea["stopped_seconds"]) == (True, 0, 0, 0)
    assert tea["probability"] == 0


def test_whoever_stays_away_from_a_shelf_and_looks_elsewhere_is_not_told() -> None:
    assert events_of([*standing(5, x=640), *empty(4)]) == []


def test_standing_at_a_shelf_is_a_stop_with_its_seconds() -> None:
    arrive = [[face(x=float(x))] for x in np.arange(640, 300, -20)]
    leave = [[face(x=float(x))] for x in np.arange(300, 640, 20)]

    (tea,) = events_of([*arrive, *standing(6, x=300), *leave, *empty(4)])

    assert tea["stopped_seconds"] == pytest.approx(6, abs=0.7)


def test_walking_towards_the_camera_is_no_stop() -> None:
    walk = [[face(x=300, width=width)] for width in np.geomspace(30, 90, 30)]

    (tea,) = events_of([*walk, *empty(4)])

    assert tea["stopped_seconds"] == 0


def test_a_short_loss_of_the_track_does_not_end_the_visit() -> None:
    scene = [*standing(2, yaw=-40, track=1), *empty(1.5), *standing(2, yaw=-40, track=2), *empty(4)]

    (tea,) = events_of(scene)

    assert tea["looked_seconds"] == pytest.approx(4, abs=0.7)


def test_a_long_loss_ends_it() -> None:
    scene = [*standing(2, yaw=-40, track=1), *empty(5), *standing(2, yaw=-40, track=2), *empty(4)]

    first, second = events_of(scene)

    assert first["visit"] != second["visit"]


def test_somebody_elsewhere_is_somebody_else() -> None:
    scene = [*standing(2, yaw=-40, x=400, track=1), *empty(0.5), *standing(2, yaw=-40, x=900, track=2), *empty(4)]

    assert len({event["visit"] for event in events_of(scene)}) == 2


def test_two_people_at_once_are_two_visits() -> None:
    scene = [[face(x=400, yaw=-40, track=1), face(x=900, yaw=40, track=2)] for _ in range(30)]

    events = events_of([*scene, *empty(4)])

    assert {(event["zone"], event["looks"]) for event in events} == {("tea", 1), ("coffee", 1)}
    assert len({event["visit"] for event in events}) == 2


def test_staff_is_ignored_from_the_start_also_when_it_leaves_its_area() -> None:
    scene = [*standing(1, x=640, y=100), *standing(3, x=400, y=400, yaw=-40), *empty(4)]

    assert events_of(scene, TEA, OFFICE) == []


def test_a_customer_who_steps_into_the_staff_area_is_ignored_there_only() -> None:
    scene = [*standing(3, yaw=-40), *standing(3, x=400, y=150, yaw=-40), *empty(4)]

    (tea,) = events_of(scene, TEA, OFFICE)

    assert tea["looked_seconds"] == pytest.approx(3, abs=0.2)


def test_a_long_visit_is_told_every_minute_and_the_figures_add_up() -> None:
    events = events_of([*standing(150, yaw=-40), *empty(4)])

    assert [event["final"] for event in events] == [False, False, True]
    assert len({event["visit"] for event in events}) == 1
    assert sum(event["looked_seconds"] for event in events) == pytest.approx(150, abs=1)
    assert sum(event["looks"] for event in events) == 1


def test_a_zone_that_was_told_about_is_ended_also_without_anything_new() -> None:
    events = events_of([*standing(61, x=400, yaw=-40), *standing(10, x=640, yaw=0), *empty(4)], update_every=30)

    assert events[-1]["final"] is True
    assert [event["final"] for event in events].count(True) == 1


def test_the_expression_is_averaged_while_looking_only() -> None:
    grim = Expression({"happy": 0.1, "sad": 0.9}, -0.8)
    scene = [*standing(2, yaw=-40, expression=HAPPY), *standing(2, yaw=0, expression=grim), *empty(4)]

    (tea,) = events_of(scene)

    assert tea["expression"]["valence"] == pytest.approx(0.8, abs=0.05)
    assert tea["expression"]["probabilities"]["happy"] == pytest.approx(0.9, abs=0.03)
    assert tea["expression"]["seconds"] == pytest.approx(2, abs=0.3)


def test_an_expression_stands_until_the_emotion_step_runs_again() -> None:
    scene = [[face(yaw=-40, expression=HAPPY if index % 5 == 0 else None)] for index in range(20)]

    (tea,) = events_of([*scene, *empty(4)])

    assert tea["expression"]["seconds"] == pytest.approx(2, abs=0.3)


def test_an_expression_does_not_stand_for_long() -> None:
    (tea,) = events_of([*standing(1, yaw=-40, expression=HAPPY), *standing(3, yaw=-40), *empty(4)])

    assert tea["expression"]["seconds"] == pytest.approx(2, abs=0.3)


def test_without_emotion_there_is_no_expression() -> None:
    (tea,) = events_of([*standing(2, yaw=-40), *empty(4)])

    assert tea["expression"] is None


def test_closing_tells_what_is_under_way() -> None:
    (tea,) = events_of(standing(2, yaw=-40))

    assert tea["final"] is True


def test_a_change_of_mode_tells_what_is_under_way() -> None:
    camera = make_camera("aisle")
    step = Interest([TEA])
    told = stepwise(step, frames_of(standing(2, yaw=-40), camera))
    for _ in range(20):
        next(told)

    changed = {"mode": "night", "reason": "sun", "previous": "day"}
    step.handle_event(Event("x", "mode.changed", "aisle", START, changed))

    assert [event.kind for events in told for event in events] == ["interest.visit"]


def test_times_are_those_of_the_pictures_and_facts_are_plain_json() -> None:
    step = Interest([TEA, COUNTER])
    frames = frames_of([*standing(2, yaw=-40, expression=HAPPY), *empty(4)])

    (event,) = run_plugin(step, frames)

    assert json.loads(json.dumps(event.facts)) == event.facts
    assert event.facts["start"] <= "2026-01-01T00:00:00.500000Z"
    assert event.facts["end"] == "2026-01-01T00:00:01.900000Z"


def test_events_carry_no_picture_and_nothing_that_tells_who_it_was() -> None:
    step = Interest([TEA, COUNTER])
    scene = [*standing(2, yaw=-40, expression=HAPPY), *standing(2, x=640, y=360, expression=HAPPY), *empty(4)]

    events = run_plugin(step, frames_of(scene))

    assert {event.kind for event in events} == {"interest.visit", "interest.mood"}
    for event in events:
        assert event.files == ()
        assert not {"track", "box", "face", "landmarks", "keypoints"} & event.facts.keys()


def test_the_same_visit_has_another_id_in_another_run() -> None:
    scene = [*standing(2, yaw=-40), *empty(4)]

    assert events_of(scene)[0]["visit"] != events_of(scene)[0]["visit"]


def test_the_mood_at_a_counter_counts_each_person_in_the_minute_in_which_he_came() -> None:
    one = [[face(x=640, y=360, expression=HAPPY)] for _ in range(300)]
    two = [[face(x=600, y=360, expression=HAPPY), face(x=690, y=360, track=2, expression=HAPPY)] for _ in range(400)]

    first, second = events_of([*one, *two, *empty(4)], TEA, COUNTER, kind="interest.mood")

    assert (first["zone"], first["people"], second["people"]) == ("counter", 2, 0)
    assert first["valence"] == second["valence"] == pytest.approx(0.8)
    assert first["probabilities"]["happy"] == pytest.approx(0.9)
    assert first["seconds"] == pytest.approx(90, abs=1)


def test_nobody_at_the_counter_makes_no_mood() -> None:
    assert events_of([*standing(70, x=100), *empty(4)], COUNTER, kind="interest.mood") == []


def test_a_counter_without_known_expressions_tells_its_people_only() -> None:
    (mood,) = events_of([*standing(5, x=640, y=360), *empty(4)], COUNTER, kind="interest.mood")

    assert (mood["people"], mood["valence"], mood["probabilities"]) == (1, None, {})


def test_a_zone_is_drawn_and_takes_on_colour_as_far_as_somebody_faces_it() -> None:
    step = Interest([TEA, OFFICE])
    canvases = []
    for frame in frames_of([[face(yaw=-40), face(800, yaw=0, track=2)], []]):
        frame.people = people_of(frame.faces)
        step.process_frame(frame)
        canvases.append(Canvas(frame.width, frame.height))
        step.draw(canvases[-1])

    (tea, tea_label, office, office_label), (unseen, *_) = (canvas.shapes for canvas in canvases)

    assert isinstance(tea, Outline)
    assert isinstance(office, Outline)
    assert isinstance(unseen, Outline)
    assert tea.corners[2] == (256, 648)
    assert tea.colour[0] - tea.colour[2] > 200
    assert office.colour == unseen.colour == (170, 170, 170)
    assert [getattr(label, "text", "") for label in (tea_label, office_label)] == ["tea 100%", "office"]


def test_faces_without_a_track_are_no_visits() -> None:
    assert events_of([*standing(3, yaw=-40, track=None), *empty(4)]) == []


def test_a_camera_that_comes_back_with_another_size_keeps_its_zones() -> None:
    camera = make_camera("aisle")
    small = np.zeros((360, 640), np.uint8)
    frames = [
        make_frame(PICTURE, camera=camera, seconds=0, faces=[]),
        *[
            make_frame(small, camera=camera, seconds=1 + index / FPS, faces=[face(x=200, y=200, yaw=-40, width=30)])
            for index in range(30)
        ],
    ]

    (tea,) = (event.facts for event in run_plugin(Interest([TEA, COFFEE]), frames))

    assert tea["zone"] == "tea"


@pytest.mark.parametrize(
    ("zones", "message"),
    [
        pytest.param([TEA, TEA], "'tea' is defined twice", id="one name for two zones"),
    ],
)
def test_zones_that_contradict_are_refused(zones: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Interest(zones)


@pytest.mark.parametrize(
    ("update", "message"),
    [
        pytest.param({"distance": 2.0}, "needs field_of_view or the camera's mounting", id="distance"),
        pytest.param({"height": 1.2}, "needs the camera's mounting", id="height"),
    ],
)
def test_zones_in_space_need_to_know_the_camera(update: dict[str, Any], message: str) -> None:
    zones = [TEA.model_copy(update=update)]

    with pytest.raises(ValueError, match=message):
        Interest(zones).open_camera(make_camera())
    Interest(zones).open_camera(make_camera(mounting=Mounting(2.8, 30, 80)))


def test_people_before_a_high_camera_pass_the_shelf_that_they_stand_at() -> None:
    mounting, size = Mounting(2.8, 30, 80), (1280, 720)
    shelf = [(-1.0, 0.9, 4.0), (0.0, 0.9, 4.0), (0.0, 0.2, 4.0), (-1.0, 0.2, 4.0)]
    polygon = [mounting.picture(*corner, size) for corner in shelf]
    zone = Zone.model_validate({"name": "low", "polygon": polygon, "height": [0.9, 0.9, 0.2, 0.2]})

    def passed(z: float) -> bool:
        middle, crown = (mounting.picture(-0.5, height, z, size) for height in (1.6, 1.675))
        assert middle is not None
        assert crown is not None
        half = middle[1] - crown[1]
        face = Face(Box(middle[0] - half, middle[1] - half, 2 * half, 2 * half), track=1)
        frames = film([PICTURE] * 3, camera=make_camera(mounting=mounting), faces=[face])
        told = run_plugin(Interest([zone]), frames)
        return any(event.facts["passed"] for event in told if event.kind == "interest.visit")

    assert passed(3.75)
    assert not passed(2.9)


def test_narrow_zones_are_warned_of_once(caplog: pytest.LogCaptureFixture) -> None:
    narrow = Zone(name="narrow", sector=(0, 15))

    run_plugin(Interest([narrow]), frames_of(empty(1)))

    (record,) = caplog.records
    assert "zone 'narrow' is 15 degrees wide" in record.getMessage()
