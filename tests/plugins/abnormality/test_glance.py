"""A glance spares looks at a calm scene, and none at one in which something stirs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from vidframe_abnormality.glance import Glance

from tests.plugins.abnormality.scenes import film, room

Pixels = NDArray[Any]
SIZE = (90, 160)
LEAST = 0.002  # share of the picture
LIMITS = np.full((180, 320), 20, np.uint8)


def calm_room(**changes: Any) -> tuple[Glance, list[Pixels]]:
    """A glance at rest until second 1, and five pictures of the same room."""
    pictures = list(film(lambda index, picture: picture, 6, ground=room(*SIZE)))
    glance = Glance(LEAST)
    glance.rest(pictures[0], changes.get("limits", LIMITS), until=1.0)
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
    glance, pictures = calm_room(limits=np.full((180, 320), 255, np.uint8))

    assert not glance.stirs(with_a_spot(pictures[0], 120), 0.5)


def test_a_look_is_due_after_a_while_and_at_once_where_the_last_one_found_something() -> None:
    glance, pictures = calm_room()

    assert glance.stirs(pictures[0], 1.0)
    glance.forget()
    assert glance.stirs(pictures[0], 0.1)
