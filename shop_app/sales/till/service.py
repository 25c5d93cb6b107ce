"""The cart of a till. It is kept on the server, so that a browser that dies loses nothing.

A cart's key is made with the cart, not with the click that pays: two tabs, a double click or a lost answer end in one bill.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, and_, bindparam, func, select
from sqlalchemy.orm import Session, joinedload

from shop_app.accounts import service as accounts
from shop_app.base import audit, barcodes, money, quantities
from shop_app.base.db import now
from shop_app.base.errors import Conflict, Forbidden, Invalid, NotFound
from shop_app.base.models import Account, Bill, BillLine, HeldCart, LedgerAccount, Product, ShopProfile, TaxClass
from shop_app.base.permissions import Actor, Permission, Role
from shop_app.base.search import AS_TYPED, typed
from shop_app.base.text import _
from shop_app.catalogue.offers.pricing import Item, PricedCart, price_cart
from shop_app.catalogue.offers.service import live
from shop_app.sales.bills.service import Sale, Tender, sell
from shop_app.sales.wallet import ledger
from shop_app.web import idempotency

MOST_LINES = 200
MOST_PIECES = 9_999
MOST_GRAMS = 100_000  # of a weighing: 512 is meant in grams, and no half a ton
NEW = -1  # a further weighing
RECENT_BILLS = 500  # among which what is often sold is counted
OFTEN = 10
ROUTE = "till.pay"
FORGOTTEN = timedelta(minutes=30)  # without a touch, until a cart that is filled at another till may be taken up here
_CART = (
    select(HeldCart).where(HeldCart.cashier_id == bindparam("cashier"), HeldCart.key == bindparam("cart"))
    .with_for_update()
)  # fmt: skip
_FILLING = (
    select(HeldCart)
    .where(
        HeldCart.cashier_id == bindparam("cashier"),
        HeldCart.place.in_((bindparam("place"), "")),  # those without a place were begun before there were places
        HeldCart.on_hold.is_(False),
    )
    .order_by(HeldCart.updated_at.desc(), HeldCart.id.desc())
)
_IS_FORGOTTEN = and_(
    HeldCart.cashier_id == bindparam("cashier"), HeldCart.place != bindparam("place"), HeldCart.place != "",
    HeldCart.updated_at < bindparam("touched"),
)  # fmt: skip
_WAITING = (
    select(HeldCart).options(joinedload(HeldCart.cashier)).where(HeldCart.on_hold | _IS_FORGOTTEN)
    .order_by(HeldCart.cashier_id != bindparam("cashier"), HeldCart.id)
)  # fmt: skip
_GOODS = select(
    Product.id, Product.sku, Product.barcode, Product.name, Product.price_minor, Product.stock, Product.by_weight,
    TaxClass.name.label("tax_name"), TaxClass.basis_points.label("tax_basis_points"),
).join(Product.tax_class)  # fmt: skip
_GOODS_IN_CART = _GOODS.where(Product.id.in_(bindparam("products", expanding=True)))
_GOODS_ON_SALE = _GOODS.where(Product.id == bindparam("product"), Product.active)
_GOODS_OF_CODE = _GOODS.where(
    Product.barcode.in_(bindparam("codes", expanding=True)) | Product.sku.in_(bindparam("skus", expanding=True)),
    Product.active,
)

Goods = Row[*tuple[Any, ...]]  # a product with its price, stock and tax of this moment


@dataclass(frozen=True)
class CartView:
    """A cart with its prices of this moment."""

    cart: HeldCart
    priced: PricedCart
    stock: dict[int, int]  # left, by product id
    customer: Account | None
    wallet_minor: int


def open_cart(session: Session, actor: Actor, place: str) -> HeldCart:
    """The cart that this cashier is filling at this till: two tills of one account have two.

    Of several that are being filled (two pages opened at once) it is the last touched; where there is none, a new one.
    """
    found = session.scalars(_FILLING, {"cashier": actor.account_id, "place": place}).first()
    return found or _new_cart(session, actor, place)


def waiting(session: Session, actor: Actor, place: str) -> Sequence[HeldCart]:
    """The carts that may be taken up at this till, this cashier's first: on hold, or forgotten at another till."""
    found = session.scalars(
        _WAITING, {"cashier": actor.account_id, "place": place, "touched": now() - FORGOTTEN}
    )  # fmt: skip
    return [cart for cart in found if cart.lines]


def get_cart(session: Session, actor: Actor, key: str) -> HeldCart:
    """This cashier's cart by its key, locked until the end of the transaction."""
    cart = session.scalars(_CART, {"cashier": actor.account_id, "cart": key}).first()
    if cart is None:
        raise NotFound(_("This cart is not open any more: it was paid or cleared, perhaps in another tab."))
    return cart


