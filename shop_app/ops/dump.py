"""All rows of a database as lines of JSON, and back: from SQLite to MariaDB too, and at the version at which they were written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Date, DateTime, MetaData, Table, insert, select, text
from sqlalchemy.engine import Connection

from shop_app.base.db import Base, Database
from shop_app.base.version import TABLE, version_of

AT_ONCE = 500  # rows in one statement


def write(database: Database, target: Path) -> tuple[str | None, dict[str, int]]:
    """Write every row as it stood in one moment, however busy the shop is; the version, and rows per table."""
    counts: dict[str, int] = {}
    with database.reading() as session, target.open("w", encoding="utf-8", errors="backslashreplace") as out:
        connection = session.connection()
        version = version_of(connection)
        for table in _tables(connection).sorted_tables:
            counts[table.name] = 0
            # Half a character, which SQLite takes and UTF-8 does not know, is written as JSON writes it: \\ud800.
            for row in connection.execute(select(table), execution_options={"yield_per": 2000}).mappings():
                values = {name: _plain(value) for name, value in row.items()}
                out.write(json.dumps([table.name, values], ensure_ascii=False) + "\n")
                counts[table.name] += 1
    return version, counts


def read(connection: Connection, source: Path) -> int:
    """Replace all rows by those of `source`, whose tables must be of the same version; how many there were."""
    tables = _tables(connection)
    # Rows come table by table, but an account may name one that follows it.
    checks = connection.dialect.name == "mysql"
    if checks:
        connection.execute(text("SET FOREIGN_KEY_CHECKS = 0"))
    for table in reversed(tables.sorted_tables):
        connection.execute(table.delete())
    total = 0
    for name, rows in _batches(source):
        table = tables.tables[name]
        connection.execute(insert(table), [_typed(table, row) for row in rows])
        total += len(rows)
    if checks:
        connection.execute(text("SET FOREIGN_KEY_CHECKS = 1"))
    return total


def drop(connection: Connection) -> None:
    """Take all tables away."""
    if connection.dialect.name == "mysql":
        connection.execute(text("SET FOREIGN_KEY_CHECKS = 0"))
    found = MetaData()
    found.reflect(connection)
    found.drop_all(connection)
    if connection.dialect.name == "mysql":
        connection.execute(text("SET FOREIGN_KEY_CHECKS = 1"))


def _tables(connection: Connection) -> MetaData:
    """The tables that are there, whatever their version; what the models know of a column is better than what the database tells."""
    found = MetaData()
    found.reflect(connection)
    found.remove(found.tables[TABLE])
    for table in found.tables.values():
        known = Base.metadata.tables.get(table.name)
        for column in table.columns:
            if known is not None and column.name in known.c:
                column.type = known.c[column.name].type
    return found


def _batches(source: Path) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    name, rows = "", list[dict[str, Any]]()
    with source.open(encoding="utf-8") as lines:
        for line in lines:
            table, row = json.loads(line)
            if rows and (table != name or len(rows) >= AT_ONCE):
                yield name, rows
                rows = []
            name = table
            rows.append(row)
    if rows:
        yield name, rows


def _plain(value: Any) -> Any:
    return {"at": value.isoformat()} if isinstance(value, date) else value


def _typed(table: Table, row: dict[str, Any]) -> dict[str, Any]:
    return {name: _moment(table.c[name].type, value) for name, value in row.items()}


def _moment(kind: Any, value: Any) -> Any:
    if not (isinstance(value, dict) and set(value) == {"at"}):
        return value
    if isinstance(kind, Date):
        return date.fromisoformat(value["at"])
    moment = datetime.fromisoformat(value["at"])
    return moment.astimezone(UTC).replace(tzinfo=None) if isinstance(kind, DateTime) else moment
