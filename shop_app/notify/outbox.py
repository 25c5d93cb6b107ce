"""Telling people: a notification is stored once, and put into the outbox for each recipient and channel.

Whoever calls `notify` says what happened and to whom it matters; who reads it where, people choose themselves. It is part of
the caller's transaction: what is rolled back was never told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from shop_app.base.db import changed_rows, insert_into, now
from shop_app.base.models import Account, ChannelChoice, Delivery, Notification
from shop_app.base.permissions import OF_ROLE, STAFF, Actor, Permission, Role
from shop_app.notify.channels import CHANNELS
from shop_app.notify.channels.bell import BELL
from shop_app.notify.channels.channel import Channel
from shop_app.notify.kinds import Kind

To = Permission | Role | int | Literal["staff"]
Seal = Callable[[str], str]


class Audience(NamedTuple):
    """Whom a notification is for: how that is stored, and the accounts that this means now."""

    name: str
    accounts: Sequence[int]


def notify(
    session: Session, kind: Kind, *, to: To | None = None, sender: Actor | None = None, **parameters: Any
) -> Notification | None:  # fmt: skip
    """Tell everybody who holds a permission (the kind's own, if none is given), or has a role, all staff, or one account.

    Who sends it is not told. One that joins an earlier one of the same storm is counted there, and None is returned.
    """
    audience = _audience(session, to or kind.told)
    at, about = now(), kind.about.format_map(parameters)
    fold_key = f"{kind.name} {about}" if kind.folds_for else None
    if kind.folds_for and _joins(session, fold_key, at, kind):
        return None
    note = Notification(
        kind=kind.name, parameters=parameters, audience=audience.name, account_id=to if isinstance(to, int) else None,
        sender_id=sender.id if sender else None, about=about, fold_key=fold_key,
        fold_until=at + kind.folds_for if kind.folds_for else None, created_at=at,
    )  # fmt: skip
    if not _stored(session, note):
        _joins(session, fold_key, at, kind)  # another process was first
        return None
    told = [account for account in audience.accounts if sender is None or account != sender.id]
    rows = [_row(note, *target) for target in _targets(session, kind, told, to)]
    if rows:
        session.execute(insert_into(Delivery), rows)
    return note


def send_one(
    session: Session, kind: Kind, channel: str, *, account_id: int | None = None, address: str = "", seal: Seal = str,
    parameters: Mapping[str, Any] = MappingProxyType({}),
) -> None:  # fmt: skip
    """One message by one channel, whatever anybody chose. `seal` encrypts what the kind wants kept secret."""
    kept = {name: seal(value) if name in kind.sealed else value for name, value in parameters.items()}
    note = Notification(kind=kind.name, parameters=kept, audience="person", account_id=account_id, created_at=now())
    _stored(session, note)
    session.execute(insert_into(Delivery), [_row(note, channel, account_id, address)])


def withdraw(session: Session, kind: Kind, **parameters: Any) -> None:
    """Somebody sees to it: the storm is over, and what is still on its way is not sent. Bells keep it."""
    about = kind.about.format_map(parameters)
    session.execute(update(Notification).where(Notification.fold_key == f"{kind.name} {about}").values(fold_key=None))
    notes = select(Notification.id).where(Notification.about == about, Notification.kind == kind.name)
    on_the_way = delete(Delivery).where(Delivery.due_at.is_not(None), Delivery.notification_id.in_(notes))
    session.execute(on_the_way.execution_options(synchronize_session=False))


def forget(session: Session, account_id: int, about: Sequence[str] = ()) -> None:
    """Delete what was told to one account, and what others were told about these things."""
    mine = (Notification.account_id == account_id) | Notification.about.in_(about)
    notes = session.scalars(select(Notification.id).where(mine)).all()
    theirs = (Delivery.account_id == account_id) | Delivery.notification_id.in_(notes)
    session.execute(delete(Delivery).where(theirs).execution_options(synchronize_session=False))
    session.execute(delete(Notification).where(Notification.id.in_(notes)).execution_options(synchronize_session=False))
    session.execute(delete(ChannelChoice).where(ChannelChoice.account_id == account_id))


def audiences_of(actor: Actor) -> list[str]:
    """The audiences that somebody belongs to now: what was told to a permission is not shown to who lost it."""
    held = [f"permission:{permission}" for permission in sorted(actor.permissions)]
    return ["person", f"role:{actor.role}", *(["staff"] if actor.is_staff else []), *held]


def _audience(session: Session, to: To) -> Audience:
    if isinstance(to, Permission):
        return Audience(
            f"permission:{to}", [row.id for row in _staff(session) if _holds(row.role, row.extra_permissions, to)]
        )
    if isinstance(to, Role):
        query = select(Account.id).where(Account.role == to.value, Account.active.is_(True))
        return Audience(f"role:{to}", session.scalars(query).all())
    if isinstance(to, int):
        return Audience("person", [to])
    return Audience("staff", [row.id for row in _staff(session)])


def _staff(session: Session) -> Sequence[Any]:
    query = select(Account.id, Account.role, Account.extra_permissions)
    return session.execute(query.where(Account.role.in_(STAFF), Account.active.is_(True)).order_by(Account.id)).all()


def _holds(role: str, extra: Sequence[str], permission: Permission) -> bool:
    return permission in OF_ROLE[Role(role)] or permission.value in extra


def _joins(session: Session, fold_key: str | None, at: datetime, kind: Kind) -> bool:
    """Whether an earlier one takes it in; one whose time is over makes room."""
    same = update(Notification).where(Notification.fold_key == fold_key).execution_options(synchronize_session=False)
    more = {"repeats": Notification.repeats + 1, "fold_until": at + (kind.folds_for or at - at)}
    if changed_rows(session, same.where(Notification.fold_until > at).values(more)):
        return True
    session.execute(same.values(fold_key=None))
    return False


def _stored(session: Session, note: Notification) -> bool:
    if note.fold_key is None:
        session.add(note)
        session.flush()
        return True
    try:
        with session.begin_nested():
            session.add(note)
            session.flush()
    except IntegrityError:
        return False
    return True


def _targets(
    session: Session, kind: Kind, accounts: Sequence[int], to: To | None
) -> Iterator[tuple[str, int | None, str]]:
    """Channel, account and address of each delivery."""
    query = select(ChannelChoice.account_id, ChannelChoice.channel, ChannelChoice.wanted)
    chosen = {
        (row.account_id, row.channel): row.wanted
        for row in session.execute(query.where(ChannelChoice.kind == kind.name))
    }
    for channel in CHANNELS.values():
        if channel.is_personal:
            wanting = [one for one in accounts if wants(kind, channel, chosen.get((one, channel.name)))]
            found = channel.recipients(session, wanting) if wanting else []
        else:
            is_wanted = not isinstance(to, int) and wants(kind, channel, chosen.get((None, channel.name)))
            found = channel.recipients(session, accounts) if is_wanted else []
        yield from ((channel.name, account, address) for account, address in found)


def wants(kind: Kind, channel: Channel, chosen: bool | None) -> bool:
    """Whether a kind goes by a channel, given what somebody chose, if they did."""
    if channel.name in kind.always:
        return True
    return bool(kind.label) and (channel.name in kind.channels if chosen is None else chosen)


def _row(note: Notification, channel: str, account: int | None, address: str) -> dict[str, Any]:
    due = None if channel == BELL else note.created_at
    return {
        "notification_id": note.id, "channel": channel, "account_id": account, "address": address,
        "at": note.created_at, "due_at": due, "tries": 0, "reason": "",
    }  # fmt: skip
