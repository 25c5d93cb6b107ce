"""What a customer may see and do; every object is looked for among their own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import Select, bindparam, null, select, union_all
from sqlalchemy.orm import Session, selectinload

from shop_app.accounts import service as accounts
from shop_app.accounts.service import Person
from shop_app.base.db import now
from shop_app.base.errors import Conflict, NotFound
from shop_app.base.models import (
    Account,
    Bill,
    LedgerAccount,
    LedgerEntry,
    LedgerTransaction,
    Offer,
    OfferProduct,
    Product,
    Rating,
)
from shop_app.base.permissions import Actor, Role
from shop_app.base.search import contains
from shop_app.base.text import _
from shop_app.catalogue.offers.pricing import BUY_X_GET_Y, Deal, best_discount
from shop_app.catalogue.offers.prospects import one_of
from shop_app.catalogue.offers.wording import offer_words
from shop_app.web.area import kept
from shop_app.web.listing import Rows, SortColumn

NEWEST = 12  # products on a customer's first page
PRODUCT_SORTS: dict[str, list[SortColumn]] = {
    "name": [Product.search, Product.id],
    "price": [Product.price_minor, Product.search, Product.id],
    "new": [Product.id],
}


def register(session: Session, person: Person, password_hash: str, *, is_open: bool) -> Account:
    """Somebody makes their own account; always a customer, whatever was sent."""
    if not is_open:
        raise Conflict(_("No account was made: this shop takes no registrations at present."))
    as_customer = Person(Role.CUSTOMER, person.name, person.email, person.phone)
    return accounts.create(session, as_customer, password_hash=password_hash)


def products(category: str = "", *, searched: bool = False) -> Rows:
    """What is on sale, as rows; where `searched`, with what is typed in name, SKU, barcode or description."""
    query: Rows = select(
        Product.id, Product.sku, Product.barcode, Product.name, Product.description, Product.category,
        Product.price_minor, Product.picture, Product.stock, Product.by_weight,
    ).where(Product.active)  # fmt: skip
    if category:
        query = query.where(Product.category == category)
    return query.where(Product.is_found() | contains(Product.description)) if searched else query


def newest(session: Session) -> Sequence[Any]:
    """What came last, of what can be had."""
    query = products().where(Product.stock > 0).order_by(Product.id.desc())
    return session.execute(query.limit(NEWEST)).all()


@dataclass(frozen=True)
class Shelf:
    """What stands beside every page of products: the categories, and the offers that hold now."""

    categories: list[str]
    deals: list[Deal]


def shelf(session: Session) -> Shelf:
    """Both in one statement, as of at most five seconds ago."""
    return kept("shelf", 5, lambda: _shelf(session))


def _shelf(session: Session) -> Shelf:
    categories: list[str] = []
    products: dict[tuple[Any, ...], set[int]] = defaultdict(set)  # by the terms of their offer
    for category, product_id, *terms in session.execute(_SHELF, {"now": now()}):
        if category is not None:
            categories.append(category)
        else:
            products[tuple(terms)] |= {product_id} - {None}
    return Shelf(
        sorted(categories), [replace(Deal(*terms), product_ids=frozenset(ids)) for terms, ids in products.items()]
    )


@dataclass(frozen=True)
class Cut:
    """What an offer that holds now makes of one piece or kilogram, and its words; an offer on several pieces leaves the price."""

    price_minor: int
    words: str


def cuts(found: Iterable[Any], deals: Sequence[Deal]) -> dict[int, Cut]:
    """What offers make of products, by id; the till decides by the same rule."""
    products = {one.id: one for one in found}
    deals_on: dict[int, list[Deal]] = defaultdict(list)
    for deal in deals:  # deal by deal: a page has many products, of which few are in any
        for product_id in (deal.product_ids & products.keys()) if deal.product_ids else products:
            deals_on[product_id].append(deal)
    made = {}
    for product_id, fitting in deals_on.items():
        one = products[product_id]
        best = best_discount(one_of(one), fitting)
        several = next((deal for deal in fitting if deal.kind == BUY_X_GET_Y and not one.by_weight), None)
        shown = next((deal for deal in fitting if deal.id == best.offer_id), several)
        if shown is not None:
            made[product_id] = Cut(one.price_minor - best.minor, offer_words(shown))
    return made


def product(session: Session, product_id: int) -> Product:
    """One product that is on sale."""
    found = session.get(Product, product_id)
    if found is None or not found.active:
        raise NotFound(_("This product is discontinued."))
    return found


def live_offers(session: Session) -> Sequence[Offer]:
    """Approved offers between their two moments; the end does not belong to it."""
    at = now()
    live = (Offer.state == "approved", Offer.starts_at <= at, Offer.ends_at > at)
    query = select(Offer).where(*live).options(selectinload(Offer.products)).order_by(Offer.ends_at).limit(100)
    return session.scalars(query).all()


def bills(actor: Actor, *, since: date | None = None, until: date | None = None) -> Select[Any]:
    """One's own bills, of all days or of some (both included)."""
    query = select(Bill).where(Bill.customer_id == actor.account_id)
    if since is not None:
        query = query.where(Bill.business_day >= since)
    return query.where(Bill.business_day <= until) if until is not None else query


def bill(session: Session, actor: Actor, bill_id: int) -> Bill:
    """One of one's own bills with its lines; somebody else's is not found."""
    query = bills(actor).where(Bill.id == bill_id).options(selectinload(Bill.lines), selectinload(Bill.payments))
    found: Bill | None = session.scalars(query).first()
    if found is None:
        raise NotFound(_("There is no such bill of yours."))
    return found


def ratings_of(session: Session, actor: Actor, bill: Bill) -> dict[int, Rating]:
    """The ratings of a bill's lines, by line."""
    lines = [line.id for line in bill.lines]
    given = select(Rating).where(Rating.bill_line_id.in_(lines), Rating.customer_id == actor.account_id)
    return {rating.bill_line_id: rating for rating in session.scalars(given)}


def wallet_balance(session: Session, actor: Actor) -> int:
    """What is in one's wallet, in minor units."""
    own = select(LedgerAccount.balance_minor).where(_wallet_of(actor))
    return session.scalars(own).first() or 0


def wallet_entries(actor: Actor) -> Select[LedgerEntry, LedgerTransaction, int]:
    """What came into one's wallet and went out of it, with the balance after each."""
    query = select(LedgerEntry, LedgerTransaction, Bill.number)
    query = query.join(LedgerAccount, LedgerEntry.account_id == LedgerAccount.id)
    query = query.join(LedgerTransaction, LedgerEntry.transaction_id == LedgerTransaction.id)
    return query.outerjoin(Bill, LedgerTransaction.bill_id == Bill.id).where(_wallet_of(actor))


_TERMS = (
    Offer.id, Offer.name, Offer.kind, Offer.basis_points, Offer.amount_minor, Offer.buy_quantity, Offer.get_quantity,
    Offer.stackable,
)  # fmt: skip
_SHELF: Any = union_all(
    select(null().label("category"), OfferProduct.product_id, *_TERMS)
    .outerjoin(OfferProduct, OfferProduct.offer_id == Offer.id)
    .where(Offer.state == "approved", Offer.starts_at <= bindparam("now"), Offer.ends_at > bindparam("now")),
    select(Product.category, *(null() for _column in range(len(_TERMS) + 1)))
    .where(Product.active.is_(True), Product.category != "")
    .distinct(),
)


def _wallet_of(actor: Actor) -> Any:
    return (LedgerAccount.kind == "wallet") & (LedgerAccount.customer_id == actor.account_id)
