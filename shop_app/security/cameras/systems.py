"""Tokens of camera systems: one for each installation of vidframe, shown once."""

from __future__ import annotations

import secrets

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop_app.accounts.sessions import token_hash
from shop_app.base import audit
from shop_app.base.db import now
from shop_app.base.errors import Invalid, NotFound
from shop_app.base.models import ServiceToken
from shop_app.base.permissions import Actor


def systems(session: Session) -> list[ServiceToken]:
    """All camera systems, those that still may first."""
    return list(session.scalars(select(ServiceToken).order_by(ServiceToken.ended_at.is_not(None), ServiceToken.name)))


def issue(session: Session, actor: Actor, name: str) -> str:
    """A new token; it is shown once and only its SHA-256 is kept."""
    if not 1 <= len(name.strip()) <= 80:
        raise Invalid("The system needs a name of at most 80 characters. No token was made.")
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
        raise NotFound("There is no such camera system.")
    if found.ended_at is None:
        found.ended_at = now()
        audit.record(session, actor, "system.token-ended", found.name)
