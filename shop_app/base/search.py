"""Searching: what is stored and what is typed, in the one form in which they are compared."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from sqlalchemy import BindParameter, Boolean, ColumnElement, String, and_, bindparam, func, or_

from shop_app.base import barcodes

# What is typed is a parameter of a statement, and `typed` gives its values: so one statement serves all that people type.
AS_TYPED = bindparam("as_typed", type_=String())
TYPED_CODES: BindParameter[str] = bindparam(
    "typed_codes", expanding=True
)  # all forms of it, if it is the code of an article
_TYPED = bindparam("typed", type_=String())
_PATTERN = bindparam("typed_pattern", type_=String())
_SMALL_PATTERN = bindparam("typed_small_pattern", type_=String())
_IS_BEYOND_ASCII = bindparam("typed_is_beyond_ascii", type_=Boolean())
# Letters that Unicode takes for letters of their own, and that keyboards without them write so.
_PLAIN = str.maketrans({
    "ı": "i", "ł": "l", "ø": "o", "æ": "ae", "œ": "oe", "đ": "d", "ð": "d", "þ": "th", "ħ": "h", "ŧ": "t", "ĸ": "k",
    "ŋ": "n", "ƀ": "b", "ɓ": "b", "ɗ": "d", "ɖ": "d", "ɨ": "i", "ŀ": "l", "ɵ": "o", "ʉ": "u", "ƶ": "z", "ə": "e",
    "ß": "ss", "·": "",
})  # fmt: skip


def folded(*texts: str | None) -> str:
    """`texts`, one a line, without capitals, accents and strokes: `MÜLLER` and `muller`, `Łódź` and `lodz` are the same."""
    plain = unicodedata.normalize("NFKD", "\n".join(text for text in texts if text))
    return "".join(sign for sign in plain if not unicodedata.combining(sign)).casefold().translate(_PLAIN)


def typed(text: str) -> dict[str, Any]:
    """The parameters of a statement with `found_in` or `contains`, for what somebody typed; none where nothing was."""
    if not text:
        return {}
    return {
        "as_typed": text,
        "typed_codes": barcodes.forms(text),
        "typed": folded(text),
        "typed_number": _number(text) or folded(text),
        "typed_pattern": _pattern(text),
        "typed_small_pattern": _pattern(text.lower()),
        "typed_is_beyond_ascii": not text.isascii(),
    }


def _number(text: str) -> str | None:
    """The digits of what somebody typed who looks for a number; None where it is none."""
    text = "".join(str(unicodedata.digit(sign, sign)) for sign in unicodedata.normalize("NFKC", text))
    is_number = re.fullmatch(r"\s*\+?[\d\s()./-]{4,}", text) and re.search(r"\d{2}", text)
    return re.sub(r"\D", "", text.replace("(0)", "")) if is_number else None


def found_in(search: Any) -> ColumnElement[bool]:
    """That a column of folded text contains what is typed."""
    return func.instr(search, _TYPED) > 0


def contains(column: Any) -> ColumnElement[bool]:
    """That a column contains what is typed, in capitals or not; `%` and `_` mean themselves.

    LIKE on SQLite knows the capitals of ASCII alone. Of other signs our `lower` does (`db.py`), which costs more.
    """
    small = and_(_IS_BEYOND_ASCII, func.lower(column).like(_SMALL_PATTERN, escape="\\"))
    return or_(column.like(_PATTERN, escape="\\"), small)


def _pattern(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
