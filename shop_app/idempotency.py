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

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from shop_app.db import now
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
    row = IdempotencyKey(
        account_id=actor.account_id, route=route, key=key, body_hash=digest, status=None, created_at=now()
    )
    try:
        with session.begin_nested():
            session.add(row)
            session.flush()
    except IntegrityError:
        return _stored(session, actor, route, key, digest), True
    answer = work()
    row.status, row.answer = 201, answer
    session.flush()
    return answer, False


def forget_old(session: Session) -> None:
    """Drop answers that nobody will ask for again."""
    session.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at < now() - KEPT))


def _stored(session: Session, actor: Actor, route: str, key: str, digest: str) -> dict[str, Any]:
    found = session.scalars(
        select(IdempotencyKey).where(
            IdempotencyKey.account_id == actor.account_id, IdempotencyKey.route == route, IdempotencyKey.key == key
        )
    ).one()
    if found.body_hash != digest or found.answer is None:
        raise Invalid(
            _("This was done already, with other contents. Nothing was done now; look at what was done first."),
            code="key-used", first=found.answer,
        )  # fmt: skip
    return found.answer
