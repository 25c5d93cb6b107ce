"""Signing in and out: what a copied cookie is worth, who may come in, and how often somebody may guess."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect
from sqlalchemy import select, update

from shop_app import Settings, create_app
from shop_app.accounts import service
from shop_app.accounts.passwords import passwords
from shop_app.accounts.throttle import attempt
from shop_app.app import flask_config
from shop_app.base.db import Database, now
from shop_app.base.errors import TooMany
from shop_app.base.models import Account, LoginSession, ShopProfile, TaxClass
from shop_app.base.permissions import Role
from tests.shop.conftest import PASSWORD, Person, Window, quick_passwords


def test_a_page_asks_nobody_to_sign_in_with_401_and_the_form(client: FlaskClient) -> None:
    answer = client.get("/products")

    assert answer.status_code == 401
    assert 'name="next" value="/products"' in answer.text


def test_a_cookie_copied_before_signing_out_is_worth_nothing_afterwards(app: Flask, admin: Person) -> None:  # S28
    assert admin.client.get("/products").status_code == 200

    admin.client.post("/sign-out")

    thief = app.test_client()
    thief.set_cookie("login", admin.token)
    assert thief.get("/products").status_code == 401


def test_a_form_without_its_token_changes_nothing(admin: Person) -> None:
    answer = admin.client.post("/sign-out", csrf=False)

    assert answer.status_code == 400
    assert admin.client.get("/products").status_code == 200


def test_name_and_password_let_somebody_in(app: Flask, database: Database, sign_in: Callable[..., Person]) -> None:
    quick = quick_passwords()
    person = sign_in(Role.BILLING, password_hash=quick.hash(PASSWORD))
    browser = app.test_client()

    answer = browser.post("/sign-in", data={"name": person.email.upper(), "password": PASSWORD})

    assert answer.status_code == 303
    assert browser.get("/me").status_code == 200
    with database.reading() as session:
        assert session.get_one(Account, person.id).active


def test_ten_wrong_passwords_close_the_door_for_a_while(app: Flask, sign_in: Callable[..., Person]) -> None:  # S23
    quick = quick_passwords()
    person = sign_in(Role.BILLING, password_hash=quick.hash(PASSWORD))
    browser = app.test_client()

    answers = [
        browser.post("/sign-in", data={"name": person.email, "password": "wrong guess"}).status_code for _ in range(11)
    ]
    right = browser.post("/sign-in", data={"name": person.email, "password": PASSWORD}).status_code

    assert answers == [422] * 10 + [429]
    assert right == 429
    assert person.client.get("/me").status_code == 200  # who is signed in is not locked out


def test_a_cookie_copied_before_a_change_of_password_is_worth_nothing_afterwards(  # S28
    app: Flask, sign_in: Callable[..., Person]
) -> None:
    quick = quick_passwords()
    person = sign_in(Role.SALES, password_hash=quick.hash(PASSWORD))
    other = app.test_client()
    other.post("/sign-in", data={"name": person.email, "password": PASSWORD})

    answer = person.client.post("/me/password", data={"old": PASSWORD, "new": "a new and better one"})

    assert answer.status_code == 303
    assert person.client.get("/me").status_code == 200
    assert other.get("/me").status_code == 401


def test_a_present_password_is_needed_for_a_new_one(sign_in: Callable[..., Person]) -> None:  # S15
    person = sign_in(Role.SALES, password_hash=quick_passwords().hash(PASSWORD))

    answer = person.client.post("/me/password", data={"old": "wrong", "new": "a new and better one"})
    same = person.client.post("/me/password", data={"old": PASSWORD, "new": PASSWORD})

    assert (answer.status_code, same.status_code) == (422, 422)
    assert "Choose a password that is not the current one" in same.text


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        pytest.param(
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/149.0.0.0 Safari/537.36 "
            "Edg/149.0.0.0",
            "Edge · Windows",
            id="Edge says Chrome and Safari too",
        ),
        pytest.param(
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox · Linux", id="Firefox"
        ),
        pytest.param(
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile/15E148 Safari/604.1",
            "Safari · iPhone",
            id="an iPhone says Mac too",
        ),
        pytest.param(
            "Mozilla/5.0 (Linux; Android 16; K) AppleWebKit/537.36 Chrome/149.0.0.0 Mobile Safari/537.36",
            "Chrome · Android",
            id="Android says Linux too",
        ),
        pytest.param("curl/8.5", "curl/8.5", id="a program"),
        pytest.param("", "browser", id="nothing"),
    ],
)
def test_a_sign_in_is_listed_as_people_call_their_browser(
    app: Flask, sign_in: Callable[..., Person], user_agent: str, words: str
) -> None:
    person = sign_in(Role.SALES, password_hash=quick_passwords().hash(PASSWORD))
    browser = app.test_client()
    form = {"name": person.email, "password": PASSWORD}
    browser.post("/sign-in", data=form, headers={"User-Agent": user_agent})

    assert f"<strong>{words}</strong>" in browser.get("/me").text


def test_somebody_ends_their_own_sign_ins_and_nobody_elses(
    app: Flask, sign_in: Callable[..., Person], sales: Person
) -> None:
    person = sign_in(Role.SALES, password_hash=quick_passwords().hash(PASSWORD))
    other = app.test_client()
    other.post("/sign-in", data={"name": person.email, "password": PASSWORD})
    ids = [int(found) for found in re.findall(r"/me/sessions/(\d+)/end", person.client.get("/me").text)]

    foreign = sales.client.post(f"/me/sessions/{ids[0]}/end").status_code
    still = other.get("/me").status_code
    own = person.client.post(f"/me/sessions/{ids[0]}/end").status_code

    assert (foreign, still, own, other.get("/me").status_code) == (404, 200, 303, 401)


def test_a_sign_in_ends_when_it_is_idle_and_at_the_latest_after_a_day(
    admin: Person, customer: Person, database: Database
) -> None:
    with database.writing() as session:
        session.execute(update(LoginSession).where(LoginSession.account_id == admin.id).values(
            last_seen_at=now() - timedelta(minutes=31)))  # fmt: skip
        session.execute(update(LoginSession).where(LoginSession.account_id == customer.id).values(
            expires_at=now() - timedelta(seconds=1)))  # fmt: skip

    assert admin.client.get("/me").status_code == 401
    assert customer.client.get("/me").status_code == 401


def test_signing_in_makes_a_new_token_and_ends_the_old_one(app: Flask, sign_in: Callable[..., Person]) -> None:  # S28
    person = sign_in(Role.SALES, password_hash=quick_passwords().hash(PASSWORD))

    person.client.post("/sign-in", data={"name": person.email, "password": PASSWORD})

    planted = app.test_client()
    planted.set_cookie("login", person.token)
    assert planted.get("/me").status_code == 401
    assert person.client.get("/me").status_code == 200


def test_wrong_name_and_wrong_password_read_alike(app: Flask, sign_in: Callable[..., Person]) -> None:
    person = sign_in(Role.SALES, password_hash=quick_passwords().hash(PASSWORD))

    answers = [
        app.test_client().post("/sign-in", data={"name": name, "password": "wrong guess"})
        for name in (person.email, "nobody@example.com", "not a name at all")
    ]

    assert {answer.status_code for answer in answers} == {422}
    assert all("Name or password is wrong" in answer.text for answer in answers)


def test_fifty_wrong_tries_from_one_address_close_the_door_for_it(database: Database, app: Flask) -> None:
    with app.test_request_context():
        for number in range(50):
            with attempt(database, f"name-{number}", "10.0.0.9"):
                pass

        with pytest.raises(TooMany), attempt(database, "one more", "10.0.0.9"):
            pass
        with attempt(database, "one more", "10.0.0.10"):
            pass


def test_tries_of_strangers_shut_out_nobody_who_comes_from_there_or_is_signed_in(  # C55
    database: Database, app: Flask, sign_in: Callable[..., Person]
) -> None:
    person = sign_in(Role.ADMIN, password_hash=quick_passwords().hash(PASSWORD))
    known, new = app.test_client(), app.test_client()
    assert known.post("/sign-in", data={"name": person.email, "password": PASSWORD}).status_code == 303
    for number in range(50):
        with attempt(database, f"name-{number}", "127.0.0.1"):
            pass
    for _time in range(10):
        with attempt(database, person.email, "192.0.2.7"):
            pass

    entered = new.post("/sign-in", data={"name": person.email, "password": PASSWORD}).status_code
    stranger = app.test_client().post("/sign-in", data={"name": "a@example.com", "password": PASSWORD}).status_code
    changed = person.client.post("/me/password", data={"old": PASSWORD, "new": "a new and better one"}).status_code
    guesses = [
        new.post("/sign-in", data={"name": person.email, "password": "wrong guess"}).status_code for _ in range(11)
    ]

    assert (entered, stranger, changed) == (303, 429, 303)
    assert guesses == [422] * 10 + [429]


def test_the_throttle_holds_when_many_guess_at_the_same_moment(database: Database, app: Flask) -> None:
    def guess(_number: int) -> bool:
        with app.test_request_context():
            try:
                with attempt(database, "till@example.com", "10.0.0.1"):
                    return True
            except TooMany:
                return False

    with ThreadPoolExecutor(8) as pool:
        allowed = sum(pool.map(guess, range(30)))

    assert allowed <= 10


@pytest.mark.parametrize(
    ("wanted", "goes_to"),
    [
        ("/products?q=a", "/products?q=a"), ("//evil.example", "/"), ("https://evil.example", "/"), ("/\\evil.example", "/"),
        ("javascript:alert(1)", "/"), ("/%0d%0aSet-Cookie:x", "/"), ("/\t/evil.example", "/"),
    ],
)  # fmt: skip
def test_after_signing_in_only_a_path_of_this_shop_is_opened(  # S24
    app: Flask, sign_in: Callable[..., Person], wanted: str, goes_to: str
) -> None:
    person = sign_in(Role.SALES, password_hash=quick_passwords().hash(PASSWORD))

    answer = app.test_client().post("/sign-in", data={"name": person.email, "password": PASSWORD, "next": wanted})

    assert answer.headers["Location"] in (goes_to, f"http://localhost{goes_to}")


@pytest.mark.parametrize("password", ["short", "password1", "aaaaaaaaaa", "sales person", "x" * 201])
def test_a_password_that_is_tried_first_is_refused(sign_in: Callable[..., Person], password: str) -> None:
    person = sign_in(Role.SALES, password_hash=quick_passwords().hash(PASSWORD))

    answer = person.client.post("/me/password", data={"old": PASSWORD, "new": password})

    assert answer.status_code == 422
    assert re.search(
        r'role="alert"[^>]*>.*assword (is too common|needs at least|has at most|must not be)', answer.text, re.S
    )


def test_the_second_factor_is_asked_for_and_each_code_is_taken_once(app: Flask, sign_in: Callable[..., Person]) -> None:
    person = sign_in(Role.ADMIN, password_hash=quick_passwords().hash(PASSWORD))
    secret = re.search(r"<code>([A-Z2-7]{32})</code>", person.client.get("/me/second-factor").text).group(1)  # type: ignore[union-attr]
    now_code = pyotp.TOTP(secret).now()
    assert person.client.post("/me/second-factor", data={"code": now_code}).status_code == 303

    browser = app.test_client()
    first = browser.post("/sign-in", data={"name": person.email, "password": PASSWORD})
    before = browser.get("/me").status_code
    used = browser.post("/sign-in/code", data={"code": now_code}).status_code
    later = browser.post("/sign-in/code", data={"code": pyotp.TOTP(secret).at(time.time() + 30)}).status_code

    assert first.headers["Location"].endswith("/sign-in/code")
    assert (before, used, later, browser.get("/me").status_code) == (401, 422, 303, 200)


def test_no_account_exists_until_the_setup_token_is_used_and_it_works_once(
    app: Flask, database: Database
) -> None:  # S11
    with database.writing() as session:
        token = service.issue_setup_token(session)
    form = {"token": token, "shop_name": "Mine", "name": "Mara", "email": "mara@example.com", "password": PASSWORD}
    browser = app.test_client()

    wrong = browser.post("/set-up", data=form | {"token": "AAAA-BBBB-CCCC-DDDD"}).status_code
    right = browser.post("/set-up", data=form).status_code
    again = browser.post("/set-up", data=form | {"email": "eve@example.com"}).status_code

    assert (wrong, right, again) == (422, 303, 422)
    with database.reading() as session:
        assert [a.email for a in session.query(Account)] == ["mara@example.com"]


def test_a_dangerous_page_asks_for_the_password_again_after_a_while(
    sign_in: Callable[..., Person], database: Database
) -> None:
    person = sign_in(Role.ADMIN, password_hash=quick_passwords().hash(PASSWORD))
    with database.writing() as session:
        session.execute(update(LoginSession).values(confirmed_at=now() - timedelta(minutes=20)))

    asked = person.client.get("/staff/new")
    done = person.client.post("/staff/new", data={"role": "sales", "name": "Eve", "email": "eve@example.com"})
    person.client.post("/me/confirm", data={"password": PASSWORD, "next": "/staff/new"})

    assert (asked.status_code, done.status_code) == (302, 403)
    assert person.client.get("/staff/new").status_code == 200


def _sign_in_again(page: Page, person: Person) -> None:
    page.get_by_text("Your session has ended").wait_for()
    page.get_by_label("E-mail or telephone").fill(person.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


@pytest.mark.browser
def test_what_was_typed_is_there_again_when_the_sign_in_had_ended(
    window: Window, sign_in: Callable[..., Person], database: Database
) -> None:
    person = sign_in(Role.SALES, password_hash=quick_passwords().hash(PASSWORD))
    page = window.open("/feedback/mine", person=person)
    page.get_by_label("About").select_option("service")
    page.get_by_label("What we should know").fill("A long thought")
    with database.writing() as session:
        session.execute(update(LoginSession).values(ended_at=now()))

    page.get_by_role("button", name="Send").click()
    _sign_in_again(page, person)

    expect(page.get_by_label("What we should know")).to_have_value("A long thought")
    expect(page.get_by_label("About")).to_have_value("service")
    page.get_by_role("button", name="Send").click()
    page.get_by_role("listitem").filter(has_text="A long thought").wait_for()
    expect(page.get_by_label("What we should know")).to_have_value("")  # what was sent does not come again


@pytest.mark.browser
def test_what_one_person_typed_is_not_shown_to_the_next(
    window: Window, sign_in: Callable[..., Person], database: Database
) -> None:
    password_hash = quick_passwords().hash(PASSWORD)
    first, second = (sign_in(Role.SALES, name, password_hash=password_hash) for name in ("Ann", "Ben"))
    page = window.open("/feedback/mine", person=first)
    page.get_by_label("What we should know").fill("A secret thought")
    with database.writing() as session:
        session.execute(update(LoginSession).values(ended_at=now()))

    page.get_by_role("button", name="Send").click()
    _sign_in_again(page, second)

    page.get_by_role("heading", name="Send feedback").wait_for()
    expect(page.get_by_label("What we should know")).to_have_value("")


@pytest.mark.parametrize("referrer", ["https://evil.example/products", "http://localhost//evil.example", "nonsense"])
def test_who_is_not_signed_in_any_more_goes_on_at_a_page_of_this_shop(client: FlaskClient, referrer: str) -> None:
    client.get("/sign-in")

    answer = client.post("/sign-out", headers={"Referer": referrer, "X-CSRFToken": _token(client)})

    assert answer.status_code == 401
    assert 'name="next" value=""' in answer.text


def _token(client: FlaskClient) -> str:
    found = re.search(r'name="csrf-token" content="([^"]+)"', client.get("/sign-in").text)
    assert found is not None
    return found.group(1)


def test_a_fresh_shop_leads_to_its_set_up_and_the_first_admin_is_in(app: Flask, database: Database) -> None:
    with database.writing() as session:
        token = service.issue_setup_token(session)
    browser = app.test_client()

    first = browser.get("/")
    form = {"token": token, "shop_name": "Corner", "name": "Ada", "email": "ada@shop.example", "password": PASSWORD}
    where = {
        "time_zone": "Europe/Zurich",
        "country": "CH",
        "currency": "chf",
        "standard_rate": "8,1",
        "night_from": "21:00",
    }
    wrong = browser.post("/set-up", data=form | where | {"currency": "XXY", "standard_rate": "much"})
    done = browser.post("/set-up", data=form | where)

    assert (first.status_code, first.headers["Location"]) == (303, "/set-up")
    assert wrong.status_code == 422
    assert {'id="currency-error"' in wrong.text, 'id="standard_rate-error"' in wrong.text} == {True}
    assert (done.status_code, browser.get("/").status_code) == (303, 200)
    with database.reading() as session:
        shop = session.get_one(ShopProfile, 1)
        rates = session.scalars(select(TaxClass.basis_points).order_by(TaxClass.id)).all()
    assert (shop.name, shop.currency, shop.country, shop.time_zone) == ("Corner", "CHF", "CH", "Europe/Zurich")
    assert (shop.night_from, shop.night_to, rates[:2]) == ("21:00", "06:00", [810, 700])


def test_set_up_offers_what_is_usual_where_the_server_stands(
    client: FlaskClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    with database.writing() as session:
        session.execute(update(ShopProfile).values(time_zone="UTC", country=""))

    page = client.get("/set-up").text

    for offered in ('value="Asia/Kolkata"', 'selected value="IN"', 'value="INR"', 'value="18"', 'value="22:00"'):
        assert offered in page


def test_the_first_page_of_a_visit_shows_no_error(app: Flask, admin: Person) -> None:
    answer = app.test_client().get("/")

    assert answer.status_code == 401
    assert 'role="alert"' not in answer.text


def test_who_sets_a_password_by_a_code_is_signed_in(app: Flask, admin: Person) -> None:
    page = admin.client.post("/staff/new", data={"role": "sales", "name": "Sara", "email": "sara@example.com"})
    code = re.search(r"data-code>([^<]+)<", page.text).group(1)  # type: ignore[union-attr]
    browser = app.test_client()

    browser.post("/sign-in/one-time-code", data={"name": "sara@example.com", "code": code, "password": PASSWORD})

    assert "Sara" in browser.get("/me").text


def test_two_shops_of_one_host_leave_each_other_signed_in(
    settings: Settings, app: Flask, sign_in: Callable[..., Person], tmp_path: Path
) -> None:  # C18
    person = sign_in(Role.SALES, password_hash=quick_passwords().hash(PASSWORD))
    other = settings.model_copy(update={"instance": tmp_path / "other"})
    names = [flask_config(one)["LOGIN_COOKIE_NAME"] for one in (settings, other)]
    pages = [flask_config(one)["SESSION_COOKIE_NAME"] for one in (settings, other)]
    browser = app.test_client()
    browser.set_cookie(str(names[1]), "a-token-of-the-other-shop")
    browser.set_cookie(str(pages[1]), "a-page-of-the-other-shop")

    browser.post("/sign-in", data={"name": person.email, "password": PASSWORD})

    assert browser.get("/me").status_code == 200
    assert len({*names, *pages}) == 4
    assert browser.get_cookie(str(names[1])).value == "a-token-of-the-other-shop"  # type: ignore[union-attr]
    assert browser.get_cookie(str(pages[1])).value == "a-page-of-the-other-shop"  # type: ignore[union-attr]


def test_the_setting_for_tests_weakens_no_hash(settings: Settings) -> None:  # A10
    app = create_app(settings)
    with app.test_request_context():
        assert passwords().hash(PASSWORD).startswith("$argon2id$v=19$m=19456,t=2,p=1$")
