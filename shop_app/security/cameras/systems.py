"""Tokens of camera systems: one for each installation of vidframe, shown once."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shop_app.accounts.sessions import token_hash
from shop_app.base import audit
from shop_app.base.contract import FACTS, RENAMED
from shop_app.base.db import now
from shop_app.base.errors import Invalid, NotFound
from shop_app.base.models import IncomingEvent, ServiceToken
from shop_app.base.permissions import Actor
from shop_app.base.text import _

NOTED_EVERY = timedelta(seconds=10)
MOST_UNKNOWN = 50  # on a page
RECENT = 10_000  # events among which they are looked for: a page does not read all that ever came
CONNECTED_FOR = timedelta(seconds=25)  # after it fetched its cameras, which it does every two seconds


def systems(session: Session) -> list[ServiceToken]:
    """All camera systems, those that still may first."""
    return list(session.scalars(select(ServiceToken).order_by(ServiceToken.ended_at.is_not(None), ServiceToken.name)))


def is_note_due(session: Session, token_id: int) -> bool:
    """Whether `note_fetch` has something to write."""
    return _fetched_ago(session.get_one(ServiceToken, token_id)) > NOTED_EVERY


def note_fetch(session: Session, token_id: int) -> None:
    """A camera server has fetched its cameras."""
    found = session.get_one(ServiceToken, token_id)
    found.facts = found.facts | {"fetched_at": now().isoformat()}


def is_connected(session: Session) -> bool:
    """Whether a camera server fetches the cameras of this shop now."""
    return any(_fetched_ago(system) < CONNECTED_FOR for system in systems(session) if system.ended_at is None)


def _fetched_ago(system: ServiceToken) -> timedelta:
    at = system.facts.get("fetched_at")
    return now() - datetime.fromisoformat(at) if at else timedelta.max


def issue(session: Session, actor: Actor, name: str) -> str:
    """A new token; it is shown once and only its SHA-256 is kept."""
    if not 1 <= len(name.strip()) <= 80:
        raise Invalid(_("The system needs a name of at most 80 characters. No token was made."))
    token = "vf_" + secrets.token_urlsafe(32)
    session.add(
        ServiceToken(
            name=name.strip(), token_hash=token_hash(token), created_by_id=actor.id, created_at=now(), facts={}
        )
    )
    audit.record(session, actor, "system.token-made", name.strip())
    return token


def end(session: Session, actor: Actor, token_id: int) -> None:
    """Take a token back: whoever holds it is refused from now on."""
    found = session.get(ServiceToken, token_id)
    if found is None:
        raise NotFound(_("There is no such camera system."))
    if found.ended_at is None:
        found.ended_at = now()
        audit.record(session, actor, "system.token-ended", found.name)


def unknown_events(session: Session) -> list[IncomingEvent]:
    """The newest events of kinds that the shop knows nothing of, those of other people's plugins, among recent ones."""
    newest = session.scalar(select(func.max(IncomingEvent.id))) or 0
    recent = IncomingEvent.id > newest - RECENT
    foreign = IncomingEvent.kind.not_in({*FACTS, *RENAMED})
    query = select(IncomingEvent).where(recent, foreign).order_by(IncomingEvent.id.desc()).limit(MOST_UNKNOWN)
    return list(session.scalars(query))
