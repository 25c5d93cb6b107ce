"""What can be done with products: found, added, changed, taken off sale, imported from CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session, joinedload

from shop_app.base import audit, money
from shop_app.base.db import changed_rows, now
from shop_app.base.errors import Conflict, Invalid, NotFound
from shop_app.base.models import Product, StockMovement, TaxClass
from shop_app.base.permissions import Actor
from shop_app.base.text import _
from shop_app.web.area import kept
from shop_app.web.listing import Rows, SortColumn, as_typed, once_per_filters

SORTS: dict[str, list[SortColumn]] = {
    "name": [Product.search, Product.id],
    "sku": [Product.sku],
    "price": [Product.price_minor, Product.search, Product.id],
    "stock": [Product.stock, Product.id],
}
_CATEGORIES = select(Product.category).where(Product.category != "").distinct().order_by(Product.category)
LARGEST_IMPORT = 10_000  # rows
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
    low_stock_level: int = 0


@once_per_filters
def search(category: str = "", state: str = "active", *, searched: bool = False) -> Rows:
    """Products as rows; where `searched`, those with what is typed in name, SKU or barcode."""
    query = select(
        Product.id, Product.sku, Product.barcode, Product.name, Product.category, Product.price_minor, Product.picture,
        Product.stock, Product.low_stock_level, Product.active, TaxClass.name.label("tax"),
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
    _check(entry)
    at = now()
    product = Product(created_at=at, updated_at=at, active=True, stock=opening_stock, version=1)
    _describe(product, entry)
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
    _check(entry)
    stamp = update(Product).where(Product.id == product.id, Product.version == version)
    if changed_rows(session, stamp.values(version=version + 1, updated_at=now())) != 1:
        raise Conflict(_("Not saved: somebody else has changed this product meanwhile. Open it again."))
    before = product.price_minor
    session.refresh(product)
    _describe(product, entry)
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


@dataclass(frozen=True)
class RowProblem:
    """Why a row of an import cannot be used; `line` counts from 1, the head included."""

    line: int
    sku: str
    problem: str


def import_csv(session: Session, actor: Actor, content: bytes, currency: str) -> tuple[int, int, list[RowProblem]]:
    """Add and change products from CSV; with one bad row nothing is taken. Returns added, changed, problems.

    What a file has no column for stays as it is; `stock` counts for new products alone.
    """
    rows = _read_csv(content)
    classes = {c.name.casefold(): c.id for c in session.scalars(select(TaxClass))}
    present = {p.sku: p for p in session.scalars(select(Product))}
    added = changed = 0
    problems: list[RowProblem] = []
    seen: set[str] = set()
    for line, row in rows:
        sku = as_typed((row.get("sku") or "").strip())
        try:
            entry, stock = _entry(row, classes, currency, present.get(sku))
            if sku in seen:
                raise Invalid(_("This SKU stands in the file twice."))
            seen.add(sku)
            if sku in present and entry == _entry_of(present[sku]):
                continue
            with session.begin_nested():  # a bad row must not hide what is wrong with the next
                if sku in present:
                    edit(session, actor, present[sku], entry, version=present[sku].version)
                else:
                    add(session, actor, entry, opening_stock=stock)
            added, changed = added + (sku not in present), changed + (sku in present)
        except (Invalid, Conflict) as problem:
            problems.append(RowProblem(line, sku, problem.detail))
            session.expire_all()
    return added, changed, problems


def _read_csv(content: bytes) -> list[tuple[int, dict[str, str]]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid(_("Nothing was imported: the file is not UTF-8 text.")) from None
    head = text.split("\n", 1)[0]
    reader = csv.DictReader(io.StringIO(text), delimiter=";" if head.count(";") > head.count(",") else ",")
    try:
        reader.fieldnames = [name.strip().casefold() for name in reader.fieldnames or []]
        missing = {"sku", "name", "price", "tax"} - set(reader.fieldnames)
        rows = [(reader.line_num, row) for row in reader]
    except csv.Error as error:
        raise Invalid(
            _("Nothing was imported: line %(line)s is not CSV (%(why)s).", line=reader.line_num, why=error)
        ) from None
    if missing:
        raise Invalid(_("Nothing was imported: the columns %(names)s are missing.", names=", ".join(sorted(missing))))
    if len(rows) > LARGEST_IMPORT:
        raise Invalid(_("Nothing was imported: at most %(n)s rows at a time.", n=LARGEST_IMPORT))
    return rows


def _entry(row: dict[str, str], classes: dict[str, int], currency: str, present: Product | None) -> tuple[Entry, int]:
    cells = {name: as_typed(text.strip()) for name, text in row.items() if isinstance(text, str)}
    tax = cells.get("tax", "")
    if tax.casefold() not in classes:
        raise Invalid(_("There is no tax class “%(name)s”.", name=tax))
    said: dict[str, Any] = {name: cells[name] for name in ("barcode", "category", "description") if name in cells}
    if "cost" in cells:
        said["cost_minor"] = money.to_minor(cells["cost"], currency) if cells["cost"] else None
    if "low_stock_level" in cells:
        said["low_stock_level"] = _whole(cells["low_stock_level"] or "0")
    before = _entry_of(present) if present else Entry("", "", 0, 0)
    entry = replace(
        before, sku=cells.get("sku", ""), name=cells.get("name", ""), tax_class_id=classes[tax.casefold()],
        price_minor=money.to_minor(cells.get("price", ""), currency), **said,
    )  # fmt: skip
    _check(entry)
    return entry, _whole(cells.get("stock") or "0")


def _entry_of(product: Product) -> Entry:
    return Entry(
        product.sku, product.name, product.price_minor, product.tax_class_id, product.barcode or "", product.description,
        product.category, product.cost_minor, product.low_stock_level,
    )  # fmt: skip


def _whole(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 8:
        raise Invalid(_("“%(found)s” is not a whole number from 0.", found=text))
    return int(text)


def _check(entry: Entry) -> None:
    if not entry.sku.strip() or len(entry.sku) > 40 or not entry.sku.isprintable():
        raise Invalid(_("A SKU of at most 40 signs is needed."))
    if not entry.name.strip() or len(entry.name) > 160:
        raise Invalid(_("A name of at most 160 signs is needed."))
    if len(entry.barcode) > 32 or len(entry.category) > 80 or len(entry.description) > 5000:
        raise Invalid(_("Barcode, category or description is too long."))
    if not 0 <= entry.price_minor <= money.LARGEST or not 0 <= (entry.cost_minor or 0) <= money.LARGEST:
        raise Invalid(_("A price cannot be below zero."))
    if not 0 <= entry.low_stock_level <= 10**8:
        raise Invalid(_("The level of low stock cannot be below zero."))


def _describe(product: Product, entry: Entry) -> None:
    product.sku, product.name = entry.sku.strip(), entry.name.strip()
    product.barcode = entry.barcode.strip() or None
    product.description, product.category = entry.description.strip(), entry.category.strip()
    product.price_minor, product.cost_minor = entry.price_minor, entry.cost_minor
    product.tax_class_id, product.low_stock_level = entry.tax_class_id, entry.low_stock_level
    product.updated_at = now()


def _flush(session: Session) -> None:
    try:
        session.flush()
    except (IntegrityError, OperationalError) as error:
        text = str(error.orig).lower()
        if "sku" in text or "barcode" in text:
            raise Conflict(_("Not saved: there is a product with this SKU or barcode already.")) from None
        raise