def add(session: Session, actor: Actor, key: str, code: str, shop: ShopProfile) -> tuple[HeldCart, Goods]:
    """Add what a scanner read: a barcode, the label of a scale or a SKU; `3*code` for three, `0.512*code` by weight.

    Returns the cart, and what came into it.
    """
    quantity, weight = 1, ""
    times, star, rest = code.strip().partition("*")
    if star and times.isascii() and times.isdigit() and rest:
        quantity, code = int(times[:6]), rest
        if not quantity:
            raise Invalid(_("A line has 1 to %(most)s pieces.", most=MOST_PIECES))
    elif star and rest and quantities.is_weight(times):
        weight, code = times, rest
    goods, label = _by_code(session, code.strip(), shop)
    return _added(session, actor, key, goods, quantity, weight, label)


def add_product(
    session: Session, actor: Actor, key: str, product_id: int, quantity: int = 1, weight: str = ""
) -> tuple[HeldCart, Goods]:
    """Add a product chosen from the search, goods by weight with the `weight` as typed. Returns as `add`."""
    goods = session.execute(_GOODS_ON_SALE, {"product": product_id}).first()
    if goods is None:
        raise NotFound(_("This product is discontinued."))
    return _added(session, actor, key, goods, quantity, weight)


def set_quantity(
    session: Session, actor: Actor, key: str, product_id: int, quantity: int, weight: str = "", line: int = 0
) -> HeldCart:
    """Set how many pieces a line has, or the weight of a weighing, as typed; 0 pieces take either out."""
    if weight and not line:
        raise _no_weight()
    if line and quantity:
        quantity = _grams(weight)
    change = {"quantity": quantity, "label_minor": None} if line else {"quantity": quantity}
    return _alter(session, actor, key, product_id, lambda one: one | change, may_begin=not quantity, line=line)


def set_discount(
    session: Session, actor: Actor, key: str, product_id: int, basis_points: int, line: int = 0
) -> HeldCart:
    """Give a discount on a line, 0 to 100 %; a right of its own."""
    if not actor.can(Permission.TILL_DISCOUNT):
        raise Forbidden(_("Your account may not give discounts."))
    if not 0 <= basis_points <= 10_000:
        raise Invalid(_("A discount is between 0 and 100 %."))
    return _alter(session, actor, key, product_id, lambda one: one | {"discount": basis_points}, line=line)


def set_customer(session: Session, actor: Actor, key: str, customer_id: int | None) -> HeldCart:
    """Say whose bill this is."""
    cart = get_cart(session, actor, key)
    if customer_id is not None:
        accounts.lock_customer(session, customer_id)
        customer = session.get(Account, customer_id)
        if customer is None or customer.role != Role.CUSTOMER or not customer.active:
            raise NotFound(_("There is no such customer."))
    cart.customer_id, cart.updated_at = customer_id, now()
    return cart


def hold(session: Session, actor: Actor, key: str, label: str = "") -> HeldCart:
    """Put the cart aside; returns a fresh one."""
    cart = get_cart(session, actor, key)
    if not cart.lines:
        raise Conflict(_("The cart is empty."))
    cart.on_hold, cart.label, cart.updated_at = True, label.strip()[:80], now()
    session.flush()
    return _new_cart(session, actor, cart.place)


def resume(session: Session, actor: Actor, key: str, place: str) -> HeldCart:
    """Take a cart up again, a colleague's too; the one being filled is put aside, or dropped where it is empty."""
    query = select(HeldCart).where(HeldCart.key == key, HeldCart.on_hold | (HeldCart.cashier_id == actor.account_id))
    cart = session.scalars(query.with_for_update()).first()
    if cart is None:
        raise NotFound(_("This cart is not open any more: it was paid or cleared, perhaps in another tab."))
    here = {"cashier": actor.account_id, "place": place}
    for other in session.scalars(_FILLING.where(HeldCart.id != cart.id).with_for_update(), here):
        if other.lines:
            other.on_hold, other.updated_at = True, now()
        else:
            session.delete(other)
    if cart.cashier_id != actor.account_id:
        audit.record(session, actor, "cart.taken-over", cart.key[:8], cashier=cart.cashier_id)
    cart.cashier_id, cart.place, cart.on_hold, cart.updated_at = actor.account_id, place, False, now()
    return cart


def clear(session: Session, actor: Actor, key: str) -> HeldCart:
    """Give the cart up; returns a fresh one."""
    cart = get_cart(session, actor, key)
    session.delete(cart)
    session.flush()
    return _new_cart(session, actor, cart.place)


