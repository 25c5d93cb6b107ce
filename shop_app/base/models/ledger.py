"""Double-entry ledger: the wallets of customers against the till. The entries of a transaction sum to zero."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop_app.base.db import Base, Id, Minor, exact


class LedgerAccount(Base):
    """One side of entries: a customer's wallet, or one of the shop's own accounts (cash, card, sales)."""

    __tablename__ = "ledger_accounts"
    __table_args__ = (
        UniqueConstraint("kind", "owner"),
        CheckConstraint("kind <> 'wallet' OR balance_minor >= 0", name="wallet_not_negative"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    owner: Mapped[str] = mapped_column(exact(40), default="shop")  # "shop", or "customer:<id>" (null is not unique)
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"), index=True)
    balance_minor: Mapped[int] = mapped_column(Minor, default=0)  # always the sum of its entries


class LedgerTransaction(Base):
    """Why money moved."""

    __tablename__ = "ledger_transactions"
    __table_args__ = (
        Index("ix_ledger_transactions_kind_at", "kind", "at"),
        Index("ix_ledger_transactions_business_day", "business_day"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))  # top-up, pay-out, payment, refund, correction
    at: Mapped[datetime]
    business_day: Mapped[date | None] = mapped_column(Date)  # of a top-up or pay-out; bills and refunds have their own
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))  # who did it
    bill_id: Mapped[int | None] = mapped_column(ForeignKey("bills.id"), index=True)
    refund_id: Mapped[int | None] = mapped_column(ForeignKey("refunds.id"), index=True)
    note: Mapped[str] = mapped_column(String(200), default="")

    entries: Mapped[list[LedgerEntry]] = relationship(back_populates="transaction")


class LedgerEntry(Base):
    """An amount on one account, and the balance after it."""

    __tablename__ = "ledger_entries"
    __table_args__ = (Index("ix_ledger_entries_account_id_id", "account_id", "id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    transaction_id: Mapped[int] = mapped_column(ForeignKey("ledger_transactions.id"), index=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("ledger_accounts.id"))
    amount_minor: Mapped[int] = mapped_column(Minor)
    balance_after_minor: Mapped[int] = mapped_column(Minor)

    transaction: Mapped[LedgerTransaction] = relationship(back_populates="entries")
