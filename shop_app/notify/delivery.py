"""Brings what lies in the outbox to its recipients, beside all other work: no alert waits for a slow network.

What fails is tried again, with growing pauses, until it is delivered or given up; a row that was given up keeps the reason.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from threading import Thread
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session, joinedload

from shop_app.base.db import Database, changed_rows, now
from shop_app.base.errors import Conflict
from shop_app.base.models import Account, Delivery, Notification, ShopProfile
from shop_app.base.permissions import OF_ROLE, Role
from shop_app.base.settings import Settings
from shop_app.notify.channels import CHANNELS
from shop_app.notify.channels.channel import Channel, GiveUp, Letter, TryAgain
from shop_app.notify.kinds import KINDS, text_of
from shop_app.notify.push import browsers
from shop_app.notify.words import words_for
from shop_app.web.vault import Vault

log = logging.getLogger(__name__)

AT_ONCE = 20  # messages of one channel, each in a thread of its own
LEASE = timedelta(minutes=2)  # longer than an attempt takes; a process that dies in one gives it back after that
FIRST_PAUSE = timedelta(seconds=20)
TOO_LATE = "Too late"


def run(database: Database, settings: Settings) -> list[Thread]:
    """One look: send what is due, each in a thread of its own; the threads. An empty look takes no write lock."""
    with database.reading() as session:
        if session.scalars(select(Delivery.id).where(Delivery.due_at <= now()).limit(1)).first() is None:
            return []
    with database.writing() as session:
        claimed = claim(session, settings)
    threads = [Thread(target=_deliver, args=(database, settings, *one), name="notify", daemon=True) for one in claimed]
    for thread in threads:
        thread.start()
    return threads


def claim(session: Session, settings: Settings) -> list[tuple[Channel, Letter]]:
    """What is due, for one attempt by one process. What reaches nobody any more goes; what is too old is given up."""
    claimed = []
    for name in session.scalars(select(Delivery.channel).where(Delivery.due_at <= now()).distinct()).all():
        channel = CHANNELS.get(name)
        for delivery in _due(session, name):
            letter = _letter(session, settings, channel, delivery) if channel and channel.is_set_up(settings) else None
            if letter is None or channel is None:
                session.delete(delivery)
            elif now() - delivery.at > _lasts(channel, letter.kind):
                _give_up(session, delivery.id, delivery.reason or TOO_LATE)
            elif _is_ours(session, delivery):
                claimed.append((channel, letter))
    return claimed


def _due(session: Session, channel: str) -> Sequence[Delivery]:
    query = select(Delivery).where(Delivery.due_at <= now(), Delivery.channel == channel)
    both = joinedload(Delivery.notification), joinedload(Delivery.account)
    return session.scalars(query.options(*both).order_by(Delivery.due_at).limit(AT_ONCE)).all()


def _lasts(channel: Channel, kind: str) -> timedelta:
    lasts = KINDS[kind].lasts if kind in KINDS else None
    return min(channel.tries_for, lasts or channel.tries_for)


def _is_ours(session: Session, delivery: Delivery) -> bool:
    mine = update(Delivery).where(Delivery.id == delivery.id, Delivery.tries == delivery.tries)
    leased = mine.values(tries=delivery.tries + 1, due_at=now() + LEASE)
    return changed_rows(session, leased.execution_options(synchronize_session=False)) == 1


def _letter(session: Session, settings: Settings, channel: Channel | None, delivery: Delivery) -> Letter | None:
    """The message in its reader's language; None where nobody is to read it any more."""
    note, account = delivery.notification, delivery.account
    parameters = _opened(settings, note)
    if channel is None or parameters is None or (account is not None and not _may_still(account, note)):
        return None
    to = channel.destination(session, settings, delivery, account, parameters)
    if to is None:
        return None
    shop = session.get_one(ShopProfile, 1)
    language = parameters.pop("language", None) or (account.locale if account is not None else None)
    text = text_of(note.kind, parameters, words_for(settings, shop, language))
    where = settings.public_url.rstrip("/")
    topic = hashlib.sha256((note.about or str(note.id)).encode()).hexdigest()[:32]
    url = where + text.link if where and text.link else ""
    return Letter(delivery.id, note.kind, text, url, parameters, note.created_at, topic, to)


