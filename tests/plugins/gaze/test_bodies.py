"""The `interest` step on made bodies: where people stand, what they are turned to, who is who."""

from typing import Any

import numpy as np
import pytest
from vidframe_gaze.interest import Interest
from vidframe_gaze.places import Places
from vidframe_gaze.zones import Zone

from vidframe import Box, Expression, Face, Frame, HeadPose, Person
from vidframe.geometry import Mounting, is_inside
from vidframe.testing import make_camera, make_frame, run_plugin

PICTURE = np.zeros((720, 1280), np.uint8)
FPS = 10
TALL = 360.0
SHELF = Zone(name="shelf", product="4711", polygon=[(0.4, 0.2), (0.6, 0.2), (0.6, 0.4), (0.4, 0.4)])
OFFICE = Zone(name="office", kind="staff", polygon=[(0.0, 0.7), (0.3, 0.7), (0.3, 1.0), (0.0, 1.0)])
COUNTER = Zone(name="counter", kind="service", polygon=[(0.4, 0.7), (0.6, 0.7), (0.6, 0.95), (0.4, 0.95)])
POSTER = Zone(name="poster", kind="ignore", polygon=[(0.7, 0.0), (1.0, 0.0), (1.0, 1.0), (0.7, 1.0)])
HAPPY = Expression({"happy": 1.0}, 0.8)
HUNG = Mounting(2.8, 30, 80)
AWAY = 4.0  # metres from below that camera to the front of a low shelf
LOW_SHELF = Zone.model_validate(
    {
        "name": "low",
        "polygon": [
            HUNG.picture(x, y, AWAY, (1280, 720)) for x, y in ((-0.5, 0.9), (0.5, 0.9), (0.5, 0.2), (-0.5, 0.2))
        ],
        "height": [0.9, 0.9, 0.2, 0.2],
    }
)


def face_at(x: float, y: float, *, yaw: float = 0.0, track: int = 1, expression: Expression | None = None) -> Face:
    return Face(Box(x - 20, y - 20, 40, 40), track=track, head_pose=HeadPose(yaw, 0, 0, 7), expression=expression)


def body(
    x: float = 640.0,
    foot: float = 600.0,
    *,
    track: int | None = 1,
    wide: float = 120.0,
    tall: float = TALL,
    **about: Any,
) -> Person:
    """A body that stands at (x, foot)."""
    return Person(Box(x - wide / 2, foot - tall, wide, tall), track=track, **about)


def head(x: float = 640.0, y: float = 270.0, *, track: int = 1, **about: Any) -> Person:
    """A person of whom only the face is seen."""
    face = face_at(x, y, track=track, **about)
    return Person(face.box, track=track, face=face, seen_by="face")


def standing(seconds: float, *people: Person) -> list[list[Person]]:
    return [list(people) for _ in range(round(seconds * FPS))]


def empty(seconds: float = 4) -> list[list[Person]]:
    return standing(seconds)


def walk(start: float, end: float, speed: float = 0.7) -> list[list[Person]]:
    """Across the picture, so many body heights a second."""
    steps = max(2, round(abs(end - start) / TALL / speed * FPS))
    return [[body(float(x))] for x in np.linspace(start, end, steps)]


def before_shelf(metres: float) -> Person:
    """Somebody of 1.7 m, so far before the low shelf."""
    foot, crown = (HUNG.picture(0, height, AWAY - metres, (1280, 720)) for height in (0.0, 1.7))
    assert foot is not None
    assert crown is not None
    tall = foot[1] - crown[1]
    return body(foot[0], foot[1], tall=tall, wide=0.27 * tall)


def frames_of(scene: Any, mounting: Mounting | None = None) -> list[Frame]:
    camera = make_camera("aisle", mounting=mounting)
    return [
        make_frame(PICTURE, camera=camera, index=index, seconds=index / FPS, people=people)
        for index, people in enumerate(scene)
    ]


def told(
    scene: Any, *zones: Zone, kind: str = "interest.visit", mounting: Mounting | None = None, **settings: Any
) -> list[Any]:
    step = Interest(list(zones or (SHELF,)), **settings)
    return [event.facts for event in run_plugin(step, frames_of(scene, mounting)) if event.kind == kind]


def test_somebody_who_shows_no_face_is_one_visit_with_the_time_that_he_stood() -> None:
    (visit,) = told([*walk(60, 640), *standing(8, body()), *walk(640, 1220), *empty()])

    assert (visit["seen_by"], visit["passed"], visit["looks"], visit["final"]) == ("body", True, 0, True)
    assert visit["stopped_seconds"] == pytest.approx(8, abs=0.8)


