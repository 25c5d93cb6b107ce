"""Keep sums of interest by bodies and by faces apart, and count who reached for goods and who took some."""

import sqlalchemy as sa
from alembic import op

from shop_app.base.db import exact

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

COLUMNS = {
    "interest_hours": (
        ("seen_by", exact(4), "face"),
        ("reached", sa.Integer(), "0"),
        ("judged", sa.Integer(), "0"),
        ("taken", sa.Integer(), "0"),
        ("turned_seconds", sa.Float(53), "0"),
    ),
    "visits_seen": (("seen_by", exact(4), "face"), ("reached", sa.Boolean(), "0")),
}
UNIQUE = {"interest_hours": ["hour", "camera", "zone"], "visits_seen": ["visit", "camera", "zone"]}


def upgrade() -> None:
    """Go one version forward: until now faces were all that was seen."""
    for table, columns in COLUMNS.items():
        with op.batch_alter_table(table) as batch:
            for name, kind, default in columns:
                batch.add_column(sa.Column(name, kind, nullable=False, server_default=default))
        _replace_unique(table, UNIQUE[table], [*UNIQUE[table], "seen_by"])


def downgrade() -> None:
    """Go one version back, without what was counted by bodies: the older release would add it to what faces gave."""
    for table, columns in COLUMNS.items():
        op.execute(f"DELETE FROM {table} WHERE seen_by = 'body'")  # noqa: S608 - fixed text
        _replace_unique(table, [*UNIQUE[table], "seen_by"], UNIQUE[table])
        with op.batch_alter_table(table) as batch:
            for name, _kind, _default in columns:
                batch.drop_column(name)


def _replace_unique(table: str, old: list[str], new: list[str]) -> None:
    with op.batch_alter_table(table) as batch:
        batch.create_unique_constraint("_".join(("uq", table, *new)), new)
        batch.drop_constraint("_".join(("uq", table, *old)), type_="unique")
