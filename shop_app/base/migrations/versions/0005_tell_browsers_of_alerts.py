"""Tell browsers of alerts while no page is open: which ones, and the outbox of what is on its way to them."""

import sqlalchemy as sa
from alembic import op

from shop_app.base.db import Id, UtcDateTime, exact

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go one version forward."""
    op.create_table(
        "push_subscriptions",
        sa.Column("id", Id, nullable=False),
        sa.Column("account_id", Id, nullable=False),
        sa.Column("login_id", Id, nullable=False),
        sa.Column("endpoint", sa.String(500), nullable=False),
        sa.Column("endpoint_hash", exact(64), nullable=False),
        sa.Column("p256dh", exact(100), nullable=False),
        sa.Column("auth", exact(30), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_push_subscriptions_account_id"),
        sa.ForeignKeyConstraint(["login_id"], ["login_sessions.id"], name="fk_push_subscriptions_login_id"),
        sa.PrimaryKeyConstraint("id", name="pk_push_subscriptions"),
        sa.UniqueConstraint("endpoint_hash", name="uq_push_subscriptions_endpoint_hash"),
    )
    op.create_index("ix_push_subscriptions_account_id", "push_subscriptions", ["account_id"])
    op.create_index("ix_push_subscriptions_login_id", "push_subscriptions", ["login_id"])
    op.create_table(
        "push_messages",
        sa.Column("id", Id, nullable=False),
        sa.Column("subscription_id", Id, nullable=False),
        sa.Column("alert_id", Id, nullable=True),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["subscription_id"], ["push_subscriptions.id"], name="fk_push_messages_subscription_id"
        ),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name="fk_push_messages_alert_id"),
        sa.PrimaryKeyConstraint("id", name="pk_push_messages"),
    )
    op.create_index("ix_push_messages_subscription_id", "push_messages", ["subscription_id"])
    op.create_index("ix_push_messages_alert_id", "push_messages", ["alert_id"])
    op.create_index("ix_push_messages_due_at", "push_messages", ["due_at"])
    op.add_column("alerts", sa.Column("pushed_at", UtcDateTime(), nullable=True))


def downgrade() -> None:
    """Go one version back."""
    op.drop_column("alerts", "pushed_at")
    op.drop_table("push_messages")
    op.drop_table("push_subscriptions")
