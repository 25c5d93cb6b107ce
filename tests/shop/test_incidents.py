"""What went wrong in other products, tried here: the incidents S1 to S28 that no test of one area covers by itself.

The numbers stand beside the test that tries them, here and in the files of the areas.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from shop_app import create_app
from shop_app.accounts.passwords import Passwords
from shop_app.accounts.sessions import actor_of
from shop_app.base.db import Base, Database, now
from shop_app.base.models import Account, Alert, Complaint, LoginSession, Product, ShopProfile
from shop_app.base.permissions import OF_ROLE, Permission, Role
from shop_app.base.settings import Settings
from shop_app.catalogue.offers.pricing import Item, price_cart
from shop_app.notify.kinds import NOTE
from shop_app.notify.outbox import notify
from shop_app.sales.bills.service import Sale, Tender, sell
from shop_app.security.alerts import incidents
from shop_app.web.area import shop_of
from tests.shop.conftest import PASSWORD, Person
from tests.shop.night import CameraSystem, mp4

Make = Callable[..., Product]
# What may differ after requests that did nothing: when somebody was last seen, and what was tried.
TRACES = {"login_sessions", "login_attempts", "audit_entries", "audit_head"}


def everything(database: Database) -> dict[str, list[str]]:
    """All rows of all tables but the traces."""
    with database.reading() as session:
        return {
            table.name: sorted(str(tuple(row)) for row in session.execute(select(table)))
            for table in Base.metadata.sorted_tables
            if table.name not in TRACES
        }


@pytest.fixture
def stranger(sign_in: Callable[..., Person]) -> Person:
    """Another customer."""
    return sign_in(Role.CUSTOMER, name="Sally Stranger")


@pytest.fixture
def of_stranger(
    stranger: Person, billing: Person, sales: Person, make_product: Make, database: Database
) -> dict[str, str]:
    """An id of each kind of thing that belongs to somebody else; by the names that addresses use."""
    product = make_product(name="Secret tea")
    with database.writing() as session:
        cashier, at = session.get_one(Account, billing.id), now()
        shop = session.get_one(ShopProfile, 1)
        priced = price_cart(
            [Item(product.id, product.sku, product.name, 1, 1000, "Standard", 1900)], [], prices_include_tax=True
        )
        bill = sell(session, actor_of(cashier), Sale(priced, stranger.id, (Tender("cash", 1000, 1000),), at), shop)
        complaint = Complaint(customer_id=stranger.id, subject="Secret", state="open", created_at=at, updated_at=at)
        note = notify(session, NOTE, to=stranger.id, title="Secret note")
        assert note is not None
        session.add(complaint)
        session.flush()
        login = session.scalars(select(LoginSession.id).where(LoginSession.account_id == stranger.id)).one()
        return {
            "bill_id": str(bill.id), "line_id": str(bill.lines[0].id), "complaint_id": str(complaint.id),
            "note_id": str(note.id), "login_id": str(login),
        }  # fmt: skip


def own_routes(app: Flask, role: Role, ids: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Each route of pages that a role may use and whose address names a thing that belongs to somebody."""
    held = {*OF_ROLE[role], Permission.SIGNED_IN}
    for rule in app.url_map.iter_rules():
        bearer = rule.endpoint.partition(".")[0] in shop_of(app).bearer_areas
        if (
            bearer
            or not rule.arguments
            or not rule.arguments <= set(ids)
            or shop_of(app).access[rule.endpoint] not in held
        ):
            continue
        path = re.sub(r"<(?:int:)?([^>]+)>", lambda name: ids[name.group(1)], rule.rule)
        yield from ((method, path) for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}))


def test_a_customer_reaches_nothing_of_another_by_any_route(  # S1, S17
    app: Flask, customer: Person, of_stranger: dict[str, str], database: Database
) -> None:
    routes = list(own_routes(app, Role.CUSTOMER, of_stranger))
    before = everything(database)

    answers = {
        f"{method} {path}": customer.client.open(path, method=method, data={"body": "x", "stars": "5", "subject": "x"})
        for method, path in routes
    }

    assert len(routes) >= 8
    assert {key: answer.status_code for key, answer in answers.items() if answer.status_code != 404} == {}
    assert [key for key, answer in answers.items() if "Secret" in answer.text] == []
    assert everything(database) == before


