"""Searching: what is stored and what is typed, in the one form in which they are compared."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, String, bindparam, func
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction

from shop_app.base import barcodes

# What is typed is a parameter of a statement, and `typed` gives its values: so one statement serves all that people type.
AS_TYPED = bindparam("as_typed", type_=String())
TYPED_CODES: BindParameter[str] = bindparam(
    "typed_codes", expanding=True
)  # all forms of it, if it is the code of an article
_TYPED = bindparam("typed", type_=String())
_PATTERN = bindparam("typed_pattern", type_=String())
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
        "typed_pattern": "%" + re.sub(r"([%_\\])", r"\\\1", folded(text)) + "%",
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
    """That a column contains what is typed, both folded; `%` and `_` mean themselves. Each row is looked at."""
    return _Folded(column).like(_PATTERN, escape="\\")


class _Folded(GenericFunction[str]):
    """A column as `folded` gives it; on SQLite by that function itself (`db.py`)."""

    name = "folded"
    type = String()
    inherit_cache = True


@compiles(_Folded, "mysql")
def _on_mariadb(element: Any, compiler: Any, **options: Any) -> str:
    """Capitals and accents are left to the collation, but for accents that are signs of their own (NFD), which it does not find."""
    column = compiler.process(element.clauses, **options)
    sql = f"LOWER({column})"
    for sign, plain in _PLAIN.items():
        sql = f"REPLACE({sql}, '{chr(sign)}', '{plain}')"
    return f"IF(LENGTH({column}) = CHAR_LENGTH({column}), {column}, {sql}) COLLATE utf8mb4_unicode_520_ci"
