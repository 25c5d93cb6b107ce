"""What people search for is found on both databases alike: in capitals or not, with accents or without."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, select

from shop_app.base import audit
from shop_app.base.db import Database, now
from shop_app.base.models import Account, Complaint, Feedback, InterestHour, InterestNote, Offer, Product
from shop_app.base.permissions import Role
from shop_app.base.search import folded
from shop_app.notify.kinds import NOTE
from shop_app.notify.outbox import notify
from shop_app.web import listing
from tests.shop.conftest import Person

pytestmark = pytest.mark.both

AT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def set_sizes(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """`set_sizes(PAGE_ROWS=2)`: for this test alone."""

    def set_to(**sizes: int) -> None:
        for name, size in sizes.items():
            monkeypatch.setattr(listing, name, size)

    return set_to


def names(person: Person, address: str, link: str = "/products/") -> list[str]:
    """What the rows of a list link to."""
    found = re.findall(rf'<a href="{link}\d+">(.*?)</a>', person.client.get(address).text)
    return [html.unescape(name).strip() for name in found]


@pytest.mark.parametrize(
    ("text", "same"),
    [
        pytest.param("MÜSLI", "musli", id="capitals and umlauts"),
        pytest.param("Crème brûlée", "creme brulee", id="accents"),
        pytest.param("Straße", "strasse", id="sharp s"),
        pytest.param("Ａ４", "a4", id="wide signs"),
        pytest.param("Işıl YILDIZ", "isil yildiz", id="i without a dot"),
        pytest.param("İstanbul", "ıstanbul", id="dotted and dotless i"),
        pytest.param("Wałęsa ŁÓDŹ", "walesa lodz", id="l with a stroke"),
        pytest.param("SØREN Ærø", "soren aero", id="o with a stroke, and ae"),
        pytest.param("Đorđe Cœur", "dorde coeur", id="d with a stroke, and oe"),
        pytest.param("Þór Guðrún Ħal", "thor gudrun hal", id="thorn, eth, h with a stroke"),
    ],
)
def test_text_is_folded(text: str, same: str) -> None:
    assert folded(text) == folded(same)
    assert folded(folded(text)) == folded(text)


@pytest.mark.parametrize("typed", ["müsli", "MÜSLI", "musli", "früchte", "sli fr", "mu-7", "4012345678901"])
def test_a_product_is_found_by_name_sku_or_barcode(
    sign_in: Callable[..., Person], make_product: Callable[..., Product], typed: str
) -> None:
    sales, customer, billing = sign_in(Role.SALES), sign_in(Role.CUSTOMER), sign_in(Role.BILLING)
    make_product(name="Müsli FRÜCHTE", sku="MU-7", barcode="4012345678901")
    make_product(name="Tea", sku="T-1", barcode="4099999999999")

    assert names(sales, f"/products?q={typed}") == ["Müsli FRÜCHTE"]
    for person, address in ((sales, "/stock"), (customer, "/shop/products"), (billing, "/till/products")):
        found = person.client.get(f"{address}?q={typed}").get_data(as_text=True)
        assert "FRÜCHTE" in found.replace("\\u00dc", "Ü"), address
        assert "Tea" not in found, address


def test_part_of_a_barcode_is_none_and_signs_mean_themselves(
    admin: Person, make_product: Callable[..., Product]
) -> None:
    make_product(name="Juice 100 % fruit", sku="J_1", barcode="4012345678901")
    make_product(name="Water 100", sku="W-1")

    assert names(admin, "/products?q=401234") == []
    assert names(admin, "/products?q=100+%25") == ["Juice 100 % fruit"]
    assert names(admin, "/products?q=j_1") == ["Juice 100 % fruit"]
    assert names(admin, "/products?q=_") == ["Juice 100 % fruit"]


def test_who_changes_a_product_or_a_person_finds_them_by_what_is_new(
    admin: Person, database: Database, sign_in: Callable[..., Person], make_product: Callable[..., Product]
) -> None:
    product, customer = make_product(name="Old"), sign_in(Role.CUSTOMER, "Old Name")
    with database.writing() as session:
        session.get_one(Product, product.id).name = "Öl"
        session.get_one(Account, customer.id).name = "Jürgen Groß"
        session.get_one(Account, customer.id).phone = "0171 2345"

    assert names(admin, "/products?q=old") == []
    assert names(admin, "/products?q=öl") == ["Öl"]
    for typed in ("JÜRGEN", "gross", "0171 2", customer.email.upper()):
        assert names(admin, f"/customers?q={typed}", "/customers/") == ["Jürgen Groß"]
    assert names(admin, "/customers?q=old+name", "/customers/") == []


def test_names_are_sorted_as_people_read_them(admin: Person, make_product: Callable[..., Product]) -> None:
    for number, name in enumerate(("Apfel", "Zucker", "äpfel", "Birne", "apfelsaft")):
        make_product(name=name, sku=f"S-{number}")

    assert names(admin, "/products") == ["Apfel", "äpfel", "apfelsaft", "Birne", "Zucker"]
    assert names(admin, "/products?sort=-name") == ["Zucker", "Birne", "apfelsaft", "äpfel", "Apfel"]


@pytest.mark.parametrize(
    "typed",
    ["ÖFFNUNGSTÜR", "öffnungstür", "Offnungstur", "KLEMMT", "łódź", "LODZ", "strasse", "Straße", "isil", "Işıl", "aero",
     "thor", "100 %", "a_b"],
)  # fmt: skip
def test_capitals_and_accents_make_no_difference_in_whole_texts(
    admin: Person, customer: Person, database: Database, typed: str
) -> None:
    with database.writing() as session:
        text = "Öffnungstür klemmt, Łódź, Straße, Işıl, Ærø, Þór, 100 %, a_b"
        session.add(Feedback(author_id=customer.id, topic="other", body=text, created_at=AT))
        session.add(Complaint(customer_id=customer.id, subject=text, created_at=AT, updated_at=AT, state="open"))
        offer = {
            "kind": "percent",
            "basis_points": 1,
            "state": "proposed",
            "starts_at": AT,
            "ends_at": AT + timedelta(days=1),
        }
        session.add(Offer(name=text, proposed_by_id=admin.id, created_at=AT, **offer))
        note = {"looked": 6, "looked_seconds": 40.0, "bought": 0, "created_at": AT}
        session.add(InterestNote(hour=AT, camera="cam", zone=text, **note))
        session.add(
            InterestHour(hour=now().replace(minute=0, second=0, microsecond=0), camera="cam", zone=text, passed=20)
        )
        notify(session, NOTE, to="staff", title=text)
        audit.record(session, None, "shop.armed", text)

    lists = (
        "/feedback",
        "/complaints",
        "/offers",
        "/interest/notes",
        "/interest",
        "/notifications/sent",
        "/manage/audit",
    )
    for address in lists:
        assert "Öffnungstür klemmt" in admin.client.get(address, query_string={"q": typed}).text, address
        for other in ("nowhere", "öffnungs%tür", "a_ö"):
            assert "Öffnungstür klemmt" not in admin.client.get(address, query_string={"q": other}).text, address


@pytest.mark.parametrize("address", ["/feedback", "/complaints"])
def test_what_somebody_said_is_found_by_who_said_it(
    admin: Person, sign_in: Callable[..., Person], database: Database, address: str
) -> None:
    customer = sign_in(Role.CUSTOMER, "Jörg Käse")
    with database.writing() as session:
        session.add(Feedback(author_id=customer.id, topic="other", body="It sticks.", created_at=AT))
        session.add(
            Complaint(customer_id=customer.id, subject="It sticks.", created_at=AT, updated_at=AT, state="open")
        )

    for typed in ("jörg", "KASE", customer.email):
        assert "It sticks." in admin.client.get(f"{address}?q={typed}").text
    assert "It sticks." not in admin.client.get(f"{address}?q=nobody").text


def test_pages_and_csv_of_what_is_found_hold_the_same_rows(
    admin: Person, make_product: Callable[..., Product], set_sizes: Callable[..., None]
) -> None:
    set_sizes(PAGE_ROWS=2)
    for number in range(5):
        make_product(name=f"Tea {number}")
        make_product(name=f"Coffee {number}")

    pages = [names(admin, f"/products?q=tea&page={number}") for number in (1, 2, 3)]
    table = admin.client.get("/products?q=tea&format=csv").text

    assert pages == [["Tea 0", "Tea 1"], ["Tea 2", "Tea 3"], ["Tea 4"]]
    assert names(admin, "/products?q=tea&page=99") == pages[-1]
    assert re.findall(r"\w+ \d", table) == [name for page in pages for name in page]
    assert "of 5" in admin.client.get("/products?q=tea").text


def test_no_more_is_counted_than_anybody_turns_pages_for(
    admin: Person, make_product: Callable[..., Product], set_sizes: Callable[..., None]
) -> None:
    set_sizes(PAGE_ROWS=2, MOST_FOUND=3)
    for number in range(5):
        make_product(name=f"Tea {number}")

    assert "of 3+" in admin.client.get("/products?q=tea").text
    assert names(admin, "/products?q=tea&page=3") == ["Tea 2"]


def test_a_first_page_that_is_not_full_is_not_counted(
    admin: Person, make_product: Callable[..., Product], count_statements: list[str], set_sizes: Callable[..., None]
) -> None:
    make_product()

    def counts() -> int:
        count_statements.clear()
        assert names(admin, "/products")
        return len([one for one in count_statements if "FROM products" in one and "count(" in one])

    assert counts() == 0
    set_sizes(PAGE_ROWS=1)

    assert counts() == 1


INDEXED = {  # how the keys of a page are found: without reading, or sorting, all there are
    "/products": "ix_products_active_search",
    "/products?sort=price": "ix_products_active_price_minor_search",
    "/products?category=Tea": "ix_products_category_active_search",
    "/customers": "ix_accounts_role_active_search",
    "/bills": "ix_bills_business_day_number",
    "/bills?sort=-total": "ix_bills_total_minor",
    "/bills?from=2026-01-01&to=2026-03-31": "ix_bills_business_day_number",
    "/bills?to=2025-06-30": "ix_bills_business_day_number",
    "/bills?q=Person": "ix_bills_customer_id_business_day_number",
    "/stock/movements?reason=delivery": "ix_stock_movements_reason_at",
    "/manage/audit?action=bill.made": "ix_audit_entries_action",
    "/alerts?severity=alert": "ix_alerts_severity_started_at",
    "/alerts?state=false-alarm": "ix_alerts_state_started_at",
    "/feedback?state=all": "ix_feedback_created_at",
    "/notifications/sent?to=sales": "ix_notifications_kind_audience",
}


@pytest.mark.sqlite  # which plans without statistics: with three rows as with a million
@pytest.mark.parametrize("address", INDEXED)
def test_a_filtered_list_is_found_by_an_index(admin: Person, database: Database, address: str) -> None:
    sent: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        sent.append((statement, values))

    event.listen(database.reader, "before_cursor_execute", note)
    admin.client.get(address)
    event.remove(database.reader, "before_cursor_execute", note)
    with database.reader.connect() as connection:
        plans = [
            [step for *_, step in connection.exec_driver_sql("EXPLAIN QUERY PLAN " + statement, values)]
            for statement, values in sent
            if "LIMIT" in statement and statement.startswith("SELECT")
        ]

    assert any(f"INDEX {INDEXED[address]}" in step for plan in plans for step in plan), plans


def test_a_table_is_dated_by_the_days_of_the_shop(
    admin: Person, sign_in: Callable[..., Person], database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = datetime(2026, 3, 12, 23, 30, tzinfo=UTC)  # half past midnight in Berlin
    monkeypatch.setattr(listing, "now", lambda: late)
    customer = sign_in(Role.CUSTOMER)
    with database.writing() as session:
        session.get_one(Account, customer.id).created_at = late

    table = admin.client.get("/customers?format=csv")

    assert "customers-2026-03-13.csv" in table.headers["Content-Disposition"]
    assert "2026-03-13" in table.text


def test_every_account_and_product_can_be_searched_for(
    admin: Person, customer: Person, database: Database, make_product: Callable[..., Product]
) -> None:
    make_product()
    with database.reading() as session:
        kept = [*session.scalars(select(Product.search)), *session.scalars(select(Account.search))]

    assert len(kept) == 3
    assert all(kept)