def look(session: Session, cart: HeldCart, shop: ShopProfile, at: datetime, known: Goods | None = None) -> CartView:
    """The cart with its prices, offers and stock of this moment; `known` was read in this transaction already."""
    goods = {known.id: known} if known is not None else {}
    unknown = [line["product_id"] for line in cart.lines if line["product_id"] not in goods]
    if unknown:
        goods |= {one.id: one for one in session.execute(_GOODS_IN_CART, {"products": unknown})}
    pairs = [(goods[line["product_id"]], line) for line in cart.lines if line["product_id"] in goods]
    items = [_item(one, line) for one, line in pairs if one.by_weight == ("line" in line)]
    deals = live(session, at) if items else []
    priced = price_cart(items, deals, prices_include_tax=shop.prices_include_tax)
    customer, wallet = _customer(session, cart.customer_id)
    return CartView(cart, priced, {one.id: one.stock for one in goods.values()}, customer, wallet)


def pay(
    session: Session, actor: Actor, key: str, *, expected_minor: int, tenders: Sequence[Tender], below_zero: bool,
    shop: ShopProfile,
) -> tuple[dict[str, Any], bool]:  # fmt: skip
    """Make the bill of a cart, once. Returns its facts and whether they are those of an earlier request.

    `expected_minor` is the total that the cashier saw: where price or offers have changed since, `Conflict` gives the
    new one and nothing is charged.
    """
    body = {
        "expected": expected_minor,
        "tenders": [[tender.method, tender.amount_minor, tender.tendered_minor] for tender in tenders],
    }

    def work() -> dict[str, Any]:
        cart = get_cart(session, actor, key)
        at = now()
        view = look(session, cart, shop, at)
        _check_payable(view, expected_minor, shop, below_zero=below_zero)
        sale = Sale(view.priced, cart.customer_id, tuple(tenders), at, below_zero=shop.sell_below_zero != "block")
        session.delete(cart)
        bill = sell(session, actor, sale, shop)
        change = sum(tender.change_minor for tender in tenders)
        return {"bill_id": bill.id, "number": bill.number, "total_minor": bill.total_minor, "change_minor": change}

    return idempotency.once(session, actor, ROUTE, key, body, work)


def find_products(session: Session, text: str) -> tuple[Sequence[Product], int | None]:
    """Products on sale for the search of the till, and the id of the one whose code the text is."""
    query = select(Product).where(Product.active)
    if text:
        query = query.where(Product.is_found()).order_by(Product.sku != AS_TYPED)
    found = session.scalars(query.order_by(Product.search, Product.id).limit(20), typed(text)).all()
    codes = barcodes.forms(text)
    return found, next((one.id for one in found if one.barcode in codes or one.sku == text), None)


def often_sold(session: Session) -> Sequence[Product]:
    """What the last bills held most often and is on sale: the till offers it for touching, as bread has no barcode."""
    newest = select(Bill.id).order_by(Bill.id.desc()).limit(RECENT_BILLS).subquery()
    often = (
        select(BillLine.product_id, func.count().label("times"))
        .select_from(newest)
        .outerjoin(BillLine, newest.c.id == BillLine.bill_id)  # outer: SQLite would begin with all lines ever sold
        .group_by(BillLine.product_id)
        .subquery()
    )
    query = select(Product).join(often, often.c.product_id == Product.id).where(Product.active)
    return session.scalars(query.order_by(often.c.times.desc(), Product.name).limit(OFTEN)).all()


def find_customers(session: Session, text: str) -> Sequence[tuple[Account, int]]:
    """Customers by name, telephone or e-mail, each with what is in the wallet."""
    balance = LedgerAccount.balance_minor
    query = (
        select(Account, balance)
        .outerjoin(LedgerAccount, (LedgerAccount.customer_id == Account.id) & (LedgerAccount.kind == ledger.WALLET))
        .where(Account.role == Role.CUSTOMER.value, Account.active)
    )
    if text:
        query = query.where(Account.is_found())
    rows = session.execute(query.order_by(Account.search, Account.id).limit(20), typed(text))
    return [(account, wallet or 0) for account, wallet in rows]


def _check_payable(view: CartView, expected_minor: int, shop: ShopProfile, *, below_zero: bool) -> None:
    if not view.priced.lines:
        raise Conflict(_("Nothing was charged: the cart is empty."), code="empty")
    if view.priced.total_minor != expected_minor:
        raise Conflict(
            _("Nothing was charged: a price or an offer has changed since. Please look at the new total."),
            code="total-changed", total_minor=view.priced.total_minor,
        )  # fmt: skip
    names = {line.item.product_id: line.item.name for line in view.priced.lines}
    short = [names[one] for one, quantity in view.priced.quantities.items() if view.stock[one] < quantity]
    if short and shop.sell_below_zero == "warn" and not below_zero:
        raise Conflict(
            _("Nothing was charged yet: by the books there are too few of %(names)s. Confirm to sell them all the same.",
              names=", ".join(short)),
            code="below-zero",
        )  # fmt: skip


