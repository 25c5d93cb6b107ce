"""Notifications, the outbox that brings them to people by each channel, and what people chose about them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop_app.base.db import Base, Id, exact
from shop_app.base.models.accounts import Account


class Notification(Base):
    """Something that people are told: a kind and its parameters. Words are made of them in each reader's language."""

    __tablename__ = "notifications"
    __table_args__ = (Index("ix_notifications_kind_audience", "kind", "audience"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    kind: Mapped[str] = mapped_column(exact(40))
    parameters: Mapped[dict[str, Any]] = mapped_column(JSON)
    audience: Mapped[str] = mapped_column(exact(60))  # "person", "staff", "role:sales" or "permission:alerts"
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"), index=True)  # of "person"
    sender_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"), index=True)  # null: the shop itself
    about: Mapped[str] = mapped_column(exact(80), default="", index=True)  # what it is about: "complaint:17"
    fold_key: Mapped[str | None] = mapped_column(exact(130), unique=True)  # while it takes further ones in
    fold_until: Mapped[datetime | None]
    repeats: Mapped[int] = mapped_column(default=0)  # further ones that it took in
    created_at: Mapped[datetime]

    sender: Mapped[Account | None] = relationship(foreign_keys=[sender_id])
    account: Mapped[Account | None] = relationship(foreign_keys=[account_id])


class Delivery(Base):
    """The outbox: one notification on its way to one recipient by one channel; on the bell it stays, until it is read."""

    __tablename__ = "deliveries"
    __table_args__ = (Index("ix_deliveries_account_id_channel_read_at", "account_id", "channel", "read_at"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    notification_id: Mapped[int] = mapped_column(ForeignKey("notifications.id"), index=True)
    channel: Mapped[str] = mapped_column(exact(20))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"), index=True)  # null: to no person
    address: Mapped[str] = mapped_column(exact(40), default="")  # which of several, as of a person's browsers
    at: Mapped[datetime]
    due_at: Mapped[datetime | None] = mapped_column(index=True)  # of the next attempt; null where there is none
    tries: Mapped[int] = mapped_column(default=0)
    reason: Mapped[str] = mapped_column(String(200), default="")  # why the last attempt failed
    given_up_at: Mapped[datetime | None] = mapped_column(index=True)
    read_at: Mapped[datetime | None]

    notification: Mapped[Notification] = relationship()
    account: Mapped[Account | None] = relationship()


class ChannelChoice(Base):
    """That somebody wants a kind on a channel, or not, where that differs from what is usual."""

    __tablename__ = "channel_choices"
    __table_args__ = (UniqueConstraint("account_id", "kind", "channel"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))  # null: the shop's own channels
    kind: Mapped[str] = mapped_column(exact(40))
    channel: Mapped[str] = mapped_column(exact(20))
    wanted: Mapped[bool]


class PushSubscription(Base):
    """One browser that shows notifications, for as long as the sign-in lasts by which it was added."""

    __tablename__ = "push_subscriptions"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    login_id: Mapped[int] = mapped_column(ForeignKey("login_sessions.id"), index=True)
    endpoint: Mapped[str] = mapped_column(String(500))  # its address at the push service of its maker
    endpoint_hash: Mapped[str] = mapped_column(exact(64), unique=True)
    p256dh: Mapped[str] = mapped_column(exact(100))
    auth: Mapped[str] = mapped_column(exact(30))
    made_at: Mapped[datetime]
