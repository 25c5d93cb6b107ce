"""The audit log: who did what, sealed by the background in a chain of hashes, so that a row changed or taken out is found.

A customer may ask to be forgotten, and a sealed row cannot: so customers stand in it as a number, without the address they
came from.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shop_app.base.db import AT_LAST, Base, Database, now
from shop_app.base.models import Account, AuditEntry, AuditHead
from shop_app.base.permissions import Actor, Role

OVERDUE = timedelta(minutes=1)  # entries are sealed within seconds, and transactions end sooner
_AT_ONCE = 500  # entries sealed in one transaction
_UNSEALED = select(AuditEntry).where(AuditEntry.position.is_(None)).order_by(AuditEntry.id).limit(_AT_ONCE)


class Check(NamedTuple):
    """What the chain covers. `missing`: numbers, from and to, of which there is no entry."""

    broken: int | None
    sealed: int
    unsealed: int
    since: datetime | None  # of the oldest entry that is not sealed
    missing: Sequence[Any]

    @property
    def is_overdue(self) -> bool:
        """Whether nothing seals."""
        return self.since is not None and self.since < now() - OVERDUE


def record(session: Session, actor: Actor | None, action: str, subject: object = "", **details: Any) -> None:
    """Note that `actor` (None: the shop itself) did `action` to `subject`: a text, or a row or an actor with a name.

    `details` are plain facts and never secrets. The entry is written right before the commit: what is
    rolled back takes no number, which the check would miss.
    """
    entry = AuditEntry(
        at=now(),
        actor_id=actor.id if actor else None,
        actor=name_of(actor) if actor else "the shop",
        action=action,
        subject=_named(subject),
        details=json.dumps(details, sort_keys=True, ensure_ascii=False, default=str) if details else "",
        address=actor.address if actor and actor.role is not Role.CUSTOMER else "",
    )
    session.info.setdefault(AT_LAST, []).append(entry)


def seal(database: Database) -> None:
    """Add what was written since to the chain, in order. Several processes may do so at once: they wait for each other."""
    while True:
        with database.reading() as session:
            if session.scalars(_UNSEALED).first() is None:
                return  # an empty look takes no write lock
        with database.writing() as session:
            head = session.scalars(select(AuditHead).with_for_update()).one()
            for entry in session.scalars(_UNSEALED):
                entry.position, entry.previous_hash = head.position + 1, head.hash
                entry.hash = digest(entry)
                head.position, head.hash = entry.position, entry.hash


def digest(entry: Any) -> str:
    """SHA-256 over the entry and the hash before it, as hexadecimal text."""
    facts = [
        entry.id, entry.at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"), entry.actor_id, entry.actor, entry.action, entry.subject, entry.details,
        entry.address, entry.previous_hash,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(facts, ensure_ascii=False).encode()).hexdigest()


def check(session: Session) -> Check:
    """Walk the whole chain, and look for what is not in it."""
    sealed = session.scalars(select(func.count(AuditEntry.position))).one()
    query = select(func.count(), func.min(AuditEntry.at)).where(AuditEntry.position.is_(None))
    unsealed, since = session.execute(query).one()
    return Check(verify(session), sealed, unsealed, since, _missing(session))


def verify(session: Session) -> int | None:
    """The id of the first entry at which the chain is broken, or None where it is whole."""
    position, previous, last = 0, first_head().hash, 0
    sealed = select(AuditEntry).where(AuditEntry.position.is_not(None)).order_by(AuditEntry.position, AuditEntry.id)
    for position, entry in enumerate(session.scalars(sealed.execution_options(yield_per=1000)), 1):
        if (entry.position, entry.previous_hash, entry.hash) != (position, previous, digest(entry)):
            return entry.id
        previous, last = entry.hash, entry.id
    head = session.get(AuditHead, 1) or first_head()
    return None if (head.position, head.hash) == (position, previous) else last + 1


def _missing(session: Session) -> Sequence[Any]:
    before = func.coalesce(func.lag(AuditEntry.id).over(order_by=AuditEntry.id), 0).label("before")
    entries = select(AuditEntry.id, AuditEntry.at, before).subquery().c
    # What was written a moment ago may have begun after one that is about to be committed.
    gap = entries.id > entries.before + 1, entries.at < now() - OVERDUE
    return session.execute(select(entries.before + 1, entries.id - 1).where(*gap)).all()


def first_head() -> AuditHead:
    """The end of an empty chain."""
    return AuditHead(id=1, position=0, hash="0" * 64)


def _named(subject: Any) -> str:
    """Names are not unique, and change; so the number stands beside."""
    if getattr(subject, "role", "") == Role.CUSTOMER:
        return number_of(subject.id)
    is_named = isinstance(subject, Base | Actor)
    return f"{subject.name[:100]} #{subject.id}" if is_named else str(subject)[:120]


def name_of(person: Account | Actor) -> str:
    """How somebody stands in the log who does something."""
    if person.role == Role.CUSTOMER and person.id is not None:
        return number_of(person.id)
    return f"{person.name} ({person.role})"[:160]


def number_of(account_id: int | None) -> str:
    """How a customer stands in the log."""
    return f"customer {account_id}"


def acting_as(role: Role, name: str) -> Actor:
    """An actor for a command line or a background task that acts without an account."""
    return Actor(id=None, role=role, name=name, permissions=frozenset())
