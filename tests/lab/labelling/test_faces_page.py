"""The page on which faces are labelled, asked as a browser asks it, and in a browser."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from playwright.sync_api import Browser, Route
from playwright.sync_api import Page as Tab
from vidframe_emotion.classes import CLASSES
from vidframe_lab.labelling.faces import FacesPage

from tests.lab.labelling.serving import ask, ask_url, served
from vidframe.cli import cli

FACES = 24


@pytest.fixture
def page(tmp_path: Path) -> Iterator[FacesPage]:
    """Faces that nobody has labelled."""
    for place in ("unsorted", *CLASSES):
        (tmp_path / place).mkdir()
    for number in range(FACES):
        picture = np.full((96, 96), 10 * number, np.uint8)
        cv2.imwrite(str(tmp_path / "unsorted" / f"{number:04}.png"), picture)
    with served(FacesPage(tmp_path)) as page:
        yield page


def places(page: FacesPage) -> dict[str, str]:
    """Face -> where its file is."""
    return {path.name: path.parent.name for path in page.folder.glob("*/*.png")}


def test_a_label_moves_the_face_into_its_class(page: FacesPage) -> None:
    name = page.unsorted()[0]

    status, _ = ask(page, "label", {"name": name, "place": "happy"})

    assert status == 200
    assert page.counts()["happy"] == 1
    assert (page.folder / "happy" / name).is_file()
    assert ask(page, f"face/{name}")[1].startswith(b"\x89PNG")


def test_a_label_can_be_taken_back(page: FacesPage) -> None:
    name = page.unsorted()[0]
    ask(page, "label", {"name": name, "place": "happy"})

    ask(page, "label", {"name": name, "place": "unsorted"})

    assert name in page.unsorted()


@pytest.mark.parametrize(
    "body",
    [
        {"name": "../../secret.png", "place": "happy"},
        {"name": "unknown.png", "place": "happy"},
        {"place": "happy"},
        ["happy"],
        {"name": "0" * 5000},
    ],
)
def test_what_is_no_label_changes_nothing(page: FacesPage, body: Any) -> None:
    before = page.counts()

    assert ask(page, "label", body)[0] == 400
    assert page.counts() == before


def test_a_place_outside_the_folder_is_refused(page: FacesPage) -> None:
    assert ask(page, "label", {"name": page.unsorted()[0], "place": "../elsewhere"})[0] == 400


def test_files_outside_the_folder_are_not_shown(page: FacesPage) -> None:
    (page.folder / "private.png").write_bytes(b"x")

    assert ask(page, "face/../private.png")[0] == 404
    assert ask(page, "face/private.png")[0] == 404


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Origin": "http://evil.example"}])
def test_a_page_of_another_site_is_turned_away(page: FacesPage, headers: dict[str, str]) -> None:
    name = page.unsorted()[0]

    assert ask(page, f"face/{name}", **headers)[0] == 403
    assert ask(page, "label", {"name": name, "place": "happy"}, **headers)[0] == 403
    assert name in page.unsorted()


def test_a_form_of_another_site_cannot_label(page: FacesPage) -> None:
    name = page.unsorted()[0]
    headers = {"Content-Type": "text/plain"}

    assert ask(page, "label", {"name": name, "place": "happy"}, **headers)[0] == 403


def test_without_the_secret_of_the_address_nothing_is_shown(page: FacesPage) -> None:
    for address in (page.url.replace(page.token, "token"), page.url.replace(page.token + "/", "")):
        assert ask_url(address)[0] == 403
        assert ask_url(f"{address}state")[0] == 403


def test_label_names_the_folder_that_is_missing(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["label", "faces", str(tmp_path)])

    assert result.exit_code != 0
    assert "has no folder unsorted" in result.output


def test_the_spelling_of_the_first_edition_still_labels_faces(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["label", str(tmp_path)])

    assert "use `label faces FOLDER`" in result.output
    assert "has no folder unsorted" in result.output


def opened(chromium: Browser, page: FacesPage) -> Tab:
    tab = chromium.new_context().new_page()
    tab.goto(page.url)
    return tab


def shown(tab: Tab) -> str:
    """The face that can be seen, once it can be."""
    tab.evaluate("(async () => { while (!shown) await new Promise(done => setTimeout(done, 1)) })()")
    return str(tab.locator("#face img").get_attribute("data-name"))


@pytest.mark.browser
def test_each_key_labels_the_face_that_was_shown_however_slow_the_answers(chromium: Browser, page: FacesPage) -> None:
    tab = opened(chromium, page)

    def late(route: Route) -> None:
        tab.wait_for_timeout(30)
        route.continue_()

    tab.route("**/label", late)
    keys, wanted = random.Random(0), {}

    for _ in range(FACES):
        place = keys.randrange(len(CLASSES))
        wanted[shown(tab)] = CLASSES[place]
        tab.keyboard.press(str(place + 1))
    tab.evaluate("sending")

    assert places(page) == wanted
    assert tab.locator("#status").text_content() == "All faces have a label."
    tab.context.close()


@pytest.mark.browser
def test_a_key_before_a_face_can_be_seen_labels_none(chromium: Browser, page: FacesPage) -> None:
    tab = chromium.new_context().new_page()
    tab.route("**/face/*", lambda route: None)  # no image ever comes
    tab.goto(page.url)
    tab.get_by_text(f"{FACES} to go").wait_for()

    tab.keyboard.press("1")
    tab.evaluate("sending")

    assert set(places(page).values()) == {"unsorted"}
    tab.context.close()


@pytest.mark.browser
def test_undo_brings_back_the_last_face_at_once(chromium: Browser, page: FacesPage) -> None:
    tab = opened(chromium, page)
    first = shown(tab)
    tab.keyboard.press("1")
    assert shown(tab) != first

    tab.keyboard.press("u")

    assert shown(tab) == first
    tab.evaluate("sending")
    assert set(places(page).values()) == {"unsorted"}
    tab.context.close()


@pytest.mark.browser
def test_a_label_that_could_not_be_kept_is_told_and_the_face_comes_again(chromium: Browser, page: FacesPage) -> None:
    tab = opened(chromium, page)
    first = shown(tab)
    (page.folder / "unsorted" / first).rename(page.folder / first)  # somebody moved it away

    tab.keyboard.press("1")
    tab.evaluate("sending")

    assert tab.locator("#status").text_content() == f"{first} was not labelled: no such face or place"
    tab.context.close()
