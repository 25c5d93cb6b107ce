"""Find products and people by folded text, and filter lists and turn their pages by an index."""

import sqlalchemy as sa
from alembic import op

from shop_app.base.db import exact
from shop_app.base.search import folded

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

SEARCHED = {
    "products": (220, ("name", "sku")),
    "accounts": (430, ("name", "phone", "phone_norm", "email")),
}
# Before what they take the place of: a foreign key of MariaDB never goes without.
INDEXES = (
    ("products", ("active", "search")),
    ("products", ("category", "active", "search")),
    ("products", ("rating_count", "search")),
    ("products", ("active", "price_minor", "search")),
    ("accounts", ("role", "active", "search")),
    ("bills", ("business_day", "number")),
    ("bills", ("customer_id", "business_day", "number")),
    ("bills", ("total_minor",)),
    ("stock_movements", ("reason", "at")),
    ("notifications", ("role", "kind", "sender_id")),
    ("notifications", ("sender_id", "kind")),
    ("feedback", ("created_at",)),
    ("alerts", ("severity", "started_at")),
)
REPLACED = (
    ("products", ("active", "name")),
    ("products", ("category",)),
    ("products", ("rating_count",)),
    ("accounts", ("role", "active", "name")),
    ("bills", ("customer_id", "created_at")),
    ("notifications", ("sender_id",)),
)


def upgrade() -> None:
    """Go one version forward."""
    for table, (length, columns) in SEARCHED.items():
        op.add_column(table, sa.Column("search", exact(length), nullable=False, server_default=""))
        _fill(table, length, columns)
    _create(INDEXES)
    _drop(REPLACED)


def downgrade() -> None:
    """Go one version back."""
    _create(REPLACED)
    _drop(INDEXES)
    for table in SEARCHED:
        op.drop_column(table, "search")


def _fill(name: str, length: int, columns: tuple[str, ...]) -> None:
    table = sa.table(name, sa.column("id"), sa.column("search"), *map(sa.column, columns))
    rows = op.get_bind().execute(sa.select(table.c.id, *(table.c[column] for column in columns))).all()
    filled = [{"row": row[0], "text": folded(*row[1:])[:length]} for row in rows]
    if filled:
        statement = sa.update(table).where(table.c.id == sa.bindparam("row")).values(search=sa.bindparam("text"))
        op.get_bind().execute(statement, filled)


def _create(indexes: tuple[tuple[str, tuple[str, ...]], ...]) -> None:
    for table, columns in indexes:
        op.create_index(_name(table, columns), table, list(columns))


def _drop(indexes: tuple[tuple[str, tuple[str, ...]], ...]) -> None:
    for table, columns in indexes:
        op.drop_index(_name(table, columns), table_name=table)


def _name(table: str, columns: tuple[str, ...]) -> str:
    return "_".join(("ix", table, *columns))
