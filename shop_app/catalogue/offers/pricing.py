"""What a cart costs: offers, tax and rounding, on plain values. Knows no database.

The rules, in one place:
- Of several discounts on a line the customer gets the better of two: the best single one, or all stackable offers
  together, one after another on what is left. A discount by the cashier is one more single one.
- A line never costs less than nothing.
- Goods by weight: an amount off holds for a kilogram; an offer that counts pieces does nothing there.
- Tax is rounded half up per line and stored; the totals of a bill are the sums of its lines.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from shop_app.base import money, quantities

PERCENT, AMOUNT, BUY_X_GET_Y = "percent", "amount", "buy-x-get-y"


@dataclass(frozen=True)
class Item:
    """A product in a cart, with the price and tax of this moment."""

    product_id: int
    sku: str
    name: str
    quantity: int  # pieces, or grams
    unit_price_minor: int  # of a piece, or of a kilogram
    tax_name: str
    tax_basis_points: int
    discount_basis_points: int = 0  # given by the cashier; 1000 = 10 %
    by_weight: bool = False
    line: int = 0  # of several weighings of a product; 0 of pieces
    label_minor: int | None = None  # the price on the label of a scale

    @property
    def list_minor(self) -> int:
        """Price of the line before any discount."""
        return self.times(self.unit_price_minor) if self.label_minor is None else self.label_minor

    @property
    def units(self) -> int:
        """How many of what the price stands for: pieces, or whole kilograms."""
        return self.quantity // quantities.one(self.by_weight)

    def times(self, unit_minor: int) -> int:
        """An amount per piece or kilogram, for the whole line."""
        return quantities.cost(self.quantity, unit_minor, self.by_weight)


@dataclass(frozen=True)
class Deal:
    """An offer that is live now; without products it holds for all."""

    id: int
    name: str
    kind: str
    basis_points: int = 0
    amount_minor: int = 0
    buy_quantity: int = 0
    get_quantity: int = 0
    stackable: bool = False
    product_ids: frozenset[int] = frozenset()

    def holds_for(self, product_id: int) -> bool:
        """Whether a product is part of this offer."""
        return not self.product_ids or product_id in self.product_ids

    def discount_on(self, item: Item, left_minor: int) -> int:
        """What is taken off a line that costs `left_minor` before this offer; 0 to `left_minor`."""
        if self.kind == PERCENT:
            found = money.share(left_minor, self.basis_points)
        elif self.kind == AMOUNT:
            found = item.times(self.amount_minor)
        elif item.by_weight:
            found = 0
        else:
            group = self.buy_quantity + self.get_quantity
            free = item.quantity // group * self.get_quantity if group and self.get_quantity else 0
            found = free * item.unit_price_minor
        return max(0, min(found, left_minor))


@dataclass(frozen=True)
class Discount:
    """What is taken off a line, and why."""

    minor: int = 0
    offer_id: int | None = None
    label: str | None = None


@dataclass(frozen=True)
class PricedLine:
    """A line as it will stand on the bill."""

    item: Item
    discount: Discount
    net_minor: int
    tax_minor: int
    total_minor: int


@dataclass(frozen=True)
class PricedCart:
    """All lines; each total is a sum of theirs."""

    lines: tuple[PricedLine, ...]

    @property
    def net_minor(self) -> int:
        """Without tax."""
        return sum(line.net_minor for line in self.lines)

    @property
    def tax_minor(self) -> int:
        """Tax of all lines."""
        return sum(line.tax_minor for line in self.lines)

    @property
    def discount_minor(self) -> int:
        """Taken off, in prices as they are shown."""
        return sum(line.discount.minor for line in self.lines)

    @property
    def total_minor(self) -> int:
        """What the customer pays."""
        return sum(line.total_minor for line in self.lines)

    @property
    def pieces(self) -> int:
        """How many pieces are in the cart; a weighing is one."""
        return sum(1 if line.item.by_weight else line.item.quantity for line in self.lines)

    @cached_property
    def quantities(self) -> dict[int, int]:
        """Pieces or grams by product id, of all its lines."""
        found = Counter[int]()
        for line in self.lines:
            found[line.item.product_id] += line.item.quantity
        return found


def price_cart(items: Iterable[Item], deals: Sequence[Deal], *, prices_include_tax: bool) -> PricedCart:
    """Price every line."""
    return PricedCart(tuple(price_line(item, deals, prices_include_tax=prices_include_tax) for item in items))


def price_line(item: Item, deals: Sequence[Deal], *, prices_include_tax: bool) -> PricedLine:
    """Price one line: the best discount, then tax."""
    discount = best_discount(item, deals)
    net, tax = split_tax(item.list_minor - discount.minor, item.tax_basis_points, prices_include_tax=prices_include_tax)
    return PricedLine(item, discount, net, tax, net + tax)


def split_tax(amount_minor: int, basis_points: int, *, prices_include_tax: bool) -> tuple[int, int]:
    """Net and tax of an amount that includes its tax, or comes before it; the tax is rounded half up."""
    if not prices_include_tax:
        return amount_minor, money.share(amount_minor, basis_points)
    whole = 10_000 + basis_points
    tax = (2 * amount_minor * basis_points + whole) // (2 * whole)
    return amount_minor - tax, tax


def best_discount(item: Item, deals: Sequence[Deal]) -> Discount:
    """The discount of a line by the rule above; among equals the oldest offer."""
    fitting = sorted((deal for deal in deals if deal.holds_for(item.product_id)), key=lambda deal: deal.id)
    found = [Discount(deal.discount_on(item, item.list_minor), deal.id, deal.name) for deal in fitting]
    found.append(_stacked(item, [deal for deal in fitting if deal.stackable]))
    found.append(_by_cashier(item))
    best = max(found, key=lambda discount: discount.minor)
    return best if best.minor else Discount()


def _stacked(item: Item, deals: Sequence[Deal]) -> Discount:
    left = item.list_minor
    used: list[Deal] = []
    for deal in deals:
        part = deal.discount_on(item, left)
        if part:
            left -= part
            used.append(deal)
    label = " + ".join(deal.name for deal in used)
    return Discount(item.list_minor - left, used[0].id if used else None, label[:120])


def _by_cashier(item: Item) -> Discount:
    taken = min(money.share(item.list_minor, item.discount_basis_points), item.list_minor)
    percent = f"{item.discount_basis_points / 100:g}"
    return Discount(taken, None, f"-{percent} %")
