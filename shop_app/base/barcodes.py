"""Codes of articles: the forms in which one code is printed, scanned and stored; and what a spreadsheet made of one.

A scanner may send a prefix that names the symbology (`]C1`), zeros in front, or a GS1 element string with more than the
number of the article. Pure functions; which codes a shop has is known elsewhere.
"""

from __future__ import annotations

import re

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


def read(text: str) -> str:
    """The code of the article: without a scanner's prefix, and out of a GS1 element string."""
    plain = _SYMBOLOGY.sub("", text.strip()).strip(_SEPARATOR)
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
