"""Seal the audit log in the background: entries have their place in the chain apart from their number. Keep canned replies.

Shops of releases before 0007 hold entries with names and addresses of customers. Both go, for good and of all customers;
the chain is made anew, and its last entry tells the hash of the chain before, and where that was broken.
"""

import json
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa
from alembic import op

from shop_app.base.audit import digest, number_of
from shop_app.base.db import Id, UtcDateTime, now

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

FORGOTTEN = "audit.names-removed"
NAMED = sa.text("""
SELECT COUNT(*) FROM audit_entries e LEFT JOIN accounts a ON a.id = e.actor_id
WHERE e.action = :forgotten OR a.role = 'customer' AND (e.address <> '' OR e.actor NOT LIKE 'customer %')
""")


def upgrade() -> None:
    """Go one version forward."""
    with op.batch_alter_table("audit_entries", table_kwargs={"sqlite_autoincrement": True}) as batch:
        batch.alter_column("id", existing_type=Id, existing_nullable=False, autoincrement=True)
        batch.add_column(sa.Column("position", Id, nullable=True))
        batch.create_index("ix_audit_entries_position", ["position"])
    with op.batch_alter_table("audit_head") as batch:
        batch.alter_column("last_id", new_column_name="position", existing_type=Id, existing_nullable=False)
    op.add_column("shop_profile", sa.Column("canned_replies", sa.String(2000), nullable=False, server_default=""))
    op.execute("UPDATE audit_entries SET position = id WHERE hash <> ''")
    if op.get_bind().scalar(NAMED, {"forgotten": FORGOTTEN}):
        _forget_customers(op.get_bind())


def _forget_customers(connection: sa.Connection) -> None:
    table = sa.Table("audit_entries", sa.MetaData(), sa.Column("at", UtcDateTime()), autoload_with=connection)
    customers = set(connection.scalars(sa.text("SELECT id FROM accounts WHERE role = 'customer'")))
    entries = [SimpleNamespace(**row) for row in connection.execute(sa.select(table).order_by(table.c.id)).mappings()]
    emptied = {id_ for entry in entries if entry.action == FORGOTTEN for id_ in json.loads(entry.details)["entries"]}
    broken = next((one.id for one in entries if one.id not in emptied and one.hash != digest(one)), None)
    facts = {"last_hash": entries[-1].hash, "broken": broken}
    last = entries[-1].id + 1
    told: dict[str, Any] = {
        "id": last, "at": now(), "actor_id": None, "actor": "the shop", "action": FORGOTTEN, "subject": "", "address": "",
        "details": json.dumps(facts), "position": last,
    }  # fmt: skip
    previous = "0" * 64
    for entry in [*entries, SimpleNamespace(**told)]:
        if entry.actor_id in customers:
            entry.actor, entry.address = number_of(entry.actor_id), ""
        entry.previous_hash, entry.hash = previous, ""
        entry.hash = previous = digest(entry)
        values = {name: getattr(entry, name) for name in ("actor", "address", "previous_hash", "hash")}
        if entry.id == last:
            connection.execute(table.insert().values(told | values))
        else:
            connection.execute(table.update().where(table.c.id == entry.id).values(values))
    head = {"position": last, "hash": previous}
    connection.execute(sa.text("UPDATE audit_head SET position = :position, hash = :hash"), head)


def downgrade() -> None:
    """Go one version back; the older release finds the chain broken where entries wait for their seal, or numbers are missing."""
    with op.batch_alter_table("shop_profile") as batch:
        batch.drop_column("canned_replies")
    with op.batch_alter_table("audit_head") as batch:
        batch.alter_column("position", new_column_name="last_id", existing_type=Id, existing_nullable=False)
    with op.batch_alter_table("audit_entries") as batch:
        batch.drop_index("ix_audit_entries_position")
        batch.drop_column("position")
        batch.alter_column("id", existing_type=Id, existing_nullable=False, autoincrement=False)
