"""What was sold and taken, by method, tax and cashier. Totals are sums of stored rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal, select, union_all
from sqlalchemy.orm import Session

from shop_app.base.models import (
    Account,
    Bill,
    BillLine,
    LedgerAccount,
    LedgerEntry,
    LedgerTransaction,
    Payment,
    Refund,
    RefundLine,
    RefundPayment,
)
from shop_app.sales.bills.service import METHODS
from shop_app.sales.wallet import ledger


@dataclass(frozen=True)
class Span:
    """Days of business, both included, or what happened after one moment up to another; of one cashier or of all."""

    since: date
    until: date
    cashier_id: int | None = None
    moments: tuple[datetime, datetime] | None = None


@dataclass
class Sums:
    """Bills and refunds under one heading, in minor units."""

    bills: int = 0
    sold_minor: int = 0
    refunds: int = 0
    refunded_minor: int = 0
    topped_up_minor: int = 0  # paid into wallets, less what they paid out

    @property
    def total_minor(self) -> int:
        """Sold less given back."""
        return self.sold_minor - self.refunded_minor


@dataclass
class TaxSums:
    """Net and tax at one rate, refunds taken off."""

    net_minor: int = 0
    tax_minor: int = 0


@dataclass
class Report:
    """All figures of a span."""

    span: Span
    total: Sums = field(default_factory=Sums)
    discount_minor: int = 0
    methods: dict[str, Sums] = field(default_factory=lambda: {method: Sums() for method in METHODS})
    cashiers: dict[int, Sums] = field(default_factory=dict)
    taxes: dict[tuple[str, int], TaxSums] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)

    @property
    def net_minor(self) -> int:
        """Without tax, refunds taken off."""
        return sum(sums.net_minor for sums in self.taxes.values())

    @property
    def tax_minor(self) -> int:
        """Tax of all rates, refunds taken off."""
        return sum(sums.tax_minor for sums in self.taxes.values())

    @property
    def cash_minor(self) -> int:
        """What must have come into the drawer: cash sales and top-ups less cash refunds and what wallets paid out."""
        cash = self.methods[ledger.CASH]
        return cash.total_minor + cash.topped_up_minor


def report(session: Session, span: Span) -> Report:
    """The report of a span: one statement, whose every part is a sum of stored rows."""
    found = Report(span)
    for part, name, number, n, first, second in session.execute(_all_parts(span)):
        _PARTS[part](found, name, int(number), int(n), int(first), int(second))
    for cashier_id in found.cashiers:
        found.names.setdefault(cashier_id, str(cashier_id))
    return found


def _all_parts(span: Span) -> Any:
    of_bill = _in_span(span, Bill.business_day, Bill.created_at, Bill.cashier_id)
    of_refund = _in_span(span, Refund.business_day, Refund.created_at, Refund.cashier_id)
    of_top_up = _in_span(
        span, LedgerTransaction.business_day, LedgerTransaction.at, LedgerTransaction.account_id
    )  # fmt: skip
    top_ups = (
        select(
            literal("top-up"), LedgerAccount.kind, literal(0), func.count(), _sum(-LedgerEntry.amount_minor), literal(0)
        )
        .join(LedgerEntry, LedgerEntry.account_id == LedgerAccount.id)
        .join(LedgerTransaction, LedgerEntry.transaction_id == LedgerTransaction.id)
        .where(*of_top_up, LedgerTransaction.kind.in_((ledger.TOP_UP, ledger.PAY_OUT)), LedgerAccount.owner == "shop")
        .group_by(LedgerAccount.kind)
    )
    return union_all(
        _part("bill", Account.name, Bill.cashier_id, _sum(Bill.total_minor), _sum(Bill.discount_minor), of_bill)
        .join(Account, Bill.cashier_id == Account.id).group_by(Bill.cashier_id, Account.name),
        _part("refund", Account.name, Refund.cashier_id, _sum(Refund.total_minor), literal(0), of_refund)
        .join(Account, Refund.cashier_id == Account.id).group_by(Refund.cashier_id, Account.name),
        _part("paid", Payment.method, literal(0), _sum(Payment.amount_minor), literal(0), of_bill)
        .join(Bill, Payment.bill_id == Bill.id).group_by(Payment.method),
        _part("given-back", RefundPayment.method, literal(0), _sum(RefundPayment.amount_minor), literal(0), of_refund)
        .join(Refund, RefundPayment.refund_id == Refund.id).group_by(RefundPayment.method),
        _part("tax", BillLine.tax_name, BillLine.tax_basis_points, _sum(BillLine.net_minor), _sum(BillLine.tax_minor), of_bill)
        .join(Bill, BillLine.bill_id == Bill.id).group_by(BillLine.tax_name, BillLine.tax_basis_points),
        _part("tax-back", BillLine.tax_name, BillLine.tax_basis_points, _sum(RefundLine.net_minor), _sum(RefundLine.tax_minor), of_refund)
        .join(RefundLine, RefundLine.bill_line_id == BillLine.id).join(Refund, RefundLine.refund_id == Refund.id)
        .group_by(BillLine.tax_name, BillLine.tax_basis_points),
        top_ups,
    )  # fmt: skip


def _part(
    name: str, word: Any, number: Any, first: Any, second: Any, conditions: Iterable[ColumnElement[bool]]
) -> Select[Any]:
    return select(literal(name), word, number, func.count(), first, second).where(*conditions)


def _sum(column: Any) -> Any:
    return func.coalesce(func.sum(column), 0)


def _in_span(span: Span, day: Any, moment: Any, cashier: Any) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [day.between(span.since, span.until)]
    if span.moments is not None:
        found = [moment > span.moments[0], moment <= span.moments[1]]
    if span.cashier_id is not None:
        found.append(cashier == span.cashier_id)
    return found


def _bill(found: Report, name: str, cashier: int, n: int, total: int, discount: int) -> None:
    found.total.bills += n
    found.total.sold_minor += total
    found.discount_minor += discount
    found.names[cashier] = name
    sums = found.cashiers.setdefault(cashier, Sums())
    sums.bills, sums.sold_minor = n, total


def _refund(found: Report, name: str, cashier: int, n: int, total: int, _none: int) -> None:
    found.total.refunds += n
    found.total.refunded_minor += total
    found.names[cashier] = name
    sums = found.cashiers.setdefault(cashier, Sums())
    sums.refunds, sums.refunded_minor = n, total


def _paid(found: Report, method: str, _zero: int, n: int, total: int, _none: int) -> None:
    found.methods[method].bills, found.methods[method].sold_minor = n, total


def _given_back(found: Report, method: str, _zero: int, n: int, total: int, _none: int) -> None:
    found.methods[method].refunds, found.methods[method].refunded_minor = n, total


def _tax(found: Report, name: str, rate: int, _n: int, net: int, tax: int) -> None:
    sums = found.taxes.setdefault((name, rate), TaxSums())
    sums.net_minor += net
    sums.tax_minor += tax


def _tax_back(found: Report, name: str, rate: int, n: int, net: int, tax: int) -> None:
    _tax(found, name, rate, n, -net, -tax)


def _topped_up(found: Report, method: str, _zero: int, _n: int, total: int, _none: int) -> None:
    found.methods[method].topped_up_minor = total


_PARTS = {
    "bill": _bill, "refund": _refund, "paid": _paid, "given-back": _given_back, "tax": _tax, "tax-back": _tax_back,
    "top-up": _topped_up,
}  # fmt: skip
