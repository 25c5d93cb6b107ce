"""Keep of an hour of interest from when on its camera watched."""

import sqlalchemy as sa
from alembic import op

from shop_app.base.db import UtcDateTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go one version forward."""
    op.add_column("interest_hours", sa.Column("watched_from", UtcDateTime(), nullable=True))


def downgrade() -> None:
    """Go one version back."""
    op.drop_column("interest_hours", "watched_from")
