"""The till's page, and what its script asks for."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any

from flask import Response, jsonify, render_template, request
from pydantic import Field

from shop_app.base.db import now
from shop_app.base.models import HeldCart, Product
from shop_app.base.money import LARGEST, digits
from shop_app.base.permissions import Permission as P
from shop_app.base.text import _, _l
from shop_app.catalogue.offers.pricing import PricedLine
from shop_app.sales.bills.service import Tender
from shop_app.sales.till import service
from shop_app.web.area import Area, actor, profile, session, shop
from shop_app.web.bodies import Body, read_body
from shop_app.web.listing import asked
from shop_app.web.template_filters import clock_text

area = Area("till", __name__, url_prefix="/till")
area.menu(_l("Till"), "index", icon="cart", may=P.TILL, order=10, group=_l("Billing"), phone=True)

PLACE, PLACE_KEPT = "till", timedelta(days=400)  # as long as browsers keep any cookie

Money = Annotated[int, Field(ge=0, le=LARGEST)]
Pieces = Annotated[int, Field(ge=1, le=service.MOST_PIECES)]
Weight = Annotated[str, Field(max_length=20)]
Line = Annotated[int, Field(ge=0, le=10**6)]  # of several weighings of a product; 0 of pieces


class Scan(Body):
    """What a scanner read."""

    code: Annotated[str, Field(min_length=1, max_length=120)]


class Choice(Body):
    """A product chosen from the search; goods by weight with their weight, as typed."""

    product_id: int
    quantity: Pieces = 1
    weight: Weight = ""


class Quantity(Body):
    """How many pieces a line has, or, of a weighing, its weight as typed; 0 pieces take either out."""

    product_id: int
    line: Line = 0
    quantity: Annotated[int, Field(ge=0, le=service.MOST_PIECES)]
    weight: Weight = ""


class HandDiscount(Body):
    """A discount on a line in basis points: 1000 = 10 %."""

    product_id: int
    line: Line = 0
    basis_points: Annotated[int, Field(ge=0, le=10_000)]


class CustomerChoice(Body):
    """Whose bill this is; null for nobody's."""

    customer_id: int | None


class Label(Body):
    """What a cart on hold is called."""

    label: Annotated[str, Field(max_length=80)] = ""


class Part(Body):
    """Part of a payment, in minor units."""

    method: Annotated[str, Field(max_length=10)]
    amount_minor: Annotated[int, Field(gt=0, le=LARGEST)]
    tendered_minor: Money | None = None


class Payment(Body):
    """How a cart is paid, and the total that the cashier saw."""

    total_minor: Money
    parts: Annotated[list[Part], Field(max_length=3)]
    below_zero: bool = False


class Nothing(Body):
    """A request that says everything by its address."""


@area.get("", may=P.TILL)
def index() -> str:
    """The till."""
    return render_template("till/index.html")


@area.post("/cart", may=P.TILL)
def open_cart() -> Response:
    """The cart being filled at this till; a new one where there is none."""
    read_body(Nothing)
    place = _place()
    response = _cart(service.open_cart(session(), actor(), place), held=service.waiting(session(), actor(), place))
    response.set_cookie(
        PLACE, place, httponly=True, secure=not shop().settings.plain_http, samesite="Lax", max_age=PLACE_KEPT
    )  # fmt: skip
    return response


@area.post("/cart/<key>/scan", may=P.TILL)
def scan(key: str) -> Response:
    """Add what a scanner read."""
    return _cart(*service.add(session(), actor(), key, read_body(Scan).code, profile()))


@area.post("/cart/<key>/add", may=P.TILL)
def add(key: str) -> Response:
    """Add a product chosen from the search."""
    body = read_body(Choice)
    return _cart(*service.add_product(session(), actor(), key, body.product_id, body.quantity, body.weight))


@area.post("/cart/<key>/quantity", may=P.TILL)
def quantity(key: str) -> Response:
    """Set the pieces of a line, or the weight of a weighing."""
    body = read_body(Quantity)
    return _cart(service.set_quantity(session(), actor(), key, body.product_id, body.quantity, body.weight, body.line))


@area.post("/cart/<key>/discount", may=P.TILL_DISCOUNT)
def discount(key: str) -> Response:
    """Give a discount on a line."""
    body = read_body(HandDiscount)
    return _cart(service.set_discount(session(), actor(), key, body.product_id, body.basis_points, body.line))


@area.post("/cart/<key>/customer", may=P.TILL)
def customer(key: str) -> Response:
    """Say whose bill this is."""
    return _cart(service.set_customer(session(), actor(), key, read_body(CustomerChoice).customer_id))


