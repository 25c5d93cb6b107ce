"""Every page of every role in a real browser: no script of anybody's text runs, nothing is wider than the phone."""

from __future__ import annotations

import os
import re
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from playwright.sync_api import Page, Response
from sqlalchemy import ColumnElement, String, Text, cast, literal, select
from sqlalchemy.orm import Session

from shop_app.accounts import sessions
from shop_app.base.db import Base, Database
from shop_app.base.models import (
    Account,
    Alert,
    Bill,
    BillLine,
    Camera,
    Complaint,
    DayClosing,
    Notification,
    Offer,
    Product,
    Rating,
)
from shop_app.base.permissions import OF_ROLE, Permission, Role
from shop_app.ops.sample import fill
from shop_app.web.area import shop_of
from tests.shop.conftest import DESK, PHONE, Person, ShopClient, Window

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(1800)]

PAYLOAD = "<img src=//192.0.2.1/x onerror=window.hit=1>\"'><script>window.hit=1</script>"
SHORT_PAYLOAD = "<script>hit=1</script>"
# What is compared with a list, or shown to nobody as text.
MACHINE_TEXT = {
    "role", "state", "kind", "method", "change_", "severity", "currency", "time_zone", "locale", "night_from",
    "night_to", "sell_below_zero", "picture", "file_name", "link", "topic", "mode", "role_", "media_type",
    "password_hash", "totp_secret", "credentials", "what", "cameras.name", "email_norm", "phone_norm", "key", "event_id",
    "incident", "owner", "route", "camera", "stock_movements.reason",
}  # fmt: skip
MACHINE_TABLES = {
    "login_sessions", "login_attempts", "one_time_codes", "counters", "ledger_accounts", "audit_entries",
    "service_tokens", "idempotency_keys",
}  # fmt: skip
# What is no page: streams, files, answers to programs, and signing out by itself.
NO_PAGE = re.compile(
    r"stream|/unread|\.png|/coverage|/picture|/clip|/still|/states|/till/(products|customers|often)|openapi|manifest|service-worker|<path:"
)
QUERIES = {"interest.show": "?camera=aisle-1&zone=coffee", "reports.daily": "?from=2020-01-01"}


@pytest.fixture
def people(app: Flask, database: Database) -> dict[Role, Person]:
    """The sample shop, and its person of each role signed in."""
    with app.test_request_context():
        fill(database, shop_of(app).settings.media)
    found = {}
    with app.test_request_context(), database.writing() as session:
        for role in Role:
            account = session.scalars(select(Account).where(Account.email_norm == f"{role.value}@shop.example")).one()
            token = sessions.begin(session, account, kind="browser", label="test")
            client = app.test_client()
            assert isinstance(client, ShopClient)
            client.set_cookie("login", token)
            found[role] = Person(account.id, role, account.name, account.email or "", token, client)
    return found


def pages(app: Flask, person: Person, database: Database) -> dict[str, str]:
    """The address of every page that somebody may open, by its endpoint, with ids of things that they may see."""
    held = {*OF_ROLE[person.role], Permission.SIGNED_IN}
    with database.reading() as session:
        ids = _things(session, person)
    found = {}
    for rule in app.url_map.iter_rules():
        area, _dot, _view = rule.endpoint.partition(".")
        is_page = "GET" in (rule.methods or set()) and area not in shop_of(app).bearer_areas
        if not is_page or shop_of(app).access[rule.endpoint] not in held or NO_PAGE.search(rule.rule):
            continue
        path = re.sub(r"<(?:int:)?([^>]+)>", lambda name: str(ids[name.group(1)]), rule.rule)
        if "None" not in path:
            found[rule.endpoint] = path + QUERIES.get(rule.endpoint, "")
    return found


def _things(session: Session, person: Person) -> dict[str, Any]:
    """An id of each kind of thing: where somebody sees only their own, one of theirs."""

    def first(column: Any, *conditions: ColumnElement[bool]) -> Any:
        return session.scalars(select(column).where(*conditions).order_by(column)).first()

    own = [Bill.customer_id == person.id] if person.role is Role.CUSTOMER else []
    customer = person.id if own else session.scalars(select(Complaint.customer_id)).first()
    unrated = select(BillLine.id).join(Bill).outerjoin(Rating).where(Rating.id.is_(None), *own)
    return {
        "account_id": first(Account.id, Account.role != Role.CUSTOMER.value, Account.id != person.id),
        "customer_id": first(Account.id, Account.role == Role.CUSTOMER.value),
        "product_id": first(Rating.product_id) or first(Product.id),
        "bill_id": first(Bill.id, *own),
        "line_id": session.scalars(unrated).first(),
        "complaint_id": None
        if _reads_no_complaints(person)
        else first(Complaint.id, Complaint.customer_id == customer),
        "offer_id": first(Offer.id, Offer.state == "proposed"),
        "closing_id": first(DayClosing.id),
        "note_id": first(Notification.id, Notification.sender_id.is_not(None)),
        "alert_id": first(Alert.id, Alert.clip_id.is_not(None)),
        "name": first(Camera.name),
    }


