"""What must not happen however many do it at once: each race on both databases, each with its control."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from unittest import mock

import pytest
from flask import Flask
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from shop_app.base.db import Database
from shop_app.base.models import (
    Bill,
    BillLine,
    IncomingEvent,
    LedgerAccount,
    LedgerEntry,
    Payment,
    Product,
    Refund,
    StockMovement,
)
from shop_app.base.settings import Settings
from shop_app.sales.wallet import ledger
from shop_app.security.ingest.service import HANDLERS
from tests.cameras import wait_for
from tests.shop import racing
from tests.shop.conftest import Person
from tests.shop.night import CameraSystem
from tests.shop.racing import together
from tests.shop.test_books import actor_of

pytestmark = pytest.mark.both

Make = Callable[..., Product]


@pytest.mark.parametrize(
    ("stock", "tries"),
    [pytest.param(20, 6, id="short"), pytest.param(200, 60, id="480 tries", marks=pytest.mark.slow)],
)
def test_eight_tills_sell_what_is_there_and_not_one_more(  # M1, M11, S19
    settings: Settings, database: Database, billing: Person, make_product: Make, stock: int, tries: int
) -> None:
    product = make_product(stock=stock)

    outcomes = together(racing.sell_one, settings.database_url, billing.id, tries, product_id=product.id)

    assert outcomes == Counter({"done": stock, "refused 409": 8 * tries - stock})
    with database.reading() as session:
        assert session.get_one(Product, product.id).stock == 0
        assert session.scalars(select(func.sum(StockMovement.change))).one() == -stock
        assert list(session.scalars(select(Bill.number).order_by(Bill.number))) == list(range(1, stock + 1))
    assert_books_agree(database)


def test_control_without_the_conditional_update_more_is_sold_than_there_was(  # control of M1
    settings: Settings, billing: Person, make_product: Make
) -> None:
    product = make_product(stock=20)

    outcomes = together(
        racing.sell_one_read_before_written, settings.database_url, billing.id, 6, product_id=product.id
    )

    assert outcomes["done"] > 20


def test_a_wallet_of_100_pays_one_of_eight_bills_of_60(  # M2, S19
    settings: Settings, database: Database, billing: Person, customer: Person, make_product: Make
) -> None:
    product = make_product(price_minor=6000)
    fill(database, billing, customer, 10_000)

    outcomes = together(
        racing.sell_one, settings.database_url, billing.id, product_id=product.id, customer_id=customer.id, wallet=6000
    )

    assert outcomes == Counter({"done": 1, "refused 409": 7})
    with database.reading() as session:
        assert ledger.balance_of(session, customer.id) == 4000
    assert_books_agree(database)


def test_control_with_a_balance_read_before_the_wallet_pays_several(  # control of M2
    settings: Settings, database: Database, billing: Person, customer: Person, make_product: Make
) -> None:
    product = make_product(price_minor=6000)
    fill(database, billing, customer, 10_000)

    outcomes = together(
        racing.sell_one_with_a_balance_read_before, settings.database_url, billing.id, product_id=product.id,
        customer_id=customer.id, wallet=6000,
    )  # fmt: skip

    assert outcomes["done"] > 1


def test_the_database_itself_keeps_a_wallet_from_going_below_zero(  # M2
    database: Database, billing: Person, customer: Person
) -> None:
    fill(database, billing, customer, 100)

    with pytest.raises(Exception, match="wallet_not_negative"), database.writing() as session:
        wallet = session.get_one(LedgerAccount, ledger.wallet_of(session, customer.id))
        wallet.balance_minor = -1
        session.flush()


def test_a_payment_into_a_wallet_sent_eight_times_is_made_once(
    settings: Settings, database: Database, billing: Person, customer: Person
) -> None:
    outcomes = together(racing.top_up_once, settings.database_url, billing.id, 2, customer_id=customer.id, key="k")

    assert outcomes == Counter({"done": 16})
    with database.reading() as session:
        assert ledger.balance_of(session, customer.id) == 1000
    assert_books_agree(database)


def test_control_without_its_key_a_payment_is_made_each_time(  # control of M4
    settings: Settings, database: Database, billing: Person, customer: Person
) -> None:
    together(racing.top_up_without_a_key, settings.database_url, billing.id, customer_id=customer.id, key="k")

    with database.reading() as session:
        assert ledger.balance_of(session, customer.id) == 8000


@pytest.mark.parametrize("carts", [pytest.param(3, id="short"), pytest.param(20, id="20 keys", marks=pytest.mark.slow)])
def test_a_cart_paid_eight_times_at_once_is_one_bill(  # M4, M14
    app: Flask, database: Database, billing: Person, make_product: Make, carts: int
) -> None:
    product = make_product(stock=100, price_minor=500)
    keys = [new_cart(billing, product) for _ in range(carts)]
    browsers = [tab_of(app, billing) for _ in range(8)]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: pay(browsers[n % 8], keys[n // 8], 500), range(8 * carts)))

    assert Counter(status for status, _bill in answers) == Counter({201: carts, 200: 7 * carts})
    assert len({bill["bill_id"] for _status, bill in answers}) == carts
    assert pay(browsers[0], keys[0], 501)[0] == 422
    with database.reading() as session:
        assert session.scalars(select(func.count(Bill.id))).one() == carts
        assert session.get_one(Product, product.id).stock == 100 - carts


def test_one_line_is_given_back_once_of_eight_tries(  # M10
    settings: Settings, database: Database, billing: Person, make_product: Make
) -> None:
    bill, line = one_bill(settings, database, billing, make_product(stock=1))

    outcomes = together(racing.refund_one, settings.database_url, billing.id, bill_id=bill, line_id=line)

    assert outcomes == Counter({"done": 1, "refused 409": 7})
    with database.reading() as session:
        assert session.scalars(select(Refund.number)).all() == [1]
        assert session.scalars(select(Product.stock)).one() == 1
    assert_books_agree(database)


def test_control_with_the_line_read_before_it_is_given_back_several_times(  # control of M10
    settings: Settings, database: Database, billing: Person, make_product: Make
) -> None:
    bill, line = one_bill(settings, database, billing, make_product(stock=1))

    outcomes = together(
        racing.refund_one_read_before_written, settings.database_url, billing.id, bill_id=bill, line_id=line
    )

    assert outcomes["done"] > 1


def test_control_a_number_read_before_is_given_twice_and_refused_by_the_database(  # control of M11
    settings: Settings, billing: Person, make_product: Make
) -> None:
    product = make_product(stock=100)

    outcomes = together(
        racing.sell_one_with_a_number_read_before, settings.database_url, billing.id, product_id=product.id
    )

    assert outcomes["IntegrityError"] > 0


def test_a_batch_of_events_that_loses_a_deadlock_is_taken_as_a_whole(
    app: Flask, database: Database, make_product: Make
) -> None:
    answers = send_into_a_deadlock(app, database, [make_product(), make_product()])

    assert answers == ["taken", "taken"]
    assert stored_events(database) == {"first", "second"}


def test_control_where_the_deadlock_is_taken_for_a_bad_event_an_acknowledged_one_is_lost(
    app: Flask, database: Database, make_product: Make
) -> None:
    with mock.patch("shop_app.security.ingest.service.ends_transaction", return_value=False):
        answers = send_into_a_deadlock(app, database, [make_product(), make_product()])

    assert answers[0] == "taken"
    assert "first" not in stored_events(database)


def send_into_a_deadlock(app: Flask, database: Database, products: list[Product]) -> list[str]:
    """Two events; taking the second crosses a heavier transaction that locks the same two rows the other way round."""
    if database.is_sqlite:
        pytest.skip("there is one writer, and no deadlock")
    first, second = (product.id for product in products)
    other = database.writer.connect()
    number = other.scalar(text("SELECT CONNECTION_ID()"))
    other.commit()
    rival: list[threading.Thread] = []

    def lock(session: Session, product: int) -> None:
        session.execute(update(Product).where(Product.id == product).values(description="event"))

    def opened(session: Session, event: IncomingEvent, _facts: object) -> None:
        lock(session, first)

    def closed(session: Session, event: IncomingEvent, _facts: object) -> None:
        if not rival:  # only the first time: the batch is taken again
            other.execute(text("UPDATE counters SET value = value + 1"))
            other.execute(
                text("UPDATE tax_classes SET basis_points = basis_points + 1")
            )  # whoever changed less gives way
            other.execute(update(Product).where(Product.id == second).values(description="rival"))
            rival.append(threading.Thread(target=take_the_first))
            rival[0].start()
            wait_for(lambda: is_waiting(database, number), 30)
        lock(session, second)

    def take_the_first() -> None:
        other.execute(update(Product).where(Product.id == first).values(description="rival"))
        other.commit()

    with mock.patch.dict(HANDLERS, {"incident.opened": opened, "incident.closed": closed}):
        system = CameraSystem.of(app)
        events = [
            {"version": 1, "id": identity, "kind": kind, "camera": "door", "time": "2026-11-22T01:14:07Z",
             "facts": {"incident": "i"}}
            for identity, kind in (("first", "incident.opened"), ("second", "incident.closed"))
        ]  # fmt: skip
        answer = system.ask("POST", "/events", json={"events": events})
    rival[0].join(timeout=30)
    other.close()
    return [result["status"] for result in answer.json["results"]]


def is_waiting(database: Database, connection: int) -> bool:
    """Whether a connection of MariaDB waits for a lock."""
    time.sleep(0.2)  # the server shows what it showed last, until nobody has asked for a tenth of a second
    query = text("SELECT trx_state FROM information_schema.innodb_trx WHERE trx_mysql_thread_id = :id")
    with database.reading() as session:
        return bool(session.scalar(query, {"id": connection}) == "LOCK WAIT")


def stored_events(database: Database) -> set[str]:
    with database.reading() as session:
        return set(session.scalars(select(IncomingEvent.event_id)))


def assert_books_agree(database: Database) -> None:
    """Balances are the sums of their entries, bills those of their lines and payments, and all entries sum to zero."""
    with database.reading() as session:
        entries = func.coalesce(func.sum(LedgerEntry.amount_minor), 0)
        query = select(LedgerAccount.balance_minor, entries).outerjoin(LedgerEntry).group_by(LedgerAccount.id)
        assert all(balance == total for balance, total in session.execute(query))
        assert ledger.trial_balance(session) == 0
        per_transaction = select(entries).group_by(LedgerEntry.transaction_id)
        assert set(session.scalars(per_transaction)) <= {0}
        lines = dict(
            session.execute(select(BillLine.bill_id, func.sum(BillLine.total_minor)).group_by(BillLine.bill_id)).all()
        )
        paid = dict(
            session.execute(select(Payment.bill_id, func.sum(Payment.amount_minor)).group_by(Payment.bill_id)).all()
        )
        totals = dict(session.execute(select(Bill.id, Bill.total_minor)).all())
        assert totals == lines
        assert {bill: total for bill, total in totals.items() if total} == paid


def fill(database: Database, cashier: Person, customer: Person, minor: int) -> None:
    """Put money into a wallet."""
    with database.writing() as session:
        ledger.top_up(session, actor_of(cashier), customer.id, minor, "cash")


def one_bill(settings: Settings, database: Database, cashier: Person, product: Product) -> tuple[int, int]:
    """A bill of one piece; the ids of the bill and its line."""
    racing.sell_one(database, actor_of(cashier), product.id)
    with database.reading() as session:
        line = session.scalars(select(BillLine)).one()
        return line.bill_id, line.id


def new_cart(person: Person, product: Product) -> str:
    """A cart with one piece, put aside so that the next one can be made."""
    opened: Any = person.client.post("/till/cart", json={}).json
    key = str(opened["key"])
    person.client.post(f"/till/cart/{key}/add", json={"product_id": product.id})
    person.client.post(f"/till/cart/{key}/hold", json={})
    return key


def tab_of(app: Flask, person: Person) -> Any:
    """Another tab of the same person."""
    tab = app.test_client()
    tab.set_cookie("login", person.token)
    return tab


def pay(tab: Any, key: str, total: int) -> tuple[int, dict[str, Any]]:
    """Pay a cart in cash."""
    body = {"total_minor": total, "parts": [{"method": "cash", "amount_minor": total}]}
    answer = tab.post(f"/till/cart/{key}/pay", json=body, headers={"Accept": "application/json"})
    return answer.status_code, answer.json
