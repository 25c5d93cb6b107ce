"""Notifications: sent to a person or a role, counted until they are read."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, bindparam, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from shop_app.accounts.service import lock_customer
from shop_app.base import audit
from shop_app.base.db import now
from shop_app.base.errors import Invalid, NotFound
from shop_app.base.models import Account, Notification, NotificationRead
from shop_app.base.permissions import Actor, Role
from shop_app.base.search import contains
from shop_app.base.text import _
from shop_app.web.listing import Rows, SortColumn, once_per_filters

_Sender = aliased(Account)
UNREAD_FOR = timedelta(days=90)  # what nobody opened in that time does not wait any longer
MOST_UNREAD = 100  # are counted, for the bell of each page
RECEIPT_SORTS: dict[str, list[SortColumn]] = {
    "name": [Account.name, Account.id],
    "read": [NotificationRead.at, Account.id],
}
_is_for = or_(
    Account.id == Notification.account_id,
    and_(Account.role == Notification.role, Account.created_at <= Notification.created_at, Account.active.is_(True)),
)


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
    return _for(actor.id, actor.role.value, actor.since)


def _for(account: int | None, role: str, since: datetime | None) -> ColumnElement[bool]:
    by_role = Notification.role == role
    if since is not None:
        by_role &= Notification.created_at >= since
    return or_(Notification.account_id == account, by_role)


def waiting(actor: Actor) -> ColumnElement[bool]:
    """That a notification is for this actor, not too old, and not read."""
    return and_(mine(actor), *_unopened(actor))


def _unopened(actor: Actor) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return Notification.created_at >= _recent(), ~_is_read_by(actor.id)


def _recent() -> datetime:
    """Since when notes wait; by the hour, so that statements with it are the same for a while."""
    return (now() - UNREAD_FOR).replace(minute=0, second=0, microsecond=0)


def unread_count(session: Session, actor: Actor) -> int:
    """How many notes wait for this actor, up to `MOST_UNREAD`."""
    recent = _recent()
    values = {
        "account": actor.id,
        "role": actor.role.value,
        "recent": recent,
        "since": max(actor.since or recent, recent),
    }
    return int(session.connection().execute(_UNREAD, values).scalar_one())


def inbox(actor: Actor, *, unread_only: bool = False) -> Rows:
    """The notes for this actor, as rows with the sender's name and whether each was read."""
    return _inbox(actor.id, actor.role.value, actor.since, _recent(), unread_only)


@once_per_filters
def _inbox(account: int | None, role: str, since: datetime | None, recent: datetime, unread_only: bool) -> Rows:
    read = or_(_is_read_by(account), Notification.created_at < recent).label("read")
    columns = Notification.id, Notification.title, Notification.body, Notification.link, Notification.created_at
    query = select(*columns, Account.name.label("sender"), read)
    query = query.outerjoin(Notification.sender).where(_for(account, role, since))
    return query.where(Notification.created_at >= recent, ~_is_read_by(account)) if unread_only else query


def sent(role: str = "", *, searched: bool = False) -> Rows:
    """Notes that people sent, by addressee (a role, or `person`), with names and how many have read each. `searched`: by what is typed."""
    return _sent(role if role in {*Role, "person"} else "", searched)


@once_per_filters
def _sent(role: str, searched: bool) -> Rows:
    reads = select(func.count()).where(NotificationRead.notification_id == Notification.id).scalar_subquery()
    columns = Notification.id, Notification.title, Notification.body, Notification.role, Notification.created_at
    query = select(*columns, _Sender.name.label("sender"), Account.name.label("account"), reads.label("reads"))
    people = query.outerjoin(Notification.sender.of_type(_Sender)).outerjoin(Notification.account)
    people = people.where(Notification.kind == "note")  # not what the shop tells in somebody's name
    people = people.where(Notification.sender_id > 0)  # not IS NOT NULL, which SQLite counts without the index
    if role:
        people = people.where(Notification.role.is_(None) if role == "person" else Notification.role == role)
    return people.where(contains(Notification.title) | contains(Notification.body)) if searched else people


