"""The books: whatever is done in whatever order, entries sum to zero and reports are sums of bills."""

from __future__ import annotations

import csv
import hashlib
import io
import random
import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import func, insert, select, text, update
from sqlalchemy.orm import Session

from shop_app.base import clock
from shop_app.base.db import Database, now
from shop_app.base.errors import Refused
from shop_app.base.models import (
    Bill,
    BillLine,
    DayClosing,
    IdempotencyKey,
    LedgerAccount,
    LedgerEntry,
    LedgerTransaction,
    Payment,
    Product,
    Refund,
    RefundLine,
    RefundPayment,
    ShopProfile,
    StockMovement,
)
from shop_app.base.permissions import OF_ROLE, Actor, Role
from shop_app.base.settings import Settings
from shop_app.catalogue.offers.pricing import Item, price_cart
from shop_app.ops import retention
from shop_app.ops.backup import back_up, restore
from shop_app.sales.bills import service as bills
from shop_app.sales.bills.service import Return, Sale, Tender
from shop_app.sales.reports.service import Span, report
from shop_app.sales.wallet import ledger
from shop_app.web import idempotency
from shop_app.web.area import shop_of
from tests.shop.conftest import Person

pytestmark = pytest.mark.both

Make = Callable[..., Product]


def actor_of(person: Person) -> Actor:
    return Actor(person.id, person.role, person.name, OF_ROLE[person.role])


def sell(
    session: Session, actor: Actor, product: Product, pieces: int = 1, *, at: datetime | None = None, **paid: Any
) -> Bill:
    """A bill, in cash unless `method` says otherwise."""
    shop = session.get_one(ShopProfile, 1)
    item = Item(product.id, product.sku, product.name, pieces, product.price_minor, "Standard", 1900)
    priced = price_cart([item], [], prices_include_tax=True)
    tender = Tender(paid.get("method", "cash"), priced.total_minor)
    return bills.sell(session, actor, Sale(priced, paid.get("customer_id"), (tender,), at or now()), shop)


def assert_whole(session: Session) -> None:
    """Double entry holds, and stored balances and levels are the sums of their rows."""
    assert ledger.trial_balance(session) == 0
    sums = session.scalars(select(func.sum(LedgerEntry.amount_minor)).group_by(LedgerEntry.transaction_id))
    assert set(sums) <= {0}
    total = func.coalesce(func.sum(LedgerEntry.amount_minor), 0)
    balances = select(LedgerAccount.kind, LedgerAccount.balance_minor, total).outerjoin(LedgerEntry)
    for kind, balance, entries in session.execute(balances.group_by(LedgerAccount.id)):
        assert balance == entries
        assert kind != "wallet" or balance >= 0
    sold = session.execute(select(func.coalesce(func.sum(Bill.total_minor - Bill.refunded_minor), 0))).scalar_one()
    earned = select(LedgerAccount.balance_minor).where(LedgerAccount.kind == "sales")
    assert session.scalars(earned).one() == sold


steps = st.lists(
    st.tuples(
        st.sampled_from(["cash", "card", "wallet", "top-up", "refund", "void"]), st.integers(0, 999), st.integers(1, 5)
    ),
    max_size=40,
)


@hypothesis_settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps)
def test_no_sequence_of_sales_refunds_voids_and_top_ups_breaks_the_books(  # M3
    database: Database, billing: Person, customer: Person, make_product: Make, steps: list[tuple[str, int, int]]
) -> None:
    do_all(database, actor_of(billing), customer.id, make_product(stock=50, price_minor=333), steps)


@pytest.mark.slow
@pytest.mark.timeout(900)  # each operation is on disk before the next
def test_thousands_of_operations_leave_the_books_whole(  # M3
    database: Database, billing: Person, customer: Person, make_product: Make
) -> None:
    dice = random.Random(1)
    kinds = ["cash", "card", "wallet", "top-up", "refund", "void"]
    # Which operations meet does not depend on the database; what MariaDB does otherwise, each of them does.
    count = 10_000 if database.is_sqlite else 2_000
    steps = [(dice.choice(kinds), dice.randrange(1000), dice.randint(1, 5)) for _ in range(count)]

    do_all(database, actor_of(billing), customer.id, make_product(stock=100_000, price_minor=333), steps)


