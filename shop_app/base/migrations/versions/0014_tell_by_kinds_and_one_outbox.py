"""Keep notifications as kinds with parameters, and what is on its way to each recipient in one outbox."""

import json

import sqlalchemy as sa
from alembic import op

from shop_app.base.db import UtcDateTime, exact

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
READS = "notification_reads"


def upgrade() -> None:
    """Go one version forward: what was written by then keeps its words, and whoever it was for has it on the bell."""
    _make_tables()
    _add_columns()
    _name_kinds()
    _put_on_bells()
    op.drop_table(READS)
    op.drop_table("push_messages")
    with op.batch_alter_table("alerts") as batch:
        batch.drop_column("pushed_at")
    _drop_words()


def downgrade() -> None:
    """Go one version back: messages that people wrote keep their words; of others the kind is left."""
    _add_words()
    _name_words()
    op.create_table(
        READS,
        sa.Column("notification_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_notification_reads_account_id"),
        sa.ForeignKeyConstraint(
            ["notification_id"], ["notifications.id"], name="fk_notification_reads_notification_id"
        ),
        sa.PrimaryKeyConstraint("notification_id", "account_id", name="pk_notification_reads"),
    )
    op.create_index("ix_notification_reads_account_id", READS, ["account_id"])
    op.execute(
        "INSERT INTO notification_reads (notification_id, account_id, at) SELECT notification_id, account_id, MIN(read_at)"
        " FROM deliveries WHERE channel = 'bell' AND read_at IS NOT NULL GROUP BY notification_id, account_id"
    )
    op.create_table(
        "push_messages",
        sa.Column("id", Id, nullable=False),
        sa.Column("subscription_id", sa.BigInteger(), nullable=False),
        sa.Column("alert_id", sa.BigInteger(), nullable=True),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["subscription_id"], ["push_subscriptions.id"], name="fk_push_messages_subscription_id"
        ),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name="fk_push_messages_alert_id"),
        sa.PrimaryKeyConstraint("id", name="pk_push_messages"),
    )
    for column in ("subscription_id", "alert_id", "due_at"):
        op.create_index(f"ix_push_messages_{column}", "push_messages", [column])
    op.add_column("alerts", sa.Column("pushed_at", UtcDateTime(), nullable=True))
    op.drop_table("deliveries")
    op.drop_table("channel_choices")
    _drop_parameters()
    with op.batch_alter_table("shop_profile") as batch:
        batch.drop_column("webhook_url")
        batch.drop_column("webhook_secret")
    if op.get_bind().dialect.name == "mysql":  # which keeps dropped columns in each row until the table is made anew
        op.execute("ALTER TABLE shop_profile FORCE")


