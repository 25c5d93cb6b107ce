"""Keep of an alert whether it was a person, an animal, a vehicle or a thing."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go one version forward."""
    op.add_column("alerts", sa.Column("who", sa.String(10), nullable=True))


def downgrade() -> None:
    """Go one version back."""
    op.drop_column("alerts", "who")
