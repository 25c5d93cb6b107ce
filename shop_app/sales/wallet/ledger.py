"""Double-entry ledger of the shop's money: the entries of each transaction sum to zero.

What the shop owes or has earned is positive, what it holds is negative: a top-up of 100.00 in cash is wallet +100.00,
cash -100.00; a sale paid from the wallet is wallet -60.00, sales +60.00.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, Insert, Select, Update, bindparam, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from shop_app.accounts.service import lock_customer
from shop_app.base import audit, clock, money
from shop_app.base.db import amount_by, amounts_of, changed_rows, insert_into, now
from shop_app.base.errors import Conflict, Invalid
from shop_app.base.models import Account, Bill, LedgerAccount, LedgerEntry, LedgerTransaction, ShopProfile
from shop_app.base.permissions import Actor, Role
from shop_app.base.text import _

CASH, CARD, WALLET, SALES = "cash", "card", "wallet", "sales"
TOP_UP, PAY_OUT = "top-up", "pay-out"
MOST_TOP_UP = 10**9  # minor units; what a scanner types into the field is more


_ACCOUNTS = select(LedgerAccount.kind, LedgerAccount.id).where(
    LedgerAccount.owner.in_(bindparam("owners", expanding=True))
)
_BEGIN = insert_into(LedgerTransaction)


@dataclass(frozen=True)
class Reason:
    """Why money moves: top-up, pay-out, payment, refund or correction, and what it belongs to."""

    kind: str
    bill_id: int | None = None
    refund_id: int | None = None
    note: str = ""
    day: date | None = None  # the shop's; bills and refunds have their own


def accounts_of(session: Session, customer_id: int | None = None) -> dict[str, int]:
    """The ids of the shop's own accounts (cash, card and sales), and of a customer's wallet, which is made on first use."""
    owners = ["shop"] if customer_id is None else ["shop", _owner(customer_id)]
    found = {kind: account for kind, account in session.execute(_ACCOUNTS, {"owners": owners})}
    if customer_id is not None and WALLET not in found:
        found[WALLET] = wallet_of(session, customer_id)
    return found


def wallet_of(session: Session, customer_id: int) -> int:
    """The id of a customer's wallet; made on first use."""
    query = select(LedgerAccount.id).where(LedgerAccount.kind == WALLET, LedgerAccount.owner == _owner(customer_id))
    found = session.scalars(query).first()
    if found is not None:
        return found
    wallet = LedgerAccount(kind=WALLET, owner=_owner(customer_id), customer_id=customer_id, balance_minor=0)
    try:
        with session.begin_nested():
            session.add(wallet)
            session.flush()
    except IntegrityError:  # somebody else made it in this moment
        return session.scalars(query).one()
    return wallet.id


def balance_of(session: Session, customer_id: int) -> int:
    """What is in a customer's wallet, in minor units."""
    query = select(LedgerAccount.balance_minor).where(
        LedgerAccount.kind == WALLET, LedgerAccount.owner == _owner(customer_id)
    )
    return session.scalars(query).first() or 0


def entries_of(customer_id: int) -> Select[LedgerEntry, LedgerTransaction, int, str]:
    """What came into a wallet and went out of it, with the bill's number and who did it."""
    query = select(LedgerEntry, LedgerTransaction, Bill.number, Account.name)
    query = query.join(LedgerAccount, LedgerEntry.account_id == LedgerAccount.id)
    query = query.join(LedgerTransaction, LedgerEntry.transaction_id == LedgerTransaction.id)
    query = query.join(Account, LedgerTransaction.account_id == Account.id)
    query = query.outerjoin(Bill, LedgerTransaction.bill_id == Bill.id)
    return query.where(LedgerAccount.kind == WALLET, LedgerAccount.owner == _owner(customer_id))


def post(session: Session, actor: Actor, reason: Reason, amounts: Mapping[int, int]) -> int:
    """Move money between ledger accounts: `amounts` by account id, summing to zero. Returns the transaction's id.

    A wallet that holds too little refuses the whole with `Conflict`; the database itself keeps it from going below zero.
    """
    transaction_id = begin(session, actor, reason)
    move(session, transaction_id, amounts)
    return transaction_id


