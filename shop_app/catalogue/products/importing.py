"""Products from a CSV file: all rows, or none and what is wrong with each bad one."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop_app.base import barcodes, money, quantities
from shop_app.base.errors import Conflict, Invalid
from shop_app.base.models import Product, TaxClass
from shop_app.base.permissions import Actor
from shop_app.base.text import _, locale_name
from shop_app.catalogue.products.service import Entry, add, check, edit
from shop_app.web.listing import as_typed
from shop_app.web.spreadsheets import read_table

COLUMNS = {"sku", "name", "price", "tax"}  # without which no product can be made
MOST_ROWS = 10_000
MOST = 10**8 - 1  # pieces or grams
UNITS = ("piece", "kg")  # by whether it is sold by weight


@dataclass(frozen=True)
class RowProblem:
    """Why a row of an import cannot be used; `line` counts from 1, the head included."""

    line: int
    sku: str
    problem: str


@dataclass
class Import:
    """What an import has done, or would do: with `problems` nothing is taken."""

    added: int = 0
    changed: int = 0
    problems: list[RowProblem] = field(default_factory=list)
    barcodes: list[tuple[str, str, str]] = field(default_factory=list)  # of known products: SKU, before, after


@dataclass(frozen=True)
class _Shop:
    """What the rows are compared with."""

    currency: str
    classes: dict[str, int]  # tax classes by folded name
    products: dict[str, Product]  # by SKU
    bare: dict[str, str]  # SKU by itself without zeros in front


def import_csv(session: Session, actor: Actor, content: bytes, currency: str) -> Import:
    """Add and change products; the caller rolls back where there are problems.

    What a file has no column for stays as it is; `stock` counts for new products alone.
    """
    products = {p.sku: p for p in session.scalars(select(Product))}
    classes = {c.name.casefold(): c.id for c in session.scalars(select(TaxClass))}
    shop = _Shop(currency, classes, products, {sku.lstrip("0"): sku for sku in products if sku.isdigit()})
    done = Import()
    seen: set[str] = set()
    for line, row in read_table(content, COLUMNS, MOST_ROWS):
        sku = as_typed((row.get("sku") or "").strip())
        try:
            if sku in seen:
                raise Invalid(_("This SKU stands in the file twice."))
            seen.add(sku)
            _take(session, actor, shop, row, done)
        except (Invalid, Conflict) as problem:
            done.problems.append(RowProblem(line, sku, problem.detail))
            session.expire_all()
    return done


def _take(session: Session, actor: Actor, shop: _Shop, row: dict[str, str], done: Import) -> None:
    cells = {name: as_typed(text.strip()) for name, text in row.items() if isinstance(text, str)}
    present = shop.products.get(cells.get("sku", ""))
    before = _entry_of(present) if present else Entry("", "", 0, 0)
    entry = _entry(cells, shop, before)
    stock = quantities.read(cells.get("stock") or "0", entry.by_weight, MOST)
    if entry == before:
        return
    _check_codes(entry, before, shop)
    with session.begin_nested():  # a bad row must not hide what is wrong with the next
        if present is None:
            add(session, actor, entry, opening_stock=stock)
        else:
            edit(session, actor, present, entry, version=present.version)
    done.added, done.changed = done.added + (present is None), done.changed + (present is not None)
    if before.barcode and entry.barcode != before.barcode:
        done.barcodes.append((entry.sku, before.barcode, entry.barcode))


def _entry(cells: dict[str, str], shop: _Shop, before: Entry) -> Entry:
    tax = cells.get("tax", "")
    if tax.casefold() not in shop.classes:
        raise Invalid(_("There is no tax class “%(name)s”. Write its name as in the settings.", name=tax))
    said: dict[str, Any] = {name: cells[name] for name in ("barcode", "category", "description") if name in cells}
    if "cost" in cells:
        said["cost_minor"] = money.to_minor(cells["cost"], shop.currency, locale_name()) if cells["cost"] else None
    said["by_weight"] = by_weight = _is_weighed(cells.get("unit", ""), before)
    if "low_stock_level" in cells:
        said["low_stock_level"] = quantities.read(cells["low_stock_level"] or "0", by_weight, MOST)
    entry = replace(
        before, sku=cells.get("sku", ""), name=cells.get("name", ""), tax_class_id=shop.classes[tax.casefold()],
        price_minor=money.to_minor(cells.get("price", ""), shop.currency, locale_name()), **said,
    )  # fmt: skip
    check(entry)
    return entry


def _check_codes(entry: Entry, before: Entry, shop: _Shop) -> None:
    """Refuses what a spreadsheet has made of a code; the code that a product has already is taken as it is."""
    known = shop.bare.get(entry.sku.lstrip("0"), entry.sku) if entry.sku.isdigit() else entry.sku
    if not before.sku and known != entry.sku:
        raise Invalid(_("There is a product %(sku)s already. A spreadsheet takes zeros in front of a number away: "
                        "format the column as text.", sku=known))  # fmt: skip
    code = entry.barcode
    if not code or code == before.barcode:
        return
    if barcodes.is_damaged(code) or (code.isdigit() and code == before.barcode.lstrip("0")):
        raise Invalid(_("%(code)s is not a whole barcode: digits are missing or rounded. Spreadsheets do this to long "
                        "numbers; format the column as text.", code=code))  # fmt: skip


def _entry_of(product: Product) -> Entry:
    return Entry(
        product.sku, product.name, product.price_minor, product.tax_class_id, product.barcode or "", product.description,
        product.category, product.cost_minor, product.low_stock_level,
        product.by_weight,
    )  # fmt: skip


def _is_weighed(unit: str, before: Entry) -> bool:
    if not unit:
        return before.by_weight
    if unit.casefold() not in UNITS:
        raise Invalid(_("“%(found)s” is not a unit. Write piece or kg.", found=unit[:20]))
    return unit.casefold() == "kg"
