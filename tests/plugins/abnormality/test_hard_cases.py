"""What a shop's night really has: things that fall and stay, gaps, covered and turned cameras, insects, clouds."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.plugins.abnormality.scenes import incidents, kinds, person, room, walks_through

Pixels = NDArray[Any]


def box_on_the_floor(picture: Pixels) -> Pixels:
    cv2.rectangle(picture, (120, 140), (160, 165), 190, -1)
    cv2.rectangle(picture, (120, 140), (160, 165), 60, 1)
    return picture


def test_what_falls_and_stays_is_told_once_as_left() -> None:
    def falls(index: int, picture: Pixels) -> Pixels:
        return box_on_the_floor(picture) if index >= 60 else picture

    events = incidents(falls, 300)

    assert kinds(events) == ["opened", "closed"]
    assert events[-1].facts["change"] == "left"
    x, y, _width, _height = events[-1].facts["boxes"][0]
    assert (x, y) == (pytest.approx(120 / 320, abs=0.03), pytest.approx(140 / 180, abs=0.03))


def test_what_is_taken_away_is_gone() -> None:
    def is_taken(index: int, picture: Pixels) -> Pixels:
        return box_on_the_floor(picture) if index < 60 else picture

    events = incidents(is_taken, 300)

    assert kinds(events) == ["opened", "closed"]
    assert events[-1].facts["change"] == "gone"


def test_what_stood_and_goes_again_leaves_no_ghost() -> None:
    def stands(index: int, picture: Pixels) -> Pixels:
        return box_on_the_floor(picture) if 60 <= index < 250 else picture

    events = incidents(stands, 400, stationary_after=5)

    assert kinds(events) == ["opened", "closed"]


def test_who_was_there_at_the_switch_and_leaves_is_told_and_no_ghost_stays() -> None:
    def leaves(index: int, picture: Pixels) -> Pixels:
        return person(picture, 100 + max(0, index - 60) * 8) if index < 100 else picture

    events = incidents(leaves, 400)

    assert kinds(events) == ["opened", "closed"]


def covered(index: int, picture: Pixels) -> Pixels:
    return np.full_like(picture, 12) if index >= 80 else picture


def blinded(index: int, picture: Pixels) -> Pixels:
    return np.full_like(picture, 250) if index >= 80 else picture


def moved(index: int, picture: Pixels) -> Pixels:
    return np.roll(picture, (15, 60), (0, 1)) if index >= 80 else picture


def nudged(index: int, picture: Pixels) -> Pixels:
    return np.roll(picture, (5, 6), (0, 1)) if index >= 80 else picture


def pushed_aside(index: int, picture: Pixels) -> Pixels:
    return np.roll(picture, (0, 7), (0, 1)) if index >= 80 else picture


def blurred(index: int, picture: Pixels) -> Pixels:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 5)) if index >= 80 else picture


def dazzled(index: int, picture: Pixels) -> Pixels:
    x, y = np.meshgrid(np.linspace(-1, 1, 320), np.linspace(-1, 1, 180))
    glare = 400 * np.exp(-((x + 0.1) ** 2) - y**2 / 2)
    return np.clip(picture * 0.3 + glare, 0, 255).astype(np.uint8) if index >= 80 else picture


@pytest.mark.parametrize(
    ("done", "cause"),
    [
        (covered, "covered"),
        (blinded, "blinded"),
        (moved, "moved"),
        (nudged, "moved"),
        (pushed_aside, "moved"),
        (blurred, "blurred"),
        (dazzled, "blinded"),
    ],
)
def test_a_camera_that_no_longer_sees_its_scene_is_tampering_with_its_cause(done: Any, cause: str) -> None:
    events = incidents(done, 300)

    assert kinds(events) == ["opened", "closed"]
    assert events[-1].facts["change"] == "tampering"
    assert events[-1].facts["cause"] == cause
    first = next(event for event in events if event.facts["change"] == "tampering")
    assert first.time.second <= 11  # it came at 8 s


@pytest.mark.parametrize("speed", [0.05, 6.0], ids=["slowly", "at_once"])
def test_a_camera_that_is_turned_about_its_own_axis_ends_as_tampering(speed: float) -> None:
    def turned(index: int, picture: Pixels) -> Pixels:
        height, width = picture.shape
        move = cv2.getRotationMatrix2D((width / 2, height / 2), float(np.clip((index - 80) * speed, 0, 6)), 1.0)
        return np.asarray(cv2.warpAffine(picture, move, (width, height), borderMode=cv2.BORDER_REFLECT))

    events = incidents(turned, 360)

    assert {event.facts["change"] for event in events if event.kind == "incident.closed"} == {"tampering"}
    assert events[-1].facts["cause"] == "moved"


def test_a_large_thing_that_is_left_is_no_tampering() -> None:
    def crate(index: int, picture: Pixels) -> Pixels:
        if index >= 80:
            picture[60:160, 40:160] = 30
            picture[70:150, 50:150:10] = 170
        return picture

    assert incidents(crate, 260)[-1].facts["change"] == "left"


def test_a_camera_that_is_covered_in_the_dark_is_tampering() -> None:
    def dark_and_covered(index: int, picture: Pixels) -> Pixels:
        return np.full_like(picture, 4) if index >= 80 else (picture * 0.2).astype(np.uint8)

    events = incidents(dark_and_covered, 200)

    assert "tampering" in [event.facts["change"] for event in events]


def test_somebody_close_to_the_camera_is_no_tampering() -> None:
    def fills_the_picture(index: int, picture: Pixels) -> Pixels:
        return person(picture, -40 + 6 * (index - 80), height=1.6) if 80 <= index < 140 else picture

    events = incidents(fills_the_picture, 200)

    assert kinds(events) == ["opened", "closed"]
    assert events[-1].facts["change"] == "motion"
    assert events[-1].facts["cause"] is None


@pytest.mark.parametrize(
    ("depth", "width", "speed", "slant", "soft"),
    [
        (0.45, 200, 4, 0.0, 12),
        (0.65, 120, 4, 0.0, 12),
        (0.65, 120, 8, 0.0, 12),
        (0.45, 120, 4, 0.7, 12),
        (0.45, 120, 8, 0.7, 12),
        (0.65, 120, 4, 0.7, 6),
        (0.65, 120, 8, 0.7, 6),
    ],
)
def test_the_shadow_of_a_cloud_is_no_incident(depth: float, width: int, speed: int, slant: float, soft: int) -> None:
    x = np.arange(320) + slant * np.arange(180)[:, None]

    def cloud(index: int, picture: Pixels) -> Pixels:
        edge = (index - 60) * speed
        shade = 1 - depth / (1 + np.exp(-(edge - x) / soft)) * (1 / (1 + np.exp((edge - width - x) / soft)))
        return (picture * shade).astype(np.uint8) if index >= 60 else picture

    assert incidents(cloud, 250) == []


def test_an_insect_that_flies_by_is_no_incident() -> None:
    rng = np.random.default_rng(3)
    ways = {start: rng.integers(20, 160, 2) for start in range(60, 300, 40)}

    def insects(index: int, picture: Pixels) -> Pixels:
        for start, (y, step) in ways.items():
            if start <= index < start + 2:
                cv2.circle(picture, (60 + int(step) * (index - start), int(y)), 12, 230, -1)
        return picture

    assert incidents(insects, 320) == []


def test_somebody_dressed_like_the_wall_is_seen() -> None:
    def camouflaged(index: int, picture: Pixels) -> Pixels:
        return person(picture, 10 + 7 * (index - 60), shade=95) if 60 <= index < 100 else picture

    assert kinds(incidents(camouflaged)) == ["opened", "closed"]


def test_a_slow_intruder_is_seen() -> None:
    def creeps(index: int, picture: Pixels) -> Pixels:
        return person(picture, -50 + (index - 60) // 2) if index >= 60 else picture

    events = incidents(creeps, 300)

    assert kinds(events) == ["opened", "closed"]
    assert events[0].time.second <= 16


def test_somebody_small_is_seen_where_the_settings_ask_for_it() -> None:
    def far_away(index: int, picture: Pixels) -> Pixels:
        return person(picture, 150 + (index - 60) // 2, height=0.14) if 60 <= index < 120 else picture

    assert incidents(far_away, 180) == []
    assert kinds(incidents(far_away, 180, min_area=0.002)) == ["opened", "closed"]


def test_plants_that_sway_are_learnt() -> None:
    leaves = np.random.default_rng(1).integers(20, 160, (60, 60), dtype=np.uint8)
    leaves = cv2.resize(leaves[::4, ::4], (60, 60))  # type: ignore[assignment]

    def sways(index: int, picture: Pixels) -> Pixels:
        picture[20:80, 20:80] = np.roll(leaves, round(2 * np.sin(index * 1.3)), 1)
        return walks_through(index, picture)

    events = incidents(sways, 150)

    assert kinds(events) == ["opened", "closed"]
    assert events[0].facts["start"] == "2026-01-01T00:00:06.000000Z"


def test_a_lamp_that_lights_a_part_of_the_room_is_no_incident() -> None:
    x, y = np.meshgrid(np.linspace(-1, 1, 320), np.linspace(-1, 1, 180))
    lamp = 1 + 2 * np.exp(-((x + 0.4) ** 2 + y**2) / 0.3)

    def switched(index: int, picture: Pixels) -> Pixels:
        return np.clip(picture * 0.4 * (lamp if index >= 80 else 1), 0, 255).astype(np.uint8)

    assert incidents(switched, 200) == []


def test_snow_neither_alarms_nor_hides_who_comes_in() -> None:
    rng = np.random.default_rng(3)

    def snows(index: int, picture: Pixels) -> Pixels:
        picture = walks_through(index, picture)
        for x, y in rng.integers(0, (320, 180), (60, 2)):
            cv2.circle(picture, (int(x), int(y)), 1, 200, -1)
        return picture

    assert kinds(incidents(snows)) == ["opened", "closed"]


def test_the_time_in_the_picture_is_no_incident_even_at_midnight() -> None:
    def dated(index: int, picture: Pixels) -> Pixels:
        text = (
            f"24-11-2026 Tue 23:59:{40 + index // 10}" if index < 200 else f"25-11-2026 Wed 00:00:0{index // 10 - 20}"
        )
        for shade, thick in ((0, 3), (255, 1)):
            cv2.putText(picture, text, (6, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.5, shade, thick, cv2.LINE_AA)
        return picture

    assert incidents(dated, 290) == []


def test_who_walks_through_while_the_reference_is_taken_leaves_no_ghost() -> None:
    def walks(index: int, picture: Pixels) -> Pixels:
        return person(picture, 10 + 7 * index) if index < 42 else picture

    (opened, closed) = incidents(walks, 150)

    assert (opened.kind, closed.kind) == ("incident.opened", "incident.closed")
    assert closed.facts["change"] == "motion"
    assert closed.facts["end"] == "2026-01-01T00:00:04.100000Z"


def test_a_light_is_told_where_that_is_asked_for() -> None:
    def switched(index: int, picture: Pixels) -> Pixels:
        return (picture * 0.5).astype(np.uint8) if index >= 80 else picture

    events = incidents(switched, 150, report_lights=True)

    assert kinds(events) == ["opened", "closed"]
    assert (events[0].facts["change"], events[0].facts["severity"]) == ("light", "info")


@pytest.mark.parametrize("method", ["running", "mog2", "knn"])
def test_the_other_methods_see_who_walks_through(method: str) -> None:
    assert kinds(incidents(walks_through, method=method))[0] == "opened"


def test_the_room_of_these_tests_has_something_to_see() -> None:
    assert room().std() > 20
