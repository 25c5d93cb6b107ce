"""Find payments into wallets and the newest complaints without reading all of them."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go one version forward."""
    op.create_index("ix_complaints_updated_at", "complaints", ["updated_at"])
    op.create_index("ix_ledger_transactions_kind_at", "ledger_transactions", ["kind", "at"])


def downgrade() -> None:
    """Go one version back."""
    op.drop_index("ix_ledger_transactions_kind_at", "ledger_transactions")
    op.drop_index("ix_complaints_updated_at", "complaints")
