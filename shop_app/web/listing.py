"""Lists: paging, sorting and filters that stand in the URL, and the same rows as CSV."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from babel.numbers import get_decimal_symbol
from flask import Response, request
from sqlalchemy import ColumnElement, Integer, Result, ScalarResult, Select, bindparam, func, literal, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from shop_app.base import clock, search
from shop_app.base.db import now
from shop_app.base.text import locale_name
from shop_app.web.area import profile

PAGE_ROWS = 50
MOST_COUNTED = 5_000  # rows; who looks for something in more than that needs a filter, not a page 1,900
MOST_FOUND = 500  # where each row has to be looked at, as for something typed
EXPORT_ROWS = 200_000
_FORMULA = re.compile(r"""(^|[;\r\n])(?="*[=+\-@\t\r])""")
_DEFUSED = re.compile(r"""(^|[;\r\n])'(?="*[=+\-@\t\r])""")

Row = TypeVar("Row")
Rows = Select[*tuple[Any, ...]]  # a list: a statement of several columns
SortColumn = ColumnElement[Any] | InstrumentedAttribute[Any]


@dataclass(frozen=True)
class Listing(Generic[Row]):
    """One page of a list, and where it stands."""

    rows: Sequence[Row]
    total: int  # at most MOST_COUNTED or MOST_FOUND
    number: int  # of this page, from 1
    sort: str
    size: int = PAGE_ROWS
    has_more: bool = False  # than were counted

    @property
    def pages(self) -> int:
        """How many pages there are, at least 1."""
        return max(1, -(-self.total // self.size))

    @property
    def first(self) -> int:
        """Number of the first row shown, from 1; 0 where there is none."""
        return (self.number - 1) * self.size + 1 if self.rows else 0

    @property
    def last(self) -> int:
        """Number of the last row shown."""
        return (self.number - 1) * self.size + len(self.rows)


def paginate(
    session: Session,
    statement: Rows,
    sorts: Mapping[str, Sequence[SortColumn]],
    *,
    default: str,
    key: InstrumentedAttribute[int] | None = None,
    typed: str = "",
    one_by_one: bool = False,
) -> Listing[Any]:
    """The page of `statement` that the URL asks for: at most two statements, whose cost does not grow with the table.

    `sorts` names what may be sorted by (never a column taken from the URL); `-name` in the URL turns it round.
    A statement of several columns gives rows that name them; a list costs half of what it does with whole objects.
    With the `key` of its rows, those of the page are found by that alone, and all else is read for them only: for a
    statement whose order no index gives, or whose last pages are looked at, where the database would read it for
    every row that it sorts or passes over. Joins must be outer ones that bring at most one row.
    Where the rows must be looked at `one_by_one`, as for what somebody `typed` (`shop_app/base/search.py`), that is done once:
    the keys found, at most MOST_FOUND, are the number as well, and rows are read by theirs.
    """
    order = _asked_order(sorts, default)
    number = max(1, request.args.get("page", 1, type=int) or 1)
    if key is not None and (typed or one_by_one):
        return _found(session, statement, order, key, typed, number)
    total = None
    if number > 1:
        total = _count(session, statement)
        number = min(number, _last_page(total, MOST_COUNTED))
    rows = _rows(session.execute(_part(statement, order, key), {"passed_over": (number - 1) * PAGE_ROWS})).all()
    if total is None:  # a first page that is not full says it by itself
        total = _count(session, statement) if len(rows) == PAGE_ROWS else len(rows)
    return Listing(rows, min(total, MOST_COUNTED), number, order.name, has_more=total > MOST_COUNTED)


@dataclass(frozen=True)
class _Order:
    name: str
    columns: tuple[SortColumn, ...]

    def of(self, statement: Rows) -> Rows:
        """The statement in this order."""
        down = self.name.startswith("-")
        return statement.order_by(*(column.desc() if down else column.asc() for column in self.columns))


def _asked_order(sorts: Mapping[str, Sequence[SortColumn]], default: str) -> _Order:
    asked = request.args.get("sort", default)
    if asked.removeprefix("-") not in sorts:
        asked = default
    return _Order(asked, tuple(sorts[asked.removeprefix("-")]))


def _last_page(total: int, most: int) -> int:
    return max(1, -(-min(total, most) // PAGE_ROWS))


def _part(statement: Rows, order: _Order, key: InstrumentedAttribute[int] | None) -> Rows:
    """The rows of one page, from number `passed_over`."""
    if key is None:
        return _one_page(order.of(statement))
    keys = _one_page(_keys(statement, order, key)).subquery()
    return order.of(statement).join(keys, keys.c.key == key)


def _keys(statement: Rows, order: _Order, key: InstrumentedAttribute[int]) -> Rows:
    """The keys in their order; without joins that only dress rows, for which MariaDB would read and sort all rows of a table."""
    plain: Rows = select(key.label("key"), *order.columns)
    if statement.whereclause is not None:
        plain = plain.where(statement.whereclause)
    if len(plain.get_final_froms()) > 1:  # a filter or the order needs what is joined
        plain = statement
    return order.of(plain).with_only_columns(key.label("key"), maintain_column_froms=True)


def _one_page(ordered: Rows) -> Rows:
    return ordered.limit(PAGE_ROWS).offset(bindparam("passed_over", type_=Integer))


def _found(
    session: Session, statement: Rows, order: _Order, key: InstrumentedAttribute[int], typed: str, number: int
) -> Listing[Any]:
    """One page of what was looked for."""
    finding = _keys(statement, order, key).limit(MOST_FOUND + 1)
    keys = session.connection().scalars(finding, search.typed(typed)).all()  # no objects: no ORM
    number = min(number, _last_page(len(keys), MOST_FOUND))
    shown = keys[:MOST_FOUND][(number - 1) * PAGE_ROWS : number * PAGE_ROWS]
    rows = session.execute(order.of(_by_keys(statement, key)), {"keys": shown}).all() if shown else []
    return Listing(rows, min(len(keys), MOST_FOUND), number, order.name, has_more=len(keys) > MOST_FOUND)


def _by_keys(statement: Rows, key: InstrumentedAttribute[int]) -> Rows:
    """The rows of some keys, without looking for them anew."""
    rows: Rows = select(*statement.selected_columns).select_from(*statement.get_final_froms())
    return rows.where(key.in_(bindparam("keys", expanding=True)))


def _count(session: Session, statement: Rows) -> int:
    """How many rows, up to one more than MOST_COUNTED."""
    return int(session.connection().execute(_counting(statement)).scalar_one())  # no objects: no ORM


def _counting(statement: Rows) -> Rows:
    """How many rows, up to one more than MOST_COUNTED. Without columns, the database leaves out joins that only dress rows."""
    plain = statement.order_by(None).with_only_columns(literal(1).label("one"), maintain_column_froms=True)
    counted = plain.limit(MOST_COUNTED + 1).subquery()
    return select(func.count()).select_from(counted)


def everything(session: Session, statement: Rows, typed: str = "") -> Iterable[Any]:
    """All rows of a list, for its CSV."""
    part = statement.limit(EXPORT_ROWS).execution_options(yield_per=1000)
    return _rows(session.execute(part, search.typed(typed)))


def _rows(found: Result[*tuple[Any, ...]]) -> Result[*tuple[Any, ...]] | ScalarResult[Any]:
    return found if len(found.keys()) > 1 else found.scalars()


def wants_csv() -> bool:
    """Whether the URL asks for the list as CSV."""
    return request.args.get("format") == "csv"


def csv_answer(name: str, columns: Mapping[str, Callable[[Any], object]], rows: Iterable[Any]) -> Response:
    """`rows` as a CSV file that the reader's Excel opens; a cell that it would run as a formula is defused.

    Excel knows UTF-8 by a byte order mark. Where amounts are written 1,50, semicolons stand between the cells.
    """
    comma = get_decimal_symbol(locale_name()) == ","
    text = io.StringIO("\ufeff")
    text.seek(1)
    writer = csv.writer(text, lineterminator="\r\n", delimiter=";" if comma else ",")
    writer.writerow(list(columns))
    for row in rows:
        writer.writerow([_cell(column(row), comma=comma) for column in columns.values()])
    response = Response(text.getvalue(), mimetype="text/csv")
    today = clock.day_of(now(), profile().time_zone)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}-{today:%Y-%m-%d}.csv"'
    return response


def _cell(value: object, *, comma: bool) -> object:
    if comma and isinstance(value, float | Decimal):
        return str(value).replace(".", ",")
    return defuse(value)


def defuse(value: object) -> object:
    """A text in which a spreadsheet would find a formula gets an apostrophe in front of it; numbers stay numbers.

    Where the comma is no separator, as in German Excel, a cell may begin within our text, after a semicolon or on a new line.
    """
    if isinstance(value, str):
        return _FORMULA.sub(r"\1'", value)
    return "" if value is None else value


def as_typed(cell: str) -> str:
    """A cell of our own CSV without the apostrophes that `defuse` put there."""
    return _DEFUSED.sub(r"\1", cell)


def url_with(**changes: object) -> str:
    """This page's address with some arguments changed (None takes one out)."""
    arguments = request.args.to_dict() | {name: str(value) for name, value in changes.items() if value is not None}
    for name, value in changes.items():
        if value is None:
            arguments.pop(name, None)
    return request.path + ("?" + urlencode(arguments) if arguments else "")


def asked(name: str, longest: int = 100) -> str:
    """A filter from the URL, stripped; empty where there is none."""
    return request.args.get(name, "").strip()[:longest]


def asked_day(name: str) -> date | None:
    """A day from the URL; None where there is none or it is none."""
    try:
        return date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return None
