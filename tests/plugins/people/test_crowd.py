"""People on made films: who is told, under which number, and what is no person."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest
from vidframe_people.crowd import Crowd
from vidframe_people.fixtures import FILE, Fixtures
from vidframe_people.pose import LEFT_HIP, LEFT_SHOULDER, RIGHT_HIP, RIGHT_SHOULDER, Joints, Pose
from vidframe_people.settings import Settings

from tests.plugins.people.conftest import MarkDetector, Pixels, figure, new_crowd, people_in
from vidframe import Box, Face, HeadPose, Person
from vidframe.testing import make_camera


def numbers(found: Iterable[list[Person]]) -> list[list[int | None]]:
    return [[person.track for person in people] for people in found]


def walk(empty: Pixels, steps: int = 40) -> list[Pixels]:
    """Somebody comes in from the left and walks to the middle."""
    return [figure(empty, -20 + 8 * step, 300) for step in range(steps)]


def test_somebody_who_comes_in_is_told_within_a_second_and_keeps_the_number(empty: Pixels) -> None:
    found = numbers(people_in([empty] * 30 + walk(empty)))

    assert not any(found[:30])
    assert found[42:] == [[1]] * 28


def test_somebody_who_stands_still_is_there_without_being_searched_all_the_time(empty: Pixels) -> None:
    detector = MarkDetector()
    film = [empty] * 30 + walk(empty)
    coming = len(list(people_in(film, detector=detector))), detector.calls

    standing = MarkDetector()
    found = numbers(people_in(film + [film[-1]] * 300, detector=standing))

    assert found[-300:] == [[1]] * 300
    # Thirty seconds: looked at each three seconds, in the squares about the body.
    assert standing.calls - coming[1] <= 10 * 3


def test_which_way_somebody_faces_is_seldom_asked_while_nothing_changes(empty: Pixels) -> None:
    class Ahead(Pose):
        def __init__(self) -> None:
            self.asked = 0

        def joints(self, image: Pixels, box: Box) -> Joints:
            self.asked += 1
            joints = np.zeros((17, 3), np.float32)
            joints[[LEFT_SHOULDER, RIGHT_SHOULDER, LEFT_HIP, RIGHT_HIP]] = [
                [30, 0, 1],
                [0, 0, 1],
                [22, 40, 1],
                [8, 40, 1],
            ]
            return joints

    film = [empty] * 30 + walk(empty)
    pose = Ahead()
    crowd = Crowd(Settings(), MarkDetector(), pose, Fixtures(make_camera()))
    coming = list(people_in(film, crowd=crowd))
    asked = pose.asked
    standing = list(people_in([film[-1]] * 300, crowd=crowd, start=len(film)))

    assert asked >= 5  # twice a second while somebody walks
    assert pose.asked - asked <= 12
    assert all(person.facing is not None for people in coming[-5:] + standing for person in people)


def test_somebody_who_leaves_is_gone_at_once(empty: Pixels) -> None:
    film = [empty] * 30 + walk(empty)

    found = numbers(people_in([*film, *[empty] * 20]))

    assert found[len(film) - 1] == [1]
    assert found[len(film) + 4 :] == [[]] * 16


def test_who_is_hidden_for_a_moment_keeps_the_number(empty: Pixels) -> None:
    film = [empty] * 30 + walk(empty)
    hidden = [empty] * 25
    back = [figure(empty, 320 + 8 * step, 300) for step in range(15)]

    found = numbers(people_in([*film, *hidden, *back]))

    assert found[-1] == [1]


def test_who_comes_back_after_lost_after_is_somebody_new(empty: Pixels) -> None:
    film = [empty] * 30 + walk(empty)
    back = [figure(empty, 320 + 8 * step, 300) for step in range(15)]

    found = numbers(people_in([*film, *[empty] * 70, *back]))

    assert found[-1] == [2]


def test_two_who_pass_each_other_keep_their_numbers(empty: Pixels) -> None:
    film = [empty] * 30
    film += [figure(figure(empty, 60 + 8 * step, 250, 120, 3), 580 - 8 * step, 330, 150, 4) for step in range(60)]

    found = list(people_in(film))

    early = {person.track: person.box.centre[0] for person in found[50]}
    late = {person.track: person.box.centre[0] for person in found[-1]}
    assert len(early) == 2
    assert early.keys() == late.keys()
    (left, right) = sorted(early, key=lambda number: early[number])
    assert late[left] > late[right]


def test_a_poster_is_told_for_a_moment_once_and_never_again(empty: Pixels) -> None:
    hung = figure(empty, 320, 300)
    camera = make_camera()

    found = numbers(people_in([hung] * 300, crowd=new_crowd(camera)))
    again = numbers(people_in([hung] * 300, crowd=new_crowd(camera)))

    assert sum(map(bool, found)) < 130
    assert not any(found[130:])
    assert not any(again)


def test_what_came_and_looks_exactly_the_same_for_a_minute_is_no_person(empty: Pixels) -> None:
    film = [empty] * 15 + walk(empty)[::2]  # somebody hangs up a cardboard figure

    found = numbers(people_in([*film, *[film[-1]] * 350], fps=5))

    assert found[len(film) + 250] == [1]
    assert found[-1] == []


def test_a_poster_is_none_after_somebody_passed_before_it(empty: Pixels) -> None:
    hung = figure(empty, 320, 200, 110, 5)
    passing = [figure(hung, -30 + 10 * step, 340, 200, 6) for step in range(70)]

    found = numbers(people_in([hung] * 150 + passing + [hung] * 700))

    assert not any(found[140:150])
    assert not any(found[-50:])


def test_a_body_takes_over_the_number_of_its_face(empty: Pixels) -> None:
    film = [empty] * 5 + [figure(empty, 200 + 4 * step, 300) for step in range(40)]
    faces = [
        [] if index < 5 else [Face(Box(190 + 4 * (index - 5), 155, 20, 25), 0.9, track=8)] for index in range(len(film))
    ]

    found = list(people_in(film, faces=faces))

    told = {person.track for people in found for person in people}
    assert told == {1}
    assert found[-1][0].seen_by == "body"
    assert found[-1][0].face is faces[-1][0]


def test_a_face_without_a_body_is_a_person_seen_by_the_face(empty: Pixels) -> None:
    rng = np.random.default_rng(3)
    film, faces = [], []
    for _ in range(20):
        image = empty.copy()
        image[100:160, 200:250] = rng.integers(0, 255, (60, 50, 1))  # a face moves
        film.append(image)
        faces.append([Face(Box(200, 100, 50, 60), 0.9, track=3, head_pose=HeadPose(20, 0, 0, 6))])

    (person,) = list(people_in(film, faces=faces))[-1]

    assert person.seen_by == "face"
    assert person.facing == (20, 6)


def test_somebody_who_bends_down_is_one_person_and_a_child_before_him_another(empty: Pixels) -> None:
    film = [empty] * 30 + walk(empty)
    bent = Face(Box(270, 260, 20, 25), 0.9, track=1)
    child = Face(Box(300, 255, 18, 22), 0.9, track=2)
    head = Face(Box(280, 155, 20, 25), 0.9, track=3)

    alone = list(people_in(film, faces=[[]] * 60 + [[bent]] * 10))[-1]
    both = list(people_in(film, faces=[[]] * 60 + [[head, child]] * 10))[-1]

    assert [person.face for person in alone] == [bent]
    assert [(person.face, person.seen_by) for person in both] == [(head, "body"), (child, "face")]


def test_a_body_that_strays_to_another_face_is_that_person(empty: Pixels) -> None:
    came = [empty] * 30 + walk(empty)
    goes = [figure(empty, 292 - 6 * step, 300) for step in range(20)]  # the body of another, who steps out before him
    stands = Face(Box(282, 155, 20, 25), 0.9, track=1)
    heads = [Face(Box(282 - 6 * step, 157, 20, 25), 0.9, track=2) for step in range(20)]
    faces: list[list[Face]] = [[]] * 66 + [[stands]] * 8 + [[stands, head] for head in heads[4:]]

    found = list(people_in([*came, *goes], faces=faces))

    assert numbers(found)[68] == [1]
    by_face = {person.face.track: person.track for person in found[-1] if person.face}
    assert by_face == {1: 1, 2: 2}


def test_a_face_that_never_moves_is_a_picture(empty: Pixels) -> None:
    rng = np.random.default_rng(3)
    image = empty.copy()
    image[100:160, 200:250] = rng.integers(0, 255, (60, 50, 1))
    faces = [[Face(Box(200, 100, 50, 60), 0.9, track=3)]] * 200

    found = numbers(people_in([image] * 200, faces=faces))

    assert found[0] == [1]
    assert not any(found[130:])


def test_an_empty_room_costs_no_search_and_holds_nobody(empty: Pixels) -> None:
    detector = MarkDetector()
    light = [np.clip(empty * (1 + 0.02 * np.sin(index / 50)), 0, 255).astype(np.uint8) for index in range(600)]

    assert not any(people_in(light, detector=detector))
    assert detector.calls < 100


def test_a_damaged_memory_of_fixtures_is_named_and_learned_anew(
    empty: Pixels, caplog: pytest.LogCaptureFixture
) -> None:
    camera = make_camera()
    (camera.state / FILE).write_text('{"boxes": [[1, 2]]}')

    new_crowd(camera)

    assert f"{camera.state / FILE} cannot be read" in caplog.text
