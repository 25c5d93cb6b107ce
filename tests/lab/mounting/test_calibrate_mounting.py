"""`vidframe calibrate mounting`."""

from __future__ import annotations

import json
import re
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Browser, expect
from vidframe_lab.mounting.command import calibrate_mounting
from vidframe_lab.mounting.page import CornerPage, Corners
from vidframe_lab.mounting.solve import MountingError, measured

from tests.clips import write_clip
from vidframe.geometry import Mounting

SIZE = (1280, 720)
SIDES = (2.0, 1.2)
HUNG = Mounting(2.8, 30, 80)


def corners_of(
    mounting: Mounting, x: float = -1.0, z: float = 3.0, turn: float = 0.3, sides: tuple[float, float] = SIDES
) -> list[tuple[float, float]]:
    """Where a rectangle on the floor is seen whose first corner is at x, z."""
    width, depth = sides
    steps = (0, width, complex(width, depth), complex(0, depth))
    places = [complex(x, z) + np.exp(1j * turn) * step for step in steps]
    seen = [mounting.picture(place.real, 0.0, place.imag, SIZE) for place in places]
    assert None not in seen
    return [point for point in seen if point is not None]


@pytest.mark.parametrize(
    "mounting",
    [HUNG, Mounting(2.4, 20, 80), Mounting(3.0, 45, 90), Mounting(3.5, 20, 60), Mounting(3.5, 60, 80)],
    ids=str,
)
@pytest.mark.parametrize("mirrored", [False, True], ids=["to the left", "to the right"])
@pytest.mark.parametrize("known", [False, True], ids=["all", "field of view known"])
def test_a_mounting_is_read_from_a_rectangle(mounting: Mounting, mirrored: bool, known: bool) -> None:
    z = 1.2 if mounting.tilt > 40 else 1.4 * mounting.height
    corners = corners_of(mounting, z=z, turn=0.2)
    if mirrored:
        corners = [corners[1], corners[0], corners[3], corners[2]]

    found = measured(corners, SIDES, SIZE, mounting.field_of_view if known else None)

    assert found.mounting.height == pytest.approx(mounting.height, rel=0.01)
    assert found.mounting.tilt == pytest.approx(mounting.tilt, abs=0.2)
    assert found.mounting.field_of_view == pytest.approx(mounting.field_of_view, abs=0.5)
    assert found.off < 0.1


@given(st.floats(2.4, 3.5), st.floats(20, 45), st.floats(-1.2, 0), st.floats(0, 3.1), st.integers(0, 1000))
def test_clicks_that_are_a_pixel_off_cost_little(height: float, tilt: float, x: float, turn: float, seed: int) -> None:
    mounting, sides = Mounting(height, tilt, 80), (2.5, 2.0)
    corners = np.array(corners_of(mounting, x, height / np.tan(np.radians(tilt)) + 0.3, turn, sides))
    if (corners < 5).any() or (corners > np.array(SIZE) - 5).any():
        return
    clicks = corners + np.random.default_rng(seed).normal(0, 1, corners.shape)

    try:
        found = measured(clicks, sides, SIZE)
    except MountingError as refused:  # such a rectangle tells too little, and is refused
        if "do not tell height, tilt and field of view apart" not in str(refused):
            raise
        return

    # One in a thousand is further off; each result says how far it may be.
    assert abs(found.mounting.height - height) < max(0.1 * height, 3.3 * found.height)
    assert abs(found.mounting.tilt - tilt) < max(3.0, 3.3 * found.tilt)


def test_most_results_are_within_a_tenth_and_three_degrees() -> None:
    noise = np.random.default_rng(3)
    found = [measured(np.array(corners_of(HUNG)) + noise.normal(0, 1, (4, 2)), SIDES, SIZE) for _ in range(20)]

    assert np.quantile([abs(one.mounting.height / 2.8 - 1) for one in found], 0.9) < 0.1
    assert max(abs(one.mounting.tilt - 30) for one in found) < 3


@pytest.mark.parametrize(
    ("corners", "message"),
    [
        pytest.param([(100, 600), (400, 600), (700, 600), (900, 650)], "three are in a line", id="on a line"),
        pytest.param([(100, 600), (700, 400), (700, 600), (100, 400)], "crosses over", id="crossing"),
        pytest.param([(600, 400), (610, 400), (609, 395), (601, 395)], "too little to measure by", id="tiny"),
        pytest.param([(-5, 600), (700, 600), (600, 400), (100, 400)], r"corner 1 \(-5, 600\) is outside", id="outside"),
        pytest.param(
            [(500, 100), (700, 90), (900, 600), (300, 650)], "are not those of|do not tell", id="no rectangle"
        ),
    ],
)
def test_corners_that_say_nothing_are_refused(corners: Corners, message: str) -> None:
    with pytest.raises(MountingError, match=message):
        measured(corners, (2.0, 0.2), SIZE)


def test_a_camera_that_looks_straight_down_cannot_tell_height_from_field_of_view() -> None:
    below = [(400, 200), (800, 200), (800, 440), (400, 440)]

    with pytest.raises(MountingError, match=r"do not tell height, tilt .* or give --field-of-view"):
        measured(below, SIDES, SIZE)
    assert measured(below, SIDES, SIZE, 80).mounting.tilt == pytest.approx(90, abs=1)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "aisle.mp4", [np.zeros((720, 1280, 3), np.uint8)] * 2)