def do_all(
    database: Database, actor: Actor, customer_id: int, product: Product, steps: list[tuple[str, int, int]]
) -> None:
    """Do each step in a transaction of its own, some of which are refused; look at the books at the end."""
    begun = product.stock
    for kind, number, pieces in steps:
        try:
            with database.writing() as session:
                one_step(session, actor, customer_id, product, (kind, number, pieces))
        except Refused:
            continue
    with database.reading() as session:
        assert_whole(session)
        change = func.coalesce(func.sum(StockMovement.change), 0)
        moved = session.scalars(select(change).where(StockMovement.product_id == product.id)).one()
        assert session.get_one(Product, product.id).stock == begun + moved >= 0


def one_step(session: Session, actor: Actor, customer_id: int, product: Product, step: tuple[str, int, int]) -> None:
    kind, number, pieces = step
    if kind == "top-up":
        ledger.top_up(session, actor, customer_id, number, "cash")
    elif kind in ("cash", "card", "wallet"):
        sell(session, actor, product, pieces, method=kind, customer_id=customer_id)
    else:
        give_back(session, actor, number, pieces, everything=kind == "void")


def give_back(session: Session, actor: Actor, number: int, pieces: int, *, everything: bool) -> None:
    highest = session.scalars(select(func.coalesce(func.max(Bill.number), 0))).one()
    if not highest:
        return
    bill_id = session.scalars(select(Bill.id).where(Bill.number == number % highest + 1)).one()
    bill = bills.get_bill_for(session, actor, bill_id)
    returns = bills.everything_left(bill) if everything else [Return(bill.lines[0].id, pieces, pieces % 2 == 0)]
    shop = session.get_one(ShopProfile, 1)
    bills.refund(session, actor, bill_id, returns, method="cash", reason="came back", shop=shop)


def test_a_refund_never_gives_back_more_than_was_sold(  # M10
    database: Database, billing: Person, make_product: Make
) -> None:
    product = make_product(price_minor=1000, stock=3)
    with database.writing() as session:
        bill = sell(session, actor_of(billing), product, 3)
        line = bill.lines[0].id
    key = iter("abcdefgh")

    def refund(pieces: int, shelf: bool) -> int:
        form = {f"line-{line}": pieces, "reason": "late", "method": "cash", "key": next(key)}
        if shelf:
            form[f"shelf-{line}"] = "on"
        return billing.client.post(f"/bills/{bill.id}/refund", data=form).status_code

    answers = [refund(2, True), refund(2, True), refund(1, False), refund(1, False)]

    assert answers == [303, 409, 303, 409]
    with database.reading() as session:
        assert session.scalars(select(func.sum(Refund.total_minor))).one() == 3000
        assert session.get_one(Product, product.id).stock == 2  # the third was not put back to the shelf
        assert session.get_one(Bill, bill.id).total_minor == 3000
        assert_whole(session)


def test_a_refund_form_sent_twice_gives_back_once(database: Database, billing: Person, make_product: Make) -> None:
    product = make_product()
    with database.writing() as session:
        bill = sell(session, actor_of(billing), product, 3)
        line = bill.lines[0].id
    form = {f"line-{line}": 1, "reason": "late", "method": "cash", "key": "same"}

    answers = [billing.client.post(f"/bills/{bill.id}/refund", data=form).status_code for _ in range(2)]

    assert answers == [303, 303]
    with database.reading() as session:
        assert session.scalars(select(func.count(Refund.id))).one() == 1


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"reason": " "}, id="no reason"),
        pytest.param({"method": "wallet"}, id="a wallet of nobody"),
        pytest.param({"method": "gold"}, id="an unknown method"),
        pytest.param({"pieces": "0"}, id="nothing comes back"),
        pytest.param({"pieces": "-1"}, id="a negative number"),
        pytest.param({"pieces": "x"}, id="no number"),
        pytest.param({"key": ""}, id="no key"),
    ],
)
def test_a_refund_that_makes_no_sense_gives_nothing_back(
    database: Database, billing: Person, make_product: Make, change: dict[str, str]
) -> None:
    product = make_product()
    with database.writing() as session:
        bill = sell(session, actor_of(billing), product, 3)
        line = bill.lines[0].id
    form = {"pieces": "1", "reason": "late", "method": "cash", "key": "k"} | change
    form[f"line-{line}"] = form.pop("pieces")

    assert billing.client.post(f"/bills/{bill.id}/refund", data=form).status_code == 422
    with database.reading() as session:
        assert session.scalars(select(func.count(Refund.id))).one() == 0


