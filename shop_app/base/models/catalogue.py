"""What the shop sells: products and their tax classes."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Index, String, Text, select
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from shop_app.base.db import Base, Id, Minor, exact
from shop_app.base.search import TYPED_CODES, folded, found_in

SEARCHED = 220  # signs


class TaxClass(Base):
    """A rate of tax, in basis points: 1900 = 19 %."""

    __tablename__ = "tax_classes"
    __table_args__ = (CheckConstraint("basis_points BETWEEN 0 AND 10000", name="rate"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(60), unique=True)
    basis_points: Mapped[int]


class Product(Base):
    """Something sold by the piece or by weight: then its price is that of a kilogram, and quantities are in grams.

    `stock` changes only together with a StockMovement, `rating_*` with a Rating.
    """

    __tablename__ = "products"
    __table_args__ = (
        CheckConstraint("price_minor >= 0", name="price"),
        CheckConstraint("low_stock_level >= 0", name="low_stock_level"),
        Index("ix_products_active_search", "active", "search"),
        Index("ix_products_category_active_search", "category", "active", "search"),
        Index("ix_products_rating_count_search", "rating_count", "search"),
        Index("ix_products_active_price_minor_search", "active", "price_minor", "search"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    sku: Mapped[str] = mapped_column(exact(40), unique=True)
    barcode: Mapped[str | None] = mapped_column(exact(32), unique=True)
    name: Mapped[str] = mapped_column(String(160))
    search: Mapped[str] = mapped_column(exact(SEARCHED))  # name and SKU, folded: to be found and sorted by
    description: Mapped[str] = mapped_column(Text, default="")
    category: Mapped[str] = mapped_column(String(80), default="")
    price_minor: Mapped[int] = mapped_column(
        Minor
    )  # what the customer pays, or net: see ShopProfile.prices_include_tax
    cost_minor: Mapped[int | None] = mapped_column(Minor)
    tax_class_id: Mapped[int] = mapped_column(ForeignKey("tax_classes.id"))
    picture: Mapped[str | None] = mapped_column(String(80))  # generated file name below media/products
    active: Mapped[bool] = mapped_column(default=True)
    by_weight: Mapped[bool] = mapped_column(default=False)  # fixed from its first movement of stock on
    stock: Mapped[int] = mapped_column(default=0)
    low_stock_level: Mapped[int] = mapped_column(default=0)  # a notice is sent when the stock crosses it downwards
    rating_count: Mapped[int] = mapped_column(default=0)  # both are sums over its ratings
    rating_stars: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column(default=1)  # a stale edit is refused
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    tax_class: Mapped[TaxClass] = relationship()

    @classmethod
    def is_found(cls) -> ColumnElement[bool]:
        """That name or SKU contains what is typed, or the barcode is that."""
        scanned = (
            select(cls.id).where(cls.barcode.in_(TYPED_CODES)).limit(1).scalar_subquery()
        )  # read once, not from each product's row
        return found_in(cls.search) | (cls.id == scanned)

    @validates("name", "sku")
    def _keep_search(self, changed: str, value: str) -> str:
        words = {"name": self.name, "sku": self.sku, changed: value}
        self.search = folded(*words.values())[:SEARCHED]
        return value
