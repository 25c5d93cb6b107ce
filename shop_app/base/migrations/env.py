"""Runs the migrations; the database's address comes from `shop_app.ops.schema`."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from sqlalchemy import create_engine, event

from shop_app.base import models
from shop_app.base.db import Base, UtcDateTime
from shop_app.base.migrations import compare

assert models  # importing it fills the metadata


def render_item(kind: str, item: Any, autogen_context: Any) -> str | Literal[False]:
    """Write our own column type by its own name."""
    if kind == "type" and isinstance(item, UtcDateTime):
        autogen_context.imports.add(f"from {UtcDateTime.__module__} import UtcDateTime")
        return "UtcDateTime()"
    return False


def run() -> None:
    """Connect, and run what is missing: on SQLite all of it or nothing; MariaDB commits each change of a table by itself."""
    engine = create_engine(context.config.attributes["url"])
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", lambda connection, _record: setattr(connection, "isolation_level", None))
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    with engine.connect() as connection:
        context.configure(
            connection=connection, target_metadata=Base.metadata, render_as_batch=True, render_item=render_item,
            compare_type=True, transactional_ddl=engine.dialect.name == "sqlite",
            autogenerate_plugins=compare.PLUGINS, process_revision_directives=compare.new_rows,
        )  # fmt: skip
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


run()
