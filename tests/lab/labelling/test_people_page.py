"""The page on which people in clips are labelled: its files are what `vidframe eval` reads."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from playwright.sync_api import Browser, expect
from playwright.sync_api import Page as Tab
from vidframe_lab.evaluation.files import DataError
from vidframe_lab.gaze.visits import read_clips
from vidframe_lab.labelling.clips import Clip
from vidframe_lab.labelling.people import ClipVisits, PeoplePage
from vidframe_lab.people.labels import read_labels

from tests.clips import write_clip
from tests.lab.labelling.serving import ask, served
from vidframe.cli import cli

BOX = [10, 20, 50, 90]


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Three seconds at ten frames a second, 160 x 120."""
    (tmp_path / "clips").mkdir()
    return write_clip(tmp_path / "clips" / "door.mp4")


@pytest.fixture
def page(tmp_path: Path, clip: Path) -> Iterator[PeoplePage]:
    with served(PeoplePage([clip], tmp_path, step=1.0)) as page:
        yield page


def test_frames_are_numbered_as_a_chain_numbers_them(clip: Path) -> None:
    frames = Clip(clip)

    first, later, back, again = (frames.at_index(index) for index in (0, 12, 5, 12))

    assert [frame and frame.index for frame in (first, later, back, again)] == [0, 12, 5, 12]
    assert later == again
    assert len({frame.jpeg for frame in (first, later, back) if frame}) == 3
    assert frames.at_index(30) is None
    frames.close()


def test_a_frame_is_found_by_its_time_also_behind_one_that_was_read(clip: Path) -> None:
    frames = Clip(clip)

    indexes = [found and found.index for found in map(frames.at_seconds, (2.0, 0.95, 2.5, 1.0, 9.0))]

    assert indexes == [20, 10, 25, 10, None]
    frames.close()


def test_labels_are_kept_in_the_form_that_eval_reads(page: PeoplePage) -> None:
    body = {
        "clip": "clips/door.mp4",
        "frame": 10,
        "size": [160, 120],
        "people": [{"box": BOX, "facing": "a", "face": "n", "track": 1}],
        "ignore": [[0, 0, 9, 9]],
    }

    assert ask(page, "people", body)[0] == 200
    assert ask(page, "people", body | {"frame": 20, "people": []})[0] == 200

    first, second = read_labels(page.folder)
    assert (first.frame, first.people[0].facing, first.people[0].track, len(first.ignore)) == (10, "a", 1, 1)
    assert (second.frame, second.people) == (20, [])


def test_visits_are_kept_in_the_form_that_eval_reads(page: PeoplePage) -> None:
    visit = {"zone": "", "start": 0.5, "end": 2.5, "stopped_seconds": 1.0, "looked_seconds": None, "reached": True}

    assert ask(page, "visits", {"clip": "clips/door.mp4", "visits": [visit | {"taken": False}]})[0] == 200

    (clip,) = read_clips(page.folder)
    (kept,) = clip.visits
    assert (kept.start, kept.end, kept.stopped_seconds, kept.looked_seconds) == (0.5, 2.5, 1, None)
    assert (kept.reached, kept.taken) == (True, False)


def test_labels_of_another_day_are_there_again_and_stay(tmp_path: Path, clip: Path) -> None:
    label = {"clip": "other.mp4", "frame": 3, "size": [160, 120], "people": [], "view": "till"}
    (tmp_path / "people.json").write_text(json.dumps({"old": label}))

    with served(PeoplePage([clip], tmp_path)) as page:
        ask(page, "people", {"clip": "clips/door.mp4", "frame": 0, "size": [160, 120], "people": []})

    assert set(json.loads((tmp_path / "people.json").read_text())) == {"old", "clips/door.mp4:0"}


@pytest.mark.parametrize(
    ("path", "body", "reason"),
    [
        pytest.param("people", {"frame": 1}, b"clip: Field required", id="half a label"),
        pytest.param(
            "people",
            {"clip": "a.mp4", "frame": 1, "size": [9, 9], "people": []},
            b"no clip 'a.mp4'",
            id="an unknown clip",
        ),
        pytest.param(
            "people",
            {"clip": "clips/door.mp4", "frame": 1, "size": [9, 9], "people": [{"box": [9, 0, 1, 5]}]},
            b"left < right",
            id="a box inside out",
        ),
        pytest.param("visits", {"clip": "a.mp4", "visits": []}, b"no clip 'a.mp4'", id="visits of an unknown clip"),
    ],
)
def test_what_makes_no_sense_is_refused_and_not_kept(
    page: PeoplePage, path: str, body: dict[str, object], reason: bytes
) -> None:
    status, content = ask(page, path, body)

    assert status == 400
    assert reason in content
    assert not list(page.folder.glob("*.json"))
    assert not list(page.folder.glob("*.csv"))


@pytest.mark.parametrize("query", ["clip=other.mp4&index=0", "clip=clips/door.mp4&index=99", "clip=clips/door.mp4", ""])
def test_a_frame_that_is_not_there_is_not_found(page: PeoplePage, query: str) -> None:
    assert ask(page, f"frame?{query}")[0] == 404


def test_a_file_that_is_no_clip_is_named(tmp_path: Path) -> None:
    (tmp_path / "notes.mp4").write_text("no video")

    result = CliRunner().invoke(cli, ["label", "people", str(tmp_path / "notes.mp4"), "--no-open"])

    assert result.exit_code == 2
    assert "notes.mp4 is not a video" in result.output


