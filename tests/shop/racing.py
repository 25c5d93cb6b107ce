"""Eight processes that all do the same at once, with the shop's guards or, as a control, without one of them.

A control shows that a race test can fail: with its guard taken off, the race must happen.
"""

from __future__ import annotations

import multiprocessing as mp
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from unittest import mock

from sqlalchemy import func, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from shop_app.base import audit
from shop_app.base.db import Database, may_retry, now
from shop_app.base.errors import Conflict, Refused
from shop_app.base.models import Account, Bill, LedgerAccount, Product, RefundLine, ShopProfile
from shop_app.base.permissions import OF_ROLE, Actor, Permission, Role
from shop_app.catalogue.offers.pricing import Item, price_cart
from shop_app.catalogue.stock import service as stock
from shop_app.people.privacy import erasure
from shop_app.sales.bills import service as bills
from shop_app.sales.bills.service import Return, Sale, Tender
from shop_app.sales.wallet import ledger
from shop_app.web import idempotency

WRITERS = 8
Task = Callable[..., Any]


def together(task: Task, url: str, account_id: int, tries: int = 1, **arguments: Any) -> Counter[str]:
    """Run `task` in eight processes, `tries` times each; how often each outcome came."""
    context = mp.get_context("forkserver")
    context.set_forkserver_preload(["tests.shop.racing"])
    barrier, outcomes = context.Barrier(WRITERS), context.Queue()
    processes = [
        context.Process(target=_run, args=(task, url, account_id, tries, arguments, barrier, outcomes), daemon=True)
        for _ in range(WRITERS)
    ]
    for process in processes:
        process.start()
    found: Counter[str] = Counter()
    for _ in processes:
        found.update(outcomes.get(timeout=300))
    for process in processes:
        process.join(timeout=30)
    return found


def _run(
    task: Task, url: str, account_id: int, tries: int, arguments: dict[str, Any], barrier: Any, outcomes: Any
) -> None:
    database = Database(url)
    actor = Actor(account_id, Role.BILLING, "Racer", OF_ROLE[Role.BILLING])
    with database.reading() as session:  # connections are made before the start
        session.get(ShopProfile, 1)
    barrier.wait(timeout=120)
    outcomes.put([_outcome(task, database, actor, arguments) for _ in range(tries)])
    database.close()


def _outcome(task: Task, database: Database, actor: Actor, arguments: dict[str, Any]) -> str:
    for _ in range(10):
        try:
            task(database, actor, **arguments)
            return "done"
        except Refused as refusal:
            return f"refused {refusal.status.value}"
        except DBAPIError as error:
            if not may_retry(error):
                return type(error).__name__
    return "given up"


# With the guards


def sell_one(database: Database, actor: Actor, product_id: int, **paid: Any) -> None:
    """Sell one piece, paid in cash unless said otherwise."""
    with database.writing() as session:
        _sell(session, actor, product_id, **paid)


def refund_one(database: Database, actor: Actor, bill_id: int, line_id: int) -> None:
    """Give one piece of a line back."""
    with database.writing() as session:
        shop = session.get_one(ShopProfile, 1)
        bills.refund(session, actor, bill_id, [Return(line_id, 1)], method="cash", reason="race", shop=shop)


def top_up_once(database: Database, actor: Actor, customer_id: int, key: str) -> None:
    """Pay 10.00 into a wallet, with a key that says it is always the same payment."""

    def work() -> dict[str, Any]:
        return {"id": ledger.top_up(session, actor, customer_id, 1000, "cash")}

    with database.writing() as session:
        idempotency.once(session, actor, "test", key, [customer_id], work)


def sell_and_seal(database: Database, actor: Actor, product_id: int) -> None:
    """Sell one piece, and seal whatever was written by anybody."""
    sell_one(database, actor, product_id)
    audit.seal(database)


def sell_or_erase(database: Database, actor: Actor, product_id: int, customer_id: int) -> None:
    """Sell a piece to a customer, or (one of the eight, after a moment) delete the customer's account."""
    if _is_first():
        time.sleep(0.01)
        with database.writing() as session:
            erasure.erase(session, actor, customer_id)
    else:
        sell_one(database, actor, product_id, customer_id=customer_id)


def top_up_or_erase(database: Database, actor: Actor, customer_id: int) -> None:
    """Pay 10.00 into a wallet, or (one of the eight) delete the customer's account."""
    with database.writing() as session:
        if _is_first():
            erasure.erase(session, actor, customer_id)
        else:
            ledger.top_up(session, actor, customer_id, 1000, "cash")


# Without one guard


def sell_one_read_before_written(database: Database, actor: Actor, product_id: int) -> None:
    """As `sell_one`, but the stock is read first and written afterwards."""
    with database.reading() as session:
        left = session.get_one(Product, product_id).stock
    time.sleep(0.005)

    def reserve(session: Session, pieces: dict[int, int], *, below_zero: bool = False) -> list[stock.Change]:
        if left < 1:
            raise Conflict("sold out")
        return [stock.Change(product_id, "Product", -1, after=left - 1, low=0)]

    with mock.patch.object(stock, "reserve", reserve):
        sell_one(database, actor, product_id)