@pytest.mark.parametrize("role", [Role.BILLING, Role.SALES, Role.SECURITY])
def test_what_a_role_may_not_do_changes_nothing(  # S1, S17
    app: Flask, sign_in: Callable[..., Person], role: Role, of_stranger: dict[str, str], database: Database
) -> None:
    person = sign_in(role)
    held = {*OF_ROLE[role], Permission.SIGNED_IN, Permission.PUBLIC}
    before = everything(database)

    for rule in app.url_map.iter_rules():
        if shop_of(app).access[rule.endpoint] not in held:
            path = re.sub(r"<(?:int:)?([^>]+)>", lambda name: of_stranger.get(name.group(1), "1"), rule.rule)
            for method in (rule.methods or set()) - {"GET", "HEAD", "OPTIONS"}:
                person.client.open(path, method=method, data={"name": "x", "reason": "x", "on": "yes"})

    assert everything(database) == before


def test_no_other_spelling_of_an_address_opens_a_clip(  # S2, S3
    app: Flask, customer: Person, database: Database
) -> None:
    cameras = CameraSystem.of(app)
    cameras.clip(cameras.incident(), mp4())
    with database.reading() as session:
        alert = session.scalars(select(Alert.id)).one()
    spellings = (
        "/alerts/{}/clip", "/alerts/0{}/clip", "/alerts/{}/clip/", "//alerts/{}/clip", "/ALERTS/{}/clip",
        "/alerts/%3{}/clip", "/alerts/./{}/clip", "/customers/../alerts/{}/clip",
    )  # fmt: skip

    answers = {
        spelling: customer.client.get(spelling.format(alert), headers={"Range": "bytes=0-7"}, follow_redirects=True)
        for spelling in spellings
    }

    assert {
        key: answer.status_code for key, answer in answers.items() if answer.status_code not in {400, 403, 404}
    } == {}
    assert not any(b"ftyp" in answer.data for answer in answers.values())


def test_no_address_leads_out_of_a_folder(app: Flask, admin: Person) -> None:  # S9, S22
    (shop_of(app).settings.instance / "secret.key").write_text("root:canary")
    climbs = (
        "../secret.key",
        "..%2fsecret.key",
        "..%252fsecret.key",
        "%2fetc%2fpasswd",
        "/etc/passwd",
        "x%00.css",
        "....//secret.key",
    )
    roots = ("/static/", "/products/1/picture/", "/products/", "/cameras/", "/alerts/", "/bills/1/", "/")

    answers = [admin.client.get(root + climb) for root in roots for climb in climbs]

    assert {answer.status_code for answer in answers} <= {308, 400, 404}
    assert not any(b"root:" in answer.data for answer in answers)


def test_nothing_asked_of_a_list_reaches_the_database_as_a_command(  # S14
    app: Flask, admin: Person, make_product: Make
) -> None:
    make_product()
    pages = [
        rule.rule for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or set()) and not rule.arguments and shop_of(app).access[rule.endpoint] in OF_ROLE[Role.ADMIN]
        and not rule.rule.endswith(("/stream", "/systems"))
    ]  # fmt: skip
    names = (
        "q", "sort", "page", "state", "category", "from", "to", "day", "days", "by", "camera", "zone", "product",
        "cashier", "action", "role", "format", "severity",
    )  # fmt: skip
    values = (
        "' OR 1=1 --\"; DROP TABLE accounts; --", "-name; (SELECT 1)%_\\", "\x00", "9" * 40, "../../{{7*7}}" + "é" * 300,
    )  # fmt: skip

    failures = {}
    for value in values:
        for page in pages:
            answer = admin.client.get(page, query_string=dict.fromkeys(names, value))
            if answer.status_code >= 500:
                failures[page, value] = answer.status_code
            answer.close()

    assert failures == {}
    assert admin.client.get("/staff").status_code == 200


