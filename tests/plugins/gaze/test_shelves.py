"""Hands and goods: a drawn shelf of boxes, people before it, and goods that go."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from vidframe_gaze.interest import Interest
from vidframe_gaze.zones import Zone

from vidframe import Box, Frame, Person
from vidframe.testing import make_camera, make_frame, run_plugin

Picture = NDArray[np.uint8]
FPS = 10
SHELF = Zone(name="shelf", polygon=[(0.25, 0.1), (0.75, 0.1), (0.75, 0.5), (0.25, 0.5)])
PRODUCT = (slice(90, 140), slice(300, 340))  # rows and columns of one of the goods
HAND = (slice(120, 140), slice(280, 330))


def shop(seed: int = 0) -> Picture:
    """A shelf with goods of many colours, 640 x 360."""
    goods = np.random.default_rng(seed).integers(60, 200, (9, 16)).astype(np.uint8)
    return np.kron(goods, np.ones((40, 40), np.uint8))


def without_product(picture: Picture) -> Picture:
    """The shelf with a hole where the product was: a dark back with the edge of a board."""
    empty = picture.copy()
    empty[PRODUCT] = 30
    empty[130:134, 300:340] = 220
    return empty


def body(x: float, track: int = 1) -> Person:
    """Somebody 240 pixels tall."""
    return Person(Box(x - 40, 110, 80, 240), track=track)


def seen(picture: Picture, *people: Person, hand: bool = False) -> tuple[Picture, list[Person]]:
    """One picture with people drawn into it as dark shapes, and a hand over the goods."""
    drawn = picture.copy()
    for person in people:
        x, y, width, height = (round(value) for value in person.box)
        drawn[max(0, y) : y + height, max(0, x + 15) : max(0, x + width - 15)] = 20
    if hand:
        drawn[HAND] = 230
    return drawn, list(people)


def visit_to(before: Picture, after: Picture, hands: Iterable[bool] = ()) -> list[Any]:
    """Three seconds of an empty shop, somebody comes, stands for the time of `hands`, and leaves for good."""
    come = [seen(before, body(float(x))) for x in range(40, 240, 14)]
    stand = [seen(before, body(240), hand=hand) for hand in hands]
    leave = [seen(after, body(float(x))) for x in range(240, 40, -14)]
    return [*[seen(before)] * 30, *come, *stand, *leave, *[seen(after)] * 60]


REACHES_ONCE = [*[False] * 20, *[True] * 8, *[False] * 20]
STANDS = [False] * 48


def frames_of(scene: Any) -> list[Frame]:
    camera = make_camera("aisle")
    return [
        make_frame(picture, camera=camera, index=index, seconds=index / FPS, people=people)
        for index, (picture, people) in enumerate(scene)
    ]


def told(scene: Any) -> list[Any]:
    return [event.facts for event in run_plugin(Interest([SHELF]), frames_of(scene)) if event.facts["final"]]


def test_a_hand_at_the_goods_is_a_reach_and_goods_that_are_gone_were_taken() -> None:
    (visit,) = told(visit_to(shop(), without_product(shop()), REACHES_ONCE))

    assert (visit["reaches"], visit["taken"]) == (1, True)


def test_a_hand_that_takes_nothing_is_a_reach_alone() -> None:
    (visit,) = told(visit_to(shop(), shop(), REACHES_ONCE))

    assert (visit["reaches"], visit["taken"]) == (1, False)


def test_two_hands_with_seconds_between_them_are_two_reaches() -> None:
    (visit,) = told(visit_to(shop(), shop(), [*REACHES_ONCE, *REACHES_ONCE]))

    assert visit["reaches"] == 2


def test_whoever_merely_stands_before_the_shelf_reaches_for_nothing() -> None:
    (visit,) = told(visit_to(shop(), shop(), STANDS))

    assert (visit["stopped_seconds"] > 3, visit["reaches"], visit["taken"]) == (True, 0, False)


def test_whoever_walks_by_reaches_for_nothing() -> None:
    walk = [seen(shop(), body(float(x))) for x in range(0, 640, 14)]

    (visit,) = told([*[seen(shop())] * 30, *walk, *[seen(shop())] * 60])

    assert (visit["passed"], visit["reaches"], visit["taken"]) == (True, 0, False)


@pytest.mark.parametrize("light", [0.5, 0.75, 1.2])
def test_other_light_is_no_change_of_the_goods(light: float) -> None:
    changed = np.clip(shop() * light + 8, 0, 255).astype(np.uint8)

    (visit,) = told(visit_to(shop(), changed, STANDS))

    assert (visit["reaches"], visit["taken"]) == (0, False)


def test_noise_is_no_change_of_the_goods() -> None:
    noise = np.random.default_rng(5)
    scene = [
        (np.clip(picture + noise.normal(0, 5, picture.shape), 0, 255).astype(np.uint8), people)
        for picture, people in visit_to(shop(), shop(), STANDS)
    ]

    (visit,) = told(scene)

    assert (visit["reaches"], visit["taken"]) == (0, False)


def test_a_picture_that_moved_says_nothing_about_the_goods() -> None:
    (visit,) = told(visit_to(shop(), np.roll(shop(), (15, 20), (0, 1)), STANDS))

    assert visit["taken"] is None


def test_goods_that_go_while_two_stand_there_were_taken_by_whom_nobody_knows() -> None:
    before, after = shop(), without_product(shop())
    pair = body(240), body(420, track=2)
    scene = [*[seen(before)] * 30, *[seen(before, *pair)] * 40, *[seen(after)] * 60]

    assert [visit["taken"] for visit in told(scene)] == [None, None]


def test_of_two_who_stand_there_the_one_who_reached_took_it() -> None:
    before, after = shop(), without_product(shop())
    reaching, other = body(240), body(460, track=2)
    scene = [
        *[seen(before)] * 30,
        *[seen(before, reaching, other, hand=hand) for hand in REACHES_ONCE],
        *[seen(after)] * 60,
    ]

    assert {(visit["reaches"], visit["taken"]) for visit in told(scene)} == {(1, True), (0, False)}


def test_a_shelf_before_which_somebody_still_stands_cannot_be_judged() -> None:
    stays = body(460, track=2)
    scene = [*[seen(shop())] * 30, *[seen(shop(), body(240), stays)] * 40, *[seen(without_product(shop()), stays)] * 60]

    assert [visit["taken"] for visit in told(scene)] == [None, None]


def test_a_shelf_that_was_never_seen_empty_cannot_be_judged() -> None:
    scene = [*[seen(shop(), body(240))] * 40, *[seen(without_product(shop()))] * 60]

    assert [visit["taken"] for visit in told(scene)] == [None]


def test_goods_that_went_before_the_visitor_came_are_not_his() -> None:
    scene = visit_to(without_product(shop()), without_product(shop()), STANDS)

    assert [visit["taken"] for visit in told([*[seen(shop())] * 30, *scene])] == [False]


def test_a_screen_on_the_shelf_that_changes_by_itself_is_not_taken() -> None:
    pictures = [shop().copy() for _ in range(2)]
    for seed, picture in enumerate(pictures):
        picture[60:120, 200:300] = np.kron(np.random.default_rng(seed).integers(0, 255, (6, 10)), np.ones((10, 10)))
    empty = [seen(pictures[index // 7 % 2]) for index in range(90)]
    scene = visit_to(pictures[0], pictures[1], STANDS)

    assert [visit["taken"] for visit in told([*empty, *scene])] == [False]


def test_an_empty_shop_costs_one_small_picture_every_two_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[float] = []
    scaled = Frame.scaled_gray

    def count(frame: Frame, width: int) -> Picture:
        looked.append(frame.seconds)
        return scaled(frame, width)

    monkeypatch.setattr(Frame, "scaled_gray", count)

    assert told([(shop(), []) for _ in range(100)]) == []
    assert looked == [0, 2, 4, 6, 8]
