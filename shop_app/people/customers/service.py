"""What staff may know of customers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from shop_app.base.models import Account, Bill, Complaint, LedgerAccount
from shop_app.base.permissions import Role
from shop_app.web.listing import Rows, SortColumn

SORTS: dict[str, list[SortColumn]] = {"name": [Account.search, Account.id], "since": [Account.created_at, Account.id]}


@dataclass(frozen=True)
class Figures:
    """A customer in numbers."""

    bills: int
    spent_minor: int
    wallet_minor: int
    open_complaints: int


def search(state: str = "active", *, searched: bool = False) -> Rows:
    """Customers as rows; where `searched`, those with what is typed in name, telephone or e-mail."""
    columns = Account.id, Account.name, Account.email, Account.phone, Account.active, Account.created_at
    query = select(*columns).where(Account.role == Role.CUSTOMER.value)
    if state != "active":  # an erased account is none of the active ones, whose index tells them at once
        query = query.where(Account.erased_at.is_(None))
    if state in {"active", "disabled"}:
        query = query.where(Account.active == (state == "active"))
    return query.where(Account.is_found()) if searched else query


def figures(session: Session, customer_id: int) -> Figures:
    """What a customer bought, has in the wallet, and complains of: one statement."""
    own = Bill.customer_id == customer_id
    bills = select(func.count(Bill.id)).where(own).scalar_subquery()
    spent = select(func.coalesce(func.sum(Bill.total_minor - Bill.refunded_minor), 0)).where(own).scalar_subquery()
    wallet = select(func.coalesce(func.sum(LedgerAccount.balance_minor), 0)).where(
        LedgerAccount.kind == "wallet", LedgerAccount.customer_id == customer_id
    )
    waiting = select(func.count(Complaint.id)).where(Complaint.customer_id == customer_id, Complaint.state == "open")
    row = session.execute(select(bills, spent, wallet.scalar_subquery(), waiting.scalar_subquery())).one()
    return Figures(*(int(value) for value in row))


def bills(customer_id: int) -> Select[Any]:
    """A customer's bills."""
    return select(Bill).where(Bill.customer_id == customer_id)
