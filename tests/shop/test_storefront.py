"""What a customer sees and does: their own things, and nothing of anybody else."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from openapi_spec_validator import OpenAPIV31SpecValidator
from playwright.sync_api import expect
from sqlalchemy import select

from shop_app.accounts.passwords import Passwords
from shop_app.base.db import Database, now
from shop_app.base.models import Account, Bill, BillLine, Complaint, Feedback, Offer, Product, Rating
from shop_app.base.permissions import Role
from shop_app.notify.kinds import NOTE
from shop_app.notify.outbox import notify
from tests.shop.conftest import PASSWORD, SETTINGS, Person, Window

MakeBill = Callable[..., Bill]


@pytest.fixture
def make_bill(database: Database, make_product: Callable[..., Product], billing: Person) -> MakeBill:
    """`make_bill(customer)` puts a bill of one line into the database."""
    at = datetime(2026, 3, 1, 10, tzinfo=UTC)

    def make(customer: Person, number: int = 1) -> Bill:
        product = make_product(name=f"Secret of {customer.name}")
        with database.writing() as session:
            bill = Bill(
                number=number, cashier_id=billing.id, customer_id=customer.id, created_at=at, business_day=date(2026, 3, 1),
                net_minor=840, tax_minor=160, total_minor=1000, discount_minor=0, refunded_minor=0,
            )  # fmt: skip
            bill.lines = [
                BillLine(
                    position=1, product_id=product.id, sold_at=at, sku=product.sku, name=product.name, quantity=1,
                    unit_price_minor=1000, discount_minor=0, tax_name="Standard", tax_basis_points=1900, net_minor=840,
                    tax_minor=160, total_minor=1000, refunded_quantity=0,
                )
            ]  # fmt: skip
            session.add(bill)
        return bill

    return make


@pytest.fixture
def stranger(sign_in: Callable[..., Person]) -> Person:
    """Another customer."""
    return sign_in(Role.CUSTOMER, name="Stranger")


def test_a_customer_makes_an_account_and_is_one_whatever_was_sent(app: Flask, database: Database) -> None:  # S16
    browser = app.test_client()
    form = {
        "name": "Ada", "phone": "030 555-100", "email": "", "password": PASSWORD, "agree": "y", "role": "admin",
        "extra_permissions": "audit.read", "balance": "100000",
    }  # fmt: skip

    answer = browser.post("/shop/register", data=form)

    assert answer.status_code == 303
    assert browser.get("/shop/bills").status_code == 200
    assert browser.get("/staff").status_code == 403
    with database.reading() as session:
        account = session.scalars(select(Account)).one()
        assert (account.role, account.extra_permissions, account.phone_norm) == ("customer", [], "+4930555100")


def test_the_same_telephone_number_written_otherwise_is_the_same_account(app: Flask) -> None:
    form = {"name": "Ada", "phone": "030 555-100", "password": PASSWORD, "agree": "y"}
    app.test_client().post("/shop/register", data=form)

    twin = app.test_client().post("/shop/register", data=form | {"phone": "(030) 555 100"})
    entered = app.test_client().post("/sign-in", data={"name": "030/555100", "password": PASSWORD})

    assert (twin.status_code, entered.status_code) == (409, 303)


def test_a_whole_queue_registers_from_the_wifi_of_the_shop(app: Flask) -> None:
    form = {"password": "correct horse battery", "agree": "y"}

    answers = [
        app.test_client().post("/shop/register", data=form | {"name": f"Guest {n}", "email": f"guest{n}@example.com"})
        for n in range(52)
    ]

    assert [answer.status_code for answer in answers] == [303] * 50 + [429] * 2


@pytest.mark.parametrize(
    "path",
    ["/shop/bills/{bill}", "/shop/rate/{line}", "/complaints/{complaint}"],
)
def test_what_belongs_to_somebody_else_is_not_found(  # S1
    customer: Person, stranger: Person, make_bill: MakeBill, database: Database, path: str
) -> None:
    bill = make_bill(stranger)
    stranger.client.post("/complaints/new", data={"subject": "Mine", "body": "alone"})
    with database.reading() as session:
        complaint = session.scalars(select(Complaint.id)).one()
    address = path.format(bill=bill.id, line=bill.lines[0].id, complaint=complaint)

    foreign = customer.client.get(address)

    assert foreign.status_code == 404
    assert "Secret" not in foreign.text
    assert stranger.client.get(address).status_code == 200


def test_lists_and_exports_hold_only_what_is_ones_own(
    customer: Person, stranger: Person, make_bill: MakeBill
) -> None:  # S1
    make_bill(stranger, 1)
    make_bill(customer, 2)
    stranger.client.post("/complaints/new", data={"subject": "Stranger's secret", "body": "x"})

    pages = "".join(
        customer.client.get(path).text
        for path in ("/", "/shop/bills", "/shop/bills?format=csv", "/shop/wallet", "/complaints/mine", "/feedback/mine")
    )

    assert "Bill 2" in pages
    assert "Bill 1<" not in pages
    assert "Stranger's secret" not in pages


def test_nobody_writes_into_or_closes_somebody_elses_complaint(
    customer: Person, stranger: Person, database: Database
) -> None:
    stranger.client.post("/complaints/new", data={"subject": "Mine", "body": "alone"})
    with database.reading() as session:
        complaint = session.scalars(select(Complaint.id)).one()

    answers = [
        customer.client.post(f"/complaints/{complaint}", data={"body": "hello"}).status_code,
        customer.client.post(f"/complaints/{complaint}/close").status_code,
        customer.client.post(f"/complaints/{complaint}/reopen").status_code,
    ]

    assert answers == [404, 404, 404]
    with database.reading() as session:
        found = session.get_one(Complaint, complaint)
        assert (found.state, len(found.messages)) == ("open", 1)


def test_canned_replies_are_the_shops_own_or_the_usual_ones_in_each_language(
    customer: Person, admin: Person, database: Database
) -> None:
    sent = customer.client.post("/complaints/new", data={"subject": "Sour", "body": "The milk."})

    def offered(language: str = "en") -> list[str]:
        page = admin.client.get(sent.headers["Location"], headers={"Accept-Language": language}).text
        return [html.unescape(text) for text in re.findall(r'data-fill="body">(.*?)</button>', page)]

    usual = offered()
    admin.client.post("/manage/settings", data=SETTINGS | {"canned_replies": "\r\n".join(usual)})
    assert len(usual) == 3
    assert "Danke" in offered("de")[0]
    admin.client.post("/manage/settings", data=SETTINGS | {"canned_replies": " Sorry <3 \r\n\r\nCome by!"})
    assert offered() == offered("de") == ["Sorry <3", "Come by!"]
    assert "Come by!</textarea>" in admin.client.get("/manage/settings").text
    admin.client.post("/manage/settings", data=SETTINGS | {"canned_replies": ""})
    assert offered() == usual


def test_a_complaint_goes_from_open_to_answered_to_closed(customer: Person, admin: Person, database: Database) -> None:
    customer.client.post("/complaints/new", data={"subject": "Jar was open", "body": "The lid was loose."})
    with database.reading() as session:
        complaint = session.scalars(select(Complaint.id)).one()

    admin.client.post(f"/complaints/{complaint}", data={"body": "We are sorry."})
    page = customer.client.get(f"/complaints/{complaint}").text
    customer.client.post(f"/complaints/{complaint}/close")
    late = admin.client.post(f"/complaints/{complaint}", data={"body": "One more"})

    assert "We are sorry." in page
    assert "Answered" in page
    assert "Re: Jar was open" in customer.client.get("/notifications").text
    assert late.status_code == 409


def test_an_inbox_has_pages_the_newest_first(customer: Person, stranger: Person, database: Database) -> None:
    with database.writing() as session:
        for n in range(110):
            to = Role.CUSTOMER if n % 2 else (stranger if n % 10 == 0 else customer).id
            notify(session, NOTE, to=to, title=f"Note {n}.")
    wanted = [f"Note {n}." for n in reversed(range(110)) if n % 10]

    pages = [re.findall(r"Note \d+\.", customer.client.get(f"/notifications?page={n}").text) for n in (1, 2)]
    old = customer.client.get("/notifications?sort=when").text

    assert pages == [wanted[:50], wanted[50:]]
    assert re.findall(r"Note \d+\.", old) == wanted[:-51:-1]


def test_a_complaint_names_only_ones_own_bill(customer: Person, stranger: Person, make_bill: MakeBill) -> None:
    make_bill(stranger, 7)

    answer = customer.client.post("/complaints/new", data={"subject": "x", "body": "y", "bill": "7"})

    assert answer.status_code == 422


def test_a_purchase_is_rated_once(customer: Person, make_bill: MakeBill, database: Database, admin: Person) -> None:
    line = make_bill(customer).lines[0]

    first = customer.client.post(f"/shop/rate/{line.id}", data={"stars": "4", "comment": "good"})
    second = customer.client.post(f"/shop/rate/{line.id}", data={"stars": "1"})

    assert (first.status_code, second.status_code) == (303, 409)
    with database.reading() as session:
        assert [r.stars for r in session.scalars(select(Rating))] == [4]
        product = session.get_one(Product, line.product_id)
        assert (product.rating_count, product.rating_stars) == (1, 4)
    assert "good" in admin.client.get(f"/ratings/{line.product_id}").text


@pytest.mark.parametrize("stars", ["0", "6", "-1", "five", ""])
def test_stars_are_one_to_five(customer: Person, make_bill: MakeBill, database: Database, stars: str) -> None:
    line = make_bill(customer).lines[0]

    answer = customer.client.post(f"/shop/rate/{line.id}", data={"stars": stars})

    assert answer.status_code == 422
    with database.reading() as session:
        assert session.scalars(select(Rating)).first() is None


def _token(app: Flask, sign_in: Callable[..., Person], **columns: Any) -> tuple[Person, str]:
    person = sign_in(Role.CUSTOMER, password_hash=Passwords(memory_kib=64, rounds=1).hash(PASSWORD), **columns)
    body = {"name": person.email, "password": PASSWORD, "device": "Ada's phone"}
    answer = app.test_client().post("/api/v1/sign-in", json=body, csrf=False)
    assert answer.status_code == 201, answer.text
    return person, answer.get_json()["token"]


def test_a_phone_reads_its_owners_bills_by_token_and_nobody_elses(
    app: Flask, sign_in: Callable[..., Person], stranger: Person, make_bill: MakeBill
) -> None:
    person, token = _token(app, sign_in)
    own, foreign = make_bill(person, 1), make_bill(stranger, 2)
    phone, bearer = app.test_client(), {"Authorization": f"Bearer {token}"}

    bills = phone.get("/api/v1/bills", headers=bearer).get_json()
    one = phone.get(f"/api/v1/bills/{own.id}", headers=bearer).get_json()

    assert [bill["number"] for bill in bills["rows"]] == [1]
    assert one["lines"][0]["total_minor"] == 1000
    assert phone.get(f"/api/v1/bills/{foreign.id}", headers=bearer).status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/api/v1/bills/{bill}", None),
        ("GET", "/api/v1/complaints/{complaint}", None),
        ("POST", "/api/v1/complaints/{complaint}/messages", {"body": "mine now"}),
        ("POST", "/api/v1/lines/{line}/rating", {"stars": 1}),
        ("POST", "/api/v1/notifications/{note}/read", None),
    ],
)
def test_a_phone_does_not_find_what_belongs_to_somebody_else(  # S1
    app: Flask, sign_in: Callable[..., Person], stranger: Person, make_bill: MakeBill, database: Database,
    method: str, path: str, body: dict[str, Any] | None,
) -> None:  # fmt: skip
    bill = make_bill(stranger)
    stranger.client.post("/complaints/new", data={"subject": "Secret", "body": "alone"})
    with database.writing() as session:
        complaint = session.scalars(select(Complaint.id)).one()
        note = notify(session, NOTE, to=stranger.id, title="Secret")
        assert note is not None
        ids = {"bill": bill.id, "line": bill.lines[0].id, "complaint": complaint, "note": note.id}
    _, own = _token(app, sign_in)
    address = path.format(**ids)

    answer = app.test_client().open(address, method=method, json=body, headers={"Authorization": f"Bearer {own}"})

    assert answer.status_code == 404
    assert "Secret" not in answer.text


def test_a_lost_phone_is_signed_out_from_the_pages(app: Flask, sign_in: Callable[..., Person]) -> None:
    person, token = _token(app, sign_in)
    phone, bearer = app.test_client(), {"Authorization": f"Bearer {token}"}
    before = phone.get("/api/v1/me", headers=bearer).status_code
    assert "Ada&#39;s phone" in person.client.get("/me").text

    person.client.post("/me/sessions/end-others")

    assert (before, phone.get("/api/v1/me", headers=bearer).status_code) == (200, 401)


def test_a_device_token_is_no_login_cookie_and_a_cookie_no_device_token(
    app: Flask, sign_in: Callable[..., Person]
) -> None:
    person, token = _token(app, sign_in)
    thief = app.test_client()
    thief.set_cookie("login", token)

    assert thief.get("/me").status_code == 401
    assert app.test_client().get("/api/v1/me", headers={"Authorization": f"Bearer {person.token}"}).status_code == 401


def test_a_body_with_a_field_too_many_is_refused_with_a_problem(app: Flask, sign_in: Callable[..., Person]) -> None:
    _person, token = _token(app, sign_in)
    body = {"topic": "shop", "body": "hello", "author_id": 1}

    answer = app.test_client().post(
        "/api/v1/feedback", json=body, headers={"Authorization": f"Bearer {token}"}, csrf=False
    )

    assert answer.status_code == 422
    assert answer.content_type == "application/problem+json"
    assert "author_id" in answer.get_json()["detail"]


def test_products_cost_what_the_till_will_ask_for_them(
    app: Flask, database: Database, sign_in: Callable[..., Person], admin: Person, make_product: Callable[..., Product]
) -> None:
    customer, token = _token(app, sign_in)
    cheaper, several, plain = [make_product(name=name, price_minor=1000) for name in ("Jam", "Water", "Salt")]
    terms_of: list[tuple[Product, dict[str, Any]]] = [
        (cheaper, {"kind": "percent", "basis_points": 2000}),
        (several, {"kind": "buy-x-get-y", "buy_quantity": 2, "get_quantity": 1}),
    ]
    with database.writing() as session:
        for product, terms in terms_of:
            at = now()
            session.add(
                Offer(
                    name="Week", state="approved", starts_at=at - timedelta(1), ends_at=at + timedelta(1), created_at=at,
                    proposed_by_id=admin.id, products=[session.get_one(Product, product.id)], **terms,
                )
            )  # fmt: skip

    page = " ".join(re.sub(r"<[^>]+>", " ", customer.client.get("/shop/products").text).split())
    details = " ".join(re.sub(r"<[^>]+>", " ", customer.client.get(f"/shop/products/{cheaper.id}").text).split())
    bearer = {"Authorization": f"Bearer {token}"}
    rows = app.test_client().get("/api/v1/products", headers=bearer).get_json()["rows"]

    assert "Jam €8.00 instead of €10.00 20 % off" in page
    assert "Salt €10.00 Water €10.00 Buy 2, get 1 free" in page
    assert "€8.00 instead of €10.00" in details
    assert [(row["name"], row["offer_price_minor"], row["offer"]) for row in rows] == [
        ("Jam", 800, "20 % off"), ("Salt", None, None), ("Water", None, "Buy 2, get 1 free"),
    ]  # fmt: skip
    assert plain.price_minor == 1000


def test_a_customer_finds_the_bills_of_some_days(customer: Person, make_bill: MakeBill) -> None:
    make_bill(customer, 7)  # of the first of March

    found = {
        days: "Bill 7" in customer.client.get(f"/shop/bills?{days}").text
        for days in ("from=2026-03-01&to=2026-03-01", "to=2026-02-28", "from=2026-03-02", "from=nonsense")
    }
    table = customer.client.get("/shop/bills?to=2026-02-28&format=csv").text.removeprefix("\ufeff")

    assert list(found.values()) == [True, False, False, True]
    assert table.splitlines() == ["number,when,total,refunded"]


def test_what_an_app_sends_again_is_said_once(app: Flask, database: Database, sign_in: Callable[..., Person]) -> None:
    _person, token = _token(app, sign_in)
    phone = app.test_client()

    def send(path: str, key: str, **body: Any) -> Any:
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key}
        return phone.post(f"/api/v1{path}", json=body, headers=headers, csrf=False)

    first, again = (send("/complaints", "a", subject="Jam", body="Mouldy") for _time in range(2))
    other = send("/complaints", "a", subject="Jam", body="Something else")
    thread = f"/complaints/{first.json['id']}/messages"
    more = [send(thread, "b", body="Still mouldy").status_code for _time in range(2)]
    words = [send("/feedback", "c", topic="shop", body="Nice").status_code for _time in range(2)]
    too_long = send("/feedback", "k" * 65, topic="shop", body="Nice")

    assert (first.status_code, again.status_code, first.json) == (201, 201, again.json)
    assert (other.status_code, too_long.status_code) == (422, 422)
    assert (more, words) == ([204, 204], [204, 204])
    with database.reading() as session:
        assert [m.body for m in session.scalars(select(Complaint)).one().messages] == ["Mouldy", "Still mouldy"]
        assert session.scalars(select(Feedback.body)).all() == ["Nice"]


def test_staff_gets_no_device_token(app: Flask, sign_in: Callable[..., Person]) -> None:
    person = sign_in(Role.ADMIN, password_hash=Passwords(memory_kib=64, rounds=1).hash(PASSWORD))

    body = {"name": person.email, "password": PASSWORD, "device": "x"}

    assert app.test_client().post("/api/v1/sign-in", json=body, csrf=False).status_code == 422


def test_the_description_of_the_api_names_every_route_and_no_other(app: Flask) -> None:
    document = app.test_client().get("/api/v1/openapi.json").get_json()

    described = {(path, method) for path, methods in document["paths"].items() for method in methods}
    routed = {
        (rule.rule.replace("<int:", "{").replace(">", "}"), method.lower())
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("api.") and rule.endpoint != "api.openapi"
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    OpenAPIV31SpecValidator(document).validate()
    assert described == routed


@pytest.mark.browser
def test_an_answer_to_a_complaint_closed_meanwhile_is_there_when_it_is_opened_again(
    window: Window, customer: Person, admin: Person
) -> None:
    customer.client.post("/complaints/new", data={"subject": "Jar was open", "body": "It was."})
    page = window.open("/complaints", person=admin)
    page.get_by_role("link", name="Jar was open").click()
    page.get_by_label("Your reply").fill("A long answer")
    customer.client.post(page.url.removeprefix(window.server) + "/close")

    page.get_by_role("button", name="Send").click()
    page.get_by_text("This complaint is closed").wait_for()
    page.get_by_role("link", name="Go back").click()
    page.get_by_role("button", name="Reopen").click()

    expect(page.get_by_label("Your reply")).to_have_value("A long answer")


@pytest.mark.parametrize(
    ("language", "problems"),
    [
        ("en", ["This field is empty.", "This field is missing.", "There is no such field."]),
        ("de", ["Dieses Feld ist leer.", "Dieses Feld fehlt.", "Ein solches Feld gibt es nicht."]),
    ],
)
def test_each_wrong_field_is_explained_in_the_language_that_was_asked_for(
    language: str, problems: list[str], app: Flask
) -> None:
    body = {"name": "Ada", "email": "ada@mail.example", "password": "seven green horses", "device": "phone"}
    token = app.test_client().post("/api/v1/register", json=body, csrf=False).get_json()["token"]
    headers = {"Authorization": f"Bearer {token}", "Accept-Language": language}

    sent = {"subject": "", "x": 1}
    answer = app.test_client().post("/api/v1/complaints", json=sent, headers=headers, csrf=False).get_json()

    assert answer["errors"] == dict(zip(("subject", "body", "x"), problems, strict=True))
