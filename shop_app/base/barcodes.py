"""Codes of articles: the forms in which one code is printed, scanned and stored; and what a spreadsheet made of one.

A scanner may send a prefix that names the symbology (`]C1`), zeros in front, or a GS1 element string with more than the
number of the article. Pure functions; which codes a shop has is known elsewhere.
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

LONGEST = 32  # signs that are stored
_LENGTHS = (8, 12, 13, 14)  # EAN-8, UPC-A, EAN-13, GTIN-14
_SEPARATOR = "\x1d"  # FNC1 between elements
_SYMBOLOGY = re.compile(r"^\][A-Za-z][0-9A-Za-z]")
_IN_BRACKETS = re.compile(r"\((\d{2,4})\)([^(]*)")
# Lengths of the elements that end without a separator, by the first two digits of their identifier (GS1 7.8.5).
_FIXED = {"00": 18, "01": 14, "02": 14, "03": 14, "04": 16, "11": 6, "12": 6, "13": 6, "14": 6, "15": 6, "16": 6,
          "17": 6, "18": 6, "19": 6, "20": 2, "31": 6, "32": 6, "33": 6, "34": 6, "35": 6, "36": 6, "41": 13}  # fmt: skip
_FOUR_DIGITS = {"31", "32", "33", "34", "35", "36", "39", "70", "80"}
_THREE_DIGITS = {"23", "24", "25", "40", "41", "42", "71"}
_NUMBER_FORM = re.compile(r"\d+[.,]\d+(?:e[+-]?\d+)?|\d+e[+-]\d+|\d{1,3}(?:[., ]\d{3})+", re.IGNORECASE)
_LAYOUT = re.compile(r"2[0-9X]?A{3,7}X?(P{4,6}|W{4,6})C")


class Label(NamedTuple):
    """What a scale says of the goods: forms of the article's code, the best first; grams and minor units, where it does."""

    codes: list[str]
    grams: int | None
    price_minor: int | None


def is_layout(text: str) -> bool:
    """Whether this is the layout of a scale's EAN-13 or UPC-A: `21AAAAAPPPPPC`.

    A: code of the article, P: price in minor units, W: weight in grams, X: any digit, C: check digit.
    """
    return len(text) in (12, 13) and _LAYOUT.fullmatch(text) is not None


def label(text: str, layouts: str, digits: int) -> Label | None:
    """The label of a scale: a GS1 code with 310n or 392n, or one of the shop's `layouts` (separated by spaces).

    `digits` are those of the shop's currency behind the point. None where it is no such label.
    """
    found = _elements(_plain(text))
    grams = next((_scaled(found[f"310{n}"], 3 - n) for n in range(6) if f"310{n}" in found), None)
    price = next((_scaled(found[f"392{n}"], digits - n) for n in range(4) if f"392{n}" in found), None)
    if grams is not None or price is not None:
        return Label([], grams, price)
    code = read(text).lstrip("0")
    fitting = (layout for layout in layouts.split() if has_check_digit(code) and _fits(code, layout))
    return next((_by_layout(code, layout) for layout in fitting), None)


def _fits(code: str, layout: str) -> bool:
    return len(code) == len(layout) and all(
        sign == digit for digit, sign in zip(code, layout, strict=True) if sign.isdigit()
    )


def _by_layout(code: str, layout: str) -> Label:
    article, price, grams = (
        "".join(digit for digit, place in zip(code, layout, strict=True) if place == sign) for sign in "APW"
    )
    codes = [code[: layout.rindex("A") + 1], article, article.lstrip("0")]
    return Label(codes, int(grams) if grams else None, int(price) if price else None)


def _scaled(digits: str, by: int) -> int:
    if not digits.isdecimal() or len(digits) > 15:
        return 0
    return int(Decimal(digits).scaleb(by).quantize(Decimal(1), ROUND_HALF_UP))


def read(text: str) -> str:
    """The code of the article: without a scanner's prefix, and out of a GS1 element string."""
    plain = _plain(text)
    elements = _elements(plain)
    article = elements.get("01") or elements.get("02")
    if article is not None:
        return article
    spaced = re.sub(r"[ -]", "", plain)
    return spaced if spaced.isdigit() and spaced.isascii() and len(spaced) in _LENGTHS else plain


def forms(text: str) -> list[str]:
    """All forms in which the code of an article may be stored, the most literal first; at most eight."""
    code = read(text)
    found = [text.strip(), code]
    core = code.lstrip("0")
    if code.isascii() and code.isdigit() and len(core) <= 14 and (len(core) >= 11 or has_check_digit(core)):
        found += [core, *(core.zfill(length) for length in (*_LENGTHS, 11) if len(core) <= length)]
    return list(dict.fromkeys(found))


def has_check_digit(digits: str) -> bool:
    """Whether the last digit is the check digit of the others; zeros in front make no difference."""
    if len(digits) < 7 or not (digits.isascii() and digits.isdigit()):
        return False
    total = sum(int(digit) * (1 if place % 2 == 0 else 3) for place, digit in enumerate(reversed(digits)))
    return total % 10 == 0


def is_number_form(code: str) -> bool:
    """Whether this is a number as a spreadsheet writes it, and no code: 4.00638E+12, 4006381333931.0."""
    return _NUMBER_FORM.fullmatch(code) is not None


def is_damaged(code: str) -> bool:
    """Whether a code of digits in a file was rounded, or lost its first zeros or its check digit."""
    if not (code.isascii() and code.isdigit()):
        return False
    if len(code) in _LENGTHS:
        return not has_check_digit(code) or code.endswith("000000")
    return 9 <= len(code) <= 11 and has_check_digit(code)


def _plain(text: str) -> str:
    return _SYMBOLOGY.sub("", text.strip()).strip(_SEPARATOR)


def _elements(text: str) -> dict[str, str]:
    """The elements of a GS1 string by identifier; none where it is something else."""
    if text.startswith("("):
        return {name: value.strip() for name, value in _IN_BRACKETS.findall(text)}
    found: dict[str, str] = {}
    while text:
        start = text[:2]
        length = 4 if start in _FOUR_DIGITS else 3 if start in _THREE_DIGITS else 2
        name, text = text[:length], text[length:]
        fixed = _FIXED.get(start)
        value = text[:fixed] if fixed else text.partition(_SEPARATOR)[0]
        if not name.isdigit() or not value or (fixed and (len(value) < fixed or not value.isdigit())):
            break
        found[name] = value
        text = text[len(value) :].removeprefix(_SEPARATOR)
    article = found.get("01") or found.get("02")
    return found if article and has_check_digit(article) else {}
