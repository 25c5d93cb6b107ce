"""Offers: who may decide them, when they hold, and what the forms refuse."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from html import unescape
from typing import Any

import pytest
from sqlalchemy import select, update

from shop_app.base.db import Database, now
from shop_app.base.models import Notification, Offer, Product, TaxClass
from shop_app.base.permissions import Role
from shop_app.catalogue.offers.service import live, state_of
from tests.shop.conftest import Person
from tests.shop.test_interest import sell

Make = Callable[..., Product]
FORM = {
    "name": "Tea week", "kind": "percent", "percent": "15", "everything": "y", "starts_at": "2020-01-01T00:00",
    "ends_at": f"{now() + timedelta(days=365):%Y-%m-%dT%H:%M}",
}  # fmt: skip


EVERYTHING = {"everything": "y"}  # that the offer is on all products, as who approves it confirms


def propose(person: Person, **changes: str) -> int:
    """Propose an offer; its id."""
    named = {"everything": ""} if "skus" in changes or "pick" in changes else {}
    answer = person.client.post("/offers/new", data=FORM | named | changes)
    assert answer.status_code == 303, answer.text
    return int(answer.location.rpartition("/")[2])


def test_an_offer_is_live_only_after_somebody_else_approved_it(
    database: Database, sales: Person, admin: Person
) -> None:
    made = propose(sales)
    with database.reading() as session:
        before = live(session, now())

    answer = admin.client.post(f"/offers/{made}/approve", data=EVERYTHING)

    assert (before, answer.status_code) == ([], 303)
    with database.reading() as session:
        assert [deal.basis_points for deal in live(session, now())] == [1500]
        told = session.scalars(select(Notification).order_by(Notification.id)).all()
        assert [(note.audience, note.account_id) for note in told] == [
            ("permission:offers.decide", None), ("person", sales.id)
        ]  # fmt: skip


def test_nobody_decides_their_own(database: Database, admin: Person) -> None:
    made = propose(admin)

    answers = [
        admin.client.post(f"/offers/{made}/{verb}", data={"reason": "mine"} | EVERYTHING).status_code
        for verb in ("approve", "reject")
    ]

    assert answers == [403, 403]
    with database.reading() as session:
        assert session.get_one(Offer, made).state == "proposed"


def test_a_rejection_needs_a_reason_which_the_proposer_reads(database: Database, sales: Person, admin: Person) -> None:
    made = propose(sales)

    without = admin.client.post(f"/offers/{made}/reject", data={"reason": " "})
    with_reason = admin.client.post(f"/offers/{made}/reject", data={"reason": "Too dear"})

    assert (without.status_code, with_reason.status_code) == (422, 303)
    assert "Too dear" in sales.client.get(f"/offers/{made}").text


def test_what_is_decided_is_not_decided_again(
    database: Database, sales: Person, admin: Person, sign_in: Callable[..., Person]
) -> None:
    made = propose(sales)
    admin.client.post(f"/offers/{made}/approve", data=EVERYTHING)

    late = sign_in(Role.ADMIN).client.post(f"/offers/{made}/reject", data={"reason": "No"})
    changed = sales.client.post(f"/offers/{made}/edit", data=FORM | {"percent": "90"})

    assert (late.status_code, changed.status_code) == (409, 409)
    with database.reading() as session:
        found = session.get_one(Offer, made)
        assert (found.state, found.basis_points) == ("approved", 1500)


def test_an_offer_ends_at_its_last_moment_exclusive(database: Database, sales: Person) -> None:  # M13
    made = propose(sales)
    with database.writing() as session:
        session.execute(update(Offer).values(state="approved"))

    with database.reading() as session:
        offer = session.get_one(Offer, made)
        states = [
            state_of(offer, moment)
            for moment in (
                offer.starts_at - timedelta(microseconds=1), offer.starts_at,
                offer.ends_at - timedelta(microseconds=1), offer.ends_at,
            )
        ]  # fmt: skip
        found = [len(live(session, moment)) for moment in (offer.starts_at, offer.ends_at)]
    assert states == ["upcoming", "live", "live", "expired"]
    assert found == [1, 0]


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"percent": "0"}, id="nothing off"),
        pytest.param({"percent": "101"}, id="more than all"),
        pytest.param({"percent": "-5"}, id="a surcharge"),
        pytest.param({"kind": "amount", "amount": "0"}, id="an amount of nothing"),
        pytest.param({"kind": "amount", "amount": "-1"}, id="a negative amount"),
        pytest.param({"kind": "buy-x-get-y", "buy": "0", "get": "1"}, id="all free"),
        pytest.param({"kind": "gift"}, id="an unknown kind"),
        pytest.param({"ends_at": "2019-01-01T00:00"}, id="ends before it begins"),
        pytest.param({"everything": "", "skus": "NO-SUCH-SKU"}, id="an unknown product"),
        pytest.param({"everything": ""}, id="no products, and not all of them either"),
        pytest.param({"everything": "", "pick": "Espresso"}, id="a product that does not exist"),
        pytest.param({"pick": "Espresso"}, id="a product is typed, and all are chosen"),
        pytest.param({"name": " "}, id="no name"),
    ],
)
def test_an_offer_that_makes_no_sense_is_not_proposed(
    database: Database, sales: Person, changes: dict[str, str]
) -> None:
    answer = sales.client.post("/offers/new", data=FORM | changes)

    assert answer.status_code == 422
    with database.reading() as session:
        assert session.scalars(select(Offer)).all() == []


def test_fields_of_the_decision_cannot_be_smuggled_into_the_proposal(database: Database, sales: Person) -> None:  # S16
    made = propose(sales, state="approved", decided_by_id="1", id="77")

    with database.reading() as session:
        found = session.scalars(select(Offer)).one()
        assert (found.id, found.state, found.decided_by_id) == (made, "proposed", None)


def test_only_the_proposer_or_an_admin_withdraws(
    database: Database, sales: Person, billing: Person, admin: Person
) -> None:
    made = propose(sales)

    foreign = billing.client.post(f"/offers/{made}/withdraw", data={})
    own = sales.client.post(f"/offers/{made}/withdraw", data={})

    assert (foreign.status_code, own.status_code) == (403, 303)


def test_the_preview_says_what_the_price_would_be(sales: Person, make_product: Make) -> None:
    product = make_product(price_minor=1000)

    answer: Any = sales.client.post("/offers/preview", data=FORM | {"everything": "", "skus": product.sku}).json

    assert answer["rows"] == [{"name": product.name, "pieces": 1, "before": "€10.00", "after": "€8.50"}]


def test_a_new_offer_is_for_a_week_until_something_else_is_typed(sales: Person) -> None:
    page = sales.client.get("/offers/new").text

    begin, end = (
        datetime.fromisoformat(found) for found in re.findall(r'type="datetime-local"[^>]* value="([^"]+)"', page)
    )
    assert (end - begin, begin.minute) == (timedelta(days=7), 0)


def test_who_decides_sees_the_prices_that_the_offer_makes(sales: Person, admin: Person, make_product: Make) -> None:
    product = make_product(price_minor=1000)
    made = propose(sales, kind="buy-x-get-y", buy="2", get="1", percent="", skus=product.sku)

    page = " ".join(re.sub(r"<[^>]+>", " ", admin.client.get(f"/offers/{made}").text).split())

    assert f"{product.name} {product.sku} 3 30.00 20.00" in page


def test_the_list_of_offers_sends_at_most_five_statements(sales: Person, count_statements: list[str]) -> None:
    for n in range(3):
        propose(sales, name=f"Offer {n}")
    count_statements.clear()

    assert sales.client.get("/offers").status_code == 200
    assert len([one for one in count_statements if not one.startswith(("BEGIN", "PRAGMA"))]) <= 5


def test_terms_changed_since_the_admin_saw_them_are_not_approved(
    database: Database, sales: Person, admin: Person
) -> None:
    made = propose(sales)
    seen = approval(admin.client.get(f"/offers/{made}").text)
    sales.client.post(f"/offers/{made}/edit", data=FORM | {"percent": "90"})

    stale = admin.client.post(seen, data=EVERYTHING).status_code
    fresh = admin.client.post(approval(admin.client.get(f"/offers/{made}").text), data=EVERYTHING).status_code

    assert (stale, fresh) == (409, 303)
    with database.reading() as session:
        assert [deal.basis_points for deal in live(session, now())] == [9000]


def approval(page: str) -> str:
    """Where the page's button to approve leads."""
    found = re.search(r'(?:form)?action="(/offers/\d+/approve[^"]*)"', page)
    assert found is not None
    return unescape(found.group(1))