def call(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(calibrate_mounting, list(words))
    return done.exit_code, done.output


def as_words(corners: Corners) -> list[str]:
    return [f"{x:.1f},{y:.1f}" for x, y in corners]


def test_the_command_prints_the_key_of_the_camera(clip: Path) -> None:
    code, output = call(str(clip), "--size", "2.0x1.2", "--corners", *as_words(corners_of(HUNG)))

    assert code == 0, output
    found = yaml.safe_load(output.splitlines()[-1])["mounting"]
    assert found == {
        "height": pytest.approx(2.8, abs=0.1),
        "tilt": pytest.approx(30, abs=1),
        "field_of_view": pytest.approx(80, abs=2),
    }
    assert re.search(r"height 0\.\d\d m, tilt \d\.\d degrees, field of view \d", output)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--size", "2.0", "--corners", "1,2", "3,4", "5,6", "7,9"], "'2.0' must be two numbers such as 2.0x1.2"),
        (["--size", "2x1", "--corners", "1,2", "3;4", "5,6", "7,9"], "'3;4' must be two numbers such as 640,512"),
        (["--size", "2x0", "--corners", "1,2", "3,4", "5,6", "7,9"], "are greater than 0 metres"),
        (["--size", "2x1", "--corners", "1,2", "3,4", "5,6", "7,8"], "three are in a line"),
    ],
)
def test_wrong_words_are_one_clear_line(clip: Path, words: list[str], message: str) -> None:
    code, output = call(str(clip), *words)

    assert code != 0
    assert message in output


def test_a_source_that_is_not_there_is_named() -> None:
    code, output = call("nowhere.mp4", "--size", "2x1", "--corners", "1,2", "3,4", "5,6", "7,9")

    assert code != 0
    assert "nowhere.mp4 does not exist" in output


@pytest.fixture
def server() -> Iterator[CornerPage]:
    with CornerPage(b"\xff\xd8 a picture", lambda corners: "" if corners[0] == (1, 2) else "not so") as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join(10)
        assert not thread.is_alive()


def ask(server: CornerPage, path: str, body: object = None, **headers: str) -> tuple[int, bytes]:
    data = None if body is None else json.dumps({"corners": body}).encode()
    headers = {"Content-Type": "application/json", **headers}
    try:
        with urllib.request.urlopen(urllib.request.Request(server.url + path, data, headers), timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def test_the_page_shows_the_picture_and_takes_corners_until_they_measure(server: CornerPage) -> None:
    assert ask(server, "picture.jpg") == (200, b"\xff\xd8 a picture")
    assert b"four corners" in ask(server, "")[1]
    assert ask(server, "corners", [[5, 6]] * 4) == (400, b"not so")
    assert ask(server, "corners", [[5, 6]])[1] == b"four corners are needed"
    assert ask(server, "corners", {"a": 1})[1] == b"four corners are needed"
    assert ask(server, "corners", [[1, 2]] * 4)[0] == 200


def test_other_sites_see_nothing_of_the_page(server: CornerPage) -> None:
    assert ask(server, "picture.jpg", Origin="http://elsewhere.example")[0] == 403
    assert ask(server, "corners", [[1, 2]] * 4, Host="elsewhere.example")[0] == 403


def test_who_does_not_know_the_address_sees_nothing_of_the_page(server: CornerPage) -> None:
    server.token, known = "another", server.token
    url = f"http://127.0.0.1:{server.server_port}/{known}/"

    for path in (url, url + "picture.jpg", f"http://127.0.0.1:{server.server_port}/picture.jpg"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(path, timeout=10)
        with refused.value as answer:
            assert answer.code == 403


@pytest.mark.browser
def test_four_clicks_on_the_page_are_the_corners_in_pixels_of_the_picture(chromium: Browser) -> None:
    done, jpeg = cv2.imencode(".jpg", np.full((720, 1280, 3), 128, np.uint8))
    assert done
    taken: list[Corners] = []

    def accept(corners: Corners) -> str:
        taken.append(corners)
        return "" if len(taken) == 2 else "three are in a line"

    page = CornerPage(jpeg.tobytes(), accept)
    thread = threading.Thread(target=page.serve_forever)
    thread.start()
    with page, chromium.new_page(viewport={"width": 900, "height": 900}) as tab:
        tab.goto(page.url)
        box = tab.locator("#picture").bounding_box()
        assert box is not None
        for x, y in [(0.25, 0.5), (0.75, 0.5), (0.75, 0.75), (0.25, 0.75)]:
            tab.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])
        tab.get_by_role("button", name="Measure").click()
        expect(tab.get_by_role("status")).to_have_text("three are in a line")
        tab.get_by_role("button", name="Measure").click()
        expect(tab.get_by_role("status")).to_have_text("Measured. The result is in the terminal.")
        thread.join(10)

    assert not thread.is_alive()
    assert np.array(taken[1]) == pytest.approx(np.array([(320, 360), (960, 360), (960, 540), (320, 540)]), abs=2)
