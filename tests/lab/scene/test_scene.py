"""The drawn shop: its truth is geometry, and the whole day chain is held against it."""

from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from vidframe_faces.plugin import Faces
from vidframe_gaze.facing import Facing
from vidframe_gaze.interest import Interest
from vidframe_gaze.plugin import Gaze
from vidframe_gaze.zones import Zone
from vidframe_lab.gaze import eval_interest
from vidframe_lab.gaze.eval_interest import default_chain, found_in, metrics_of
from vidframe_lab.gaze.visits import Truth, matched, read_clips
from vidframe_lab.scene.film import FPS, Film, customers, interest_settings, write_film
from vidframe_lab.scene.people import Clothes, Moment, Person, Pose
from vidframe_lab.scene.portrait import Head
from vidframe_lab.scene.shop import FIELD_OF_VIEW, HEIGHT, PLACES, WIDTH, drawn_shop, pixels

from vidframe.testing import make_camera, make_frame, run_chain

BALL = np.random.default_rng(0).normal(0, 0.4, (500, 3))
HEAD = Head(
    BALL, np.zeros_like(BALL), np.zeros(500, bool), np.full((500, 3), 200, np.uint8), (60, 60, 60)
)  # no portrait, to be fast
CLOTHES = Clothes((200, 0, 0), (0, 0, 0))


def visitor(*story: Moment) -> Person:
    return Person("visitor", HEAD, CLOTHES, story)


def poses(person: Person, seconds: float) -> list[Any]:
    return list(islice(person.poses(FPS), round(seconds * FPS)))


