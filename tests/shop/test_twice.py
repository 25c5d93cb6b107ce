"""A form that is sent twice, by an impatient hand or a browser that repeats it, is done once."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from shop_app.base.db import Database
from shop_app.base.models import Complaint, ComplaintMessage, Feedback, Notification, Offer, Product, StockMovement
from tests.shop.conftest import Person

pytestmark = pytest.mark.both

Make = Callable[..., Product]


def keys_of(person: Person, page: str) -> dict[str, str]:
    """What a form of this page carries hidden."""
    text = person.client.get(page).text
    return dict(re.findall(r'type="hidden" name="(csrf_token|key)" value="([^"]+)"', text))


def send_twice(person: Person, page: str, path: str, fields: dict[str, Any], **changed: Any) -> list[int]:
    form = keys_of(person, page) | fields
    return [person.client.post(path, data=form | more).status_code for more in ({}, changed)]


def counted(database: Database, what: Any) -> int:
    with database.reading() as session:
        return int(session.scalars(select(func.count()).select_from(what)).one())


def stock_of(database: Database, product: Product) -> int:
    with database.reading() as session:
        return session.get_one(Product, product.id).stock


MOVES = [
    pytest.param({"direction": "in", "pieces": "24", "reason": "delivery"}, 34, id="delivery"),
    pytest.param({"direction": "out", "pieces": "3", "reason": "damage"}, 7, id="damage"),
]


@pytest.mark.parametrize(("form", "after"), MOVES)
def test_a_movement_of_stock_is_booked_once(
    database: Database, sales: Person, make_product: Make, form: dict[str, str], after: int
) -> None:
    product = make_product(stock=10)

    assert send_twice(sales, f"/stock/{product.id}", f"/stock/{product.id}/move", form) == [303, 303]
    assert stock_of(database, product) == after
    assert "sent twice. It was saved once" in sales.client.get(f"/stock/{product.id}").text


def test_a_page_opened_anew_books_the_same_again(database: Database, sales: Person, make_product: Make) -> None:
    product = make_product(stock=10)

    for _time in range(2):
        form = keys_of(sales, f"/stock/{product.id}") | {"direction": "in", "pieces": "24", "reason": "delivery"}
        sales.client.post(f"/stock/{product.id}/move", data=form)

    assert stock_of(database, product) == 58


def test_a_form_without_its_key_is_known_by_its_page_and_contents(
    database: Database, sales: Person, make_product: Make
) -> None:
    product = make_product(stock=10)
    form = {"csrf_token": keys_of(sales, f"/stock/{product.id}")["csrf_token"]}
    form |= {"direction": "in", "pieces": "24", "reason": "delivery"}

    for pieces in ("24", "24", "5"):
        sales.client.post(f"/stock/{product.id}/move", data=form | {"pieces": pieces})

    assert stock_of(database, product) == 39


def test_a_form_that_was_done_is_not_done_with_other_contents(
    database: Database, sales: Person, make_product: Make
) -> None:
    product = make_product(stock=10)
    form = {"direction": "in", "pieces": "24", "reason": "delivery"}

    assert send_twice(sales, f"/stock/{product.id}", f"/stock/{product.id}/move", form, pieces="5") == [303, 422]
    assert stock_of(database, product) == 34


def test_a_form_that_was_refused_may_be_sent_again(database: Database, sales: Person, make_product: Make) -> None:
    product = make_product(stock=10)
    form = {"direction": "out", "pieces": "11", "reason": "damage"}

    assert send_twice(sales, f"/stock/{product.id}", f"/stock/{product.id}/move", form, pieces="10") == [409, 303]
    assert stock_of(database, product) == 0


def test_complaints_messages_and_feedback_are_kept_once(database: Database, customer: Person) -> None:
    complaint = {"subject": "Broken", "body": "It broke", "bill": ""}

    assert send_twice(customer, "/complaints/new", "/complaints/new", complaint) == [303, 303]
    with database.reading() as session:
        path = f"/complaints/{session.scalars(select(Complaint.id)).one()}"
    before = counted(database, ComplaintMessage)
    assert send_twice(customer, path, path, {"body": "More of it"}) == [303, 303]
    assert counted(database, ComplaintMessage) == before + 1
    assert send_twice(customer, "/feedback/mine", "/feedback/mine", {"topic": "shop", "body": "Nice"}) == [303, 303]
    assert counted(database, Feedback) == 1


def test_an_offer_is_proposed_once(database: Database, sales: Person, make_product: Make) -> None:
    make_product(sku="D-1")
    offer = {
        "name": "Week", "kind": "percent", "percent": "10", "skus": "D-1", "starts_at": "2026-01-01T00:00",
        "ends_at": "2030-01-01T00:00",
    }  # fmt: skip

    assert send_twice(sales, "/offers/new", "/offers/new", offer) == [303, 303]
    assert counted(database, Offer) == 1


def test_a_note_is_sent_once(database: Database, admin: Person) -> None:
    page = admin.client.get("/notifications/send").text
    chosen = re.findall(r'<option (?:selected )?value="([^"]+)"', page)[0]
    note = {"title": "Hello", "body": "All", "to": chosen}

    assert send_twice(admin, "/notifications/send", "/notifications/send", note) == [303, 303]
    assert counted(database, Notification) == 1


def test_a_form_that_comes_eight_times_at_once_is_done_once(
    app: Flask, database: Database, sales: Person, make_product: Make
) -> None:
    product = make_product(stock=10)
    form = {"key": "one form", "direction": "in", "pieces": "24", "reason": "delivery"}

    def send(_n: int) -> int:
        client = app.test_client()
        client.set_cookie("login", sales.token)
        return client.post(f"/stock/{product.id}/move", data=form).status_code

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(8)))

    assert answers == [303] * 8
    assert stock_of(database, product) == 34
    assert counted(database, StockMovement) == 1