def test_no_text_of_anybody_becomes_a_script(  # S13, S21
    app: Flask, database: Database, people: dict[Role, Person], window: Window
) -> None:
    _write_payload_everywhere(database)

    wide = []
    hosts: set[str] = set()
    for role, person in people.items():
        page = window.open("/", person=person)
        page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
        for path in pages(app, person, database).values():
            answer = page.goto(path)

            assert _status(answer) == 200, f"{role}: {path}"
            assert page.evaluate("window.hit") is None, f"{role}: {path}"
            wide += _too_wide(page, f"{role}: {path}")
        page.context.close()

    assert wide == []
    assert hosts == {urlsplit(window.server).netloc}  # nothing that anybody wrote is fetched


def test_every_page_fits_desk_and_phone_and_axe_finds_nothing(
    app: Flask, database: Database, people: dict[Role, Person], window: Window
) -> None:
    axe = files("axe_playwright_python").joinpath("axe.min.js").read_text()
    shots = Path(os.environ["SHOP_SHOTS"]) if os.environ.get("SHOP_SHOTS") else None
    seen: set[str] = set()
    wide: list[str] = []
    found: dict[str, str] = {}
    for role, person in people.items():
        page = window.open("/", person=person, bypass_csp=True, reduced_motion="reduce")
        for endpoint, path in pages(app, person, database).items():
            if endpoint in seen and endpoint != "home.index" and shots is None:
                continue  # the same template; one role is enough here
            seen.add(endpoint)
            answer = page.goto(path)
            assert _status(answer) == 200, f"{role}: {path}"
            wide += _too_wide(page, f"{role}: {path}", shots)
            for link in page.locator(".pager a[href*='format=csv']").all():
                table = person.client.get(link.get_attribute("href") or "")
                assert table.mimetype == "text/csv", f"{role}: {path}"
            found |= _violations(page, axe, f"{role}: {path}") if shots is None else {}
        page.context.close()

    assert (wide, found) == ([], {})


def _reads_no_complaints(person: Person) -> bool:
    return person.role not in {Role.ADMIN, Role.CUSTOMER}


def _status(answer: Response | None) -> int:
    return answer.status if answer is not None else 0


def _too_wide(page: Page, name: str, shots: Path | None = None) -> list[str]:
    """Whether a page has to be scrolled sideways; leaves it at the size of a phone, in the colours of the night."""
    wide = []
    for size, colours in ((DESK, "light"), (PHONE, "dark")):
        page.set_viewport_size({"width": size["width"], "height": size["height"]})
        page.emulate_media(color_scheme="light" if shots is not None or colours == "light" else "dark")
        if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
            wide.append(f"{name} at {size['width']}")
        if shots is not None:
            shots.mkdir(parents=True, exist_ok=True)
            file = re.sub(r"\W+", "_", name.partition("?")[0]).strip("_")
            page.screenshot(path=shots / f"{file}-{size['width']}.png", full_page=True)
    return wide


def _violations(page: Page, axe: str, name: str) -> dict[str, str]:
    """What axe finds on a phone by night, and at a desk by day."""
    page.evaluate(axe)
    found = {}
    for size, colours in ((PHONE, "dark"), (DESK, "light")):
        page.set_viewport_size({"width": size["width"], "height": size["height"]})
        page.emulate_media(color_scheme="dark" if colours == "dark" else "light")
        result = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        for violation in result["violations"]:
            found[f"{violation['id']}: {violation['nodes'][0]['html'][:160]}"] = f"{name} {colours}"
    return found


def _write_payload_everywhere(database: Database) -> None:
    """Put a script into each column that a person or a camera can fill; where values differ, each gets its row's id."""
    with database.writing() as session:
        for table in Base.metadata.sorted_tables:
            if table.name in MACHINE_TABLES:
                continue
            values: dict[str, Any] = {}
            for column in table.c:
                free = isinstance(column.type, String | Text) and not column.primary_key and not column.foreign_keys
                if not free or "hash" in column.name or {column.name, f"{table.name}.{column.name}"} & MACHINE_TEXT:
                    continue
                room = getattr(column.type, "length", None) or 5000
                text = PAYLOAD if room >= len(PAYLOAD) + 6 else SHORT_PAYLOAD
                if room >= len(text) + 6:
                    values[column.name] = literal(text) + cast(table.c.id, String) if "id" in table.c else text
            if values:
                session.execute(table.update().values(values))
