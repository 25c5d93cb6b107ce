"""Every page of every role in a real browser: no script of anybody's text runs, nothing is wider than the phone."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import String, Text, UniqueConstraint, select

from shop_app.db import Base, Database
from shop_app.models import Account
from shop_app.permissions import OF_ROLE, Permission, Role
from shop_app.sample import fill
from shop_app.web import shop_of
from tests.needs import missing
from tests.shop.conftest import DESK, PHONE, Person, Window

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PAYLOAD = "<img src=x onerror=window.hit=1>\"'><script>window.hit=1</script>"
# What is compared with a list, or shown to nobody as text.
MACHINE_TEXT = {
    "role", "state", "kind", "method", "reason", "change_", "severity", "currency", "time_zone", "locale", "night_from",
    "night_to", "sell_below_zero", "picture", "file_name", "link", "topic", "mode", "role_", "media_type",
    "password_hash", "totp_secret", "credentials", "address", "what",
}  # fmt: skip


def pages(app: Flask, role: Role, database: Database) -> list[str]:
    """The addresses of all pages that a role may open, with ids of things that are there."""
    held = {*OF_ROLE[role], Permission.SIGNED_IN}
    found = []
    for rule in app.url_map.iter_rules():
        may = shop_of(app).access[rule.endpoint]
        if (
            "GET" not in (rule.methods or set())
            or may not in held
            or rule.endpoint.partition(".")[0] in {"api", "ingest"}
        ):
            continue
        if any(
            word in rule.rule for word in ("<path:", "stream", "feed", ".png", "/picture", "/clip", "/snapshot", "live")
        ):
            continue
        path = rule.rule
        for name in rule.arguments:
            value = _some_id(database, name)
            path = path.replace(f"<int:{name}>", value).replace(f"<{name}>", value)
        if "<" not in path:
            found.append(path)
    return sorted(set(found))


@pytest.fixture
def people(app: Flask, database: Database, sign_in: Callable[..., Person]) -> dict[Role, Person]:
    """The sample shop, and one person of each role signed in."""
    with app.test_request_context():
        fill(database, shop_of(app).settings.media)
    from shop_app.accounts import sessions

    found = {}
    with app.test_request_context(), database.writing() as session:
        for role in Role:
            account = session.scalars(select(Account).where(Account.email_norm == f"{role.value}@shop.example")).one()
            token = sessions.begin(session, account, kind="browser", label="test")
            found[role] = Person(account.id, role, account.name, account.email or "", token, app.test_client())  # type: ignore[arg-type]
    return found


def test_no_text_of_anybody_becomes_a_script(
    app: Flask, database: Database, people: dict[Role, Person], window: Window
) -> None:
    _write_payload_everywhere(database)

    for role, person in people.items():
        page = window.open("/", person=person)
        for path in pages(app, role, database):
            answer = page.goto(path)
            assert answer is None or answer.status < 500, path
            assert page.evaluate("window.hit") is None, f"{role}: {path}"
        page.context.close()


@pytest.mark.parametrize("size", [pytest.param(DESK, id="desk"), pytest.param(PHONE, id="phone")])
def test_no_page_is_wider_than_its_window(
    app: Flask, database: Database, people: dict[Role, Person], window: Window, size: dict[str, int]
) -> None:
    shots = Path(os.environ["SHOP_SHOTS"]) if os.environ.get("SHOP_SHOTS") else None
    wide = []
    for role, person in people.items():
        page = window.open("/", person=person, size=size)
        for path in pages(app, role, database):
            page.goto(path)
            if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
                wide.append(f"{role}: {path}")
            if shots is not None:
                shots.mkdir(parents=True, exist_ok=True)
                name = f"{role}{path.replace('/', '_')}-{size['width']}.png"
                page.screenshot(path=shots / name, full_page=True)
        page.context.close()

    assert wide == []


def test_axe_finds_nothing_on_any_page(
    app: Flask, database: Database, people: dict[Role, Person], window: Window
) -> None:
    axe = os.environ.get("AXE") or "node_modules/axe-core/axe.min.js"
    if not Path(axe).exists():
        missing("needs axe-core: npm install --no-save axe-core")
    found = {}
    for role, person in people.items():
        page = window.open("/", person=person, bypass_csp=True)
        for path in pages(app, role, database):
            answer = page.goto(path)
            if answer is None or "text/html" not in answer.headers.get("content-type", ""):
                continue
            page.add_script_tag(path=axe)
            result = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
            for violation in result["violations"]:
                found[f"{violation['id']}: {violation['nodes'][0]['html'][:160]}"] = f"{role} {path}"
        page.context.close()

    assert found == {}


def _some_id(database: Database, argument: str) -> str:
    table = {
        "account_id": "accounts", "customer_id": "accounts", "product_id": "products", "bill_id": "bills",
        "line_id": "bill_lines", "complaint_id": "complaints", "offer_id": "offers", "note_id": "notifications",
        "alert_id": "alerts", "camera_id": "cameras", "zone_id": "zones", "refund_id": "refunds",
    }.get(argument)  # fmt: skip
    if table is None:
        return "1"
    with database.reading() as session:
        columns = Base.metadata.tables[table].c
        query = select(columns.id).order_by(columns.id)
        if argument == "customer_id":
            query = query.where(columns.role == "customer")
        if argument == "account_id":
            query = query.where(columns.role != "customer")
        return str(session.scalars(query).first() or 1)


def _write_payload_everywhere(database: Database) -> None:
    with database.writing() as session:
        for table in Base.metadata.sorted_tables:
            unique = {
                column.name
                for constraint in table.constraints
                if isinstance(constraint, UniqueConstraint)
                for column in constraint.columns
            }
            texts = [
                column
                for column in table.c
                if isinstance(column.type, String | Text) and column.name not in unique and not column.primary_key
                and not column.foreign_keys and column.name not in MACHINE_TEXT and "hash" not in column.name
                and table.name not in {"login_sessions", "login_attempts", "one_time_codes", "counters", "ledger_accounts"}
            ]  # fmt: skip
            lengths = {column.name: getattr(column.type, "length", None) or 5000 for column in texts}
            values = {name: PAYLOAD[:length] for name, length in lengths.items() if length >= 20}
            if values and table.name not in {"audit_entries"}:
                session.execute(table.update().values(values))
