"""How much of a product: whole pieces, or grams of goods by weight. People and prices speak of pieces and kilograms."""

from __future__ import annotations

from decimal import Decimal

from shop_app.base import money
from shop_app.base.errors import Invalid
from shop_app.base.text import _, locale_name

GRAMS = 1000  # in the kilogram for which a price stands


def scale(by_weight: bool) -> int:
    """How many of what is stored make one that has the price."""
    return GRAMS if by_weight else 1


def stored(quantity: Decimal | float, *, by_weight: bool) -> int:
    """Pieces, or kilograms, as they are stored; `Invalid` for half a piece or less than a gram."""
    scaled = Decimal(str(quantity)) * scale(by_weight)
    if not scaled.is_finite() or scaled != scaled.to_integral_value():
        raise Invalid(_("Kilograms have at most three decimals.") if by_weight else _("This is sold by the piece."))
    return int(scaled)


def read(text: str, *, by_weight: bool) -> int:
    """What somebody typed, `0,350` for kilograms, as it is stored."""
    plain = text.strip().replace(",", ".")
    whole, _point, fraction = plain.lstrip("-").partition(".")
    if not (whole.isascii() and whole.isdigit() and len(whole) <= 9 and (fraction or "0").isdigit() and fraction.isascii()):
        raise Invalid(_("“%(found)s” is not a quantity.", found=text[:20]))
    return stored(Decimal(plain.removesuffix(".")), by_weight=by_weight)


def given(quantity: int, *, by_weight: bool) -> int | float:
    """What is stored, in pieces or kilograms: for programs."""
    return quantity / GRAMS if by_weight else quantity


def shown(quantity: int, *, by_weight: bool) -> str:
    """As the reader writes it: `3`, or `0,350 kg`."""
    if by_weight:
        return f"{money.decimal_text(Decimal(quantity) / GRAMS, 3, locale_name())}\u00a0kg"
    return money.decimal_text(quantity, 0, locale_name())


def price(quantity: int, unit_minor: int, *, by_weight: bool) -> int:
    """What this much costs at a price per piece or kilogram, rounded half up."""
    whole = scale(by_weight)
    return (2 * quantity * unit_minor + whole) // (2 * whole)
