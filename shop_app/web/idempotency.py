"""Requests that may come twice are answered once: the first answer is stored and given again.

`once`: the row is inserted first, in the transaction of the work itself. A second request waits for the first one there
(on MariaDB on the unique key, on SQLite at the write lock) and then finds its answer; where the first failed and was
rolled back, the second does the work.

Forms: every form carries a key of its own (`ui.csrf()`), and the unit of work (`area.py`) asks here. Their row is
inserted last, so that slow work is done before the write lock is taken; who comes second is rolled back.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import Request
from sqlalchemy import JSON, bindparam, delete, select, update
from sqlalchemy.orm import Session

from shop_app.base.db import changed_rows, insert_into, now
from shop_app.base.errors import Invalid
from shop_app.base.models import IdempotencyKey
from shop_app.base.permissions import Actor
from shop_app.base.text import _

KEPT = timedelta(hours=48)
MOST_SIGNS = 64  # of a key
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
    digest = _digest(body)
    if changed_rows(session, _BEGIN, _named_columns(actor, route, key, digest)) == 0:
        return _same(session.scalars(_STORED, _named(actor, route, key)).one(), digest), True
    answer = work()
    session.execute(_STORE, _named(actor, route, key) | {"first_answer": answer})
    return answer, False


@dataclass(frozen=True)
class SentForm:
    """A form by which it is known when it comes again: who sent it where, and a digest of what it holds."""

    actor: Actor
    route: str
    key: str
    digest: str


def sent_form(request: Request, actor: Actor | None) -> SentForm | None:
    """The form of this request; None where nobody is signed in, or the request is none of our forms.

    A form without a key of its own is known by its contents and the CSRF token of the page that it stood on.
    """
    key, token = request.form.get("key", ""), request.form.get("csrf_token", "")
    if actor is None or actor.id is None or not (key or token):
        return None
    if len(key) > MOST_SIGNS:
        raise Invalid(_("This form has a wrong key. Open the page again."))
    fields = [field for field in request.form.items(multi=True) if field[0] not in ("key", "csrf_token")]
    files = [(name, upload.filename) for name, upload in request.files.items(multi=True)]
    digest = _digest([sorted(fields), sorted(files)])
    return SentForm(actor, (request.endpoint or "")[:60], _digest([request.path, key or [token, digest]]), digest)


def first_answer(session: Session, form: SentForm) -> str | None:
    """Where the first sending of a form led to; None where it has not been done. Other contents are refused."""
    found = session.scalars(_STORED, _named(form.actor, form.route, form.key)).first()
    return str(_same(found, form.digest)["location"]) if found is not None else None


def remember(session: Session, form: SentForm, location: str) -> bool:
    """Note in the transaction of its work that a form was done; False where another request has done it."""
    request = _named_columns(form.actor, form.route, form.key, form.digest)
    done = changed_rows(session, _BEGIN, request | {"answer": {"location": location}})
    return done == 1


def forget_old(session: Session) -> None:
    """Drop answers that nobody will ask for again."""
    session.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at < now() - KEPT))


def _digest(body: Any) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True, default=str).encode()).hexdigest()


def _named_columns(actor: Actor, route: str, key: str, digest: str) -> dict[str, Any]:
    return {"account_id": actor.account_id, "route": route, "key": key, "body_hash": digest, "created_at": now()}


def _same(found: IdempotencyKey, digest: str) -> dict[str, Any]:
    if found.body_hash != digest or found.answer is None:
        raise Invalid(
            _("This was done already, with other contents. Nothing was done now; look at what was done first."),
            code="key-used", first=found.answer,
        )  # fmt: skip
    return found.answer


def _named(actor: Actor, route: str, key: str) -> dict[str, Any]:
    return {"who": actor.account_id, "what": route, "which": key}
