"""Why the stock of a product changed: one row per change, never edited."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop_app.base.db import Base, Id
from shop_app.base.models.accounts import Account
from shop_app.base.models.catalogue import Product


class StockMovement(Base):
    """A change of stock, who made it and why, and the level after it."""

    __tablename__ = "stock_movements"
    __table_args__ = (
        CheckConstraint(
            "reason IN ('delivery','count','sale','return','damage','theft','own-use','other')", name="reason"
        ),
        CheckConstraint("change_ <> 0", name="change"),
        Index("ix_stock_movements_product_id_at", "product_id", "at"),
        Index("ix_stock_movements_reason_at", "reason", "at"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"))
    change: Mapped[int] = mapped_column("change_")  # CHANGE is a reserved word in MariaDB
    stock_after: Mapped[int]
    reason: Mapped[str] = mapped_column(String(20))
    note: Mapped[str] = mapped_column(String(200), default="")
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    at: Mapped[datetime] = mapped_column(index=True)
    bill_id: Mapped[int | None] = mapped_column(ForeignKey("bills.id"))
    refund_id: Mapped[int | None] = mapped_column(ForeignKey("refunds.id"))

    product: Mapped[Product] = relationship()
    account: Mapped[Account] = relationship()