def test_what_is_typed_into_the_picker_is_the_product_that_it_names(
    sales: Person, admin: Person, make_product: Make, database: Database
) -> None:
    tea, _ = make_product(name="Green tea", barcode="4006381333931"), make_product(name="Green tea, large")

    offers = [propose(sales, pick=typed) for typed in (tea.sku, "4006381333931", "green TEA")]

    with database.reading() as session:
        assert [[product.id for product in session.get_one(Offer, offer).products] for offer in offers] == [
            [tea.id]
        ] * 3


def test_an_offer_on_all_products_is_approved_by_who_says_so(sales: Person, admin: Person, make_product: Make) -> None:
    make_product()
    made = propose(sales)

    page = admin.client.get(f"/offers/{made}").text
    refused = admin.client.post(f"/offers/{made}/approve", data={})

    assert "This offer holds for ALL products of the shop: 1." in page
    assert refused.status_code == 422
    assert "Confirm that the offer holds for all products" in unescape(refused.text)
    assert admin.client.post(f"/offers/{made}/approve", data=EVERYTHING).status_code == 303


def test_who_decides_sees_cost_margin_stock_and_what_was_sold(
    sales: Person, billing: Person, admin: Person, make_product: Make, database: Database
) -> None:
    tea = make_product(name="Green tea", price_minor=1190, cost_minor=500, stock=7)
    cheap = make_product(name="Mug", price_minor=1190, cost_minor=900, stock=3)
    with database.writing() as session:
        for number, days in enumerate((1, 6, 8)):
            sell(session, tea, billing.id, now() - timedelta(days=days), number + 1)
    made = propose(sales, skus=f"{tea.sku} {cheap.sku}", percent="15")

    rows = [
        [re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<td.*?</td>", row, re.DOTALL)]
        for row in re.findall(r"<tr>.*?</tr>", admin.client.get(f"/offers/{made}").text, re.DOTALL)
        if "<td" in row
    ]

    with database.reading() as session:
        rate = session.get_one(TaxClass, tea.tax_class_id).basis_points
    net = 1012 * 10_000 / (10_000 + rate)
    assert rows == [
        [
            "Mug",
            cheap.sku,
            "1",
            "11.90",
            "10.11",
            "9.00",
            f"{1 - 900 / net:.0%}" if net > 900 else "below cost",
            "3",
            "0",
        ],
        ["Green tea", tea.sku, "1", "11.90", "10.11", "5.00", f"{1 - 500 / net:.0%}", "7", "2"],
    ]
    assert "Margin" not in sales.client.get(f"/offers/{made}").text