def test_a_receipt_printed_after_a_refund_tells_of_it(
    database: Database, billing: Person, make_product: Make, customer: Person
) -> None:
    product = make_product(name="Jam", price_minor=500)
    with database.writing() as session:
        bill = sell(session, actor_of(billing), product, 2, customer_id=customer.id)
        line = bill.lines[0].id

    def texts() -> tuple[str, str]:
        pages = [billing.client.get(f"/bills/{bill.id}{page}").text for page in ("", "/receipt")]
        return pages[0], " ".join(re.sub(r"<[^>]+>", " ", pages[1]).split())

    before = texts()
    form = {f"line-{line}": "1", "reason": "Open", "method": "cash", "key": "k"}
    billing.client.post(f"/bills/{bill.id}/refund", data=form)
    partly = texts()
    billing.client.post(f"/bills/{bill.id}/refund", data=form | {"key": "k2"})
    wholly = texts()

    assert "Refund" not in before[1]
    assert "1 × Jam Refunded · Cash −5.00" in partly[1]
    assert ["Refund or void" in page for page, _receipt in (before, partly, wholly)] == [True, True, False]


def test_a_bill_is_found_by_its_number_and_by_its_customer(
    database: Database, billing: Person, make_product: Make, customer: Person
) -> None:
    product = make_product(price_minor=500)
    with database.writing() as session:
        for owner in (customer.id, None, customer.id):
            sell(session, actor_of(billing), product, customer_id=owner)

    found = {
        text: re.findall(r'href="/bills/\d+">(\d+)', billing.client.get(f"/bills?q={text}").text)
        for text in ("2", customer.name[:6], "nobody")
    }

    assert found == {"2": ["2"], customer.name[:6]: ["3", "1"], "nobody": []}


def test_a_void_gives_everything_back_and_leaves_the_bill_as_it_was(
    database: Database, billing: Person, make_product: Make
) -> None:
    product = make_product(price_minor=777, stock=10)
    with database.writing() as session:
        bill = sell(session, actor_of(billing), product, 4)
    form = {"reason": "wrong customer", "method": "cash", "key": "v"}

    answers = [billing.client.post(f"/bills/{bill.id}/void", data=form).status_code for _ in range(2)]

    assert answers == [303, 303]
    with database.reading() as session:
        found = session.get_one(Bill, bill.id)
        assert (found.total_minor, found.refunded_minor) == (4 * 777, 4 * 777)
        assert session.get_one(Product, product.id).stock == 10
        assert_whole(session)


DAYS = [
    pytest.param("Europe/Berlin", "2026-03-29", 23, id="clocks go forward"),
    pytest.param("Europe/Berlin", "2026-10-25", 25, id="clocks go back"),
    pytest.param("Asia/Kolkata", "2026-06-01", 24, id="a zone of half hours"),
    pytest.param("UTC", "2026-12-31", 24, id="the year's end"),
]


@pytest.mark.parametrize(("zone", "day_text", "hours"), DAYS)
def test_each_bill_falls_on_exactly_one_day(  # M8
    database: Database, billing: Person, make_product: Make, zone: str, day_text: str, hours: int
) -> None:
    day = date.fromisoformat(day_text)
    begin, end = clock.day_bounds(day, zone)
    moments = [begin - timedelta(microseconds=100_000), begin, end - timedelta(microseconds=100_000), end]
    product = make_product(price_minor=100)
    with database.writing() as session:
        session.execute(update(ShopProfile).values(time_zone=zone))
        session.flush()
        session.expire_all()
        for moment in moments:
            sell(session, actor_of(billing), product, at=moment)

    with database.reading() as session:
        found = [
            report(session, Span(one, one)).total.bills
            for one in (day - timedelta(days=1), day, day + timedelta(days=1))
        ]
    assert (end - begin) == timedelta(hours=hours)
    assert found == [1, 2, 1]


