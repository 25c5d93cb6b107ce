"""Browsers that are told of alerts while no page is open, and what is on its way to them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from shop_app.base.db import Base, Id, exact


class PushSubscription(Base):
    """One browser, for as long as the sign-in lasts by which it was added."""

    __tablename__ = "push_subscriptions"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    login_id: Mapped[int] = mapped_column(ForeignKey("login_sessions.id"), index=True)
    endpoint: Mapped[str] = mapped_column(String(500))  # its address at the push service of its maker
    endpoint_hash: Mapped[str] = mapped_column(exact(64), unique=True)
    p256dh: Mapped[str] = mapped_column(exact(100))
    auth: Mapped[str] = mapped_column(exact(30))
    made_at: Mapped[datetime]


class PushMessage(Base):
    """The outbox: one message to one browser, until the push service has it or it is too old."""

    __tablename__ = "push_messages"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    subscription_id: Mapped[int] = mapped_column(ForeignKey("push_subscriptions.id"), index=True)
    alert_id: Mapped[int | None] = mapped_column(ForeignKey("alerts.id"), index=True)  # null: a greeting, to try it
    made_at: Mapped[datetime]
    due_at: Mapped[datetime] = mapped_column(index=True)
    tries: Mapped[int] = mapped_column(default=0)
