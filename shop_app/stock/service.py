"""What can be done with stock. The level of a product changes only here, together with its movement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from shop_app import audit
from shop_app.db import changed_rows, now
from shop_app.errors import Conflict, Invalid, NotFound
from shop_app.listing import Rows, SortColumn, contains
from shop_app.messages import notify
from shop_app.models import Account, Product, StockMovement
from shop_app.permissions import Role
from shop_app.text import _
from shop_app.web import Actor

MOST = 1_000_000  # pieces in one movement
INWARD = ("delivery", "return", "other")
OUTWARD = ("damage", "theft", "own-use", "other")

SORTS: dict[str, list[SortColumn]] = {
    "name": [Product.name, Product.id],
    "stock": [Product.stock, Product.id],
    "sku": [Product.sku],
}
MOVEMENT_SORTS: dict[str, list[SortColumn]] = {"at": [StockMovement.at, StockMovement.id]}


@dataclass(frozen=True)
class Cause:
    """Why stock moves, and the bill or refund it belongs to."""

    reason: str
    note: str = ""
    bill_id: int | None = None
    refund_id: int | None = None


def search(text: str = "", state: str = "") -> Rows:
    """Products on sale by text, and by how many are left: low, out, or all."""
    query = select(
        Product.id, Product.sku, Product.barcode, Product.name, Product.stock, Product.low_stock_level
    ).where(Product.active)
    if text:
        query = query.where(contains(Product.name, text) | contains(Product.sku, text) | (Product.barcode == text))
    if state == "low":
        query = query.where(Product.low_stock_level > 0, Product.stock <= Product.low_stock_level)
    elif state == "out":
        query = query.where(Product.stock <= 0)
    return query


def movements(product_id: int | None = None, reason: str = "") -> Rows:
    """Movements, of one product or of all, with who made them."""
    query = (
        select(
            StockMovement.at, StockMovement.product_id, StockMovement.change, StockMovement.stock_after,
            StockMovement.reason, StockMovement.note, Product.sku, Product.name, Account.name.label("account"),
        ).outerjoin(StockMovement.product).outerjoin(StockMovement.account)
    )  # fmt: skip
    if product_id is not None:
        query = query.where(StockMovement.product_id == product_id)
    if reason:
        query = query.where(StockMovement.reason == reason)
    return query


def get_product(session: Session, product_id: int) -> Product:
    """The product, or `NotFound`."""
    product = session.get(Product, product_id)
    if product is None:
        raise NotFound(_("There is no such product."))
    return product


def take(session: Session, actor: Actor, pieces: Mapping[int, int], cause: Cause, *, below_zero: bool = False) -> None:
    """Take pieces (by product id) off the stock and note why; all or nothing."""
    note(session, actor, reserve(session, pieces, below_zero=below_zero), cause)


def reserve(session: Session, pieces: Mapping[int, int], *, below_zero: bool = False) -> dict[int, int]:
    """Take pieces off the stock; the changes, for `note`. Too few: `Conflict` says of what, and how many are left."""
    for product_id, quantity in sorted(pieces.items()):  # one order for all, so that two bills never wait in a ring
        if not _change(session, product_id, -quantity, below_zero=below_zero):
            product = get_product(session, product_id)
            session.refresh(product)
            raise Conflict(
                _("Nothing was sold: of %(name)s only %(left)s are left.", name=product.name, left=product.stock),
                code="too-few", product_id=product_id, left=product.stock,
            )  # fmt: skip
    return {product_id: -quantity for product_id, quantity in pieces.items()}


def put(session: Session, actor: Actor, pieces: Mapping[int, int], cause: Cause) -> None:
    """Put pieces (by product id) back to the stock."""
    for product_id, quantity in sorted(pieces.items()):
        _change(session, product_id, quantity, below_zero=True)
    note(session, actor, pieces, cause)


def move(session: Session, actor: Actor, product_id: int, change: int, reason: str, remark: str = "") -> None:
    """Note a delivery, damage, theft and the like. `change` has the sign of what happens to the stock."""
    get_product(session, product_id)
    if not change or abs(change) > MOST:
        raise Invalid(_("Nothing was changed: the number of pieces must be between 1 and 1,000,000."))
    if reason not in (INWARD if change > 0 else OUTWARD):
        raise Invalid(_("Nothing was changed: this reason does not fit the direction."))
    if reason == "other" and not remark.strip():
        raise Invalid(_("Nothing was changed: please write in the note what happened."))
    cause = Cause(reason, remark.strip())
    if change > 0:
        put(session, actor, {product_id: change}, cause)
    else:
        take(session, actor, {product_id: -change}, cause)
    audit.record(session, actor, "stock.moved", product_id, change=change, reason=reason)


def count(session: Session, actor: Actor, product_id: int, counted: int, seen: int, remark: str = "") -> None:
    """Set the level to what was counted, if it still is what the counter saw on the page."""
    product = get_product(session, product_id)
    if not 0 <= counted <= MOST:
        raise Invalid(_("Nothing was changed: the number counted must be between 0 and 1,000,000."))
    statement = update(Product).where(Product.id == product_id, Product.stock == seen).values(stock=counted)
    if counted == seen:
        return
    if changed_rows(session, statement.execution_options(synchronize_session=False)) != 1:
        session.refresh(product)
        raise Conflict(
            _("Nothing was changed: meanwhile the stock has become %(stock)s. Please count again.", stock=product.stock)
        )
    note(session, actor, {product_id: counted - seen}, Cause("count", remark.strip()))
    audit.record(session, actor, "stock.counted", product_id, counted=counted, before=seen)


def set_low_level(session: Session, actor: Actor, product_id: int, level: int) -> None:
    """Set the level at whose crossing sales staff are told."""
    product = get_product(session, product_id)
    if not 0 <= level <= MOST:
        raise Invalid(_("Nothing was changed: the level must be between 0 and 1,000,000."))
    audit.record(session, actor, "stock.level", product_id, level=level, before=product.low_stock_level)
    product.low_stock_level = level


def note(session: Session, actor: Actor, changes: Mapping[int, int], cause: Cause) -> None:
    """Write the movements of changes made in this transaction, and tell sales staff whose level was crossed."""
    at = now()
    # The rows are ours until the commit, so what is read here is the level after our own change.
    query = select(Product.id, Product.name, Product.stock, Product.low_stock_level).where(Product.id.in_(changes))
    rows = session.execute(query).all()
    session.execute(
        insert(StockMovement),
        [
            _movement(actor, product_id, changes[product_id], stock, cause, at)
            for product_id, _name, stock, _low in rows
        ],
    )
    for product_id, name, stock, low in rows:
        if stock <= low < stock - changes[product_id]:
            _tell_low(session, product_id, name, stock)


def _change(session: Session, product_id: int, change: int, *, below_zero: bool) -> bool:
    statement = update(Product).where(Product.id == product_id)
    if not below_zero:
        statement = statement.where(Product.stock >= -change)
    statement = statement.values(stock=Product.stock + change).execution_options(synchronize_session=False)
    return changed_rows(session, statement) == 1


def _movement(actor: Actor, product_id: int, change: int, after: int, cause: Cause, at: datetime) -> dict[str, Any]:
    return {
        "product_id": product_id, "change": change, "stock_after": after, "reason": cause.reason,
        "note": cause.note[:200], "account_id": actor.account_id, "at": at, "bill_id": cause.bill_id,
        "refund_id": cause.refund_id,
    }  # fmt: skip


def _tell_low(session: Session, product_id: int, name: str, stock: int) -> None:
    title = _("Sold out: %(name)s", name=name) if stock <= 0 else _("Low stock: %(name)s", name=name)
    body = _("%(stock)s left.", stock=stock)
    notify(session, title, body, role=Role.SALES, kind="low-stock", link=f"/stock/{product_id}")