def _added(
    session: Session, actor: Actor, key: str, goods: Goods, quantity: int, weight: str = "",
    label: barcodes.Label | None = None,
) -> tuple[HeldCart, Goods]:  # fmt: skip
    if goods.by_weight:
        grams, price = _weighed(goods, quantity, weight, label)
        change = {"quantity": grams, "label_minor": price}
        return _alter(session, actor, key, goods.id, lambda one: one | change, may_begin=True, line=NEW), goods
    if weight or label:
        raise _no_weight()
    cart = _alter(
        session, actor, key, goods.id, lambda line: line | {"quantity": line["quantity"] + quantity}, may_begin=True
    )
    return cart, goods


def _weighed(goods: Goods, quantity: int, weight: str, label: barcodes.Label | None) -> tuple[int, int | None]:
    """Grams, and the price of a label that has one; the weight of such a label may follow from it."""
    if weight:
        return _grams(weight), None
    if label is None or quantity != 1:
        raise Invalid(_("%(name)s is sold by weight. Enter the weight.", name=goods.name), code="weigh",
                      product_id=goods.id, name=goods.name)  # fmt: skip
    grams, price = label.grams, label.price_minor
    if grams is None:
        grams = quantities.grams_for(price or 0, goods.price_minor)
    return quantities.check(grams, True, MOST_GRAMS, 1), price


def _grams(weight: str) -> int:
    try:
        return quantities.read(weight, True, MOST_GRAMS, 1)
    except Invalid as problem:
        raise Invalid(problem.detail, errors={"weight": problem.detail}) from None


def _no_weight() -> Invalid:
    text = _("This is sold by the piece, not by weight.")
    return Invalid(text, errors={"weight": text})


def _alter(
    session: Session, actor: Actor, key: str, product_id: int, change: Any, *, may_begin: bool = False, line: int = 0
) -> HeldCart:
    cart = get_cart(session, actor, key)
    lines = [dict(one) for one in cart.lines]
    places = {one.get("line", 0): n for n, one in enumerate(lines) if one["product_id"] == product_id}
    if line == NEW:
        line = max(places, default=0) + 1
    found = places.get(line)
    if found is None and not may_begin:
        raise NotFound(_("This product is not in the cart any more."))
    fresh = {"product_id": product_id, "quantity": 0, "discount": 0} | ({"line": line} if line else {})
    altered = change(fresh if found is None else lines[found])
    if not line and not 0 <= altered["quantity"] <= MOST_PIECES:
        raise Invalid(_("A line has 1 to %(most)s pieces.", most=MOST_PIECES))
    if found is None and altered["quantity"]:
        lines.append(altered)
    elif found is not None:
        lines[found : found + 1] = [altered] if altered["quantity"] else []
    if len(lines) > MOST_LINES:
        raise Invalid(_("A bill has at most %(most)s lines.", most=MOST_LINES))
    cart.lines, cart.updated_at = lines, now()
    return cart


def _by_code(session: Session, code: str, shop: ShopProfile) -> tuple[Goods, barcodes.Label | None]:
    """The product of a code, and what the label of a scale says of it; a whole code goes before a part of a label."""
    goods = _of_codes(session, barcodes.forms(code), [code]) if code else None
    if goods is not None and not goods.by_weight:
        return goods, None
    label = barcodes.label(code, shop.scale_labels, money.digits(shop.currency))
    if goods is None and label is not None:
        goods = _of_codes(session, label.codes, label.codes)
    if goods is None:
        raise NotFound(_("No product has the code %(code)s.", code=code[:40]), code="unknown-code")
    return goods, label


def _of_codes(session: Session, codes: list[str], skus: list[str]) -> Goods | None:
    found = session.execute(_GOODS_OF_CODE, {"codes": codes, "skus": skus}).all()
    # The most literal barcode goes first, and any before a SKU of another product that reads the same.
    return min(
        found, key=lambda goods: codes.index(goods.barcode) if goods.barcode in codes else len(codes), default=None
    )


def _item(goods: Goods, line: dict[str, Any]) -> Item:
    return Item(
        goods.id, goods.sku, goods.name, line["quantity"], goods.price_minor, goods.tax_name, goods.tax_basis_points,
        line.get("discount", 0), goods.by_weight, line.get("line", 0), line.get("label_minor"),
    )  # fmt: skip


def _customer(session: Session, customer_id: int | None) -> tuple[Account | None, int]:
    if customer_id is None:
        return None, 0
    return session.get(Account, customer_id), ledger.balance_of(session, customer_id)


def _new_cart(session: Session, actor: Actor, place: str) -> HeldCart:
    at = now()
    cart = HeldCart(
        cashier_id=actor.account_id, place=place, key=secrets.token_hex(16), label="", on_hold=False, lines=[],
        created_at=at, updated_at=at,
    )  # fmt: skip
    session.add(cart)
    session.flush()
    return cart
