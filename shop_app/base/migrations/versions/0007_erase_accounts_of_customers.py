"""Erase accounts of customers: when nothing was left of one but its row."""

import sqlalchemy as sa
from alembic import op

from shop_app.base.db import UtcDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go one version forward."""
    op.add_column("accounts", sa.Column("erased_at", UtcDateTime(), nullable=True))
    op.create_index("ix_accounts_erased_at", "accounts", ["erased_at"])


def downgrade() -> None:
    """Go one version back."""
    op.drop_index("ix_accounts_erased_at", table_name="accounts")
    op.drop_column("accounts", "erased_at")
