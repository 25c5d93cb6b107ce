"""Sell by weight, and read the labels of scales."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go one version forward: all that is there is sold by the piece."""
    for table in ("products", "bill_lines"):
        op.add_column(table, sa.Column("by_weight", sa.Boolean(), nullable=False, server_default="0"))
    op.add_column("bill_lines", sa.Column("label_minor", sa.BigInteger(), nullable=True))
    op.add_column("shop_profile", sa.Column("scale_labels", sa.String(200), nullable=False, server_default=""))


def downgrade() -> None:
    """Go one version back: goods by weight are discontinued, as their grams would be sold as pieces."""
    op.execute("UPDATE products SET active = 0 WHERE by_weight = 1")
    op.drop_column("shop_profile", "scale_labels")
    op.drop_column("bill_lines", "label_minor")
    for table in ("bill_lines", "products"):
        op.drop_column(table, "by_weight")