def test_a_number_that_no_database_holds_is_not_found_or_refused(app: Flask, admin: Person) -> None:
    too_large = str(10**30)

    answers = {
        rule.rule: admin.client.get(re.sub(r"<int:[^>]+>", too_large, rule.rule)).status_code
        for rule in app.url_map.iter_rules()
        if "<int:" in rule.rule and "GET" in (rule.methods or set()) and not rule.rule.startswith(("/api", "/icon"))
    }
    sent = admin.client.post("/till/cart/x/add", json={"product_id": 10**30})
    told = admin.client.post("/notifications/send", data={"to": f"person:{too_large}", "title": "x"})

    assert {path: status for path, status in answers.items() if status not in {403, 404, 405}} == {}
    assert {sent.status_code, told.status_code} <= {404, 422}  # MariaDB compares it, SQLite cannot hold it


def test_fields_that_a_form_does_not_have_are_ignored(  # S16
    customer: Person, database: Database
) -> None:
    smuggled = {
        "role": "admin", "active": "", "extra_permissions": "staff.manage", "id": "1", "account_id": "1", "customer_id": "1",
        "balance_minor": "99999", "state": "closed", "approved": "yes", "created_at": "2000-01-01", "password_hash": "x",
    }  # fmt: skip

    customer.client.post("/me", data={"name": "New Name", "email": customer.email, "locale": ""} | smuggled)
    customer.client.post("/complaints/new", data={"subject": "s", "body": "b"} | smuggled)

    with database.reading() as session:
        account = session.get_one(Account, customer.id)
        complaint = session.scalars(select(Complaint)).one()
        assert (account.name, account.role, account.active, account.password_hash) == (
            "New Name",
            "customer",
            True,
            None,
        )
        assert (complaint.customer_id, complaint.state) == (customer.id, "open")
    assert customer.client.get("/staff").status_code == 403


def test_a_language_is_one_of_those_there_are(admin: Person, database: Database) -> None:  # S22
    answers = [
        admin.client.post("/me", data={"name": admin.name, "email": admin.email, "locale": locale}).status_code
        for locale in ("../../etc", "de/../../x", "xx", "<script>")
    ]

    assert answers == [422] * 4
    with database.reading() as session:
        assert session.get_one(Account, admin.id).locale is None


def test_the_throttle_holds_across_processes_and_a_restart_and_spares_who_is_in(  # S23
    settings: Settings, database: Database, sign_in: Callable[..., Person]
) -> None:
    person = sign_in(Role.BILLING, password_hash=Passwords(memory_kib=64, rounds=1).hash(PASSWORD))

    guesses = [_sign_in(settings, person, "wrong guess", times=5) for _process in range(2)]
    after_a_restart = _sign_in(settings, person, PASSWORD)

    assert guesses == [[422] * 5] * 2
    assert after_a_restart == [429]
    assert person.client.get("/bills").status_code == 200


def _sign_in(settings: Settings, person: Person, password: str, times: int = 1) -> list[int]:
    """Try in another process of the same shop."""
    process = create_app(settings)
    client = process.test_client()
    found = re.search(r'name="csrf-token" content="([^"]+)"', client.get("/sign-in").text)
    assert found is not None
    form = {"name": person.email, "password": password, "csrf_token": found.group(1)}
    answers = [client.post("/sign-in", data=form).status_code for _try in range(times)]
    shop_of(process).database.close()
    return answers


def test_every_incident_has_a_test() -> None:
    folder = Path(__file__).parent
    marks = "\n".join(path.read_text() for path in sorted(folder.glob("test_*.py")))

    missing = [n for n in range(1, 29) if not re.search(rf"# (?:[SM]\d+, )*S{n}\b", marks)]

    assert missing == []


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("No space left on device", "Die Festplatte des Rekorders ist voll."),
        ("", "Der Rekorder konnte ihn nicht schreiben."),
        ("Error in PyAV callback", "nicht schreiben: Error in PyAV callback"),
    ],
)
def test_why_there_is_no_clip_is_told_in_the_readers_language(  # A8
    database: Database, security: Person, said: str, shown: str
) -> None:
    with database.writing() as session:
        alert = Alert(
            incident="i-1", camera="aisle", change="motion", severity="alert", state="new", started_at=now(),
            received_at=now(), clip_problem=incidents._problem(said),
        )  # fmt: skip
        session.add(alert)

    page = security.client.get(f"/alerts/{alert.id}", headers={"Accept-Language": "de"}).text

    assert shown in page