def test_the_command_says_where_the_page_is_and_what_was_done(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(page: PeoplePage) -> None:
        page._keep_visits(ClipVisits(clip="door.mp4", visits=[]))
        raise KeyboardInterrupt

    monkeypatch.setattr(PeoplePage, "serve_forever", interrupted)

    result = CliRunner().invoke(cli, ["label", "people", str(clip), "--no-open"])

    assert result.exit_code == 0
    first, last = result.output.splitlines()
    assert re.fullmatch(r"clips: 1, page: http://127\.0\.0\.1:\d+/[\w-]{20,}/ \(Ctrl-C ends\)", first)
    assert last == f"{clip.parent}: labelled frames 0, people in them 0, visits 0"
    assert (clip.parent / "visits.csv").read_text().splitlines()[1] == "door.mp4,,,,,,,"


def test_labels_that_cannot_be_read_are_not_written_over(tmp_path: Path, clip: Path) -> None:
    (tmp_path / "people.json").write_text("{")

    with pytest.raises(DataError, match=r"people.json:1: no JSON"):
        PeoplePage([clip], tmp_path)

    assert (tmp_path / "people.json").read_text() == "{"


def opened(chromium: Browser, page: PeoplePage) -> Tab:
    tab = chromium.new_context(viewport={"width": 1366, "height": 768}).new_page()
    tab.goto(page.url)
    at(tab, 0)
    return tab


def at(tab: Tab, seconds: float) -> None:
    """Waits for the frame at this time."""
    expect(tab.locator("#seconds")).to_have_value(f"{seconds:.2f}")


def drag(tab: Tab, left: float, top: float, right: float, bottom: float) -> None:
    """Draws a box, in pixels of the frame."""
    area = tab.locator("#frame").bounding_box()
    assert area is not None
    scale = area["width"] / 160
    tab.mouse.move(area["x"] + left * scale, area["y"] + top * scale)
    tab.mouse.down()
    tab.mouse.move(area["x"] + right * scale, area["y"] + bottom * scale, steps=3)
    tab.mouse.up()


@pytest.mark.browser
def test_boxes_are_drawn_with_the_mouse_and_named_with_keys(chromium: Browser, page: PeoplePage) -> None:
    tab = opened(chromium, page)
    drag(tab, 10, 20, 50, 90)
    for key in ("a", "n", "2"):
        tab.keyboard.press(key)
    drag(tab, 100, 20, 140, 90)
    tab.keyboard.press("i")
    tab.keyboard.press("Enter")
    at(tab, 1)
    tab.keyboard.press("k")
    tab.keyboard.press("ArrowRight")
    at(tab, 2)
    tab.keyboard.press("Enter")
    tab.evaluate("sending")

    first, copied, empty = read_labels(page.folder)

    assert (first.frame, copied.frame, empty.frame) == (0, 10, 20)
    (person,) = first.people
    assert person.box == pytest.approx(BOX, abs=1)
    assert (person.facing, person.face, person.track) == ("a", "n", 2)
    assert first.ignore == [pytest.approx((100, 20, 140, 90), abs=1)]
    assert copied.people == first.people
    assert empty.people == []
    tab.context.close()


@pytest.mark.browser
def test_a_box_is_selected_by_a_click_changed_and_removed(chromium: Browser, page: PeoplePage) -> None:
    tab = opened(chromium, page)
    drag(tab, 10, 20, 50, 90)
    drag(tab, 100, 20, 140, 90)
    drag(tab, 30, 50, 30, 50)
    tab.keyboard.press("r")
    tab.keyboard.press("Tab")
    tab.keyboard.press("Delete")
    tab.evaluate("sending")

    (label,) = read_labels(page.folder)

    assert [person.facing for person in label.people] == ["r"]
    assert label.people[0].box == pytest.approx(BOX, abs=1)
    tab.context.close()


@pytest.mark.browser
def test_labels_are_shown_again_after_a_reload(chromium: Browser, page: PeoplePage) -> None:
    tab = opened(chromium, page)
    drag(tab, 10, 20, 50, 90)
    tab.keyboard.press("c")
    tab.evaluate("sending")
    tab.reload()
    at(tab, 0)

    expect(tab.locator("#people li")).to_have_text("facing to camera")
    expect(tab.locator("#labelled li")).to_have_text("frame 0, people: 1")
    tab.context.close()


@pytest.mark.browser
def test_visits_are_marked_while_the_clip_is_stepped_through(chromium: Browser, page: PeoplePage) -> None:
    tab = opened(chromium, page)
    tab.locator("#visits").click()
    tab.locator("#zone").fill("tea")
    tab.locator("#frame").click()
    tab.keyboard.press("b")
    tab.keyboard.press("s")
    tab.keyboard.press("ArrowRight")
    at(tab, 1)
    tab.keyboard.press("s")
    tab.keyboard.press("x")
    tab.keyboard.press("ArrowRight")
    at(tab, 2)
    tab.keyboard.press("e")
    tab.evaluate("sending")

    (clip,) = read_clips(page.folder)
    (visit,) = clip.visits

    assert (visit.zone, visit.start, visit.end, visit.stopped_seconds) == ("tea", 0, 2, 1)
    assert (visit.reached, visit.taken) == (True, False)
    tab.context.close()


@pytest.mark.browser
def test_what_could_not_be_saved_is_told(chromium: Browser, page: PeoplePage) -> None:
    tab = opened(chromium, page)
    (page.folder / "people.json").mkdir()

    drag(tab, 10, 20, 50, 90)

    expect(tab.locator("#status")).to_contain_text("Not saved: cannot write")
    tab.context.close()
