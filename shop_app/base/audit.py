"""The audit log: who did what, sealed in a chain of hashes, so that a row changed or taken out is found.

A customer may ask to be forgotten, and a sealed row cannot: so customers stand in it as a number, without the address they
came from. Entries of releases that wrote both are emptied by `forget_names`, and a later entry vouches for how they read now.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, not_, select, update
from sqlalchemy.orm import Session

from shop_app.base.db import insert_into, now
from shop_app.base.models import AuditEntry, AuditHead
from shop_app.base.permissions import Actor, Role

CUSTOMER = "customer "
EMPTIED = "audit.names-removed"
_PENDING = "audit"
_AT_ONCE = 1000  # ids in one entry, whose details MariaDB keeps to 64 kB
_COLUMNS = AuditEntry.__table__.columns.keys()
_ADD = insert_into(AuditEntry)
_LOCK_HEAD = select(AuditHead.last_id, AuditHead.hash).where(AuditHead.id == 1).with_for_update()
_MOVE_HEAD = (
    update(AuditHead).where(AuditHead.id == 1).values(last_id=bindparam("last"), hash=bindparam("last_hash"))
    .execution_options(synchronize_session=False)
)  # fmt: skip


def record(session: Session, actor: Actor | None, action: str, subject: object = "", **details: Any) -> None:
    """Note that `actor` (None: the shop itself) did `action` to `subject`; written when the transaction commits.

    `details` are plain facts and never secrets. The chain's end is locked only in the last moment before the commit.
    """
    entry = AuditEntry(
        at=now(),
        actor_id=actor.id if actor else None,
        actor=_name(actor),
        action=action,
        subject=str(subject)[:120],
        details=json.dumps(details, sort_keys=True, ensure_ascii=False, default=str) if details else "",
        address=actor.address if actor and actor.role is not Role.CUSTOMER else "",
    )
    session.info.setdefault(_PENDING, []).append(entry)


def seal(session: Session) -> None:
    """Add the pending entries to the chain; a step of `Database.before_commit`."""
    pending: list[AuditEntry] = session.info.pop(_PENDING, [])
    if not pending:
        return
    session.flush()
    head = session.execute(_LOCK_HEAD).one()
    last, previous = head.last_id, head.hash
    for entry in pending:
        entry.id, entry.previous_hash = last + 1, previous
        entry.hash = digest(entry)
        last, previous = entry.id, entry.hash
    # Every writer waits here for the one before: two statements, and no flush that looks through the session for more.
    session.execute(_ADD, [{name: getattr(entry, name) for name in _COLUMNS} for entry in pending])
    session.execute(_MOVE_HEAD, {"last": last, "last_hash": previous})


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
    emptied = _Emptied(session)
    for entry in _entries(session):
        if entry.id != expected or entry.previous_hash != previous:
            return expected
        if not emptied.takes(entry) and entry.hash != digest(entry):
            return expected
        previous, expected = entry.hash, expected + 1
    head = session.get(AuditHead, 1)
    if head is None or (head.last_id, head.hash) != (expected - 1, previous):
        return expected
    return emptied.first_wrong()


def forget_names(session: Session, account_id: int) -> None:
    """Take a customer's name and addresses out of what they did, where entries hold them.

    Their hashes stay, as links of the chain. What they say now is vouched for by a new entry.
    """
    plain = AuditEntry.actor == number_of(account_id), AuditEntry.address == ""
    query = select(AuditEntry).where(AuditEntry.actor_id == account_id, not_(and_(*plain))).order_by(AuditEntry.id)
    found = session.scalars(query).all()
    for begin in range(0, len(found), _AT_ONCE):
        part = found[begin : begin + _AT_ONCE]
        for entry in part:
            entry.actor, entry.address = number_of(account_id), ""
        record(session, None, EMPTIED, account_id, entries=[entry.id for entry in part], digest=_digest_of_all(part))


class _Emptied:
    """Entries without the name that they were sealed with, by the entries that vouch for them."""

    def __init__(self, session: Session) -> None:
        self._digests: dict[int, str] = {}
        self._voucher_of: dict[int, int] = {}
        self._found: dict[int, list[AuditEntry]] = {}
        for voucher in session.scalars(select(AuditEntry).where(AuditEntry.action == EMPTIED)):
            with suppress(ValueError, TypeError, KeyError, AttributeError):  # whoever wrote it, it vouches for nothing
                facts = json.loads(voucher.details)
                self._voucher_of |= {int(entry): voucher.id for entry in facts["entries"] if int(entry) < voucher.id}
                self._digests[voucher.id] = str(facts["digest"])

    def takes(self, entry: AuditEntry) -> bool:
        """Whether it is one of them; all of a voucher are looked at together."""
        voucher = self._voucher_of.get(entry.id)
        if voucher is not None:
            self._found.setdefault(voucher, []).append(entry)
        return voucher is not None

    def first_wrong(self) -> int | None:
        """The first entry of those that do not read as was vouched for."""
        wrong = [f for voucher, f in self._found.items() if _digest_of_all(f) != self._digests.get(voucher)]
        return min((found[0].id for found in wrong), default=None)


def _digest_of_all(entries: Sequence[AuditEntry]) -> str:
    return hashlib.sha256("".join(digest(entry) for entry in entries).encode()).hexdigest()


def first_head() -> AuditHead:
    """The end of an empty chain."""
    return AuditHead(id=1, last_id=0, hash="0" * 64)


def _entries(session: Session) -> Iterator[AuditEntry]:
    return iter(session.scalars(select(AuditEntry).order_by(AuditEntry.id).execution_options(yield_per=1000)))


def _name(actor: Actor | None) -> str:
    if actor is None:
        return "the shop"
    if actor.role is Role.CUSTOMER and actor.id is not None:
        return number_of(actor.id)
    return f"{actor.name} ({actor.role})"[:160]


def number_of(account_id: int | None) -> str:
    """How a customer stands in the log."""
    return f"{CUSTOMER}{account_id}"


def _moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def acting_as(role: Role, name: str) -> Actor:
    """An actor for a command line or a background task that acts without an account."""
    return Actor(id=None, role=role, name=name, permissions=frozenset())