def test_a_report_is_the_sum_of_its_bills_on_page_in_csv_and_as_json(  # M7
    database: Database, billing: Person, make_product: Make, sign_in: Callable[..., Person]
) -> None:
    second = sign_in(billing.role, name="Second Cashier")
    made = many_bills(database, [billing.id, second.id], make_product(), 400)

    assert_report_is_sum_of_bills(billing, made, since=date(2026, 5, 1), until=date(2026, 5, 31))
    assert_report_is_sum_of_bills(billing, made, since=date(2026, 5, 4), until=date(2026, 5, 10))
    assert_report_is_sum_of_bills(billing, made, since=date(2026, 5, 7), until=date(2026, 5, 7))
    assert_report_is_sum_of_bills(billing, made, since=date(2026, 5, 1), until=date(2026, 5, 31), cashier=second.id)


@pytest.mark.slow
def test_a_report_of_ten_thousand_bills_is_their_sum(  # M7
    database: Database, billing: Person, make_product: Make
) -> None:
    made = many_bills(database, [billing.id], make_product(), 10_000)

    assert_report_is_sum_of_bills(billing, made, since=date(2026, 5, 1), until=date(2026, 5, 31))


def assert_report_is_sum_of_bills(
    person: Person, made: list[dict[str, Any]], *, since: date, until: date, cashier: int | None = None
) -> None:
    chosen = [one for one in made if since <= one["day"] <= until and (cashier is None or one["cashier"] == cashier)]
    total = sum(one["total"] - one["back"] for one in chosen)
    methods: Counter[str] = Counter()
    for one in chosen:
        methods[one["method"]] += one["total"] - one["back"]
    address = f"/reports?from={since}&to={until}" + (f"&cashier={cashier}" if cashier else "")

    answer: Any = person.client.get(address + "&format=json").json
    rows = list(csv.reader(io.StringIO(person.client.get(address + "&format=csv").text)))
    page = person.client.get(address).text

    assert answer["total_minor"] == answer["net_minor"] + answer["tax_minor"] == total
    assert answer["methods"] == {name: methods[name] for name in ("cash", "card", "wallet")}
    assert sum(answer["cashiers"].values()) == total
    in_csv = {(row[0], row[1]): row[5] for row in rows[1:]}
    assert in_csv["total", ""] == f"{total / 100:.2f}"
    assert sum(round(float(value) * 100) for (part, _name), value in in_csv.items() if part == "method") == total
    assert f"{total / 100:,.2f}" in page


def many_bills(database: Database, cashiers: list[int], product: Product, number: int) -> list[dict[str, Any]]:
    """Bills of May with refunds of some, written straight into the tables; what was written."""
    dice = random.Random(7)
    at = datetime(2026, 5, 1, 10, tzinfo=UTC)
    made: list[dict[str, Any]] = []
    with database.writing() as session:
        for n in range(1, number + 1):
            total = dice.randint(1, 50_000)
            tax = total * 19 // 119
            made.append({
                "id": n, "day": date(2026, 5, dice.randint(1, 31)), "cashier": dice.choice(cashiers), "total": total,
                "tax": tax, "method": dice.choice(["cash", "card", "wallet"]),
                "back": total if dice.random() < 0.1 else 0,
            })  # fmt: skip
        session.execute(insert(Bill), [
            {"id": one["id"], "number": one["id"], "cashier_id": one["cashier"], "created_at": at,
             "business_day": one["day"], "net_minor": one["total"] - one["tax"], "tax_minor": one["tax"],
             "discount_minor": 0, "total_minor": one["total"], "refunded_minor": one["back"]} for one in made
        ])  # fmt: skip
        session.execute(insert(BillLine), [
            {"id": one["id"], "bill_id": one["id"], "position": 1, "product_id": product.id, "sold_at": at,
             "sku": "S", "name": "N", "quantity": 1, "unit_price_minor": one["total"], "discount_minor": 0,
             "tax_name": "Standard", "tax_basis_points": 1900, "net_minor": one["total"] - one["tax"],
             "tax_minor": one["tax"], "total_minor": one["total"], "refunded_quantity": 0} for one in made
        ])  # fmt: skip
        session.execute(insert(Payment), [
            {"bill_id": one["id"], "method": one["method"], "amount_minor": one["total"], "change_minor": 0}
            for one in made
        ])  # fmt: skip
        write_refunds(session, [one for one in made if one["back"]], at)
    return made