@area.post("/cart/<key>/hold", may=P.TILL)
def hold(key: str) -> Response:
    """Put the cart aside."""
    fresh = service.hold(session(), actor(), key, read_body(Label).label)
    return _cart(fresh, held=service.waiting(session(), actor(), _place()))


@area.post("/cart/<key>/resume", may=P.TILL)
def resume(key: str) -> Response:
    """Take a cart up again."""
    read_body(Nothing)
    resumed = service.resume(session(), actor(), key, _place())
    return _cart(resumed, held=service.waiting(session(), actor(), _place()))


@area.post("/cart/<key>/clear", may=P.TILL)
def clear(key: str) -> Response:
    """Give the cart up."""
    read_body(Nothing)
    return _cart(service.clear(session(), actor(), key))


@area.post("/cart/<key>/pay", may=P.TILL)
def pay(key: str) -> Response:
    """Make the bill. Sent twice, it is made once: 201 the first time, 200 with the same bill afterwards."""
    body = read_body(Payment)
    tenders = [Tender(part.method, part.amount_minor, part.tendered_minor) for part in body.parts]
    answer, again = service.pay(
        session(), actor(), key, expected_minor=body.total_minor, tenders=tenders, below_zero=body.below_zero,
        shop=profile(),
    )  # fmt: skip
    response = jsonify(answer)
    response.status_code = 200 if again else 201
    return response


@area.get("/products", may=P.TILL)
def products() -> Response:
    """Products for the search."""
    found, exact = service.find_products(session(), asked("q"))
    return jsonify([_product(one) | {"exact": one.id == exact} for one in found])


@area.get("/often", may=P.TILL)
def often() -> Response:
    """The products to touch."""
    return jsonify([_product(one) for one in service.often_sold(session())])


@area.get("/customers", may=P.TILL)
def customers() -> Response:
    """Customers for the search."""
    found = service.find_customers(session(), asked("q"))
    return jsonify([
        {"id": one.id, "name": one.name, "phone": one.phone, "email": one.email, "wallet_minor": wallet}
        for one, wallet in found
    ])  # fmt: skip


def _place() -> str:
    """Which till this is: the browser says so from its first cart on, whoever is signed in."""
    place = request.cookies.get(PLACE, "")
    return place if len(place) == 16 and place.isalnum() and place.isascii() else secrets.token_hex(8)


def _product(one: Product) -> dict[str, Any]:
    return {
        "id": one.id, "name": one.name, "sku": one.sku, "price_minor": one.price_minor, "stock": one.stock,
        "by_weight": one.by_weight,
    }  # fmt: skip


def _cart(cart: HeldCart, added: service.Goods | None = None, held: Sequence[HeldCart] | None = None) -> Response:
    """A cart with its prices; which carts are put aside only where that has changed."""
    view = service.look(session(), cart, profile(), now(), added)
    priced = view.priced
    answer = {
        "key": cart.key, "added": added and added.id, "currency": profile().currency,
        "digits": digits(profile().currency),
        "lines": [_line(line, view) for line in priced.lines],
        "pieces": priced.pieces, "net_minor": priced.net_minor, "tax_minor": priced.tax_minor,
        "discount_minor": priced.discount_minor, "total_minor": priced.total_minor, "customer": _customer(view),
    }  # fmt: skip
    return jsonify(answer if held is None else answer | {"held": [_held(one) for one in held]})


def _line(line: PricedLine, view: service.CartView) -> dict[str, Any]:
    item = line.item
    stock, wanted = view.stock[item.product_id], view.priced.quantities[item.product_id]
    return {
        "product_id": item.product_id, "line": item.line, "by_weight": item.by_weight,
        "sku": item.sku, "name": item.name, "quantity": item.quantity,
        "unit_price_minor": item.unit_price_minor, "discount_minor": line.discount.minor, "offer": line.discount.label,
        "total_minor": line.total_minor, "stock": stock, "discount_basis_points": item.discount_basis_points,
        "too_few": stock < wanted and profile().sell_below_zero != "allow",
    }  # fmt: skip


def _customer(view: service.CartView) -> dict[str, Any] | None:
    if view.customer is None:
        return None
    return {"id": view.customer.id, "name": view.customer.name, "wallet_minor": view.wallet_minor}


def _held(cart: HeldCart) -> dict[str, Any]:
    pieces = sum(1 if "line" in line else line["quantity"] for line in cart.lines)
    label = cart.label or _("Cart of %(time)s", time=clock_text(cart.updated_at))
    if cart.cashier_id != actor().account_id:
        label = f"{label} · {cart.cashier.name}"
    return {"key": cart.key, "label": label, "pieces": pieces}
