"""Money: whole minor units inside, the shop's currency and the reader's language at the edge."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from functools import cache, lru_cache

from babel import Locale
from babel.numbers import (
    NumberFormatError,
    NumberPattern,
    format_currency,
    get_currency_precision,
    parse_decimal,
    parse_pattern,
)

from shop_app.base.errors import Invalid
from shop_app.base.text import _

LARGEST = 10**12  # minor units; far above any bill, far below what a column holds


def digits(currency: str) -> int:
    """Digits after the point: 2 for EUR and INR, 0 for JPY."""
    return get_currency_precision(currency)


def to_minor(text: str, currency: str, locale: str = "en") -> int:
    """`12,50` -> 1250. Takes the reader's own writing, and a plain point as well."""
    try:
        if any(sign.isalpha() for sign in text):  # 1e9 is a number to a parser, and a slip of the hand to a cashier
            raise ValueError(text)
        plain = text.strip().replace(",", ".") if _is_plain(text) else parse_decimal(text.strip(), locale, strict=True)
        amount = Decimal(plain)
    except (InvalidOperation, NumberFormatError, ValueError):
        raise Invalid(_("“%(found)s” is not an amount of money.", found=text)) from None
    scaled = amount.scaleb(digits(currency))
    if not scaled.is_finite() or scaled != scaled.to_integral_value():
        raise Invalid(_("“%(found)s” has more digits than %(currency)s has.", found=text, currency=currency))
    if abs(scaled) > LARGEST:
        raise Invalid(_("“%(found)s” is too large an amount.", found=text))
    return int(scaled)


def from_minor(minor: int, currency: str) -> Decimal:
    """1250 -> Decimal('12.50')."""
    return Decimal(minor).scaleb(-digits(currency))


@lru_cache(maxsize=5_000)  # a list shows the same prices again and again
def show(minor: int, currency: str, locale: str) -> str:
    """With the currency's sign, as a reader of `locale` expects it."""
    return str(format_currency(from_minor(minor, currency), currency, locale=locale))


@lru_cache(maxsize=5_000)
def show_plain(minor: int, currency: str, locale: str) -> str:
    """Without the sign, for columns that name the currency once in their head."""
    return decimal_text(from_minor(minor, currency), digits(currency), locale)


@lru_cache(maxsize=5_000)
def decimal_text(value: Decimal | float, places: int, locale: str) -> str:
    """A number with so many digits after the point, as a reader of `locale` writes it."""
    return str(_pattern(places).apply(value, _locale(locale)))


@cache
def _pattern(places: int) -> NumberPattern:
    return parse_pattern("#,##0" + ("." + "0" * places if places else ""))


@cache
def _locale(name: str) -> Locale:
    return Locale.parse(name)


def share(amount_minor: int, basis_points: int) -> int:
    """So many hundredths of a percent of an amount, rounded half up (away from zero)."""
    sign = -1 if amount_minor < 0 else 1
    return sign * ((abs(amount_minor) * basis_points + 5_000) // 10_000)


def _is_plain(text: str) -> bool:
    # `5,49` is no grouping in any language, so that it can only mean 5.49.
    return re.fullmatch(r"[+-]?\d+([.,]\d{1,2})?", text.strip(), re.ASCII) is not None
