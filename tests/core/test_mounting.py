"""How a camera hangs: from pixels to the floor and back."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.clips import write_clip
from vidframe import Pipeline
from vidframe.geometry import Mounting, Point

SIZE = (1280, 720)
mountings = st.builds(Mounting, st.floats(1.0, 6.0), st.floats(-10, 80), st.floats(30, 120))
metres = st.floats(-8, 8)
heights = st.floats(0.0, 2.2)


def seen(mounting: Mounting, x: float, y: float, z: float) -> Point | None:
    """Where a place is seen, if it is well before the camera and not at its height."""
    sine, cosine = math.sin(math.radians(mounting.tilt)), math.cos(math.radians(mounting.tilt))
    depth = (mounting.height - y) * sine + z * cosine
    return mounting.picture(x, y, z, SIZE) if depth > 0.2 and mounting.height - y > 0.1 else None


@given(mountings, metres, heights, metres)
def test_what_is_seen_at_a_known_height_is_found_where_it_is(mounting: Mounting, x: float, y: float, z: float) -> None:
    pixel = seen(mounting, x, y, z)
    if pixel is not None:
        assert mounting.at_height(pixel, SIZE, y) == pytest.approx((x, z), abs=1e-6)


@given(mountings, st.floats(0, 1280), st.floats(0, 720))
def test_a_pixel_of_the_floor_is_seen_where_it_was(mounting: Mounting, x: float, y: float) -> None:
    place = mounting.floor((x, y), SIZE)
    if place is not None and max(map(abs, place)) < 1e4:
        assert mounting.picture(place[0], 0.0, place[1], SIZE) == pytest.approx((x, y), abs=1e-3)


@given(mountings, metres, st.floats(0.5, 2.2), metres)
def test_the_height_of_a_person_is_read_from_feet_and_head(mounting: Mounting, x: float, y: float, z: float) -> None:
    foot, head = seen(mounting, x, 0.0, z), seen(mounting, x, y, z)
    if foot is not None and head is not None and math.hypot(x, z) > 0.1:
        assert mounting.person_height(foot, head, SIZE) == pytest.approx(y, abs=1e-6)


@given(mountings, st.floats(0, 1280))
def test_no_floor_is_seen_above_the_horizon(mounting: Mounting, x: float) -> None:
    horizon = SIZE[1] / 2 - mounting.focal(SIZE) * math.tan(math.radians(mounting.tilt))

    assert mounting.floor((x, horizon - 1), SIZE) is None
    assert mounting.floor((x, horizon + 1), SIZE) is not None
    assert mounting.person_height((x, horizon - 1), (x, horizon - 20), SIZE) is None


def test_the_middle_of_the_picture_of_a_tilted_camera_is_where_a_ruler_says() -> None:
    mounting = Mounting(height=2.8, tilt=45, field_of_view=90)

    assert mounting.floor((640, 360), SIZE) == pytest.approx((0.0, 2.8))
    assert mounting.at_height((640, 360), SIZE, 1.8) == pytest.approx((0.0, 1.0))
    assert mounting.picture(0.0, 0.0, 2.8, SIZE) == pytest.approx((640, 360))
    assert mounting.picture(0.0, 0.0, -3.0, SIZE) is None
    assert Mounting(2.8, 0, 90).picture(1.0, 2.8, 2.0, SIZE) == pytest.approx((960, 360))


def test_a_head_above_a_low_camera_is_placed_too() -> None:
    mounting = Mounting(height=1.2, tilt=0, field_of_view=60)
    pixel = mounting.picture(0.5, 1.6, 3.0, SIZE)

    assert pixel is not None
    assert mounting.at_height(pixel, SIZE, 1.6) == pytest.approx((0.5, 3.0))
    assert mounting.floor(pixel, SIZE) is None


@pytest.mark.parametrize("wrong", [(0, 30, 80), (2.8, 91, 80), (2.8, 30, 180), (float("nan"), 30, 80)])
def test_a_mounting_that_cannot_be_is_refused(wrong: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="of a mounting is"):
        Mounting(*wrong)


@pytest.mark.parametrize("isolate", ["", ", isolate: process"])
def test_a_step_learns_how_its_camera_hangs(tmp_path: Path, isolate: str) -> None:
    write_clip(tmp_path / "clip.mp4")
    (tmp_path / "hung.py").write_text(
        "from vidframe import hookimpl\n\n\nclass Hung:\n"
        '    """Tells how its camera hangs."""\n\n'
        '    adds = ("notes.height",)\n\n    @hookimpl\n    def process_frame(self, frame):\n'
        '        frame.notes["height"] = frame.camera.mounting.height\n'
    )
    (tmp_path / "shop.yaml").write_text(
        "cameras: {door: {source: clip.mp4, mounting: {height: 2.8, tilt: 30, field_of_view: 80}}}\n"
        f"plugins: [./hung.py]\nalways:\n  - hung: {{name: hung{isolate}}}\n"
    )
    with Pipeline(tmp_path / "shop.yaml") as frames:
        assert next(iter(frames)).notes["height"] == 2.8


def test_images_of_ones_own_are_turned_as_the_config_says(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text("cameras: {door: {source: clip.mp4, rotate: 90}}\nalways: [day_night]\n")
    write_clip(tmp_path / "clip.mp4")
    image = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)

    with Pipeline(tmp_path / "shop.yaml", images=[image]) as frames:
        assert np.array_equal(next(iter(frames)).image, np.rot90(image, -1))