def _opened(settings: Settings, note: Notification) -> dict[str, Any] | None:
    sealed = KINDS[note.kind].sealed if note.kind in KINDS else frozenset()
    if not sealed:
        return dict(note.parameters)
    vault = Vault(settings.vault_key())
    with suppress(Conflict):
        return {name: vault.open(value) if name in sealed else value for name, value in note.parameters.items()}
    return None


def _may_still(account: Account, note: Notification) -> bool:
    """Whether it is still for this account: nobody is sent what they may not see any more."""
    if note.kind in KINDS and KINDS[note.kind].sealed:
        return True  # as to who is just being deleted
    scope, _colon, value = note.audience.partition(":")
    if scope == "permission":
        held = value in {*OF_ROLE[Role(account.role)], *account.extra_permissions}
        return account.active and held
    return account.active and (scope != "role" or value == account.role)


def _deliver(database: Database, settings: Settings, channel: Channel, letter: Letter) -> None:
    failure: Exception | None = None
    try:
        channel.send(settings, letter)
    except Exception as error:
        failure = error
    with database.writing() as session:
        if failure is None:
            _done(session, letter)
        elif isinstance(failure, browsers.Gone):
            browsers.forget(session, [failure.browser_id])
        elif isinstance(failure, GiveUp):
            _give_up(session, letter.delivery_id, str(failure))
        else:
            _postpone(session, channel, letter.delivery_id, _reason(failure))


def _reason(error: Exception) -> str:
    """What an admin reads: nothing that could hold an address or a password, but where the channel says so."""
    if isinstance(error, TryAgain):
        return str(error)
    strerror = getattr(error, "strerror", None)
    return f"{type(error).__name__}: {strerror}" if isinstance(strerror, str) else type(error).__name__


def pause_after(tries: int, longest: timedelta) -> timedelta:
    """How long to wait after so many failures: twice as long each time."""
    return min(longest, FIRST_PAUSE * int(2 ** min(tries - 1, 20)))


def _postpone(session: Session, channel: Channel, delivery_id: int, reason: str) -> None:
    delivery = session.get(Delivery, delivery_id)
    log.warning("%s %s could not be delivered and is tried again: %s", channel.name, delivery_id, reason)
    if delivery is not None:  # it may have been withdrawn meanwhile
        delivery.reason, delivery.due_at = reason[:200], now() + pause_after(delivery.tries, channel.longest_pause)


def _give_up(session: Session, delivery_id: int, reason: str) -> None:
    log.error("delivery %s is given up: %s", delivery_id, reason)
    delivery = session.get(Delivery, delivery_id)
    if delivery is None:
        return
    delivery.reason, delivery.due_at, delivery.given_up_at = reason[:200], None, now()
    note = session.get_one(Notification, delivery.notification_id)
    if note.kind in KINDS and KINDS[note.kind].sealed:
        note.parameters = {}  # a secret that nobody gets is kept by nobody


def _done(session: Session, letter: Letter) -> None:
    delivery = session.get(Delivery, letter.delivery_id)
    if delivery is None:
        return
    note = delivery.notification_id
    session.delete(delivery)
    session.flush()
    if letter.kind in KINDS and KINDS[letter.kind].sealed:
        session.execute(delete(Notification).where(Notification.id == note))


def retry(session: Session, delivery_id: int) -> bool:
    """Try again what was given up; False where that cannot be."""
    again = update(Delivery).where(Delivery.id == delivery_id, Delivery.given_up_at.is_not(None))
    return changed_rows(session, again.values(given_up_at=None, due_at=now(), at=now(), tries=0)) == 1


def dismiss(session: Session) -> None:
    """Forget what was given up."""
    session.execute(delete(Delivery).where(Delivery.given_up_at.is_not(None)))


def forget_old(session: Session, before: datetime) -> None:
    """Delete what was given up long ago, and notifications that lie on no bell and are on no way."""
    session.execute(delete(Delivery).where(Delivery.given_up_at < before))
    kept = select(Delivery.notification_id)
    session.execute(delete(Notification).where(Notification.created_at < before, Notification.id.not_in(kept)))
