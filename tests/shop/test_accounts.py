"""Signing in and out: what a copied cookie is worth, who may come in, and how often somebody may guess."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask
from flask.testing import FlaskClient

from shop_app.accounts.passwords import Passwords
from shop_app.db import Database
from shop_app.models import Account
from shop_app.permissions import Role
from tests.shop.conftest import PASSWORD, Person


def test_a_page_asks_nobody_to_sign_in_with_401_and_the_form(client: FlaskClient) -> None:
    answer = client.get("/products")

    assert answer.status_code == 401
    assert 'name="next" value="/products"' in answer.text


def test_a_cookie_copied_before_signing_out_is_worth_nothing_afterwards(app: Flask, admin: Person) -> None:
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
    quick = Passwords(memory_kib=64, rounds=1)
    person = sign_in(Role.BILLING, password_hash=quick.hash(PASSWORD))
    browser = app.test_client()

    answer = browser.post("/sign-in", data={"name": person.email.upper(), "password": PASSWORD})

    assert answer.status_code == 303
    assert browser.get("/me").status_code == 200
    with database.reading() as session:
        assert session.get_one(Account, person.id).active


def test_ten_wrong_passwords_close_the_door_for_a_while(app: Flask, sign_in: Callable[..., Person]) -> None:
    quick = Passwords(memory_kib=64, rounds=1)
    person = sign_in(Role.BILLING, password_hash=quick.hash(PASSWORD))
    browser = app.test_client()

    answers = [
        browser.post("/sign-in", data={"name": person.email, "password": "wrong guess"}).status_code for _ in range(11)
    ]
    right = browser.post("/sign-in", data={"name": person.email, "password": PASSWORD}).status_code

    assert answers == [422] * 10 + [429]
    assert right == 429
    assert person.client.get("/me").status_code == 200  # who is signed in is not locked out
