"""Faces that never move are pictures, and nobody."""

from typing import Any

import numpy as np
import pytest
from vidframe_gaze.pictures import PICTURE_AFTER, Pictures

from vidframe import Box, Face, HeadPose, Person


def face(x: float = 400.0, *, yaw: float = 10.0, track: int = 1) -> Person:
    box = Box(x, 300, 60, 60)
    return Person(box, track=track, face=Face(box, track=track, head_pose=HeadPose(yaw, 0, 0, 7)), seen_by="face")


def held(people: Any, every: float = 0.5) -> list[bool]:
    pictures = Pictures("aisle")
    return [pictures.holds(person, person.track or 0, index * every) for index, person in enumerate(people)]


def test_a_face_that_trembles_as_detectors_do_is_a_picture_after_some_minutes(caplog: pytest.LogCaptureFixture) -> None:
    noise = np.random.default_rng(3).normal(0, 1, (480, 2)) * (0.8, 0.8)

    found = held(face(400 + x, yaw=10 + yaw) for x, yaw in noise)

    assert found.index(True) == pytest.approx(PICTURE_AFTER / 0.5, abs=2)
    assert all(found[found.index(True) :])
    assert len([record for record in caplog.records if "taken for a picture" in record.getMessage()]) == 1


def test_a_face_that_moves_now_and_then_is_none() -> None:
    assert not any(held(face(400 if index % 200 else 415) for index in range(1000)))


def test_a_face_that_turns_now_and_then_is_none() -> None:
    assert not any(held(face(yaw=10 if index % 200 else 25) for index in range(1000)))


def test_a_picture_that_is_found_under_a_new_number_is_the_same() -> None:
    assert held(face(track=index // 100) for index in range(500))[-1]


def test_whoever_stands_before_the_picture_afterwards_counts() -> None:
    found = held([*(face() for _ in range(400)), *(face(430, track=2) for _ in range(20))])

    assert found[399]
    assert not any(found[400:])


def test_a_body_that_stands_still_is_no_picture() -> None:
    assert not any(held(Person(Box(400, 100, 100, 300), track=1) for _ in range(1000)))
