"""What can be done with stock. The level of a product changes only here, together with its movement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Update, bindparam, select, update
from sqlalchemy.orm import Session

from shop_app.base import audit, quantities
from shop_app.base.db import amount_by, amounts_of, insert_into, now
from shop_app.base.errors import Conflict, Invalid, NotFound
from shop_app.base.models import Account, Product, StockMovement
from shop_app.base.permissions import Actor
from shop_app.base.text import _
from shop_app.notify import kinds
from shop_app.notify.outbox import notify
from shop_app.web.listing import Rows, SortColumn

MOST = 1_000_000  # pieces in one movement
INWARD = ("delivery", "return", "other")
OUTWARD = ("damage", "theft", "own-use", "other")

SORTS: dict[str, list[SortColumn]] = {
    "name": [Product.search, Product.id],
    "stock": [Product.stock, Product.id],
    "sku": [Product.sku],
}
_LOCKED = (
    select(Product.id, Product.name, Product.stock, Product.low_stock_level, Product.by_weight)
    .where(Product.id.in_(bindparam("products", expanding=True)))
    .order_by(Product.id).with_for_update()  # one order for all, so that two bills never wait in a ring
)  # fmt: skip
_ADD_MOVEMENTS = insert_into(StockMovement)
MOVEMENT_SORTS: dict[str, list[SortColumn]] = {"at": [StockMovement.at, StockMovement.id]}


@dataclass(frozen=True)
class Cause:
    """Why stock moves, and the bill or refund it belongs to."""

    reason: str
    note: str = ""
    bill_id: int | None = None
    refund_id: int | None = None


@dataclass(frozen=True)
class Change:
    """A change of a level whose row this transaction has locked; `note` makes it."""

    product_id: int
    name: str
    pieces: int  # or grams
    after: int
    low: int  # the level at whose crossing sales staff are told
    by_weight: bool = False


def search(state: str = "", *, searched: bool = False) -> Rows:
    """Products on sale by how many are left: low, out, or all; where `searched`, by what is typed, too."""
    query = select(
        Product.id, Product.sku, Product.barcode, Product.name, Product.stock, Product.low_stock_level, Product.by_weight,
    ).where(Product.active)  # fmt: skip
    if state == "low":
        query = query.where(Product.low_stock_level > 0, Product.stock <= Product.low_stock_level)
    elif state == "out":
        query = query.where(Product.stock <= 0)
    return query.where(Product.is_found()) if searched else query


def movements(product_id: int | None = None, reason: str = "") -> Rows:
    """Movements, of one product or of all, with who made them."""
    query = (
        select(
            StockMovement.at, StockMovement.product_id, StockMovement.change, StockMovement.stock_after,
            StockMovement.reason, StockMovement.note, Product.sku, Product.name, Product.by_weight,
            Account.name.label("account"),
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


def reserve(session: Session, pieces: Mapping[int, int], *, below_zero: bool = False) -> list[Change]:
    """Lock what is to be sold; the changes, for `note`. Too few: `Conflict` says of what, and how many are left."""
    changes = _locked(session, {product_id: -quantity for product_id, quantity in pieces.items()})
    for one in changes:
        if one.after < 0 and not below_zero:
            left = one.after - one.pieces
            raise Conflict(
                _("Nothing was sold: only %(left)s of %(name)s are left.", name=one.name,
                  left=quantities.shown(left, one.by_weight)),
                code="too-few", product_id=one.product_id, left=left,
            )  # fmt: skip
    return changes


def put(session: Session, actor: Actor, pieces: Mapping[int, int], cause: Cause) -> None:
    """Put pieces (by product id) back to the stock."""
    note(session, actor, _locked(session, pieces), cause)


def move(session: Session, actor: Actor, product_id: int, change: int, reason: str, remark: str = "") -> None:
    """Note a delivery, damage, theft and the like, of pieces or grams. `change` has the sign of what happens."""
    product = get_product(session, product_id)
    _check(product, abs(change), least=1)
    if reason not in (INWARD if change > 0 else OUTWARD):
        raise Invalid(_("This reason does not fit the direction."))
    if reason == "other" and not remark.strip():
        raise Invalid(_("Please write in the note what happened."))
    cause = Cause(reason, remark.strip())
    if change > 0:
        put(session, actor, {product_id: change}, cause)
    else:
        take(session, actor, {product_id: -change}, cause)
    audit.record(session, actor, "stock.moved", product, change=change, reason=reason)


def count(session: Session, actor: Actor, product_id: int, counted: int, seen: int, remark: str = "") -> None:
    """Set the level to what was counted, if it still is what the counter saw on the page."""
    product = get_product(session, product_id)
    _check(product, counted)
    changes = _locked(session, {product_id: counted - seen})
    if changes[0].after != counted:
        stock = quantities.shown(changes[0].after - changes[0].pieces, product.by_weight)
        raise Conflict(_("The stock changed to %(stock)s meanwhile. Please count again.", stock=stock))
    if counted == seen:
        return
    note(session, actor, changes, Cause("count", remark.strip()))
    audit.record(session, actor, "stock.counted", product, counted=counted, before=seen)


def set_low_level(session: Session, actor: Actor, product_id: int, level: int) -> None:
    """Set the level at whose crossing sales staff are told."""
    product = get_product(session, product_id)
    _check(product, level)
    audit.record(session, actor, "stock.level", product, level=level, before=product.low_stock_level)
    product.low_stock_level = level


def note(session: Session, actor: Actor, changes: Sequence[Change], cause: Cause) -> None:
    """Make changes with their movements, and tell sales staff whose level was crossed."""
    at = now()
    session.execute(_moving(len(changes)), amounts_of({one.product_id: one.pieces for one in changes}))
    session.execute(_ADD_MOVEMENTS, [_movement(actor, one, cause, at) for one in changes])
    for one in changes:
        if one.after <= one.low < one.after - one.pieces:
            _tell_low(session, one)


def _check(product: Product, quantity: int, least: int = 0) -> None:
    quantities.check(quantity, product.by_weight, quantities.MOST_GRAMS if product.by_weight else MOST, least)


def _locked(session: Session, pieces: Mapping[int, int]) -> list[Change]:
    rows = session.execute(_LOCKED, {"products": list(pieces)}).all()
    if len(rows) < len(pieces):
        raise NotFound(_("There is no such product."))
    return [
        Change(row.id, row.name, pieces[row.id], row.stock + pieces[row.id], row.low_stock_level, row.by_weight)
        for row in rows
    ]


@cache
def _moving(products: int) -> Update:
    ids, pieces = amount_by(Product.id, products)
    statement = update(Product).where(Product.id.in_(ids)).values(stock=Product.stock + pieces)
    return statement.execution_options(synchronize_session=False)


def _movement(actor: Actor, one: Change, cause: Cause, at: datetime) -> dict[str, Any]:
    return {
        "product_id": one.product_id, "change_": one.pieces, "stock_after": one.after, "reason": cause.reason,
        "note": cause.note[:200], "account_id": actor.account_id, "at": at, "bill_id": cause.bill_id,
        "refund_id": cause.refund_id,
    }  # fmt: skip


def _tell_low(session: Session, one: Change) -> None:
    notify(session, kinds.LOW_STOCK, product=one.product_id, name=one.name, left=one.after, by_weight=one.by_weight)
