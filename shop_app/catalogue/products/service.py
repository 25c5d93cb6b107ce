"""What can be done with products: found, added, changed, taken off sale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session, joinedload

from shop_app.base import audit, barcodes, money
from shop_app.base.db import changed_rows, now
from shop_app.base.errors import Conflict, Invalid, NotFound
from shop_app.base.models import Product, StockMovement, TaxClass
from shop_app.base.permissions import Actor
from shop_app.base.text import _
from shop_app.web.area import kept
from shop_app.web.listing import Rows, SortColumn

SORTS: dict[str, list[SortColumn]] = {
    "name": [Product.search, Product.id],
    "sku": [Product.sku],
    "price": [Product.price_minor, Product.search, Product.id],
    "stock": [Product.stock, Product.id],
}
_CATEGORIES = select(Product.category).where(Product.category != "").distinct().order_by(Product.category)
COMPLETED = 2000  # products that a field completes


@dataclass(frozen=True)
class Entry:
    """What an admin says of a product."""

    sku: str
    name: str
    price_minor: int
    tax_class_id: int
    barcode: str = ""
    description: str = ""
    category: str = ""
    cost_minor: int | None = None
    low_stock_level: int = 0  # pieces, or grams
    by_weight: bool = False


def search(category: str = "", state: str = "active", *, searched: bool = False) -> Rows:
    """Products as rows; where `searched`, those with what is typed in name, SKU or barcode."""
    query = select(
        Product.id, Product.sku, Product.barcode, Product.name, Product.category, Product.price_minor, Product.picture,
        Product.stock, Product.by_weight, Product.low_stock_level, Product.active, TaxClass.name.label("tax"),
    ).outerjoin(Product.tax_class)  # fmt: skip
    if category:
        query = query.where(Product.category == category)
    if state in {"active", "disabled"}:
        query = query.where(Product.active == (state == "active"))
    return query.where(Product.is_found()) if searched else query


def get(session: Session, product_id: int) -> Product:
    """One product."""
    product = session.get(Product, product_id, options=[joinedload(Product.tax_class)])
    if product is None:
        raise NotFound(_("There is no such product."))
    return product


def categories(session: Session) -> list[str]:
    """The names of all categories in use, as of at most five seconds ago: all products are read for them."""
    return kept("categories", 5, lambda: list(session.connection().scalars(_CATEGORIES).all()))


def on_sale(session: Session) -> Sequence[tuple[str, str]]:
    """SKU and name of what is on sale, for fields that complete what is typed; the first ones of a very large shop."""
    query = select(Product.sku, Product.name).where(Product.active).order_by(Product.search).limit(COMPLETED)
    return [(sku, name) for sku, name in session.execute(query)]


def count(session: Session) -> int:
    """How many products are on sale."""
    return session.scalars(select(func.count()).select_from(Product).where(Product.active)).one()


def add(session: Session, actor: Actor, entry: Entry, *, opening_stock: int = 0) -> Product:
    """A new product, with what lies on the shelf already."""
    check(entry)
    at = now()
    product = Product(created_at=at, updated_at=at, active=True, stock=opening_stock, version=1)
    _describe(product, entry)
    _check_barcode(session, product)
    session.add(product)
    _flush(session)
    if opening_stock:
        session.add(
            StockMovement(
                product_id=product.id, change=opening_stock, stock_after=opening_stock, reason="count",
                note="opening stock", account_id=actor.account_id, at=at,
            )
        )  # fmt: skip
    audit.record(session, actor, "product.added", product.sku, price_minor=product.price_minor)
    return product


def edit(session: Session, actor: Actor, product: Product, entry: Entry, *, version: int) -> None:
    """Change a product; refused where somebody else changed it since the page was opened."""
    check(entry)
    stamp = update(Product).where(Product.id == product.id, Product.version == version)
    if changed_rows(session, stamp.values(version=version + 1, updated_at=now())) != 1:
        raise Conflict(_("Not saved: somebody else has changed this product meanwhile. Open it again."))
    before = product.price_minor
    session.refresh(product)
    was = product.barcode
    _check_unit(session, product, entry)
    _describe(product, entry)
    if product.barcode != was:
        _check_barcode(session, product)
    _flush(session)
    audit.record(session, actor, "product.edited", product.sku, price_minor=product.price_minor, was_minor=before)


def set_active(session: Session, actor: Actor, product: Product, active: bool) -> None:
    """Take a product off sale, or put it back. It is never deleted: bills refer to it."""
    product.active = active
    audit.record(session, actor, "product.enabled" if active else "product.disabled", product.sku)


def set_picture(session: Session, actor: Actor, product: Product, name: str | None) -> None:
    """Tie a stored picture to a product."""
    product.picture = name
    audit.record(session, actor, "product.picture", product.sku)


def check(entry: Entry) -> None:
    """Refuses what no product can have."""
    if not entry.sku.strip() or len(entry.sku) > 40 or not entry.sku.isprintable():
        raise Invalid(_("Enter a SKU of at most 40 characters."))
    if not entry.name.strip() or len(entry.name) > 160:
        raise Invalid(_("Enter a name of at most 160 characters."))
    if len(entry.barcode) > 32 or len(entry.category) > 80 or len(entry.description) > 5000:
        raise Invalid(_("Barcode, category or description is too long."))
    if any(barcodes.is_number_form(code.strip()) for code in (entry.sku, entry.barcode)):
        raise Invalid(_("“%(code)s” is a number as a spreadsheet writes it. Format the column as text and enter the code "
                        "again.", code=entry.barcode.strip() or entry.sku.strip()))  # fmt: skip
    if not 0 <= entry.price_minor <= money.LARGEST or not 0 <= (entry.cost_minor or 0) <= money.LARGEST:
        raise Invalid(_("A price cannot be below zero."))
    if not 0 <= entry.low_stock_level <= 10**8:
        raise Invalid(_("The level of low stock cannot be below zero."))


def _check_unit(session: Session, product: Product, entry: Entry) -> None:
    moved = select(StockMovement.id).where(StockMovement.product_id == product.id).limit(1)
    if entry.by_weight != product.by_weight and session.scalars(moved).first() is not None:
        raise Conflict(_("Pieces cannot turn into kilograms once there were stock or sales. Add a new product, and "
                         "discontinue this one."), field="by_weight")  # fmt: skip


def _describe(product: Product, entry: Entry) -> None:
    product.sku, product.name = entry.sku.strip(), entry.name.strip()
    product.barcode = entry.barcode.strip() or None
    product.description, product.category = entry.description.strip(), entry.category.strip()
    product.price_minor, product.cost_minor = entry.price_minor, entry.cost_minor
    product.tax_class_id, product.low_stock_level = entry.tax_class_id, entry.low_stock_level
    product.by_weight = entry.by_weight
    product.updated_at = now()


def _check_barcode(session: Session, product: Product) -> None:
    """Refuses a code that another product has in another form: a scanner would find either."""
    if product.barcode is None:
        return
    others = select(Product.sku).where(
        Product.barcode.in_(barcodes.forms(product.barcode)), Product.id != (product.id or 0)
    )
    with session.no_autoflush:
        sku = session.scalars(others).first()
    if sku is not None:
        raise Conflict(_("The product %(sku)s has this barcode already.", sku=sku))


def _flush(session: Session) -> None:
    try:
        session.flush()
    except (IntegrityError, OperationalError) as error:
        text = str(error.orig).lower()
        if "sku" in text or "barcode" in text:
            raise Conflict(_("There is a product with this SKU or barcode already.")) from None
        raise
