"""E-mails, through a real SMTP conversation: a forgotten password, and an alert that nobody took."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from unittest import mock

import pytest
from flask import Flask
from pydantic import SecretStr
from sqlalchemy import select

from shop_app import create_app
from shop_app.base.db import Database, now
from shop_app.base.models import Alert, ShopProfile
from shop_app.base.permissions import Role
from shop_app.base.settings import Settings
from shop_app.notify import delivery
from shop_app.notify.channels.channel import Letter
from shop_app.notify.channels.mail import Mail
from shop_app.notify.kinds import Text
from shop_app.ops import background
from shop_app.web.area import shop_of
from tests.shop.conftest import Person
from tests.shop.mailbox import Mailbox, mailbox
from tests.shop.night import CameraSystem


@pytest.fixture
def box() -> Iterator[Mailbox]:
    """A mail server."""
    with mailbox() as found:
        yield found


@pytest.fixture
def posting(settings: Settings, box: Mailbox) -> Settings:
    """The shop's settings, with that mail server."""
    return settings.model_copy(
        update={"smtp_url": SecretStr(box.url), "mail_from": "shop@example.com", "public_url": "https://shop.example"}
    )


def deliver(database: Database, settings: Settings) -> None:
    """What the background does each second, waited for."""
    for thread in delivery.run(database, settings):
        thread.join()


def test_a_forgotten_password_is_set_anew_by_the_code_of_a_mail(  # S20
    posting: Settings, box: Mailbox, sign_in: Callable[..., Person]
) -> None:
    person = sign_in(Role.SALES)
    app = create_app(posting)
    browser = app.test_client()
    token = _token(browser.get("/sign-in/forgotten").text)

    asked = [
        browser.post("/sign-in/forgotten", data={"name": name, "csrf_token": token}, headers={"X-Forwarded-Host": "evil.example"})
        for name in (person.email, "nobody@example.com")
    ]  # fmt: skip
    deliver(shop_of(app).database, posting)
    letter = box.next()
    text = letter.get_content()
    code = re.search(r"code: (\S+)", text)
    assert code is not None
    form = {"name": person.email, "code": code.group(1), "password": "correct horse battery", "csrf_token": token}
    answers = [browser.post("/sign-in/one-time-code", data=form).status_code]
    other = app.test_client()
    form["csrf_token"] = _token(other.get("/sign-in/one-time-code").text)
    answers.append(other.post("/sign-in/one-time-code", data=form).status_code)
    shop_of(app).database.close()

    assert [answer.status_code for answer in asked] == [303, 303]  # whether there is such an account is told to nobody
    assert (letter["To"], box.is_empty) == (person.email, True)
    assert "https://shop.example/sign-in/one-time-code" in text
    assert "evil.example" not in text
    assert answers == [303, 422]


def test_who_is_deleted_is_told_by_mail_in_their_language(
    app: Flask, posting: Settings, box: Mailbox, admin: Person, sign_in: Callable[..., Person]
) -> None:
    ada, without = sign_in(Role.CUSTOMER, locale="de"), sign_in(Role.CUSTOMER, phone="1234567", phone_norm="1234567")
    with mock.patch.object(shop_of(app), "settings", posting):
        for _ in "twice":
            admin.client.post(f"/customers/{ada.id}/data/delete", data={"sure": "y"})
    deliver(shop_of(app).database, posting)
    letter = box.next()

    assert letter["To"] == ada.email
    assert letter["Subject"].startswith("Dein Konto bei Corner Shop")
    assert "wie du es wolltest" in letter.get_content()
    assert box.is_empty
    assert admin.client.post(f"/customers/{without.id}/data/delete", data={"sure": "y"}).status_code == 303


def test_an_alert_that_nobody_takes_is_mailed_to_whoever_may_see_it(
    app: Flask, database: Database, posting: Settings, box: Mailbox, admin: Person, security: Person
) -> None:
    CameraSystem.of(app).incident(change="tampering", cause="covered")
    with database.writing() as session:
        alert = session.scalars(select(Alert)).one()
        alert.received_at = now() - timedelta(seconds=61)

    for _ in "twice":
        background.escalate(database, posting)
        deliver(database, posting)

    letter, other = box.next(), box.next()
    assert {letter["To"], other["To"]} == {admin.email, security.email}
    assert letter["Subject"].startswith("Unanswered alert: ")
    text = letter.get_content()
    assert ("The camera was covered" in text, f"https://shop.example/alerts/{alert.id}" in text) == (True, True)
    assert box.is_empty


def test_a_mail_is_in_the_language_of_the_shop_where_its_reader_chose_none(
    app: Flask, database: Database, posting: Settings, box: Mailbox, admin: Person
) -> None:
    with database.writing() as session:
        session.get_one(ShopProfile, 1).locale = "de"
    CameraSystem.of(app).incident()
    with database.writing() as session:
        session.scalars(select(Alert)).one().received_at = now() - timedelta(seconds=61)

    background.escalate(database, posting)
    deliver(database, posting)

    letter = box.next()
    assert letter["To"] == admin.email
    assert letter["Subject"].startswith("Unbeantworteter Alarm: ")
    assert "Bewegung" in letter.get_content()


def letter_to(address: str, title: str = "Hello", number: int = 1) -> Letter:
    """A message to an address."""
    return Letter(number, "note", Text(title, "body", ""), "", {}, now(), "topic", address)


def _token(page: str) -> str:
    found = re.search(r'name="csrf-token" content="([^"]+)"', page)
    assert found is not None
    return found.group(1)


def test_a_mail_carries_its_date_and_an_id_and_knows_domains_with_umlauts(posting: Settings, box: Mailbox) -> None:
    posting = posting.model_copy(update={"mail_from": "Bäckerei <info@bäckerei-müller.example>"})

    for number in (1, 2):
        Mail().send(posting, letter_to("ada@bücher.example", number=number))

    first, second = box.next(), box.next()
    assert first["From"] == "Bäckerei <info@xn--bckerei-mller-bfb28a.example>"
    assert first["To"] == "ada@xn--bcher-kva.example"
    assert abs(first["Date"].datetime - now()) < timedelta(minutes=5)
    assert re.fullmatch(r"<.+@xn--bckerei-mller-bfb28a\.example>", first["Message-ID"].strip())
    assert first["Message-ID"] != second["Message-ID"]
