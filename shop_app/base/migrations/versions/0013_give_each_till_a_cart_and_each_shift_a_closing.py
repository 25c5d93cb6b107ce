"""Give each till a cart and each shift a closing, give money back by several ways, and let the day begin at an hour."""

from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op

from shop_app.base.db import Id, UtcDateTime, exact

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go one version forward."""
    op.add_column("held_carts", sa.Column("place", exact(32), nullable=False, server_default=""))
    op.add_column("shop_profile", sa.Column("day_begins", sa.String(5), nullable=False, server_default="00:00"))
    op.add_column("ledger_transactions", sa.Column("business_day", sa.Date(), nullable=True))
    op.create_index("ix_ledger_transactions_business_day", "ledger_transactions", ["business_day"])
    _date_top_ups()
    with op.batch_alter_table("day_closings") as batch:
        batch.add_column(sa.Column("corrects_id", Id, nullable=True))
        batch.add_column(sa.Column("since", UtcDateTime(), nullable=True))
        # Before what they take the place of: a foreign key of MariaDB never goes without an index.
        batch.create_index("ix_day_closings_business_day_cashier_id", ["business_day", "cashier_id"])
        batch.create_unique_constraint("uq_day_closings_corrects_id", ["corrects_id"])
        batch.create_unique_constraint("uq_day_closings_cashier_id_since", ["cashier_id", "since"])
        batch.create_foreign_key("fk_day_closings_corrects_id_day_closings", "day_closings", ["corrects_id"], ["id"])
        batch.drop_constraint("uq_day_closings_business_day_cashier_id", type_="unique")
    _move_methods()


def downgrade() -> None:
    """Go one version back; of several closings of a day the first stays, of several ways of a refund the last."""
    op.add_column("refunds", sa.Column("method", sa.String(10), nullable=False, server_default="cash"))
    latest = "SELECT max(method) FROM refund_payments WHERE refund_id = refunds.id"
    op.execute(f"UPDATE refunds SET method = coalesce(({latest}), 'cash')")  # noqa: S608 - fixed text
    with op.batch_alter_table("refunds") as batch:
        batch.create_check_constraint(op.f("ck_refunds_method"), "method IN ('cash','card','wallet')")
    op.drop_table("refund_payments")
    with op.batch_alter_table("day_closings") as batch:
        batch.drop_constraint("fk_day_closings_corrects_id_day_closings", type_="foreignkey")
        batch.drop_constraint("uq_day_closings_corrects_id", type_="unique")
        batch.drop_column("corrects_id")
    first = "SELECT min(id) AS id FROM day_closings GROUP BY business_day, cashier_id"
    op.execute(f"DELETE FROM day_closings WHERE id NOT IN (SELECT id FROM ({first}) AS firsts)")  # noqa: S608 - fixed text
    own = {index["name"] for index in sa.inspect(op.get_bind()).get_indexes("day_closings")}
    if op.get_bind().dialect.name == "mysql" and "fk_day_closings_cashier_id" not in own:
        op.create_index("fk_day_closings_cashier_id", "day_closings", ["cashier_id"])  # MariaDB's own for the key
    with op.batch_alter_table("day_closings") as batch:
        batch.create_unique_constraint("uq_day_closings_business_day_cashier_id", ["business_day", "cashier_id"])
        batch.drop_constraint("uq_day_closings_cashier_id_since", type_="unique")
        batch.drop_index("ix_day_closings_business_day_cashier_id")
        batch.drop_column("since")
    op.drop_index("ix_ledger_transactions_business_day", "ledger_transactions")
    op.drop_column("ledger_transactions", "business_day")
    op.drop_column("shop_profile", "day_begins")
    op.drop_column("held_carts", "place")


def _date_top_ups() -> None:
    table = sa.table(
        "ledger_transactions", sa.column("id"), sa.column("kind"), sa.column("at", UtcDateTime()),
        sa.column("business_day", sa.Date()),
    )  # fmt: skip
    zone = ZoneInfo(op.get_bind().execute(sa.text("SELECT time_zone FROM shop_profile")).scalar() or "UTC")
    rows = op.get_bind().execute(sa.select(table.c.id, table.c.at).where(table.c.kind.in_(("top-up", "pay-out"))))
    days = [{"row": row, "day": at.astimezone(zone).date()} for row, at in rows]
    if days:
        statement = sa.update(table).where(table.c.id == sa.bindparam("row")).values(business_day=sa.bindparam("day"))
        op.get_bind().execute(statement, days)


def _move_methods() -> None:
    op.create_table(
        "refund_payments",
        sa.Column("id", Id, nullable=False),
        sa.Column("refund_id", Id, nullable=False),
        sa.Column("method", sa.String(10), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("method IN ('cash','card','wallet')", name=op.f("ck_refund_payments_method")),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_refund_payments_amount")),
        sa.ForeignKeyConstraint(["refund_id"], ["refunds.id"], name=op.f("fk_refund_payments_refund_id_refunds")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refund_payments")),
    )
    op.create_index("ix_refund_payments_refund_id", "refund_payments", ["refund_id"])
    op.execute(
        "INSERT INTO refund_payments (id, refund_id, method, amount_minor) SELECT id, id, method, total_minor FROM refunds "
        "WHERE total_minor > 0 ORDER BY id"
    )
    with op.batch_alter_table("refunds") as batch:
        batch.drop_constraint(op.f("ck_refunds_method"), type_="check")
        batch.drop_column("method")