def _make_tables() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", Id, nullable=False),
        sa.Column("notification_id", sa.BigInteger(), nullable=False),
        sa.Column("channel", exact(20), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("address", exact(40), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("given_up_at", UtcDateTime(), nullable=True),
        sa.Column("read_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["notification_id"], ["notifications.id"], name="fk_deliveries_notification_id"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_deliveries_account_id"),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
    )
    for columns in (
        ["notification_id"],
        ["account_id"],
        ["due_at"],
        ["given_up_at"],
        ["account_id", "channel", "read_at"],
    ):
        op.create_index("_".join(("ix_deliveries", *columns)), "deliveries", columns)
    op.create_table(
        "channel_choices",
        sa.Column("id", Id, nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", exact(40), nullable=False),
        sa.Column("channel", exact(20), nullable=False),
        sa.Column("wanted", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_channel_choices_account_id"),
        sa.PrimaryKeyConstraint("id", name="pk_channel_choices"),
        sa.UniqueConstraint("account_id", "kind", "channel", name="uq_channel_choices_account_id_kind_channel"),
    )


def _add_columns() -> None:
    with op.batch_alter_table("notifications") as batch:
        batch.add_column(sa.Column("parameters", sa.JSON(), nullable=True))
        batch.add_column(sa.Column("audience", exact(60), nullable=False, server_default="person"))
        batch.add_column(sa.Column("about", exact(80), nullable=False, server_default=""))
        batch.add_column(sa.Column("fold_key", exact(130), nullable=True))
        batch.add_column(sa.Column("fold_until", UtcDateTime(), nullable=True))
        batch.add_column(sa.Column("repeats", sa.Integer(), nullable=False, server_default="0"))
    with op.batch_alter_table("shop_profile") as batch:
        batch.add_column(sa.Column("webhook_url", sa.String(500), nullable=False, server_default=""))
        batch.add_column(sa.Column("webhook_secret", sa.String(255), nullable=False, server_default=""))


def _name_kinds() -> None:
    """A note of a person is a message; words that the shop wrote stay as they are, with their link."""
    connection = op.get_bind()
    rows = connection.execute(sa.text("SELECT id, kind, title, body, link, role, sender_id FROM notifications")).all()
    update = sa.text(
        "UPDATE notifications SET kind = :kind, parameters = :parameters, audience = :audience, about = :about WHERE id = :id"
    )
    values = []
    for row in rows:
        is_message = row.kind == "note" and row.sender_id is not None
        parameters = {"title": row.title, "body": row.body} | ({} if is_message else {"link": row.link or ""})
        area, _slash, number = (row.link or "").strip("/").partition("/")
        values.append({
            "id": row.id, "kind": "note" if is_message else "older", "parameters": json.dumps(parameters, ensure_ascii=False),
            "audience": f"role:{row.role}" if row.role else "person",
            "about": f"complaint:{number}" if area == "complaints" and number.isdigit() else "",
        })  # fmt: skip
    if values:
        connection.execute(update, values)


def _put_on_bells() -> None:
    """One row for each person whom a note was for, as the inbox counted them: by name, or by role since the account exists."""
    op.execute(
        "INSERT INTO deliveries (notification_id, channel, account_id, address, at, tries, reason, read_at) "
        "SELECT n.id, 'bell', a.id, '', n.created_at, 0, '', r.at FROM notifications n "
        "JOIN accounts a ON a.id = n.account_id OR (n.role = a.role AND a.created_at <= n.created_at AND a.erased_at IS NULL) "
        "LEFT JOIN notification_reads r ON r.notification_id = n.id AND r.account_id = a.id ORDER BY n.id, a.id"
    )


OLD_INDEXES: tuple[tuple[str, ...], ...] = (
    ("role", "created_at"), ("account_id", "created_at"), ("sender_id", "kind"), ("role", "kind", "sender_id"),
)  # fmt: skip
NEW_INDEXES: tuple[tuple[str, ...], ...] = (("account_id",), ("sender_id",), ("kind", "audience"), ("about",))


def _drop_words() -> None:
    with op.batch_alter_table("notifications") as batch:
        batch.alter_column("kind", existing_type=sa.String(20), type_=exact(40), nullable=False)
        batch.alter_column("parameters", existing_type=sa.JSON(), nullable=False)
        # Before what they take the place of: a foreign key of MariaDB never goes without an index.
        for columns in NEW_INDEXES:
            batch.create_index("_".join(("ix_notifications", *columns)), list(columns))
        batch.create_unique_constraint("uq_notifications_fold_key", ["fold_key"])
        for columns in OLD_INDEXES:
            batch.drop_index("_".join(("ix_notifications", *columns)))
        batch.drop_constraint(op.f("ck_notifications_one_addressee"), type_="check")
        for column in ("title", "body", "link", "role"):
            batch.drop_column(column)


def _add_words() -> None:
    with op.batch_alter_table("notifications") as batch:
        batch.add_column(sa.Column("title", sa.String(160), nullable=False, server_default=""))
        batch.add_column(sa.Column("body", sa.Text(), nullable=True))
        batch.add_column(sa.Column("link", sa.String(200), nullable=True))
        batch.add_column(sa.Column("role", sa.String(20), nullable=True))


def _name_words() -> None:
    """What a person wrote keeps its words; of the rest the kind is left, for admins where it was for a permission."""
    table = sa.table("notifications", *map(sa.column, ("id", "kind", "audience")), sa.column("parameters", sa.JSON()))
    rows = op.get_bind().execute(sa.select(table)).all()
    values = []
    for row in rows:
        scope, _colon, role = row.audience.partition(":")
        values.append({
            "id": row.id, "title": str(row.parameters.get("title", row.kind))[:160], "kind": "note",
            "body": str(row.parameters.get("body", "")), "link": row.parameters.get("link"),
            "role": None if scope == "person" else role if scope == "role" else "admin",
        })  # fmt: skip
    update = (
        "UPDATE notifications SET title = :title, kind = :kind, body = :body, link = :link, role = :role WHERE id = :id"
    )
    if values:
        op.get_bind().execute(sa.text(update), values)


def _drop_parameters() -> None:
    lost = "SELECT id FROM notifications WHERE role IS NULL AND account_id IS NULL"  # to nobody who has an account
    op.execute(f"DELETE FROM notifications WHERE id IN (SELECT id FROM ({lost}) AS lost)")  # noqa: S608 - fixed text
    with op.batch_alter_table("notifications") as batch:
        batch.alter_column("kind", existing_type=exact(40), type_=sa.String(20), nullable=False)
        batch.alter_column("body", existing_type=sa.Text(), nullable=False)
        for columns in OLD_INDEXES:
            batch.create_index("_".join(("ix_notifications", *columns)), list(columns))
        for columns in NEW_INDEXES:
            batch.drop_index("_".join(("ix_notifications", *columns)))
        batch.drop_constraint("uq_notifications_fold_key", type_="unique")
        for column in ("parameters", "audience", "about", "fold_key", "fold_until", "repeats"):
            batch.drop_column(column)
        batch.create_check_constraint(op.f("ck_notifications_one_addressee"), "(role IS NULL) <> (account_id IS NULL)")