def begin(session: Session, actor: Actor, reason: Reason) -> int:
    """A transaction whose money is still to be moved; its id."""
    made: Any = session.connection().execute(_BEGIN, {
        "kind": reason.kind, "at": now(), "business_day": reason.day, "account_id": actor.account_id,
        "bill_id": reason.bill_id, "refund_id": reason.refund_id, "note": reason.note[:200],
    })  # fmt: skip
    return int(made.inserted_primary_key[0])


def move(session: Session, transaction_id: int, amounts: Mapping[int, int]) -> None:
    """Move the money of a transaction, as `post`. The shop's own accounts are locked from here to the commit."""
    if sum(amounts.values()):
        raise ValueError(f"the entries of a transaction must sum to zero, not {sum(amounts.values())}")
    moved = {account: amount for account, amount in amounts.items() if amount}
    if not moved:
        return
    if not _add(session, moved):
        raise Conflict(_("The wallet does not hold enough. Nothing was charged."), code="wallet-too-low")
    session.execute(_entries(len(moved)), amounts_of(moved) | {"transaction": transaction_id})


def top_up(session: Session, actor: Actor, customer_id: int, amount_minor: int, method: str) -> int:
    """Put money that a customer hands over (cash or card) into the customer's wallet."""
    if amount_minor <= 0:
        raise Invalid(_("Nothing was paid in: the amount must be more than nothing."))
    if amount_minor >= MOST_TOP_UP:
        raise Invalid(_("Nothing was paid in: that is more than a wallet takes at once."))
    if method not in (CASH, CARD):
        raise Invalid(_("Nothing was paid in: a wallet is filled with cash or by card."))
    lock_customer(session, customer_id)
    customer = session.get(Account, customer_id)
    if customer is None or customer.role != Role.CUSTOMER or not customer.active:
        raise Invalid(_("Nothing was paid in: there is no such customer."))
    return _through_the_wallet(session, actor, customer_id, amount_minor, method, TOP_UP)


def pay_out(session: Session, actor: Actor, customer_id: int, amount_minor: int, method: str) -> int:
    """Hand money out of a customer's wallet: it is theirs, and what was paid in by mistake goes back this way."""
    if amount_minor <= 0 or amount_minor > money.LARGEST or method not in (CASH, CARD):
        raise Invalid(_("Nothing was paid out: an amount, and cash or card, are needed."))
    return _through_the_wallet(session, actor, customer_id, -amount_minor, method, PAY_OUT)


def _through_the_wallet(
    session: Session, actor: Actor, customer_id: int, amount_minor: int, method: str, kind: str
) -> int:
    accounts = accounts_of(session, customer_id)
    amounts = {accounts[WALLET]: amount_minor, accounts[method]: -amount_minor}
    shop = session.get_one(ShopProfile, 1)
    day = clock.business_day(now(), shop.time_zone, shop.day_begins)
    made = post(session, actor, Reason(kind, note=method, day=day), amounts)
    audit.record(
        session, actor, f"wallet.{kind}", audit.number_of(customer_id), amount_minor=amount_minor, method=method
    )
    return made


def trial_balance(session: Session) -> int:
    """The sum of all entries: 0 in a ledger that is whole."""
    return int(session.scalars(select(func.coalesce(func.sum(LedgerEntry.amount_minor), 0))).one())


def _add(session: Session, amounts: Mapping[int, int]) -> bool:
    return changed_rows(session, _adding(len(amounts)), amounts_of(amounts)) == len(amounts)


@cache
def _adding(accounts: int) -> Update:
    ids, amount = amount_by(LedgerAccount.id, accounts)
    after = LedgerAccount.balance_minor + amount
    enough = (LedgerAccount.kind != WALLET) | (after >= 0)
    statement = update(LedgerAccount).where(LedgerAccount.id.in_(ids), enough).values(balance_minor=after)
    return statement.execution_options(synchronize_session=False)


@cache
def _entries(accounts: int) -> Insert:
    ids, amount = amount_by(LedgerAccount.id, accounts)
    transaction = bindparam("transaction", type_=BigInteger)
    found = select(transaction, LedgerAccount.id, amount, LedgerAccount.balance_minor)
    columns = "transaction_id", "account_id", "amount_minor", "balance_after_minor"
    return insert_into(LedgerEntry).from_select(columns, found.where(LedgerAccount.id.in_(ids)))


def _owner(customer_id: int) -> str:
    return f"customer:{customer_id}"
