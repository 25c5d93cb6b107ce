"""Offers: proposed by sales, decided by an admin, live between two moments."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop_app.base.db import Base, Id, Minor
from shop_app.base.models.accounts import Account
from shop_app.base.models.catalogue import Product


class Offer(Base):
    """A discount on the products tied to it, or on all where none is. Ends at `ends_at`, exclusive."""

    __tablename__ = "offers"
    __table_args__ = (
        CheckConstraint("kind IN ('percent','amount','buy-x-get-y')", name="kind"),
        CheckConstraint("state IN ('proposed','approved','rejected','withdrawn')", name="state"),
        CheckConstraint("basis_points BETWEEN 0 AND 10000", name="basis_points"),
        CheckConstraint("amount_minor >= 0", name="amount"),
        CheckConstraint("ends_at > starts_at", name="dates"),
        CheckConstraint("decided_by_id IS NULL OR decided_by_id <> proposed_by_id", name="nobody_decides_their_own"),
        Index("ix_offers_state_starts_at_ends_at", "state", "starts_at", "ends_at"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    kind: Mapped[str] = mapped_column(String(20))
    basis_points: Mapped[int] = mapped_column(default=0)  # percent: 1500 = 15 %
    amount_minor: Mapped[int] = mapped_column(Minor, default=0)  # amount: off each piece
    buy_quantity: Mapped[int] = mapped_column(default=0)  # buy-x-get-y: of buy + get pieces, get are free
    get_quantity: Mapped[int] = mapped_column(default=0)
    stackable: Mapped[bool] = mapped_column(default=False)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(String(300), default="")  # why it was rejected
    proposed_by_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    created_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]

    products: Mapped[list[Product]] = relationship(secondary="offer_products")
    proposed_by: Mapped[Account] = relationship(foreign_keys=[proposed_by_id])
    decided_by: Mapped[Account | None] = relationship(foreign_keys=[decided_by_id])


class OfferProduct(Base):
    """A product in an offer."""

    __tablename__ = "offer_products"

    offer_id: Mapped[int] = mapped_column(ForeignKey("offers.id"), primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"), primary_key=True, index=True)
