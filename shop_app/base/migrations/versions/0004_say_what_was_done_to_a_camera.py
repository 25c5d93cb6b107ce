"""Say what was done to a camera: the cause of an alert of tampering."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go one version forward."""
    op.add_column("alerts", sa.Column("cause", sa.String(10), nullable=True))


def downgrade() -> None:
    """Go one version back."""
    op.drop_column("alerts", "cause")
