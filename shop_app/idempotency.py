"""Requests that may come twice are answered once: the first answer is stored and given again.

The row is inserted first, in the transaction of the work itself. A second request waits for the first one there (on
MariaDB on the unique key, on SQLite at the write lock) and then finds its answer; where the first failed and was
rolled back, the second does the work.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, insert, select, update
from sqlalchemy.orm import Session

from shop_app.db import changed_rows, now
from shop_app.errors import Invalid
from shop_app.models import IdempotencyKey
from shop_app.text import _
from shop_app.web import Actor

KEPT = timedelta(hours=48)


def once(
    session: Session, actor: Actor, route: str, key: str, body: Any, work: Callable[[], dict[str, Any]]
) -> tuple[dict[str, Any], bool]:
    """The answer of `work`, and whether it is a stored one. The same key with another body is refused (`Invalid`)."""
    digest = hashlib.sha256(json.dumps(body, sort_keys=True, default=str).encode()).hexdigest()
    statement = insert(IdempotencyKey).values(
        account_id=actor.account_id, route=route, key=key, body_hash=digest, status=None, created_at=now()
    )
    statement = statement.prefix_with("OR IGNORE", dialect="sqlite").prefix_with("IGNORE", dialect="mysql")
    if changed_rows(session, statement) == 0:
        return _stored(session, actor, route, key, digest), True
    answer = work()
    session.execute(update(IdempotencyKey).where(*_of(actor, route, key)).values(status=201, answer=answer))
    return answer, False


def forget_old(session: Session) -> None:
    """Drop answers that nobody will ask for again."""
    session.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at < now() - KEPT))


def _stored(session: Session, actor: Actor, route: str, key: str, digest: str) -> dict[str, Any]:
    found = session.scalars(select(IdempotencyKey).where(*_of(actor, route, key))).one()
    if found.body_hash != digest or found.answer is None:
        raise Invalid(
            _("This was done already, with other contents. Nothing was done now; look at what was done first."),
            code="key-used", first=found.answer,
        )  # fmt: skip
    return found.answer


def _of(actor: Actor, route: str, key: str) -> tuple[ColumnElement[bool], ...]:
    return (IdempotencyKey.account_id == actor.account_id, IdempotencyKey.route == route, IdempotencyKey.key == key)
