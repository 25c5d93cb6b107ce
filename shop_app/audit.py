"""The audit log: who did what, sealed in a chain of hashes, so that a row changed or taken out is found."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from shop_app.db import now
from shop_app.models import AuditEntry, AuditHead
from shop_app.permissions import Role
from shop_app.web import Actor

_PENDING = "audit"


def record(session: Session, actor: Actor | None, action: str, subject: object = "", **details: Any) -> None:
    """Note that `actor` (None: the shop itself) did `action` to `subject`; written when the transaction commits.

    `details` are plain facts and never secrets. The chain's end is locked only in the last moment before the commit.
    """
    entry = AuditEntry(
        at=now(),
        actor_id=actor.id if actor else None,
        actor=f"{actor.name} ({actor.role})"[:160] if actor else "the shop",
        action=action,
        subject=str(subject)[:120],
        details=json.dumps(details, sort_keys=True, ensure_ascii=False, default=str) if details else "",
        address=actor.address if actor else "",
    )
    session.info.setdefault(_PENDING, []).append(entry)


def seal(session: Session) -> None:
    """Add the pending entries to the chain; a step of `Database.before_commit`."""
    pending: list[AuditEntry] = session.info.pop(_PENDING, [])
    if not pending:
        return
    session.flush()
    head = session.execute(select(AuditHead.last_id, AuditHead.hash).where(AuditHead.id == 1).with_for_update()).one()
    last, previous = head.last_id, head.hash
    for entry in pending:
        entry.id, entry.previous_hash = last + 1, previous
        entry.hash = digest(entry)
        last, previous = entry.id, entry.hash
    # Every writer waits here for the one before: two statements, and no flush that looks through the session for more.
    columns = AuditEntry.__table__.columns.keys()
    session.execute(insert(AuditEntry), [{name: getattr(entry, name) for name in columns} for entry in pending])
    session.execute(update(AuditHead).where(AuditHead.id == 1).values(last_id=last, hash=previous))


def digest(entry: AuditEntry) -> str:
    """SHA-256 over the entry and the hash before it, as hexadecimal text."""
    facts = [
        entry.id, _moment(entry.at), entry.actor_id, entry.actor, entry.action, entry.subject, entry.details,
        entry.address, entry.previous_hash,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(facts, ensure_ascii=False).encode()).hexdigest()


def verify(session: Session) -> int | None:
    """The id of the first entry at which the chain is broken, or None where it is whole."""
    previous, expected = "0" * 64, 1
    for entry in _entries(session):
        if entry.id != expected or entry.previous_hash != previous or entry.hash != digest(entry):
            return expected
        previous, expected = entry.hash, expected + 1
    head = session.get(AuditHead, 1)
    return None if head is not None and (head.last_id, head.hash) == (expected - 1, previous) else expected


def first_head() -> AuditHead:
    """The end of an empty chain."""
    return AuditHead(id=1, last_id=0, hash="0" * 64)


def _entries(session: Session) -> Iterator[AuditEntry]:
    return iter(session.scalars(select(AuditEntry).order_by(AuditEntry.id).execution_options(yield_per=1000)))


def _moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def acting_as(role: Role, name: str) -> Actor:
    """An actor for a command line or a background task that acts without an account."""
    return Actor(id=None, role=role, name=name, permissions=frozenset())
