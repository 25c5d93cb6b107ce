"""What somebody was told and has not read, what people sent and who has read it, and who wants what on which channel."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from shop_app.accounts.service import lock_customer
from shop_app.base import audit
from shop_app.base.db import now
from shop_app.base.errors import Invalid, NotFound
from shop_app.base.models import Account, ChannelChoice, Delivery, Notification, ShopProfile
from shop_app.base.permissions import Actor, Role
from shop_app.base.search import contains
from shop_app.base.text import _
from shop_app.notify.channels.bell import BELL
from shop_app.notify.kinds import KINDS, NOTE, Kind
from shop_app.notify.outbox import To, audiences_of, notify
from shop_app.web.listing import Rows, SortColumn

_Sender = aliased(Account)
UNREAD_FOR = timedelta(days=90)  # what nobody opened in that time does not wait any longer
EVER = datetime(2000, 1, 1, tzinfo=UTC)  # an index finds what is later than a moment, and not what is not null
MOST_UNREAD = 100  # are counted, for the bell of each page
RECEIPT_SORTS: dict[str, list[SortColumn]] = {
    "name": [Account.name, Account.id],
    "read": [Delivery.read_at, Account.id],
}


def unread_count(session: Session, actor: Actor) -> int:
    """How many notifications wait for this actor, up to `MOST_UNREAD`."""
    waiting = select(Delivery.id).join(Delivery.notification).where(*_mine(actor), *_waiting()).limit(MOST_UNREAD)
    return session.scalars(select(func.count()).select_from(waiting.subquery())).one()


def _mine(actor: Actor) -> tuple[ColumnElement[bool], ...]:
    return Delivery.account_id == actor.id, Delivery.channel == BELL, Notification.audience.in_(audiences_of(actor))


def _waiting() -> tuple[ColumnElement[bool], ...]:
    return Delivery.read_at.is_(None), Delivery.at >= (now() - UNREAD_FOR).replace(minute=0, second=0, microsecond=0)


def inbox(actor: Actor, *, unread_only: bool = False) -> Rows:
    """What this actor was told, as rows with the sender's name and whether each was read."""
    query: Rows = (
        select(
            Notification.id, Notification.kind, Notification.parameters, Notification.repeats,
            Notification.created_at, Account.name.label("sender"),
            (Delivery.read_at.is_not(None) | ~_waiting()[1]).label("read"),
        )
        .join(Delivery, Delivery.notification_id == Notification.id)
        .outerjoin(Notification.sender)
        .where(*_mine(actor))
    )  # fmt: skip
    return query.where(*_waiting()) if unread_only else query


def get_mine(session: Session, actor: Actor, note_id: int) -> Notification:
    """One notification, if it is for this actor."""
    query = select(Notification).join(Delivery, Delivery.notification_id == Notification.id)
    note = session.scalars(query.where(Notification.id == note_id, *_mine(actor))).first()
    if note is None:
        raise NotFound(_("There is no such notification for you."))
    return note


def mark_read(session: Session, actor: Actor, note_id: int | None = None) -> None:
    """Note that this actor has read one, or all."""
    unread = update(Delivery).where(
        Delivery.account_id == actor.id, Delivery.channel == BELL, Delivery.read_at.is_(None)
    )
    unread = unread.where(Delivery.notification_id == note_id) if note_id is not None else unread
    session.execute(unread.values(read_at=now()).execution_options(synchronize_session=False))


def sent(to: str = "", *, searched: bool = False) -> Rows:
    """What people sent, by addressee (`staff`, a role, or `person`), with names and how many have read each."""
    reads = select(func.count()).where(Delivery.notification_id == Notification.id, Delivery.read_at.is_not(None))
    columns = Notification.id, Notification.parameters, Notification.audience, Notification.created_at
    query = select(
        *columns, _Sender.name.label("sender"), Account.name.label("account"), reads.scalar_subquery().label("reads")
    )
    query = query.outerjoin(Notification.sender.of_type(_Sender)).outerjoin(Notification.account)
    query = query.where(Notification.kind == NOTE.name)
    if to in {*Role, "person", "staff"}:
        query = query.where(Notification.audience == (f"role:{to}" if to in set(Role) else to))
    text = [Notification.parameters[name].as_string() for name in ("title", "body")]
    return query.where(or_(*map(contains, text))) if searched else query


