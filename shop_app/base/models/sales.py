"""What was sold: bills, payments, refunds, carts on hold, and the closing of a day. A bill is never edited."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Date, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop_app.base import quantities
from shop_app.base.db import Base, Id, Minor, exact
from shop_app.base.models.accounts import Account


class Bill(Base):
    """A paid bill. `business_day` is the shop's day, which begins at an hour of its own, at the moment of sale."""

    __tablename__ = "bills"
    __table_args__ = (
        CheckConstraint("total_minor >= 0", name="total"),
        Index("ix_bills_business_day_cashier_id", "business_day", "cashier_id"),
        Index("ix_bills_business_day_number", "business_day", "number"),
        Index("ix_bills_customer_id_business_day_number", "customer_id", "business_day", "number"),
        Index("ix_bills_total_minor", "total_minor"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    number: Mapped[int] = mapped_column(Id, unique=True)  # without gaps, taken inside the transaction
    cashier_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    created_at: Mapped[datetime] = mapped_column(index=True)
    business_day: Mapped[date] = mapped_column(Date)
    net_minor: Mapped[int] = mapped_column(Minor)
    tax_minor: Mapped[int] = mapped_column(Minor)
    discount_minor: Mapped[int] = mapped_column(Minor, default=0)
    total_minor: Mapped[int] = mapped_column(Minor)
    refunded_minor: Mapped[int] = mapped_column(Minor, default=0)

    lines: Mapped[list[BillLine]] = relationship(back_populates="bill", order_by="BillLine.position")
    payments: Mapped[list[Payment]] = relationship(order_by="Payment.id")
    cashier: Mapped[Account] = relationship(foreign_keys=[cashier_id])
    customer: Mapped[Account | None] = relationship(foreign_keys=[customer_id])


class BillLine(Base):
    """One line as it was sold: name, price and tax are copies, so that later changes do not rewrite history."""

    __tablename__ = "bill_lines"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity"),
        CheckConstraint("refunded_quantity BETWEEN 0 AND quantity", name="refunded"),
        CheckConstraint("total_minor >= 0", name="total"),
        UniqueConstraint("bill_id", "position"),
        Index("ix_bill_lines_product_id_sold_at", "product_id", "sold_at"),
        Index("ix_bill_lines_sold_at", "sold_at"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    bill_id: Mapped[int] = mapped_column(ForeignKey("bills.id"))
    position: Mapped[int]
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"))
    sold_at: Mapped[datetime]  # that of the bill, repeated for the funnel's join by hour
    sku: Mapped[str] = mapped_column(exact(40))
    name: Mapped[str] = mapped_column(String(160))
    quantity: Mapped[int]  # pieces, or grams
    by_weight: Mapped[bool] = mapped_column(default=False)
    unit_price_minor: Mapped[int] = mapped_column(Minor)  # of a piece, or of a kilogram
    label_minor: Mapped[int | None] = mapped_column(Minor)  # the price on the label of a scale, where it was scanned
    discount_minor: Mapped[int] = mapped_column(Minor, default=0)
    offer_id: Mapped[int | None] = mapped_column(ForeignKey("offers.id"))
    offer_label: Mapped[str | None] = mapped_column(String(120))
    tax_name: Mapped[str] = mapped_column(String(60))
    tax_basis_points: Mapped[int]
    net_minor: Mapped[int] = mapped_column(Minor)
    tax_minor: Mapped[int] = mapped_column(Minor)  # rounded half up per line, and stored: totals are sums of lines
    total_minor: Mapped[int] = mapped_column(Minor)
    refunded_quantity: Mapped[int] = mapped_column(default=0)

    bill: Mapped[Bill] = relationship(back_populates="lines")

    @property
    def list_minor(self) -> int:
        """Price of the line before any discount."""
        if self.label_minor is not None:
            return self.label_minor
        return quantities.cost(self.quantity, self.unit_price_minor, self.by_weight)


class Payment(Base):
    """Part of a bill paid by one method: cash, card or wallet."""

    __tablename__ = "payments"
    __table_args__ = (CheckConstraint("method IN ('cash','card','wallet')", name="method"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    bill_id: Mapped[int] = mapped_column(ForeignKey("bills.id"), index=True)
    method: Mapped[str] = mapped_column(String(10))
    amount_minor: Mapped[int] = mapped_column(Minor)
    tendered_minor: Mapped[int | None] = mapped_column(Minor)  # cash handed over
    change_minor: Mapped[int] = mapped_column(Minor, default=0)
    transaction_id: Mapped[int | None] = mapped_column(ForeignKey("ledger_transactions.id"))


class Refund(Base):
    """Money given back against the lines of one bill."""

    __tablename__ = "refunds"
    __table_args__ = (Index("ix_refunds_business_day_cashier_id", "business_day", "cashier_id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    number: Mapped[int] = mapped_column(Id, unique=True)
    bill_id: Mapped[int] = mapped_column(ForeignKey("bills.id"), index=True)
    cashier_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    created_at: Mapped[datetime] = mapped_column(index=True)
    business_day: Mapped[date] = mapped_column(Date)
    reason: Mapped[str] = mapped_column(String(200))
    net_minor: Mapped[int] = mapped_column(Minor)
    tax_minor: Mapped[int] = mapped_column(Minor)
    total_minor: Mapped[int] = mapped_column(Minor)

    lines: Mapped[list[RefundLine]] = relationship()
    payments: Mapped[list[RefundPayment]] = relationship(order_by="RefundPayment.id")
    bill: Mapped[Bill] = relationship()


class RefundPayment(Base):
    """Part of a refund by one method."""

    __tablename__ = "refund_payments"
    __table_args__ = (
        CheckConstraint("method IN ('cash','card','wallet')", name="method"),
        CheckConstraint("amount_minor > 0", name="amount"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    refund_id: Mapped[int] = mapped_column(ForeignKey("refunds.id"), index=True)
    method: Mapped[str] = mapped_column(String(10))
    amount_minor: Mapped[int] = mapped_column(Minor)


class RefundLine(Base):
    """How many of one bill line came back, and whether they went back to the shelf."""

    __tablename__ = "refund_lines"
    __table_args__ = (CheckConstraint("quantity > 0", name="quantity"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    refund_id: Mapped[int] = mapped_column(ForeignKey("refunds.id"), index=True)
    bill_line_id: Mapped[int] = mapped_column(ForeignKey("bill_lines.id"), index=True)
    quantity: Mapped[int]
    net_minor: Mapped[int] = mapped_column(Minor)
    tax_minor: Mapped[int] = mapped_column(Minor)
    total_minor: Mapped[int] = mapped_column(Minor)
    back_to_shelf: Mapped[bool]

    line: Mapped[BillLine] = relationship()


class HeldCart(Base):
    """The cart of a till, kept on the server: the one being filled at each till, and those on hold."""

    __tablename__ = "held_carts"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    cashier_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    key: Mapped[str] = mapped_column(exact(64), unique=True)  # becomes the bill's idempotency key
    place: Mapped[str] = mapped_column(exact(32), default="")  # the till at which it is filled; empty where unknown
    label: Mapped[str] = mapped_column(String(80), default="")
    on_hold: Mapped[bool] = mapped_column(default=False)
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    lines: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    cashier: Mapped[Account] = relationship(foreign_keys=[cashier_id])


class ReceiptPrint(Base):
    """Each printing of a receipt; every one after the first is marked COPY."""

    __tablename__ = "receipt_prints"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    bill_id: Mapped[int] = mapped_column(ForeignKey("bills.id"), index=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    at: Mapped[datetime]


class DayClosing(Base):
    """What a cashier should have since the closing before, and what was counted; a difference needs a reason.

    A closing is never edited: one that `corrects_id` names stands beside the one that takes its place.
    """

    __tablename__ = "day_closings"
    __table_args__ = (
        UniqueConstraint("corrects_id"),
        UniqueConstraint("cashier_id", "since"),
        Index("ix_day_closings_business_day_cashier_id", "business_day", "cashier_id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    business_day: Mapped[date] = mapped_column(Date)
    cashier_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    closed_by_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    since: Mapped[datetime | None]  # the closing before; null of corrections, and before there were several a day
    closed_at: Mapped[datetime]
    opening_float_minor: Mapped[int] = mapped_column(Minor)
    expected_minor: Mapped[int] = mapped_column(Minor)
    counted_minor: Mapped[int] = mapped_column(Minor)
    difference_minor: Mapped[int] = mapped_column(Minor)
    reason: Mapped[str] = mapped_column(String(200), default="")
    corrects_id: Mapped[int | None] = mapped_column(ForeignKey("day_closings.id"))
    totals: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # per method, as they stood when it was closed
