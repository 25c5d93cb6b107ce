"""Find customers by name, and keep number and sum of ratings with each product, without reading all of them."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go one version forward."""
    op.create_index("ix_accounts_role_active_name", "accounts", ["role", "active", "name"])
    op.drop_index("ix_accounts_role", "accounts")
    for name in ("rating_count", "rating_stars"):
        op.add_column("products", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
    given = "SELECT {} FROM ratings WHERE ratings.product_id = products.id"
    op.execute(
        f"UPDATE products SET rating_count = ({given.format('count(*)')}), "  # noqa: S608 - fixed text
        f"rating_stars = coalesce(({given.format('sum(stars)')}), 0)"
    )
    op.create_index("ix_products_rating_count", "products", ["rating_count"])


def downgrade() -> None:
    """Go one version back."""
    op.drop_index("ix_products_rating_count", "products")
    for name in ("rating_stars", "rating_count"):
        op.drop_column("products", name)
    op.create_index("ix_accounts_role", "accounts", ["role"])
    op.drop_index("ix_accounts_role_active_name", "accounts")
