"""What changed, and which squares are searched for it: numbers alone."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from vidframe_faces.change import Change, cells_of
from vidframe_faces.regions import FACES_A_TILE, LEAST, everywhere, regions_of

from vidframe import Box

WIDTH, HEIGHT = 1280, 720


def room(*, lamp: Box | None = None, luma: int = 100) -> NDArray[np.float32]:
    """The cells of a grey room, with a white square in it."""
    gray = np.full((180, 320), luma, np.uint8)
    if lamp:
        left, top = round(lamp.x / 4), round(lamp.y / 4)
        gray[top : top + round(lamp.height / 4), left : left + round(lamp.width / 4)] = 255
    return cells_of(gray)


def change(threshold: float = 8) -> Change:
    return Change(WIDTH, HEIGHT, threshold)


def test_all_is_due_at_first() -> None:
    assert change().due(room(), 0, 0).all()


def test_nothing_is_due_again_while_nothing_changes() -> None:
    seen = change()
    seen.due(room(), 0, 0)
    seen.searched(Box(0, 0, WIDTH, HEIGHT), room(), 0)

    assert not seen.due(room(), 100, 0).any()


def test_what_changes_is_due_and_nothing_else() -> None:
    seen = change()
    seen.due(room(), 0, 0)
    seen.searched(Box(0, 0, WIDTH, HEIGHT), room(), 0)

    due = seen.due(room(lamp=Box(640, 320, 64, 64)), 1, 0)

    rows, columns = np.nonzero(due)
    assert set(columns) == {40, 41, 42, 43}
    assert set(rows) == {20, 21, 22, 23}


def test_a_drift_too_slow_to_see_adds_up() -> None:
    seen = change(threshold=8)
    seen.due(room(luma=100), 0, 0)
    seen.searched(Box(0, 0, WIDTH, HEIGHT), room(luma=100), 0)

    due = [bool(seen.due(room(luma=100 + step), step, 0).any()) for step in range(1, 12)]

    assert due == [False] * 7 + [True] * 4


def test_a_place_is_left_alone_for_a_moment_after_its_search() -> None:
    seen = change()
    seen.due(room(), 0, 0)
    seen.searched(Box(0, 0, WIDTH, HEIGHT), room(), 10.0)
    changed = room(lamp=Box(640, 320, 64, 64))

    assert not seen.due(changed, 10.1, pause=0.2).any()
    assert seen.due(changed, 10.2, pause=0.2).any()


def mask(*cells: tuple[int, int]) -> NDArray[np.bool_]:
    due = np.zeros((45, 80), bool)
    for row, column in cells:
        due[row, column] = True
    return due


def test_nothing_due_needs_no_search() -> None:
    assert regions_of(mask(), WIDTH, HEIGHT, 28) == []


def test_a_small_change_needs_one_tile_about_it() -> None:
    (tile,) = regions_of(mask((20, 40), (21, 41)), WIDTH, HEIGHT, 28)

    assert tile.width == tile.height == 28 * FACES_A_TILE * LEAST
    assert tile.x < 40 * 16 < 42 * 16 < tile.x + tile.width
    assert tile.y < 20 * 16 < 22 * 16 < tile.y + tile.height


def test_a_middling_change_has_a_tile_of_its_own_size() -> None:
    (tile,) = regions_of(mask((20, 40), (21, 40), (24, 46), (25, 46), (30, 51), (30, 52)), WIDTH, HEIGHT, 28)

    assert 28 * FACES_A_TILE * LEAST < tile.width < 28 * FACES_A_TILE
    assert tile.y < 20 * 16 < 31 * 16 < tile.y + tile.height


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (768, 432), (1920, 1080), (641, 359)])
def test_whatever_changed_is_searched(width: int, height: int) -> None:
    rng = np.random.default_rng(1)
    smallest = 1.4 * width / 80  # half of such a face is less than a cell
    for _ in range(40):
        cells = rng.random((round(80 * height / width), 80)) < rng.choice([0.001, 0.01, 0.1])

        regions = regions_of(cells, width, height, smallest)

        for row, column in np.argwhere(cells):
            x, y = (column + 0.5) * width / 80, (row + 0.5) * height / len(cells)
            assert any(tile.x <= x <= tile.x + tile.width and tile.y <= y <= tile.y + tile.height for tile in regions)


def test_a_change_in_the_corner_is_searched_inside_the_frame() -> None:
    (tile,) = regions_of(mask((0, 0), (0, 1)), WIDTH, HEIGHT, 28)

    assert (tile.x, tile.y) == (0, 0)


def test_what_is_smaller_than_half_a_face_is_not_searched() -> None:
    assert regions_of(mask((20, 40)), WIDTH, HEIGHT, 28) == []
    assert regions_of(mask((20, 40)), WIDTH, HEIGHT, 20) != []


def test_neighbouring_changes_share_a_tile() -> None:
    assert len(regions_of(mask((20, 40), (20, 41), (20, 48), (20, 49), (27, 44), (27, 45)), WIDTH, HEIGHT, 28)) == 1


def test_changes_far_apart_have_tiles_of_their_own() -> None:
    assert len(regions_of(mask((5, 5), (5, 6), (40, 75), (41, 75)), WIDTH, HEIGHT, 28)) == 2


def test_a_large_change_is_searched_in_tiles_and_as_a_whole() -> None:
    due = mask()
    due[5:40, 20:30] = True

    regions = regions_of(due, WIDTH, HEIGHT, 28)

    sizes = sorted(region.height for region in regions)
    assert sizes[0] == 28 * FACES_A_TILE
    assert sizes[-1] > 35 * 16


@pytest.mark.parametrize("size", [(1280, 720), (1920, 1080), (640, 480), (320, 240), (720, 1280), (31, 480), (1, 1)])
def test_all_of_a_frame_is_searched_with_overlap(size: tuple[int, int]) -> None:
    width, height = size

    seen = np.zeros((height, width), int)
    for tile in everywhere(width, height, 28):
        seen[max(0, int(tile.y)) : round(tile.y + tile.height), max(0, int(tile.x)) : round(tile.x + tile.width)] += 1

    assert seen.min() >= 1


def test_scattered_changes_never_cost_more_than_the_whole_frame() -> None:
    due = np.zeros((45, 80), bool)
    due[::6, ::6] = True

    assert len(regions_of(due, WIDTH, HEIGHT, 28)) <= len(everywhere(WIDTH, HEIGHT, 28))


def test_a_threshold_of_nothing_searches_everything_always() -> None:
    seen = change(threshold=0)
    seen.due(room(), 0, 0)
    seen.searched(Box(0, 0, WIDTH, HEIGHT), room(), 0)

    assert seen.due(room(), 1, 0).all()