def sell_one_with_a_balance_read_before(database: Database, actor: Actor, product_id: int, **paid: Any) -> None:
    """As `sell_one` from a wallet, but the balance is read first and written afterwards."""
    with database.reading() as session:
        balances = {one.id: one.balance_minor for one in session.scalars(select(LedgerAccount))}
    time.sleep(0.05)

    def add(session: Session, amounts: dict[int, int]) -> bool:
        for account, amount in sorted(amounts.items()):
            if balances[account] + amount < 0 and amount == -paid["wallet"]:
                return False
            statement = update(LedgerAccount).where(LedgerAccount.id == account)
            session.execute(statement.values(balance_minor=balances[account] + amount))
        return True

    with mock.patch.object(ledger, "_add", add):
        sell_one(database, actor, product_id, **paid)


def sell_one_with_a_number_read_before(database: Database, actor: Actor, product_id: int) -> None:
    """As `sell_one`, but the bill's number is the highest one read before, plus one."""
    with database.reading() as session:
        highest = session.scalars(select(func.coalesce(func.max(Bill.number), 0))).one()
    time.sleep(0.05)
    with mock.patch.object(bills, "next_number", return_value=highest + 1):
        sell_one(database, actor, product_id)


def refund_one_read_before_written(database: Database, actor: Actor, bill_id: int, line_id: int) -> None:
    """As `refund_one`, but what is left of the line is read first, by somebody whom the bill's payments do not bind."""
    actor = replace(actor, permissions=actor.permissions | {Permission.TILL_SUPERVISE})
    with database.reading() as session:
        bill = bills.get_bill_for(session, actor, bill_id)
        left = bill.lines[0].quantity - bill.lines[0].refunded_quantity
    time.sleep(0.05)

    def take_back(session: Session, bill: Bill, back: Return) -> RefundLine:
        if left < back.quantity:
            raise Conflict("nothing left")
        line = bill.lines[0]
        return RefundLine(
            bill_line_id=line.id, quantity=1, net_minor=line.net_minor, tax_minor=line.tax_minor,
            total_minor=line.total_minor, back_to_shelf=True,
        )  # fmt: skip

    with mock.patch.object(bills, "_take_back", take_back):
        refund_one(database, actor, bill_id, line_id)


def top_up_without_a_key(database: Database, actor: Actor, customer_id: int, key: str) -> None:
    """As `top_up_once`, but nobody looks at the key."""
    with mock.patch.object(idempotency, "once", lambda _s, _a, _r, _k, _b, work: (work(), False)):
        top_up_once(database, actor, customer_id, key)


def sell_or_erase_without_a_lock(database: Database, actor: Actor, product_id: int, customer_id: int) -> None:
    """As `sell_or_erase`, but nothing keeps the account from being deleted in the middle of a sale."""
    lock = None if _is_first() else _look_first(database, customer_id)
    with mock.patch("shop_app.accounts.service.lock_customer", lock):
        sell_or_erase(database, actor, product_id, customer_id)


def top_up_or_erase_without_a_lock(database: Database, actor: Actor, customer_id: int) -> None:
    """As `top_up_or_erase`, but nothing locks the account between the look at it and the money."""
    post = ledger.post

    def post_late(*arguments: Any) -> int:
        time.sleep(0.2)
        return post(*arguments)

    with (
        mock.patch("shop_app.sales.wallet.ledger.lock_customer"),
        mock.patch("shop_app.sales.wallet.ledger.post", post_late),
    ):
        top_up_or_erase(database, actor, customer_id)


def _look_first(database: Database, customer_id: int) -> Callable[..., None]:
    """What `lock_customer` does, but of a moment before the transaction."""
    with database.reading() as session:
        gone = session.get_one(Account, customer_id).erased_at is not None
    time.sleep(0.05)

    def lock_customer(_session: Session, _customer_id: int) -> None:
        if gone:
            raise Conflict("gone")

    return lock_customer


def _is_first() -> bool:
    return int(mp.current_process().name.rpartition("-")[2]) % WRITERS == 0  # they are numbered on and on


def _sell(session: Session, actor: Actor, product_id: int, customer_id: int | None = None, wallet: int = 0) -> Bill:
    product, shop = session.get_one(Product, product_id), session.get_one(ShopProfile, 1)
    item = Item(product.id, product.sku, product.name, 1, product.price_minor, "Tax", 1900)
    priced = price_cart([item], [], prices_include_tax=True)
    tender = Tender("wallet", wallet) if wallet else Tender("cash", priced.total_minor)
    return bills.sell(session, actor, Sale(priced, customer_id, (tender,), now()), shop)