def test_whoever_walks_by_is_told_as_passing() -> None:
    (visit,) = told([*walk(60, 1220), *empty()])

    assert (visit["passed"], visit["stopped_seconds"]) == (True, 0)


def test_a_box_that_trembles_is_somebody_who_stands() -> None:
    tremble = np.random.default_rng(1).normal(0, 0.012 * TALL, (100, 3))
    scene = [[body(640 + x, 600 + y, wide=120 + w)] for x, y, w in tremble]

    (visit,) = told([*scene, *empty()])

    assert visit["stopped_seconds"] == pytest.approx(10, abs=0.5)


def test_an_arm_that_is_stretched_out_is_no_step() -> None:
    def reaching(width: float) -> list[Person]:
        return [Person(Box(580, 240, width, TALL), track=1)]

    scene = [reaching(120 + 12 * (index % 10)) for index in range(80)]

    (visit,) = told([*scene, *empty()])

    assert visit["stopped_seconds"] == pytest.approx(8, abs=0.3)


def test_legs_that_a_board_hides_for_a_moment_are_no_step() -> None:
    cut = Person(Box(580, 240, 120, 0.6 * TALL), track=1)

    (visit,) = told([*standing(3, body()), *standing(3, cut), *standing(3, body()), *empty()])

    assert visit["stopped_seconds"] == pytest.approx(9, abs=1.2)


def test_whoever_comes_in_over_the_lower_edge_does_not_stand_yet() -> None:
    scene = [[Person(Box(580, float(top), 120, 715 - float(top)), track=1)] for top in np.linspace(500, 200, 15)]

    (visit,) = told([*scene, *empty()])

    assert visit["stopped_seconds"] == 0


def test_feet_stand_where_the_area_is_and_faces_as_well() -> None:
    zone = SHELF.model_copy(update={"area": [(0.45, 0.8), (0.55, 0.8), (0.55, 0.9), (0.45, 0.9)]})

    assert told([*standing(3, body()), *empty()], zone)[0]["stopped_seconds"] > 2
    assert told([*standing(3, body(foot=700)), *empty()], zone) == []
    assert told([*standing(3, head(y=610)), *empty()], zone)[0]["seen_by"] == "face"
    assert told([*standing(3, head(y=300)), *empty()], zone) == []


def test_without_an_area_the_floor_before_the_goods_counts() -> None:
    for x, foot, is_there in ((640, 560, True), (880, 560, True), (1100, 560, False), (640, 100, False)):
        assert bool(told([*standing(3, body(x, foot, tall=300)), *empty()])) is is_there, (x, foot)


def test_the_back_that_is_turned_to_the_shelf_behind_it_is_turned_and_does_not_look() -> None:
    (visit,) = told([*standing(4, body(facing=(180.0, 40.0))), *empty()])

    assert visit["turned_seconds"] == pytest.approx(4, abs=0.2)
    assert (visit["looks"], visit["looked_seconds"]) == (0, 0)


def test_a_body_that_is_turned_elsewhere_is_not_turned_to_the_shelf() -> None:
    for yaw in (0.0, 90.0, -90.0):
        assert told([*standing(4, body(facing=(yaw, 40.0))), *empty()])[0]["turned_seconds"] == 0


def test_a_shelf_beside_somebody_is_one_that_he_turns_to() -> None:
    beside = Zone(name="left", polygon=[(0.2, 0.3), (0.4, 0.3), (0.4, 0.8), (0.2, 0.8)])

    seconds = {
        yaw: told([*standing(4, body(facing=(yaw, 40.0))), *empty()], beside)[0]["turned_seconds"]
        for yaw in (-90.0, 90.0)
    }

    assert seconds == {-90.0: pytest.approx(4, abs=0.2), 90.0: 0}


def test_where_the_head_is_known_the_body_says_nothing() -> None:
    person = body(facing=(180.0, 40.0), face=face_at(640, 270, yaw=-40))

    assert told([*standing(4, person), *empty()])[0]["turned_seconds"] == 0


def test_a_face_and_a_body_in_turn_are_one_visit() -> None:
    scene = [
        *standing(2, head(track=1)),
        *standing(2, body(track=2, face=face_at(640, 270, track=1))),
        *standing(2, body(track=2)),
        *standing(2, head(track=3)),
        *empty(),
    ]

    (visit,) = told(scene)

    assert visit["seen_by"] == "body"
    assert visit["stopped_seconds"] > 5


