"""The shop itself, its counters, and the answers kept for requests that come twice."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shop_app.base.db import Base, Id, exact


class ShopProfile(Base):
    """What an admin sets about the shop; one row."""

    __tablename__ = "shop_profile"
    __table_args__ = (
        CheckConstraint("id = 1", name="one_shop"),
        CheckConstraint("sell_below_zero IN ('block','warn','allow')", name="sell_below_zero"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(120))
    address: Mapped[str] = mapped_column(String(300), default="")
    tax_number: Mapped[str] = mapped_column(String(60), default="")
    receipt_note: Mapped[str] = mapped_column(String(300), default="")
    currency: Mapped[str] = mapped_column(String(3), default="EUR")
    time_zone: Mapped[str] = mapped_column(String(60), default="UTC")
    country: Mapped[str] = mapped_column(String(2), default="", server_default="")  # whose telephone numbers need no +
    locale: Mapped[str] = mapped_column(String(10), default="en")
    prices_include_tax: Mapped[bool] = mapped_column(default=True)
    sell_below_zero: Mapped[str] = mapped_column(String(10), default="warn")
    scale_labels: Mapped[str] = mapped_column(String(200), default="")  # layouts, see `barcodes.label`
    escalate_after_seconds: Mapped[int] = mapped_column(default=60)
    silent_after_seconds: Mapped[int] = mapped_column(default=30)
    day_begins: Mapped[str] = mapped_column(
        String(5), default="00:00"
    )  # HH:MM: what is sold before is of the day before
    night_from: Mapped[str] = mapped_column(String(5), default="22:00")  # the shop's own hours of night, HH:MM
    night_to: Mapped[str] = mapped_column(String(5), default="06:00")
    canned_replies: Mapped[str] = mapped_column(
        String(2000), default="", server_default=""
    )  # to complaints, one a line
    registration_open: Mapped[bool] = mapped_column(default=True)
    webhook_url: Mapped[str] = mapped_column(String(500), default="")
    webhook_secret: Mapped[str] = mapped_column(String(255), default="")  # encrypted with the vault key
    updated_at: Mapped[datetime]


class Counter(Base):
    """A number without gaps: counted up inside the transaction that uses it."""

    __tablename__ = "counters"

    name: Mapped[str] = mapped_column(exact(40), primary_key=True)
    value: Mapped[int] = mapped_column(Id)


class IdempotencyKey(Base):
    """The first answer to a request that may come twice; kept at least a day, per person and route."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (UniqueConstraint("account_id", "route", "key"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    route: Mapped[str] = mapped_column(exact(60))
    key: Mapped[str] = mapped_column(exact(64))
    body_hash: Mapped[str] = mapped_column(exact(64))
    status: Mapped[int | None]  # null while the first is still running
    answer: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    note: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(index=True)
