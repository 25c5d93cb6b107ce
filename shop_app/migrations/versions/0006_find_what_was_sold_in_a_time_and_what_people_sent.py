"""Find what was sold in a time, and what people sent.

The funnel of a week reads the lines of that week, not all there are; notes are told from those of the shop by the index.
"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go one version forward."""
    op.create_index("ix_bill_lines_sold_at", "bill_lines", ["sold_at"])
    op.create_index("ix_notifications_sender_id_kind", "notifications", ["sender_id", "kind"])
    op.drop_index("ix_notifications_sender_id", table_name="notifications")


def downgrade() -> None:
    """Go one version back."""
    op.create_index("ix_notifications_sender_id", "notifications", ["sender_id"])
    op.drop_index("ix_notifications_sender_id_kind", table_name="notifications")
    op.drop_index("ix_bill_lines_sold_at", table_name="bill_lines")
