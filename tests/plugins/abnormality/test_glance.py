"""A glance spares looks at a calm scene, and none at one in which something stirs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from vidframe_abnormality.change import ChangeDetector, Foreground
from vidframe_abnormality.glance import Glance
from vidframe_abnormality.plugin import Abnormality

from tests.plugins.abnormality.scenes import film, frames, incidents, kinds, room, walks_through
from vidframe.testing import run_plugin

Pixels = NDArray[Any]
SIZE = (90, 160)
LEAST = 0.002  # share of the picture
THRESHOLDS = np.full((180, 320), 20, np.uint8)


def calm_room(**changes: Any) -> tuple[Glance, list[Pixels]]:
    """A glance at rest until second 1, and five pictures of the same room."""
    pictures = list(film(lambda index, picture: picture, 6, ground=room(*SIZE)))
    glance = Glance(LEAST)
    glance.rest(pictures[0], changes.get("thresholds", THRESHOLDS), until=1.0)
    return glance, pictures[1:]


def with_a_spot(picture: Pixels, shade: int, size: int = 8) -> Pixels:
    changed = picture.copy()
    changed[40 : 40 + size, 60 : 60 + size] = np.clip(changed[40 : 40 + size, 60 : 60 + size] + float(shade), 0, 255)
    return changed


def test_the_noise_of_a_camera_does_not_stir() -> None:
    glance, pictures = calm_room()

    assert not any(glance.stirs(picture, 0.5) for picture in pictures)


@pytest.mark.parametrize("shade", [25, -25])
def test_what_a_look_would_find_stirs(shade: int) -> None:
    glance, pictures = calm_room()

    assert glance.stirs(with_a_spot(pictures[0], shade), 0.5)


def test_where_changes_do_not_count_nothing_stirs() -> None:
    glance, pictures = calm_room(thresholds=np.full((180, 320), 255, np.uint8))

    assert not glance.stirs(with_a_spot(pictures[0], 120), 0.5)


def test_a_look_is_due_after_a_while_and_at_once_where_the_last_one_found_something() -> None:
    glance, pictures = calm_room()

    assert glance.stirs(pictures[0], 1.0)
    glance.forget()
    assert glance.stirs(pictures[0], 0.1)


def test_in_an_incident_most_looks_are_glances(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[float] = []
    compare = ChangeDetector.compare

    def counted(self: ChangeDetector, frame: Pixels, seconds: float) -> Foreground:
        looks.append(seconds)
        return compare(self, frame, seconds)

    monkeypatch.setattr(ChangeDetector, "compare", counted)

    events = incidents(walks_through, 150)

    assert 8 <= sum(6.5 <= seconds < 9.9 for seconds in looks) <= 17  # of 34 pictures
    assert events[-1].facts["end"] == "2026-01-01T00:00:09.900000Z"  # the last that shows somebody


def test_pictures_smaller_than_a_look_are_glanced_at_too() -> None:
    events = run_plugin(Abnormality(), frames(film(walks_through, 150, ground=room(120, 160))))

    assert kinds(events) == ["opened", "closed"]