def get_mine(session: Session, actor: Actor, note_id: int) -> Notification:
    """One note, if it is for this actor."""
    note = session.scalars(select(Notification).where(Notification.id == note_id, mine(actor))).first()
    if note is None:
        raise NotFound(_("There is no such notification for you."))
    return note


def mark_read(session: Session, actor: Actor, notes: list[int]) -> None:
    """Note that this actor has read them; once is enough."""
    wanted = select(Notification.id).where(Notification.id.in_(notes), mine(actor), ~_is_read_by(actor.id))
    for note_id in session.scalars(wanted).all():
        session.add(NotificationRead(notification_id=note_id, account_id=actor.account_id, at=now()))


def mark_all_read(session: Session, actor: Actor) -> None:
    """Note that this actor has read everything."""
    mark_read(session, actor, list(session.scalars(select(Notification.id).where(waiting(actor)))))


def send(session: Session, actor: Actor, title: str, body: str, *, to: str) -> Notification:
    """Send a note to `role:<role>` or to `person:<id>`."""
    kind, _sep, value = to.partition(":")
    if kind == "role" and value in set(Role):
        note = notify(session, title, body, role=Role(value), sender=actor)
    elif kind == "person" and (found := _person(session, value)) is not None:
        lock_customer(session, found.id)
        note = notify(session, title, body, account_id=found.id, sender=actor)
    else:
        raise Invalid(_("Not sent: choose a role or a person."))
    session.flush()
    audit.record(session, actor, "notification.sent", note.id, to=to)
    return note


def _person(session: Session, number: str) -> Account | None:
    found = session.get(Account, int(number)) if number.isascii() and number.isdigit() else None
    return found if found is not None and found.erased_at is None else None


def get_sent(session: Session, note_id: int) -> Row[*tuple[Any, ...]]:
    """A note that somebody sent, how many it is for, and how many of them have read it."""
    people = select(func.count(Account.id)).where(_is_for).correlate(Notification).scalar_subquery()
    read = (NotificationRead.account_id == Account.id) & (NotificationRead.notification_id == Notification.id)
    reads = select(func.count(Account.id)).join(NotificationRead, read).where(_is_for).correlate(Notification)
    note = session.execute(
        select(
            Notification.id, Notification.title, Notification.body, Notification.created_at, Notification.role,
            people.label("people"), reads.scalar_subquery().label("reads"),
        ).where(Notification.id == note_id, Notification.sender_id.is_not(None))
    ).first()  # fmt: skip
    if note is None:
        raise NotFound(_("There is no such notification."))
    return note


def receipts(note_id: int, state: str = "") -> Rows:
    """Everybody a note is for, and when each read it (`at`); those alone who did (`read`) or did not (`unread`)."""
    read = (NotificationRead.account_id == Account.id) & (NotificationRead.notification_id == Notification.id)
    query = select(Account.name, Account.role, NotificationRead.at).select_from(Account).join(Notification, _is_for)
    query = query.outerjoin(NotificationRead, read).where(Notification.id == note_id)
    if state in {"read", "unread"}:
        query = query.where(NotificationRead.at.is_not(None) if state == "read" else NotificationRead.at.is_(None))
    return query


def _is_read_by(account: int | None) -> ColumnElement[bool]:
    return exists().where(NotificationRead.notification_id == Notification.id, NotificationRead.account_id == account)


def _unread() -> Select[int]:
    """As `waiting`. A note is for a person or for a role, never both, so that each arm is answered by an index alone."""
    by_name = select(Notification.id).where(
        Notification.account_id == bindparam("account"), Notification.created_at >= bindparam("recent")
    )
    by_role = select(Notification.id).where(
        Notification.role == bindparam("role"), Notification.created_at >= bindparam("since")
    )
    notes = by_name.union_all(by_role).subquery()
    read = exists().where(
        NotificationRead.notification_id == notes.c.id, NotificationRead.account_id == bindparam("account")
    )
    return select(func.count()).select_from(select(notes.c.id).where(~read).limit(MOST_UNREAD).subquery())


_UNREAD = _unread()  # every page asks: it is put together once