def send(session: Session, actor: Actor, title: str, body: str, *, to: str) -> Notification:
    """Send a message to `staff`, to `role:<role>` or to `person:<id>`."""
    kind, _sep, value = to.partition(":")
    addressee: To
    if to == "staff":
        addressee = "staff"
    elif kind == "role" and value in set(Role):
        addressee = Role(value)
    elif kind == "person" and (found := _person(session, value)) is not None:
        lock_customer(session, found.id)
        addressee, to = found.id, audit.name_of(found)
    else:
        raise Invalid(_("Choose a role or a person."))
    note = notify(session, NOTE, to=addressee, sender=actor, title=title[:160], body=body)
    assert note is not None  # messages are never folded
    audit.record(session, actor, "notification.sent", note.id, to=to)
    return note


def _person(session: Session, number: str) -> Account | None:
    found = session.get(Account, int(number)) if number.isascii() and number.isdigit() else None
    return found if found is not None and found.erased_at is None else None


def get_sent(session: Session, note_id: int) -> Row[*tuple[Any, ...]]:
    """A message that somebody sent, how many it is for, and how many of them have read it."""
    people = select(func.count(Delivery.id)).join(Delivery.account).where(_is_for()).correlate(Notification)
    note = session.execute(
        select(
            Notification.id, Notification.parameters, Notification.created_at, people.scalar_subquery().label("people"),
            people.where(Delivery.read_at.is_not(None)).scalar_subquery().label("reads"),
        ).where(Notification.id == note_id, Notification.kind == NOTE.name)
    ).first()  # fmt: skip
    if note is None:
        raise NotFound(_("There is no such notification."))
    return note


def receipts(note_id: int, state: str = "") -> Rows:
    """Everybody a message is for, and when each read it (`at`); those alone who did (`read`) or did not (`unread`)."""
    query: Rows = select(Account.name, Account.role, Delivery.read_at.label("at")).join(Delivery.account)
    query = query.join(Delivery.notification).where(_is_for(), Notification.id == note_id)
    if state in {"read", "unread"}:
        query = query.where(Delivery.read_at.is_not(None) if state == "read" else Delivery.read_at.is_(None))
    return query


def _is_for() -> ColumnElement[bool]:
    return (Delivery.notification_id == Notification.id) & (Delivery.channel == BELL) & Account.active.is_(True)


def kinds_for(actor: Actor) -> list[Kind]:
    """The kinds that somebody may be told of, and may choose channels for."""
    return [kind for kind in KINDS.values() if kind.label and kind.told in {*actor.permissions, NOTE.told}]


def choices_of(session: Session, account_id: int | None) -> dict[tuple[str, str], bool]:
    """What somebody chose, by kind and channel; None: the shop, for its own channels."""
    query = select(ChannelChoice).where(ChannelChoice.account_id == account_id)
    return {(one.kind, one.channel): one.wanted for one in session.scalars(query)}


def choose(
    session: Session, account_id: int | None, kinds: Sequence[Kind], channels: Sequence[str], wanted: set[str]
) -> None:
    """Keep what somebody wants: `wanted` holds `<kind> <channel>`; what is usual is not stored."""
    known = {
        (one.kind, one.channel): one
        for one in session.scalars(
            select(ChannelChoice).where(ChannelChoice.account_id == account_id).with_for_update()
        )
    }
    for kind in kinds:
        for channel in (one for one in channels if one not in kind.always):
            is_wanted, choice = f"{kind.name} {channel}" in wanted, known.get((kind.name, channel))
            if is_wanted == (channel in kind.channels):
                if choice is not None:
                    session.delete(choice)
            elif choice is not None:
                choice.wanted = is_wanted
            else:
                session.add(ChannelChoice(account_id=account_id, kind=kind.name, channel=channel, wanted=is_wanted))


def undelivered(state: str = "") -> Rows:
    """What was given up, or failed and is tried again; with whom it was for."""
    query: Rows = select(
        Delivery.id, Delivery.channel, Delivery.at, Delivery.tries, Delivery.due_at, Delivery.given_up_at, Delivery.reason,
        Notification.kind, Account.name.label("account"),
    ).join(Delivery.notification).outerjoin(Delivery.account)  # fmt: skip
    if state == "waiting":
        return query.where(Delivery.due_at > EVER, Delivery.reason != "")
    return query.where(Delivery.given_up_at > EVER)


def set_webhook(session: Session, actor: Actor, url: str, sealed_secret: str | None) -> None:
    """Where the webhook goes, and what signs it (None: as before); an empty address turns it off, and forgets the secret."""
    shop = session.get_one(ShopProfile, 1)
    shop.webhook_url, shop.webhook_secret = (
        url,
        (shop.webhook_secret if sealed_secret is None else sealed_secret) if url else "",
    )
    shop.updated_at = now()
    audit.record(session, actor, "webhook.changed", "shop")
