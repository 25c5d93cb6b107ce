"""Sell goods by weight, close several shifts a day, give money back by several ways; fold letters with strokes."""

from datetime import UTC
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op

from shop_app.base.search import folded

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SEARCHED = {"products": (220, ("name", "sku")), "accounts": (430, ("name", "phone", "phone_norm", "email"))}
COLUMNS = (
    ("products", sa.Column("by_weight", sa.Boolean(), nullable=False, server_default=sa.false())),
    ("bill_lines", sa.Column("by_weight", sa.Boolean(), nullable=False, server_default=sa.false())),
    ("shop_profile", sa.Column("day_ends", sa.String(5), nullable=False, server_default="00:00")),
    ("shop_profile", sa.Column("weight_prefixes", sa.String(60), nullable=False, server_default="")),
    ("shop_profile", sa.Column("price_prefixes", sa.String(60), nullable=False, server_default="")),
    ("held_carts", sa.Column("login_id", ID, nullable=True)),
    ("ledger_transactions", sa.Column("business_day", sa.Date(), nullable=True)),
)


def upgrade() -> None:
    """Go one version forward."""
    for table, column in COLUMNS:
        op.add_column(table, column)
    for name, (length, columns) in SEARCHED.items():
        _fold(name, length, columns)
    _date_top_ups()
    op.create_index("ix_ledger_transactions_business_day", "ledger_transactions", ["business_day"])
    _number_closings()
    _move_methods()


def downgrade() -> None:
    """Go one version back; of several closings of a day the first stays, of several ways of a refund the last."""
    op.add_column("refunds", sa.Column("method", sa.String(10), nullable=False, server_default="cash"))
    latest = "SELECT max(method) FROM refund_payments WHERE refund_id = refunds.id"
    op.execute(f"UPDATE refunds SET method = coalesce(({latest}), 'cash')")  # noqa: S608 - fixed text
    with op.batch_alter_table("refunds") as batch:
        batch.create_check_constraint(op.f("ck_refunds_method"), "method IN ('cash','card','wallet')")
    op.drop_table("refund_payments")
    op.execute("UPDATE day_closings SET corrects_id = NULL")
    op.execute("DELETE FROM day_closings WHERE number > 1")
    with op.batch_alter_table("day_closings") as batch:
        batch.create_unique_constraint(op.f("uq_day_closings_business_day_cashier_id"), ["business_day", "cashier_id"])
        batch.drop_constraint(op.f("fk_day_closings_corrects_id"), type_="foreignkey")
        batch.drop_constraint(op.f("uq_day_closings_corrects_id"), type_="unique")
        batch.drop_constraint(op.f("uq_day_closings_business_day_cashier_id_number"), type_="unique")
        batch.drop_column("corrects_id")
        batch.drop_column("number")
    op.drop_index("ix_ledger_transactions_business_day", "ledger_transactions")
    for table, column in reversed(COLUMNS):
        op.drop_column(table, column.name)


def _fold(name: str, length: int, columns: tuple[str, ...]) -> None:
    table = sa.table(name, sa.column("id"), sa.column("search"), *map(sa.column, columns))
    rows = op.get_bind().execute(sa.select(table.c.id, table.c.search, *(table.c[column] for column in columns)))
    found = [(row[0], row[1], folded(*row[2:])[:length]) for row in rows]
    changed = [{"row": row, "text": text} for row, before, text in found if text != before]
    if changed:
        statement = sa.update(table).where(table.c.id == sa.bindparam("row")).values(search=sa.bindparam("text"))
        op.get_bind().execute(statement, changed)


def _date_top_ups() -> None:
    table = sa.table(
        "ledger_transactions", sa.column("id"), sa.column("kind"), sa.column("at", sa.DateTime()),
        sa.column("business_day", sa.Date()),
    )  # fmt: skip
    zone = op.get_bind().execute(sa.text("SELECT time_zone FROM shop_profile")).scalar() or "UTC"
    rows = op.get_bind().execute(sa.select(table.c.id, table.c.at).where(table.c.kind.in_(("top-up", "pay-out")))).all()
    days = [{"row": row, "day": at.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).date()} for row, at in rows]
    if days:
        statement = sa.update(table).where(table.c.id == sa.bindparam("row")).values(business_day=sa.bindparam("day"))
        op.get_bind().execute(statement, days)


def _number_closings() -> None:
    op.add_column("day_closings", sa.Column("number", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("day_closings", sa.Column("corrects_id", ID, nullable=True))
    with op.batch_alter_table("day_closings") as batch:
        # Before what it takes the place of: a foreign key of MariaDB never goes without an index.
        batch.create_unique_constraint(
            op.f("uq_day_closings_business_day_cashier_id_number"), ["business_day", "cashier_id", "number"]
        )
        batch.create_unique_constraint(op.f("uq_day_closings_corrects_id"), ["corrects_id"])
        batch.create_foreign_key(op.f("fk_day_closings_corrects_id"), "day_closings", ["corrects_id"], ["id"])
        batch.drop_constraint(op.f("uq_day_closings_business_day_cashier_id"), type_="unique")


def _move_methods() -> None:
    op.create_table(
        "refund_payments",
        sa.Column("id", ID, nullable=False),
        sa.Column("refund_id", ID, nullable=False),
        sa.Column("method", sa.String(10), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("method IN ('cash','card','wallet')", name=op.f("ck_refund_payments_method")),
        sa.ForeignKeyConstraint(["refund_id"], ["refunds.id"], name=op.f("fk_refund_payments_refund_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refund_payments")),
    )
    op.create_index(op.f("ix_refund_payments_refund_id"), "refund_payments", ["refund_id"])
    op.execute(
        "INSERT INTO refund_payments (refund_id, method, amount_minor) SELECT id, method, total_minor FROM refunds "
        "WHERE total_minor > 0 ORDER BY id"
    )
    with op.batch_alter_table("refunds") as batch:
        batch.drop_constraint(op.f("ck_refunds_method"), type_="check")
        batch.drop_column("method")
