"""Money: whole minor units inside, the shop's currency and the reader's language at the edge."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from functools import cache, lru_cache

from babel import Locale
from babel.numbers import (
    NumberPattern,
    format_currency,
    get_currency_precision,
    get_currency_symbol,
    get_decimal_symbol,
    parse_pattern,
)

from shop_app.base.errors import Invalid
from shop_app.base.text import _

_NUMBER = re.compile(r"([+-]?)([0-9](?:[0-9.,' ]*[0-9])?)")
_GROUPED = re.compile(
    r"[1-9][0-9]{0,2}(?:([.,' ])[0-9]{3})(?:\1[0-9]{3})*|[1-9][0-9]?(?:([., ])[0-9]{2})(?:\2[0-9]{2})*\2[0-9]{3}"
)
MOST_SIGNS = 28  # of an amount; a Decimal of more is rounded
LARGEST = 10**12  # minor units; far above any bill, far below what a column holds


def digits(currency: str) -> int:
    """Digits after the point: 2 for EUR and INR, 0 for JPY."""
    return get_currency_precision(currency)


def to_minor(text: str, currency: str, locale: str = "en") -> int:
    """`12,50`, `1.299,00 €`, `₹1,00,000` -> minor units.

    The currency's sign or code may stand before or behind. Which of point and comma is the decimal one follows from how
    the amount is written; where it does not (`1.299`), the reader's locale says. What has two meanings there is refused.
    """
    amount = _read(_without_sign(text, currency), locale)
    if amount is None:
        raise Invalid(_("“%(found)s” is not an amount of money. Write it as %(example)s.",
                        found=text, example=show_plain(123_450, currency, locale)))  # fmt: skip
    scaled = amount.scaleb(digits(currency))
    # Three digits behind the sign, as in 5.490, look like a group: they are no amount even where they end in a nought.
    places = -int(amount.as_tuple().exponent)
    if scaled != scaled.to_integral_value() or 3 == places > digits(currency):
        raise Invalid(_("“%(found)s” has more digits than %(currency)s has.", found=text, currency=currency))
    if abs(scaled) > LARGEST:
        raise Invalid(_("“%(found)s” is too large an amount.", found=text))
    return int(scaled)


def _without_sign(text: str, currency: str) -> str:
    plain = unicodedata.normalize("NFKC", text).strip().replace("−", "-").replace("’", "'").casefold()
    names = {currency, *(get_currency_symbol(currency, locale) for locale in ("en", "de", "en_IN"))}
    names |= {"rs.", "rs"} if currency == "INR" else set()
    for name in sorted((name.casefold() for name in names), key=len, reverse=True):
        before, found, after = plain.partition(name)
        if found and before.strip() in ("", "-", "+"):
            return (before.strip() + after.strip()).removesuffix("/-")
        if found and not after.strip():
            return before.strip()
    return plain.removesuffix("/-").strip()


def _read(text: str, locale: str) -> Decimal | None:
    """The number; None where it is none, or its groups are no groups."""
    found = _NUMBER.fullmatch(text)
    if found is None or len(text) > MOST_SIGNS:
        return None
    sign, number = found.groups()
    whole, fraction = _split(number, get_decimal_symbol(locale))
    if not (whole.isdigit() or _GROUPED.fullmatch(whole)):
        return None
    return Decimal(f"{sign}{re.sub('[^0-9]', '', whole)}{'.' + fraction if fraction else ''}")


def _split(number: str, decimal: str) -> tuple[str, str]:
    """What stands before and behind the decimal sign, if there is one."""
    last = max(number.rfind("."), number.rfind(","))
    if last < 0:
        return number, ""
    sign, behind = number[last], number[last + 1 :]
    alone = number.count(sign) == 1
    mixed = any(other in number for other in ".,' " if other != sign)
    if alone and (mixed or len(behind) != 3 or sign == decimal):
        return number[:last], behind
    return number, ""


def from_minor(minor: int, currency: str) -> Decimal:
    """1250 -> Decimal('12.50')."""
    return Decimal(minor).scaleb(-digits(currency))


@lru_cache(maxsize=5_000)  # a list shows the same prices again and again
def show(minor: int, currency: str, locale: str) -> str:
    """With the currency's sign, as a reader of `locale` expects it."""
    return str(format_currency(from_minor(minor, currency), currency, locale=number_locale(currency, locale)))


@lru_cache(maxsize=5_000)
def show_plain(minor: int, currency: str, locale: str) -> str:
    """Without the sign, for columns that name the currency once in their head."""
    return decimal_text(from_minor(minor, currency), digits(currency), number_locale(currency, locale))


def number_locale(currency: str, locale: str) -> str:
    """The locale in whose way amounts are written: rupees by lakhs, 1,00,000, also for who reads English."""
    return "en_IN" if currency == "INR" and locale == "en" else locale


@lru_cache(maxsize=5_000)
def decimal_text(value: Decimal | float, places: int, locale: str) -> str:
    """A number with so many digits after the point, as a reader of `locale` writes it."""
    return str(_pattern(places, locale).apply(value, _locale(locale)))


@cache
def _pattern(places: int, locale: str) -> NumberPattern:
    groups = "#,##,##0" if locale == "en_IN" else "#,##0"
    return parse_pattern(groups + ("." + "0" * places if places else ""))


@cache
def _locale(name: str) -> Locale:
    return Locale.parse(name)


def share(amount_minor: int, basis_points: int) -> int:
    """So many hundredths of a percent of an amount, rounded half up (away from zero)."""
    sign = -1 if amount_minor < 0 else 1
    return sign * ((abs(amount_minor) * basis_points + 5_000) // 10_000)
