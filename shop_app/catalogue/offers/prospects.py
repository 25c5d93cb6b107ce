"""What an offer would do to its products: price, margin, stock and what was sold lately, for who decides it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from shop_app.base import quantities
from shop_app.base.db import now
from shop_app.base.models import BillLine, Offer, Product
from shop_app.catalogue.offers.pricing import BUY_X_GET_Y, Deal, Item, best_discount, split_tax
from shop_app.catalogue.offers.service import deal_of

SOLD_DAYS = 7
MOST_SHOWN = 50


@dataclass(frozen=True)
class Prospect:
    """One product: as many pieces (or kilograms) as the offer needs to take effect, and what is left of their price."""

    product: Product
    pieces: int
    before_minor: int
    after_minor: int
    net_minor: int  # of `after_minor`, without tax
    sold: int  # pieces or grams in the last days, without what came back

    @property
    def margin(self) -> float | None:
        """Share of the net price that is left after the cost; None where the cost is not known."""
        cost = self.product.cost_minor
        if cost is None or not self.net_minor:
            return None
        return 1 - cost * self.pieces / self.net_minor

    @property
    def is_below_cost(self) -> bool:
        """Whether it is sold for less than it cost."""
        cost = self.product.cost_minor
        return cost is not None and cost * self.pieces > self.net_minor


def with_deal(product: Product, deal: Deal) -> tuple[Item, int]:
    """As many pieces as the offer needs to take effect, or a kilogram, and what they cost with it."""
    pieces = max(1, deal.buy_quantity + deal.get_quantity) if deal.kind == BUY_X_GET_Y else 1
    item = one_of(product, 1 if product.by_weight else pieces)
    return item, item.list_minor - best_discount(item, [deal]).minor


def one_of(product: Any, units: int = 1) -> Item:
    """So many pieces or kilograms of a product, without tax."""
    quantity = units * quantities.one(product.by_weight)
    return Item(
        product.id, product.sku, product.name, quantity, product.price_minor, "", 0, by_weight=product.by_weight
    )


def prospects(session: Session, offer: Offer, *, prices_include_tax: bool) -> list[Prospect]:
    """Of each product of the offer, or of all that are on sale; those with the smallest margin first."""
    deal, sold = deal_of(offer), _sold(session)
    found = []
    for product in _products(session, offer):
        item, after = with_deal(product, deal)
        net, _tax = split_tax(after, product.tax_class.basis_points, prices_include_tax=prices_include_tax)
        found.append(Prospect(product, item.units, item.list_minor, after, net, sold.get(product.id, 0)))
    return sorted(found, key=lambda one: (one.margin is None, one.margin or 0.0, one.product.search))


def _products(session: Session, offer: Offer) -> Sequence[Product]:
    ids = [product.id for product in offer.products]
    query = select(Product).options(joinedload(Product.tax_class))
    return session.scalars(query.where(Product.id.in_(ids) if ids else Product.active)).all()


def _sold(session: Session) -> dict[int, int]:
    query = (
        select(BillLine.product_id, func.sum(BillLine.quantity - BillLine.refunded_quantity))
        .where(BillLine.sold_at >= now() - timedelta(days=SOLD_DAYS))
        .group_by(BillLine.product_id)
    )
    return {product: int(pieces) for product, pieces in session.execute(query)}
