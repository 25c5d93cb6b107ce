"""Notifications: sent to a person or a role, counted until they are read."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from shop_app.db import now
from shop_app.models import Account, Notification, NotificationRead
from shop_app.permissions import Role
from shop_app.web import Actor


def notify(
    session: Session, title: str, body: str = "", *, role: Role | None = None, account_id: int | None = None,
    sender: Actor | None = None, kind: str = "note", link: str | None = None,
) -> Notification:  # fmt: skip
    """Send a note to everybody of a role, or to one person; the shop itself is the sender where none is given."""
    note = Notification(
        title=title[:160], body=body, role=role, account_id=account_id, kind=kind, link=link,
        sender_id=sender.id if sender else None, created_at=now(),
    )  # fmt: skip
    session.add(note)
    return note


def mine(actor: Actor) -> ColumnElement[bool]:
    """That a notification is for this actor: by name, or by role since the account exists."""
    since = select(Account.created_at).where(Account.id == actor.id).scalar_subquery()
    by_role = and_(Notification.role == actor.role.value, Notification.created_at >= since)
    return or_(Notification.account_id == actor.id, by_role)


def is_read_by(actor: Actor) -> ColumnElement[bool]:
    """That this actor has read a notification."""
    return exists().where(
        NotificationRead.notification_id == Notification.id, NotificationRead.account_id == actor.id
    )


def unread_count(session: Session, actor: Actor) -> int:
    """How many notes wait for this actor."""
    query: Select[Any] = select(func.count()).select_from(Notification).where(mine(actor), ~is_read_by(actor))
    return int(session.scalars(query).one())
