"""Keep telephone numbers with their country, and why there is no clip by words that each reader's language has."""

import sqlalchemy as sa
from alembic import op

from shop_app.base import phones

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


PROBLEMS = {
    "The clip had to make room before it could be sent.": "not-sent",
    "The recorder could not write it.": "not-written",
}


def upgrade() -> None:
    """Go one version forward."""
    op.add_column("shop_profile", sa.Column("country", sa.String(length=2), nullable=False, server_default=""))
    connection = op.get_bind()
    for said, word in PROBLEMS.items():
        values = {"word": word, "said": said}
        connection.execute(sa.text("UPDATE alerts SET clip_problem = :word WHERE clip_problem = :said"), values)
    for (time_zone,) in connection.execute(sa.text("SELECT time_zone FROM shop_profile")).all():
        country = phones.country_of_zone(time_zone)
        connection.execute(sa.text("UPDATE shop_profile SET country = :country"), {"country": country})
        phones.renumber(connection, country)


def downgrade() -> None:
    """Go one version back."""
    op.drop_column("shop_profile", "country")
