"""What nobody sends by accident: signs that are not what they look like, addresses by the thousand, too many open pages."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from unittest import mock
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from pydantic import SecretStr
from sqlalchemy import func, select, update

from shop_app.accounts.names import normal_email, shown_name
from shop_app.accounts.passwords import Passwords
from shop_app.accounts.throttle import network_of
from shop_app.base import phones
from shop_app.base.db import Database, now
from shop_app.base.models import Account, Camera, LoginSession, Product, StockMovement, Zone, ZoneWatcher
from shop_app.base.permissions import Role
from shop_app.base.settings import Settings
from shop_app.notify.channels.mail import Mail, compose
from shop_app.sales.till import service as till
from shop_app.security.alerts import feed
from shop_app.web.vault import vault
from tests.shop.conftest import PASSWORD, Person
from tests.shop.mailbox import mailbox
from tests.shop.night import CameraSystem
from tests.shop.test_mail import letter_to

Make = Callable[..., Product]


@pytest.mark.parametrize("number", ["²", "--5", "9" * 5000, "1e2", ""])
def test_a_number_that_no_program_wrote_is_refused(
    number: str, admin: Person, sales: Person, security: Person, make_product: Make, database: Database
) -> None:
    product = make_product(stock=3)
    with database.writing() as session:
        camera = Camera(
            name="door", title="Door", kind="network", address="rtsp://192.0.2.7/", created_at=now(), updated_at=now(),
            zones=[Zone(name="shelf", kind="shelf", points=[])],
        )  # fmt: skip
        session.add(camera)

    counted = sales.client.post(f"/stock/{product.id}/count", data={"counted": "9", "seen": number})
    drawn = admin.client.post("/cameras/door/zones", data={"zones": "[]", "version": number})
    watched = admin.client.post("/cameras/door/watchers", data={f"zone-{camera.zones[0].id}": number})
    described = {"sku": product.sku, "name": "Tea", "price_minor": "1.00", "tax_class_id": str(product.tax_class_id),
                 "low_stock_level": "0", "version": number}  # fmt: skip
    edited = admin.client.post(f"/products/{product.id}", data=described)
    quiet = [
        security.client.post("/alerts/snooze", data={"camera": "door", "minutes": number}),
        security.client.post("/alerts/arm", data={"armed": "yes", "hours": number}),
    ]

    assert (counted.status_code, drawn.status_code, watched.status_code, edited.status_code) == (422, 409, 303, 409)
    assert [answer.status_code for answer in quiet] == [422, 422]
    with database.reading() as session:
        assert session.scalars(select(func.count(StockMovement.id))).one() == 0
        assert session.scalars(select(func.count(ZoneWatcher.zone_id))).one() == 0


@pytest.mark.parametrize("code", ["²23456", "１２３４５６", "é", "😀😀"])
def test_a_code_of_other_digits_is_a_wrong_code(
    code: str, app: Flask, database: Database, sign_in: Callable[..., Person]
) -> None:
    person = sign_in(Role.ADMIN, password_hash=Passwords(memory_kib=64, rounds=1).hash(PASSWORD))
    with app.test_request_context(), database.writing() as session:
        session.get_one(Account, person.id).totp_secret = vault().seal(pyotp.random_base32())
    browser = app.test_client()

    assert browser.post("/sign-in", data={"name": person.email, "password": PASSWORD}).status_code == 303
    assert browser.post("/sign-in/code", data={"code": code}).status_code == 422


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("ad\u200bmin@shop.example", id="a space of no width"),
        pytest.param("\u202eadmin@shop.example", id="turned round"),
        pytest.param("ad\u00admin@shop.example", id="a soft hyphen"),
        pytest.param("admin,me@shop.example", id="two addressees"),
        pytest.param('":;"@shop.example', id="a group"),
        pytest.param("=?utf-8?q?a=0abcc:_x?=@shop.example", id="a line feed in a coded word"),
    ],
)
def test_an_address_that_is_read_as_another_is_none(address: str) -> None:
    assert normal_email(address) is None


def test_whatever_is_taken_as_an_address_can_be_written_to(settings: Settings) -> None:
    settings = settings.model_copy(update={"mail_from": "shop@shop.example"})
    signs = "a.!#$%&'*+/=?^_`{|}~-é"

    for first in signs:
        for second in signs:
            address = normal_email(f"{first}{second}x@shop.example")
            if address is not None:
                assert compose(settings, letter_to(address))["To"]


def test_the_name_of_a_shop_is_one_line_of_a_mail(settings: Settings) -> None:
    with mailbox() as box:
        posting = settings.model_copy(update={"smtp_url": SecretStr(box.url), "mail_from": "shop@shop.example"})
        title = "A password for Corner\r\nBcc: thief@example.com\r\n\r\nShop"
        Mail().send(posting, letter_to("me@shop.example", title))
        letter = box.next()

    assert letter["Subject"] == "A password for Corner Bcc: thief@example.com Shop"
    assert letter["Bcc"] is None


@pytest.mark.parametrize(
    "origin", ["http://[", "null", "", "//localhost", "http://localhost@evil.example", "http://localhost.evil.example"]
)
def test_what_another_origin_sends_is_refused(origin: str, customer: Person) -> None:  # S12
    answer = customer.client.post("/me/sessions/end-others", headers={"Origin": origin})

    assert answer.status_code == 400


@pytest.mark.parametrize("came_from", ["http://[", "http://localhost//evil.example", "http://evil.example/me", "/me"])
def test_a_sign_in_leads_to_no_address_that_a_referrer_made_up(came_from: str, client: FlaskClient) -> None:  # S24
    answer = client.post("/me", headers={"Referer": came_from})

    assert answer.status_code == 401
    assert re.findall(r'name="next"[^>]*value="([^"]*)"', answer.text) in ([], [""])


@pytest.mark.parametrize(
    ("kind", "facts"),
    [
        ("storage.low", {"free_bytes": 10**400}), ("storage.low", {"deleted": -1}),
        ("step.disabled", {"step": "gaze", "errors": 10**4000}),
    ],
)  # fmt: skip
def test_a_number_beyond_all_counting_is_refused_for_good(
    kind: str, facts: dict[str, object], cameras: CameraSystem
) -> None:
    told = {"version": 1, "id": "door.1", "kind": kind, "camera": "door", "time": now().isoformat(), "facts": facts}

    answer = cameras.ask("POST", "/events", json={"events": [told]})

    assert answer.json["results"][0]["status"] == "refused"  # what failed is sent again, for ever


def test_a_telephone_number_is_the_same_in_all_digits() -> None:
    assert {phones.normal(text, "") for text in ("٠١٢٣٤٥٦", "０１２３４５６", "012 34 56")} == {"0123456"}


def test_a_name_turns_nothing_round_that_stands_beside_it() -> None:
    assert shown_name(" Eve\u202e\nnimdA\x07\u2066 ") == "Eve nimdA"


def test_all_addresses_of_one_network_close_one_door(app: Flask) -> None:  # S23
    def tries(number: int, place: str) -> int:
        nobody = {"name": f"nobody-{number}@example.com", "password": "guess"}
        return int(app.test_client().post("/sign-in", data=nobody, environ_base={"REMOTE_ADDR": place}).status_code)

    same_network = [tries(number, f"2001:db8:1:2::{number:x}") for number in range(51)]
    elsewhere = tries(99, "2001:db8:1:3::1")

    assert same_network == [422] * 50 + [429]
    assert elsewhere == 422
    assert network_of("::ffff:192.0.2.7") == network_of("192.0.2.7") == "192.0.2.7"


def test_who_finds_a_page_open_cannot_have_new_passwords_sent_to_themselves(  # S15
    customer: Person, database: Database
) -> None:
    changed = {"name": customer.name, "email": "thief@example.com", "phone": "", "locale": "de"}
    with database.writing() as session:
        session.execute(update(LoginSession).values(confirmed_at=now() - timedelta(hours=1)))

    answer = customer.client.post("/me", data=changed)

    assert answer.status_code == 303
    asked = urlsplit(answer.headers["Location"])
    assert asked.path == "/me/confirm"
    (onward,) = parse_qs(asked.query)["next"]
    assert 'value="thief@example.com"' in customer.client.get(onward).text  # nothing has to be typed again
    with database.reading() as session:
        assert session.get_one(Account, customer.id).email == customer.email
    assert customer.client.post("/me", data=changed | {"email": customer.email}).status_code == 303
    with database.reading() as session:
        assert session.get_one(Account, customer.id).locale == "de"


def test_one_account_with_too_many_open_pages_takes_none_from_others(
    database: Database, app: Flask, cameras: CameraSystem
) -> None:
    shared = feed.Feed(database, most=4)
    guard = shared.subscribe(feed.Reader(1))
    greedy = [shared.subscribe(feed.Reader(2)) for _ in range(9)]

    cameras.incident()
    change = guard.get(timeout=30)

    assert change is not None
    assert [page.get(timeout=30) is None for page in greedy] == [True] * 6 + [False] * 3
    for page in (guard, *greedy):
        shared.unsubscribe(page)


def test_more_live_pages_than_threads_leave_the_shop_open(server: str, security: Person) -> None:
    cookies = {"login": security.token}

    with ExitStack() as open_pages:
        for _ in range(40):  # 16 threads serve the test's shop
            page = requests.get(f"{server}/alerts/stream", cookies=cookies, stream=True, timeout=30)
            open_pages.callback(page.close)
            assert page.status_code == 200
        answer = requests.get(f"{server}/alerts", cookies=cookies, timeout=30)

    assert answer.status_code == 200


def test_an_address_writes_no_line_of_its_own_into_the_log(
    billing: Person, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(till, "get_cart", mock.Mock(side_effect=RuntimeError))

    answer = billing.client.post("/till/cart/x%0AERROR forged%1b[2K/clear", json={})

    assert answer.status_code == 500
    messages = [record.getMessage() for record in caplog.records]
    assert any("forged" in message for message in messages)
    assert not any(sign in message for message in messages for sign in "\n\x1b")


@pytest.fixture
def cameras(app: Flask) -> CameraSystem:
    """A camera system."""
    return CameraSystem.of(app)
