"""How much of a product: whole pieces, or grams of goods by weight. People and prices speak of pieces and kilograms."""

from __future__ import annotations

import re
from decimal import Decimal

from shop_app.base import money
from shop_app.base.errors import Invalid
from shop_app.base.text import _, locale_name

GRAMS = 1000  # in the kilogram that has the price
MOST_GRAMS = 10**8  # in a stock; a column holds 2 * 10**9
_WEIGHT = re.compile(r"(?=.?\d)(\d{0,6})(?:[.,](\d{1,3})0*)? ?(kg)?|(\d{1,9}) ?g", re.ASCII | re.IGNORECASE)


def is_weight(text: str) -> bool:
    """Whether this is written as a weight: `0.512`, `0,512 kg`, `512 g`."""
    return _WEIGHT.fullmatch(text.strip()) is not None


def read(text: str, by_weight: bool, most: int, least: int = 0) -> int:
    """Pieces, or grams from what is written in kilograms or with a `g`; point and comma are decimal signs.

    Raises `Invalid` for anything else, and for less than `least` or more than `most` pieces or grams.
    """
    plain = text.replace("\N{NO-BREAK SPACE}", " ").strip()
    if by_weight and (found := _WEIGHT.fullmatch(plain)):
        kilograms, fraction, _unit, grams = found.groups()
        return check(int(grams or (kilograms or "0") + (fraction or "").ljust(3, "0")), by_weight, most, least)
    if by_weight:
        raise Invalid(_("“%(found)s” is not a weight. Write it as 0.512 kg or 512 g.", found=text[:20]))
    if not (plain.isascii() and plain.isdigit() and len(plain) <= 9):
        raise Invalid(_("“%(found)s” is not a whole number from 0.", found=text[:20]))
    return check(int(plain), by_weight, most, least)


def check(quantity: int, by_weight: bool, most: int, least: int = 0) -> int:
    """The quantity, in pieces or grams; `Invalid` outside of the bounds."""
    if not least <= quantity <= most:
        raise Invalid(
            _("Enter between %(least)s and %(most)s.", least=shown(least, by_weight), most=shown(most, by_weight))
        )
    return quantity


def shown(quantity: int, by_weight: bool, locale: str = "") -> str:
    """As the reader writes it: `3`, `0,512 kg`."""
    locale = locale or locale_name()
    if by_weight:
        return f"{money.decimal_text(number(quantity, by_weight), 3, locale)}\N{NO-BREAK SPACE}kg"
    return money.decimal_text(quantity, 0, locale)


def number(quantity: int, by_weight: bool) -> int | Decimal:
    """In pieces or kilograms, for files."""
    return Decimal(quantity).scaleb(-3) if by_weight else quantity


def one(by_weight: bool) -> int:
    """A piece, or the grams of a kilogram: what the price stands for."""
    return GRAMS if by_weight else 1


def cost(quantity: int, unit_minor: int, by_weight: bool) -> int:
    """Minor units of so many pieces or grams at a price per piece or kilogram, rounded half up."""
    return (2 * quantity * unit_minor + one(by_weight)) // (2 * one(by_weight))


def grams_for(price_minor: int, unit_minor: int) -> int:
    """The weight that has this price, rounded half up; 0 where a kilogram costs nothing."""
    return (2 * GRAMS * price_minor + unit_minor) // (2 * unit_minor) if unit_minor else 0
