"""What can be done with feedback."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session, aliased

from shop_app.base import audit
from shop_app.base.db import changed_rows, now
from shop_app.base.errors import Conflict, Invalid
from shop_app.base.models import Account, Feedback
from shop_app.base.permissions import Actor
from shop_app.base.search import contains
from shop_app.base.text import _
from shop_app.web.listing import Rows

_Handler = aliased(Account)
TOPICS = ("products", "service", "shop", "app", "other")


def search(topic: str = "", state: str = "open", role: str = "", *, searched: bool = False) -> Rows:
    """Feedback of everybody, for who may read it; rows with the names of people. `searched`: for what is typed."""
    query = (
        select(
            Feedback.id, Feedback.topic, Feedback.body, Feedback.created_at, Feedback.handled_at,
            Account.name.label("author"), Account.role, _Handler.name.label("handled_by"),
        ).outerjoin(Feedback.author).outerjoin(Feedback.handled_by.of_type(_Handler))
    )  # fmt: skip
    if topic in TOPICS:
        query = query.where(Feedback.topic == topic)
    if role:
        query = query.where(Account.role == role)
    if state in {"open", "handled"}:
        query = query.where(Feedback.handled_at.is_(None) if state == "open" else Feedback.handled_at.is_not(None))
    people = select(Account.id).where(Account.is_found())
    return query.where(contains(Feedback.body) | Feedback.author_id.in_(people)) if searched else query


def mine(actor: Actor) -> Select[Any]:
    """What this actor has said."""
    return select(Feedback).where(Feedback.author_id == actor.account_id)


def send(session: Session, actor: Actor, topic: str, body: str) -> Feedback:
    """Say a word to the admin."""
    body = body.strip()
    if not 0 < len(body) <= 5000:
        raise Invalid(_("Write between 1 and 5000 characters."))
    entry = Feedback(
        author_id=actor.account_id, topic=topic if topic in TOPICS else "other", body=body, created_at=now()
    )
    session.add(entry)
    session.flush()
    return entry


def set_handled(session: Session, actor: Actor, feedback_id: int, handled: bool) -> None:
    """Mark as handled, or open again."""
    state = Feedback.handled_at.is_(None) if handled else Feedback.handled_at.is_not(None)
    values = {"handled_at": now() if handled else None, "handled_by_id": actor.account_id if handled else None}
    if changed_rows(session, update(Feedback).where(Feedback.id == feedback_id, state).values(values)) != 1:
        raise Conflict(_("This feedback was deleted or changed meanwhile."))
    audit.record(session, actor, "feedback.handled" if handled else "feedback.opened", feedback_id)
