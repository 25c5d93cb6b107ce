"""Find what was sold in a time: the funnel of a week reads the lines of that week, not all there are."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go one version forward."""
    op.create_index("ix_bill_lines_sold_at", "bill_lines", ["sold_at"])


def downgrade() -> None:
    """Go one version back."""
    op.drop_index("ix_bill_lines_sold_at", table_name="bill_lines")