def write_refunds(session: Session, refunded: list[dict[str, Any]], at: datetime) -> None:
    session.execute(insert(Refund), [
        {"id": one["id"], "number": one["id"], "bill_id": one["id"], "cashier_id": one["cashier"], "created_at": at,
         "business_day": one["day"], "reason": "r", "net_minor": one["total"] - one["tax"],
         "tax_minor": one["tax"], "total_minor": one["total"]} for one in refunded
    ])  # fmt: skip
    session.execute(insert(RefundPayment), [
        {"id": one["id"], "refund_id": one["id"], "method": one["method"], "amount_minor": one["total"]} for one in refunded
    ])  # fmt: skip
    session.execute(insert(RefundLine), [
        {"refund_id": one["id"], "bill_line_id": one["id"], "quantity": 1, "net_minor": one["total"] - one["tax"],
         "tax_minor": one["tax"], "total_minor": one["total"], "back_to_shelf": False} for one in refunded
    ])  # fmt: skip


def test_closing_a_till_counts_cash_sales_and_top_ups_and_wants_a_reason_for_a_difference(
    database: Database, billing: Person, customer: Person, make_product: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    product, at = make_product(price_minor=1500), now()
    monkeypatch.setattr(ledger, "now", lambda: at)  # all of it on one day
    with database.writing() as session:
        actor = actor_of(billing)
        sell(session, actor, product, at=at)
        sell(session, actor, product, at=at, method="card")
        ledger.top_up(session, actor, customer.id, 2000, "cash")
        today = clock.day_of(at, session.get_one(ShopProfile, 1).time_zone)
    form = {"day": today.isoformat(), "float_": "100", "counted": "134.50"}

    without_reason = billing.client.post("/reports/close", data=form)
    with_reason = billing.client.post("/reports/close", data=form | {"reason": "Gave 0.50 too much"})
    again = billing.client.post("/reports/close", data=form | {"reason": "x"})

    assert (without_reason.status_code, with_reason.status_code, again.status_code) == (422, 303, 409)
    assert "a difference of -€0.50" in without_reason.text
    with database.reading() as session:
        closing = session.scalars(select(DayClosing)).one()
        assert (closing.expected_minor, closing.counted_minor, closing.difference_minor) == (13_500, 13_450, -50)


def test_a_top_up_sent_twice_pays_in_once(database: Database, billing: Person, customer: Person) -> None:
    form = {"amount": "10.00", "method": "cash", "key": "once"}

    answers = [billing.client.post(f"/customers/{customer.id}/wallet", data=form).status_code for _ in range(2)]

    assert answers == [303, 303]
    with database.reading() as session:
        assert ledger.balance_of(session, customer.id) == 1000
        assert session.scalars(select(func.count(LedgerTransaction.id))).one() == 1


def test_money_leaves_a_wallet_as_it_came_and_never_more_than_is_there(
    database: Database, billing: Person, customer: Person
) -> None:
    def send(way: str, amount: str, key: str) -> int:
        form = {"amount": amount, "method": "cash", "key": key}
        return int(billing.client.post(f"/customers/{customer.id}/wallet{way}", data=form).status_code)

    answers = [send("", "50", "a"), send("/out", "80", "b"), send("/out", "45", "c"), send("/out", "45", "c")]

    assert answers == [303, 409, 303, 303]  # the last is the one before, sent twice
    assert customer.client.post(f"/customers/{customer.id}/wallet/out").status_code == 403
    with database.reading() as session:
        shop = session.get_one(ShopProfile, 1)
        today = clock.day_of(now(), shop.time_zone)
        assert (ledger.balance_of(session, customer.id), ledger.trial_balance(session)) == (500, 0)
        assert report(session, Span(today - timedelta(days=1), today)).cash_minor == 500


def test_the_page_of_a_past_day_leads_to_its_own_closing(billing: Person) -> None:
    report_page = billing.client.get("/reports?from=2026-01-02").text
    closing = billing.client.get("/reports/close?day=2026-01-02").text

    assert "/reports/close?day=2026-01-02" in report_page
    assert 'value="2026-01-02"' in closing


@pytest.mark.parametrize("amount", ["0", "-5", "1.005", "ten", "", "99999999999999", "1e3", "40000007"])
def test_an_amount_that_is_none_pays_nothing_in(
    database: Database, billing: Person, customer: Person, amount: str
) -> None:
    form = {"amount": amount, "method": "cash", "key": "k"}

    assert billing.client.post(f"/customers/{customer.id}/wallet", data=form).status_code == 422
    with database.reading() as session:
        assert session.scalars(select(func.count(LedgerTransaction.id))).one() == 0


def test_a_receipt_is_an_original_once_and_a_copy_ever_after(
    database: Database, billing: Person, make_product: Make
) -> None:
    product = make_product()
    with database.writing() as session:
        bill = sell(session, actor_of(billing), product)
    path = f"/bills/{bill.id}/receipt"

    looked_at = billing.client.get(path).text
    first = billing.client.post(path, follow_redirects=True).text
    second = billing.client.post(path, follow_redirects=True).text

    assert ["COPY" in page for page in (looked_at, first, second)] == [True, False, True]


def test_the_database_waits_for_the_disk_before_a_bill_is_acknowledged(database: Database) -> None:  # M6
    with database.writing() as session:
        if database.is_sqlite:
            assert session.scalars(text("PRAGMA synchronous")).one() == 2  # FULL
            assert session.scalars(text("PRAGMA journal_mode")).one() == "wal"
        else:
            assert session.scalars(text("SELECT @@innodb_flush_log_at_trx_commit")).one() == 1


def test_a_backup_brings_the_same_books_back(  # M15
    database: Database, settings: Settings, tmp_path: Path, billing: Person, make_product: Make
) -> None:
    many_bills(database, [billing.id], make_product(), 300)
    before = fingerprint(database)
    back_up(settings, tmp_path / "shop.tar.gz")
    with database.writing() as session:
        session.execute(update(Bill).values(total_minor=1))
    damaged = fingerprint(database)
    database.close()

    restore(settings, tmp_path / "shop.tar.gz", replace=True)

    assert damaged != before
    assert fingerprint(Database(settings.database_url)) == before


def fingerprint(database: Database) -> str:
    """SHA-256 over every row that holds money."""
    digest = hashlib.sha256()
    with database.reading() as session:
        for table in (Bill, BillLine, Payment, Refund, RefundLine, LedgerEntry, StockMovement):
            for row in session.execute(select(table.__table__).order_by(table.__table__.c.id)):
                digest.update(repr(tuple(row)).encode())
    database.close()
    return digest.hexdigest()


def test_a_key_is_one_persons_for_one_kind_of_request_and_lives_a_day(  # M4
    app: Flask, database: Database, billing: Person, sign_in: Callable[..., Person]
) -> None:
    other = actor_of(sign_in(Role.BILLING))

    def ask(actor: Actor, route: str) -> tuple[dict[str, Any], bool]:
        with database.writing() as session:
            return idempotency.once(session, actor, route, "k", {}, lambda: {"by": actor.id, "route": route})

    first, again = ask(actor_of(billing), "a"), ask(actor_of(billing), "a")
    assert (again[0], first[1], again[1]) == (first[0], False, True)
    assert not ask(other, "a")[1]
    assert not ask(actor_of(billing), "b")[1]

    for hours, is_kept in ((25, True), (49, False)):
        with database.writing() as session:
            session.execute(update(IdempotencyKey).values(created_at=now() - timedelta(hours=hours)))
        retention.run(database, shop_of(app).settings)
        assert ask(actor_of(billing), "a")[1] is is_kept


def test_a_key_that_is_too_long_does_nothing(database: Database, billing: Person, customer: Person) -> None:
    form = {"amount": "10.00", "method": "cash", "key": "k" * 300}

    assert billing.client.post(f"/customers/{customer.id}/wallet", data=form).status_code == 422
    with database.reading() as session:
        assert session.scalars(select(func.count(LedgerTransaction.id))).one() == 0
