"""What a form was answered with can be opened again: Back and Refresh send nothing a second time."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page
from sqlalchemy import func, select

from shop_app.base.db import Database
from shop_app.base.models import Account
from shop_app.web.answers import KEPT_SECONDS
from shop_app.web.area import shop_of
from tests.shop.conftest import Person, Window

NAVIGATION = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "same-origin"}
OVER_HTTP = {"Upgrade-Insecure-Requests": "1"}
NOBODY = {"role": "sales", "name": "Nina", "email": "nobody"}


def answers(app: Flask) -> list[Path]:
    return sorted((shop_of(app).settings.instance / "answers").glob("*"))


@pytest.mark.parametrize("headers", [NAVIGATION, OVER_HTTP])
def test_a_refused_form_is_a_page_that_can_be_opened_again(admin: Person, headers: dict[str, str]) -> None:
    moved = admin.client.post("/staff/new", data=NOBODY, headers=headers)
    page = admin.client.get(moved.location)

    assert moved.status_code == 303
    assert moved.location.startswith("/staff/new?answer=")
    assert moved.headers["Cache-Control"] == "no-store, private"
    assert page.status_code == 422
    assert 'value="nobody"' in page.text
    assert admin.client.get(moved.location).text == page.text


def test_a_program_has_the_answer_at_once(app: Flask, admin: Person) -> None:
    assert admin.client.post("/staff/new", data=NOBODY).status_code == 422
    assert answers(app) == []


def test_a_refusal_without_a_page_of_its_own_is_shown_where_the_form_stood(admin: Person) -> None:
    headers = NAVIGATION | {"Referer": "http://localhost/staff?q=a&answer=old"}

    moved = admin.client.post(f"/staff/{admin.id}/disable", headers=headers).location

    assert moved.startswith("/staff?q=a&answer=")
    assert moved.count("answer=") == 1
    assert admin.client.get(moved).status_code in {409, 422}


def test_an_answer_is_shown_to_the_browser_and_the_sign_in_that_it_was_given(
    admin: Person, app: Flask, sales: Person
) -> None:
    moved = admin.client.post("/staff/new", data=NOBODY | {"email": "nina@example.com"}, headers=NAVIGATION).location
    assert "data-code" in admin.client.get(moved).text

    assert sales.client.get(moved).status_code == 403
    elsewhere = app.test_client()
    elsewhere.set_cookie("login", admin.token)
    assert "data-code" not in elsewhere.get(moved).text
    admin.client.post("/sign-out")
    assert admin.client.get(moved).status_code == 401


def test_an_answer_is_sealed_and_short_lived(admin: Person, app: Flask) -> None:
    moved = admin.client.post("/staff/new", data=NOBODY, headers=NAVIGATION).location
    (kept,) = answers(app)

    assert b"Nina" not in kept.read_bytes()
    assert kept.stat().st_mode & 0o77 == 0
    past = kept.stat().st_mtime - KEPT_SECONDS
    os.utime(kept, (past, past))
    assert admin.client.get(moved).status_code == 200
    admin.client.post("/staff/new", data=NOBODY, headers=NAVIGATION)
    assert kept not in answers(app)


def test_where_no_answer_can_be_kept_it_is_given_at_once(admin: Person, app: Flask) -> None:
    (shop_of(app).settings.instance / "answers").write_text("in the way")

    assert admin.client.post("/staff/new", data=NOBODY, headers=NAVIGATION).status_code == 422


def fill_in(page: Page, email: str) -> None:
    page.get_by_label("Role").select_option("sales")
    page.get_by_label("Name").fill("Nina")
    page.get_by_label("E-mail").fill(email)
    page.locator("main form button.primary").click()


@pytest.mark.browser
def test_back_and_refresh_after_a_refusal_ask_nothing_and_repeat_nothing(window: Window, admin: Person) -> None:
    page = window.open("/staff/new", person=admin)
    fill_in(page, "nina@shop")
    wrong = page.url
    page.reload()
    assert page.get_by_label("E-mail").input_value() == "nina@shop"

    page.goto("/stock")
    page.go_back()

    assert page.url == wrong
    assert page.get_by_label("Name").input_value() == "Nina"


@pytest.mark.browser
def test_a_one_time_code_survives_a_refresh(window: Window, admin: Person, database: Database) -> None:
    page = window.open("/staff/new", person=admin)
    fill_in(page, "nina@example.com")
    code = page.locator("[data-code]").inner_text()

    page.reload()

    assert page.locator("[data-code]").inner_text() == code
    with database.reading() as session:
        assert session.scalars(select(func.count()).where(Account.name == "Nina")).one() == 1
