"""What can be done with products."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import joinedload

from shop_app.listing import SortColumn, contains
from shop_app.models import Product

SORTS: dict[str, list[SortColumn]] = {
    "name": [Product.name, Product.id],
    "sku": [Product.sku],
    "price": [Product.price_minor, Product.id],
    "stock": [Product.stock, Product.id],
}


def search(text: str = "", category: str = "", state: str = "active") -> Select[Any]:
    """Products whose name, SKU or barcode contains `text`."""
    query = select(Product).options(joinedload(Product.tax_class))
    if text:
        query = query.where(or_(contains(Product.name, text), contains(Product.sku, text), Product.barcode == text))
    if category:
        query = query.where(Product.category == category)
    if state in {"active", "disabled"}:
        query = query.where(Product.active.is_(state == "active"))
    return query
