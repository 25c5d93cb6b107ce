"""Keep of an alert which camera system told of it."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None
KEY = "fk_alerts_token_id_service_tokens"


def upgrade() -> None:
    """Go one version forward."""
    with op.batch_alter_table("alerts") as table:
        table.add_column(sa.Column("token_id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=True))
        table.create_foreign_key(KEY, "service_tokens", ["token_id"], ["id"])


def downgrade() -> None:
    """Go one version back."""
    with op.batch_alter_table("alerts") as table:
        table.drop_constraint(KEY, type_="foreignkey")
        table.drop_column("token_id")