def test_somebody_is_there_from_the_first_to_the_last_moment_only() -> None:
    seen = poses(visitor(Moment(1.0, 0, -5), Moment(2.0, 0, -4)), 3)

    assert [pose is not None for pose in seen[:: FPS // 3]] == [False] * 3 + [True] * 4 + [False] * 2


@pytest.mark.parametrize("name", ["tea", "coffee", "honey"])
def test_a_head_that_has_turned_to_a_place_is_turned_to_it_exactly(name: str) -> None:
    person = visitor(Moment(0, 0.1, -4.2, name), Moment(3, 0.1, -4.2, name))

    last = poses(person, 2)[-1]

    assert last.looked_at().name == name


def test_a_head_turns_no_faster_than_heads_do() -> None:
    person = visitor(Moment(0, 0, -3.7, "tea"), Moment(1, 0, -3.7, "coffee"), Moment(3, 0, -3.7, "coffee"))

    yaws = [pose.yaw for pose in poses(person, 2.9)]

    assert max(np.abs(np.diff(yaws))) * FPS <= 170.1


def test_a_nearer_face_is_larger_and_a_place_is_where_its_zone_is() -> None:
    near, far = (Pose((0, -0.15, -z), 0, 0, 0, 0, 0) for z in (2.0, 4.0))

    assert near.face[2] == pytest.approx(2 * far.face[2], rel=0.01)
    assert PLACES[0].zone().polygon == [tuple(np.round(corner, 1)) for corner in pixels(PLACES[0].corners)]


def test_the_step_finds_the_place_that_the_truth_names_when_it_knows_the_exact_direction() -> None:
    from vidframe import Box, Face, HeadPose

    facing = Facing([place.zone(with_distances=True) for place in PLACES], (WIDTH, HEIGHT), FIELD_OF_VIEW)
    for place in PLACES:
        pose = poses(visitor(Moment(0, 0.1, -4.0, place.name), Moment(3, 0.1, -4.0, place.name)), 2)[-1]
        face = Face(Box(*pose.face), head_pose=HeadPose(pose.yaw, pose.pitch, 0, 2.0))

        found = facing.probabilities(face)

        assert max(found, key=found.__getitem__) == place.name


def test_the_truth_counts_looks_and_stops() -> None:
    person = visitor(
        Moment(0, 0, -6, "ahead"),
        Moment(3, 0.1, -3.7, "tea"),
        Moment(6, 0.1, -3.7, "camera"),
        Moment(8, 0.1, -3.7, "tea"),
        Moment(10, 0.1, -3.7),
    )
    film = Film(("day",), [person])
    list(islice(film.pictures(), 10 * FPS))

    tea = next(visit for visit in film.truth()["visits"] if visit["zone"] == "tea")

    assert tea["looks"] == 2
    assert tea["looked_seconds"] == pytest.approx(5, abs=0.7)
    assert tea["stopped_seconds"] == pytest.approx(7, abs=0.2)


def test_by_night_the_shop_is_dark_and_its_incidents_are_named() -> None:
    film = Film(("night",))
    first = next(film.pictures())
    for _ in film.pictures():
        pass

    assert first.mean() < 30 < drawn_shop().mean()
    assert [incident["change"] for incident in film.incidents] == ["motion", "motion"]


def test_the_settings_of_the_scene_are_settings_of_the_step() -> None:
    Truth.model_validate({"interest": interest_settings(), "visits": []})
    Truth.model_validate({"interest": interest_settings(in_space=False), "visits": []})


@pytest.mark.slow
def test_the_portrait_turned_and_mirrored_is_seen_turned_and_mirrored() -> None:
    from vidframe_gaze.head_pose import angles_of, reference_face
    from vidframe_lab.gaze.faces_in import face_finder

    head, reference = customers()[0].head, reference_face()

    def seen(picture: Any) -> float:
        (face,) = find(picture)
        assert face.landmarks is not None
        rotation = reference.rotation(face.landmarks[:468])
        assert rotation is not None
        return angles_of(rotation).yaw

    with face_finder() as find:
        yaws = {}
        for yaw in (-30, -15, 0, 15, 30):
            drawn, opacity = head.drawn(45, yaw)
            picture = np.full((360, 640, 3), 200, np.uint8)
            side, (top, left) = len(drawn), (90, 200)
            part = picture[top : top + side, left : left + side]
            part[:] = drawn * opacity[..., None] + part * (1 - opacity[..., None])
            yaws[yaw] = seen(picture)

            assert seen(np.ascontiguousarray(picture[:, ::-1])) == pytest.approx(-yaws[yaw], abs=4)

    assert all(abs(found - yaw) < 9 for yaw, found in yaws.items())
    assert list(yaws.values()) == sorted(yaws.values())


@pytest.mark.slow
def test_the_day_chain_tells_who_looked_where_in_the_drawn_shop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_film(tmp_path, Film(("day",)))
    (clip,) = read_clips(tmp_path)

    by_bodies = metrics_of(matched(clip.path.name, clip.visits, found_in(clip, default_chain(clip))))
    monkeypatch.setattr(eval_interest, "SEEING", ("faces", "gaze"))
    by_faces = metrics_of(matched(clip.path.name, clip.visits, found_in(clip, default_chain(clip))))

    for metrics in (by_bodies, by_faces):
        assert (metrics["looks_recall"], metrics["looks_precision"]) == (1, 1)
        assert (metrics["looked_seconds_mae"] or 0) < 0.5
    # The film's truth of who stands where is by faces: a shelf hides the feet.
    assert (by_faces["stopped_seconds_mae"] or 0) < 2


def told(person: Person, zones: list[Zone], seconds: float) -> dict[str, float]:
    """Seconds that the whole day chain tells for each zone, of one visitor in the drawn shop."""
    camera = make_camera("shelf")
    pictures = islice(Film(("day",), [person]).pictures(), round(seconds * FPS))
    frames = (
        make_frame(picture, camera=camera, index=index, seconds=index / FPS) for index, picture in enumerate(pictures)
    )
    run = run_chain([Faces(), Gaze(), Interest(zones)], frames, camera=camera, keep_frames=False)
    return {
        event.facts["zone"]: event.facts["looked_seconds"] for event in run.events if event.kind == "interest.visit"
    }


LOOKS_ABOUT = (
    Moment(0, 0.1, -3.7, "camera"),
    Moment(1, 0.1, -3.7, "tea"),
    Moment(3.5, 0.1, -3.7, "camera"),
    Moment(4.5, 0.1, -3.7, "coffee"),
    Moment(5.7, 0.1, -3.7, "camera"),
    Moment(7, 0.1, -3.7, "camera"),
)
LEFT, RIGHT = Zone(name="left", sector=(-60, -12)), Zone(name="right", sector=(12, 60))


@pytest.mark.slow
def test_a_camera_on_the_shelf_tells_to_which_side_somebody_looked() -> None:
    looked = told(Person("visitor", customers()[0].head, CLOTHES, LOOKS_ABOUT), [LEFT, RIGHT], 7)

    assert looked == {"left": pytest.approx(2.5, abs=0.5), "right": pytest.approx(1.2, abs=0.5)}


@pytest.mark.slow
def test_who_stands_in_a_staff_area_is_told_of_nowhere() -> None:
    behind_counter = Zone(name="counter", kind="staff", polygon=[(0.4, 0.0), (0.6, 0.0), (0.6, 1.0), (0.4, 1.0)])
    elsewhere = Zone(name="office", kind="staff", polygon=[(0.0, 0.0), (0.2, 0.0), (0.2, 1.0), (0.0, 1.0)])
    visitor = Person("visitor", customers()[0].head, CLOTHES, LOOKS_ABOUT)

    assert told(visitor, [LEFT, RIGHT, behind_counter], 3) == {}
    assert told(visitor, [LEFT, RIGHT, elsewhere], 3).keys() == {"left", "right"}
