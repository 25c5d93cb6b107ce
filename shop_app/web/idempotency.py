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

from sqlalchemy import JSON, bindparam, delete, select, update
from sqlalchemy.orm import Session

from shop_app.base.db import changed_rows, insert_into, now
from shop_app.base.errors import Invalid
from shop_app.base.models import IdempotencyKey
from shop_app.base.permissions import Actor
from shop_app.base.text import _

KEPT = timedelta(hours=48)
_THIS = (
    IdempotencyKey.account_id == bindparam("who"),
    IdempotencyKey.route == bindparam("what"),
    IdempotencyKey.key == bindparam("which"),
)
_BEGIN = insert_into(IdempotencyKey).prefix_with("OR IGNORE", dialect="sqlite").prefix_with("IGNORE", dialect="mysql")
_STORE = (
    update(IdempotencyKey).where(*_THIS).values(status=201, answer=bindparam("first_answer", type_=JSON))
    .execution_options(synchronize_session=False)
)  # fmt: skip
_STORED = select(IdempotencyKey).where(*_THIS)


def once(
    session: Session, actor: Actor, route: str, key: str, body: Any, work: Callable[[], dict[str, Any]]
) -> tuple[dict[str, Any], bool]:
    """The answer of `work`, and whether it is a stored one. The same key with another body is refused (`Invalid`)."""
    digest = hashlib.sha256(json.dumps(body, sort_keys=True, default=str).encode()).hexdigest()
    request = {"account_id": actor.account_id, "route": route, "key": key, "body_hash": digest, "created_at": now()}
    if changed_rows(session, _BEGIN, request) == 0:
        return _stored(session, actor, route, key, digest), True
    answer = work()
    session.execute(_STORE, _named(actor, route, key) | {"first_answer": answer})
    return answer, False


def forget_old(session: Session) -> None:
    """Drop answers that nobody will ask for again."""
    session.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at < now() - KEPT))


def _stored(session: Session, actor: Actor, route: str, key: str, digest: str) -> dict[str, Any]:
    found = session.scalars(_STORED, _named(actor, route, key)).one()
    if found.body_hash != digest or found.answer is None:
        raise Invalid(
            _("This was done already, with other contents. Nothing was done now; look at what was done first."),
            code="key-used", first=found.answer,
        )  # fmt: skip
    return found.answer


def _named(actor: Actor, route: str, key: str) -> dict[str, Any]:
    return {"who": actor.account_id, "what": route, "which": key}
