"""What a page may cost: SQL statements, and bytes of a first visit. CPU is measured by benchmarks/pages.py."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from shop_app.base.db import Database
from shop_app.base.models import Product
from shop_app.base.permissions import OF_ROLE, Permission, Role
from shop_app.notify.kinds import NOTE
from shop_app.notify.outbox import notify
from shop_app.web.area import shop_of
from tests.shop.conftest import Person

STATEMENTS = 10
FIRST_VISIT = 60_000  # bytes, compressed
EVER_MORE = ("bill_lines", "payments", "ledger_entries", "interest_hours", "incoming_events", "deliveries")
NO_PAGES = {"live.alerts", "live.bell"}


def lists_for(app: Flask, role: Role) -> list[tuple[str, str]]:
    """Endpoint and address of every page that this role may open and that is about no single thing."""
    shop = shop_of(app)
    held = {*OF_ROLE[role], Permission.SIGNED_IN}
    return [
        (rule.endpoint, rule.rule)
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and not rule.arguments and shop.access[rule.endpoint] in held
        and rule.endpoint.partition(".")[0] not in shop.bearer_areas and rule.endpoint not in NO_PAGES
    ]  # fmt: skip


@pytest.mark.parametrize("role", list(Role))
def test_no_list_sends_more_than_ten_statements(
    app: Flask, sign_in: Callable[..., Person], make_product: Callable[..., Product], count_statements: list[str],
    role: Role,
) -> None:  # fmt: skip
    person = sign_in(role)
    for _ in range(3):
        make_product()

    sent = {}
    for endpoint, address in lists_for(app, role):
        count_statements.clear()
        person.client.get(address).close()
        sent[endpoint] = len([one for one in count_statements if not one.startswith(("BEGIN", "PRAGMA"))])

    assert {name: count for name, count in sent.items() if count > STATEMENTS} == {}


@pytest.mark.parametrize("role", list(Role))
def test_a_first_visit_is_small(app: Flask, sign_in: Callable[..., Person], role: Role) -> None:
    person, nobody = sign_in(role), app.test_client()
    fetched: dict[str, bytes] = {}
    for client, address in ((nobody, "/sign-in"), (person.client, "/")):
        fetched[address] = client.get(address).data
        for linked in re.findall(rb'(?:src|href)="(/static/[^"]+)"', fetched[address]):
            with client.get(linked.decode()) as answer:
                fetched[linked.decode()] = answer.data

    assert any(address.startswith("/static/") for address in fetched)
    assert sum(len(zlib.compress(content, 6)) for content in fetched.values()) < FIRST_VISIT


def test_what_is_kept_of_the_navigation_is_each_readers_own(
    sign_in: Callable[..., Person], make_product: Callable[..., Product], app: Flask
) -> None:
    first, second = sign_in(Role.SALES), sign_in(Role.SALES)
    german = {"Accept-Language": "de"}
    with app.test_request_context(), shop_of(app).database.writing() as session:
        notify(session, NOTE, to=second.id, title="Only for one")

    of_first, of_second = first.client.get("/products", headers=german).text, second.client.get("/products").text

    assert "<span>Nachrichten</span>" in of_first
    assert "data-unread hidden>0<" in of_first
    assert "<span>Notifications</span>" in of_second
    assert "data-unread>1<" in of_second
    assert 'href="/products" aria-current="page"' in of_second
    assert 'href="/products" aria-current="page"' not in second.client.get("/offers").text


@pytest.mark.sqlite  # which plans without statistics: with three rows as with a million
@pytest.mark.parametrize("role", [Role.ADMIN, Role.BILLING, Role.SALES, Role.CUSTOMER])
def test_no_page_reads_everything_that_was_ever_sold(
    app: Flask, database: Database, sign_in: Callable[..., Person], make_product: Callable[..., Product], role: Role
) -> None:
    person, product = sign_in(role), make_product()
    addresses = [address for _, address in lists_for(app, role)]
    asked: dict[str, tuple[str, Any]] = {}

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        if statement.startswith(("SELECT", "WITH")):
            asked.setdefault(statement, (address, values))

    event.listen(database.reader, "before_cursor_execute", note)
    for address in [*addresses, f"/products/{product.id}", f"/interest/of?product={product.id}&days=28"]:
        person.client.get(address).close()
    event.remove(database.reader, "before_cursor_execute", note)

    scans = set()
    with database.reader.connect() as connection:
        for statement, (address, values) in asked.items():
            for *_, step in connection.exec_driver_sql("EXPLAIN QUERY PLAN " + statement, values):
                if re.match(rf"SCAN ({'|'.join(EVER_MORE)})\b", step):
                    scans.add((address, step))

    assert asked
    assert scans == set()