def test_bodies_keep_the_number_that_they_have() -> None:
    scene = [*standing(2, body(track=1)), *standing(2, body(track=2)), *empty()]

    assert len({visit["visit"] for visit in told(scene)}) == 2


def test_a_lost_body_that_comes_back_under_its_number_goes_on() -> None:
    assert len(told([*standing(2, body()), *empty(2), *standing(2, body()), *empty()])) == 1


def test_staff_is_told_by_the_feet() -> None:
    behind_the_till = body(200, 600)

    assert told([*standing(2, behind_the_till), *standing(4, body()), *empty()], SHELF, OFFICE) == []
    assert len(told([*standing(4, body(700, 500)), *empty()], SHELF, OFFICE)) == 1


def test_whoever_stays_longer_than_customers_do_is_staff_from_then_on() -> None:
    customer, clerk = body(560), body(720, track=2)
    scene = [*standing(30, customer, clerk), *standing(170, clerk), *empty()]
    rules: list[dict[str, Any]] = [{}, {"staff_after": 90.0}]

    of_all, of_customers = (told(scene, **rule) for rule in rules)

    assert sum(visit["stopped_seconds"] for visit in of_all) == pytest.approx(230, abs=4)
    assert sum(visit["stopped_seconds"] for visit in of_customers) == pytest.approx(90, abs=4)
    assert [visit["final"] for visit in of_customers].count(True) == 2


def test_what_stands_on_a_poster_is_nobody() -> None:
    printed, before_it = body(1150, 600), body(800, 600)

    assert told([*standing(3, printed), *empty()], SHELF, POSTER) == []
    assert told([*standing(3, head(1150, 300)), *empty()], SHELF, POSTER) == []
    assert len(told([*standing(3, before_it), *empty()], SHELF, POSTER)) == 1


def test_a_cashier_who_is_hidden_again_and_again_is_one_person() -> None:
    def cashier(track: int) -> Person:
        return body(track=track, face=face_at(640, 270, track=track, expression=HAPPY))

    scene = [frame for track in range(12) for frame in (*standing(25, cashier(track)), *empty(5))]

    moods = told(scene, COUNTER, kind="interest.mood")

    assert len(moods) > 4
    assert sum(mood["people"] for mood in moods) == 1
    assert sum(mood["seconds"] for mood in moods) == pytest.approx(300, abs=6)


def test_people_who_walk_up_to_a_counter_one_after_the_other_are_counted() -> None:
    def customer(track: int) -> list[list[Person]]:
        way = [[body(float(x), track=track)] for x in np.linspace(60, 640, 20)]
        return [*way, *standing(3, body(track=track)), *way[::-1], *empty(3.5)]

    scene = [frame for track in range(4) for frame in customer(track)]

    assert sum(mood["people"] for mood in told(scene, COUNTER, kind="interest.mood")) == 4


def test_who_turns_out_to_be_staff_is_taken_out_of_the_mood_that_was_not_told() -> None:
    clerk = body(face=face_at(640, 270, expression=HAPPY))

    moods = told([*standing(100, clerk), *empty()], COUNTER, kind="interest.mood", staff_after=90.0)

    assert len(moods) == 1
    assert moods[0]["seconds"] == pytest.approx(60, abs=1)


@pytest.mark.parametrize(("metres", "is_there"), [(0.3, True), (1.5, False)])
def test_before_a_high_camera_the_metres_over_the_floor_tell_who_is_at_a_low_shelf(
    metres: float, is_there: bool
) -> None:
    visits = told([*standing(4, before_shelf(metres)), *empty()], LOW_SHELF, mounting=HUNG)

    assert [(visit["passed"], visit["stopped_seconds"] > 3) for visit in visits] == [(True, True)] * is_there


@pytest.mark.parametrize("metres", [0.3, 1.5])
def test_without_its_mounting_a_high_camera_cannot_tell_them_apart(metres: float) -> None:
    zone = LOW_SHELF.model_copy(update={"height": None})

    (visit,) = told([*standing(4, before_shelf(metres)), *empty()], zone)

    assert visit["passed"]


def test_the_floor_that_is_drawn_before_a_high_cameras_shelf_is_the_one_that_counts() -> None:
    floor = Places([LOW_SHELF], (1280, 720), None, 3.0, HUNG).floor(LOW_SHELF, TALL)

    assert floor is not None
    inside = [is_inside(floor.tolist(), before_shelf(metres).foot) for metres in (-0.4, 0.4, 0.5, 1.5)]
    assert inside == [True, True, False, False]
