"""Whether alerts are loud: by schedule, armed by hand, disarmed by hand, or a camera snoozed."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from shop_app.base import audit
from shop_app.base.db import now
from shop_app.base.errors import Invalid
from shop_app.base.models import ArmChange, Camera, Snooze
from shop_app.base.permissions import Actor
from shop_app.base.text import _
from shop_app.security import changes

SNOOZE_MINUTES = (15, 60, 240)
BY_HAND_HOURS = (1, 4, 12)


def current(session: Session) -> ArmChange | None:
    """The change by hand that holds now; None where the schedule does."""
    newest = select(ArmChange).options(joinedload(ArmChange.account)).order_by(ArmChange.id.desc()).limit(1)
    last = session.scalars(newest).first()
    if last is None or (last.armed and last.until is None) or (last.until is not None and last.until <= now()):
        return None
    return last


def snoozed(session: Session) -> list[tuple[str, str, datetime]]:
    """The cameras that are snoozed, what people call them, and until when."""
    query = select(Snooze.camera, Camera.title, Snooze.until).outerjoin(Camera, Camera.name == Snooze.camera)
    return [(name, title or name, until) for name, title, until in session.execute(query.where(Snooze.until > now()))]


def is_disarmed(change: ArmChange | None) -> bool:
    """Whether somebody has taken the sound away: alerts are kept, but quiet."""
    return change is not None and not change.armed


def mode_by_hand(change: ArmChange | None) -> str:
    """The mode that cameras are to take: `night` while armed by hand, else their own."""
    return "night" if change is not None and change.armed else "auto"


def arm(session: Session, actor: Actor, *, armed: bool, hours: int) -> None:
    """Arm or disarm by hand for some hours; 0 gives the shop back to its schedule."""
    if hours not in (0, *BY_HAND_HOURS):
        raise Invalid(_("Choose one of the times offered."))
    until = now() + timedelta(hours=hours) if hours else None
    session.add(ArmChange(armed=armed or not hours, account_id=actor.account_id, at=now(), until=until))
    changes.note(session, None, "armed")
    audit.record(session, actor, "shop.armed" if armed else "shop.disarmed", until=until)


def snooze(session: Session, actor: Actor, camera: str, minutes: int) -> None:
    """Take the sound from one camera for a while; 0 minutes ends that."""
    if minutes not in (0, *SNOOZE_MINUTES):
        raise Invalid(_("Choose one of the times offered."))
    at = now()
    for running in session.scalars(select(Snooze).where(Snooze.camera == camera, Snooze.until > at)):
        running.until = at
    if minutes:
        session.add(Snooze(camera=camera, until=at + timedelta(minutes=minutes), account_id=actor.account_id, at=at))
    changes.note(session, None, "snoozed")
    audit.record(session, actor, "camera.snoozed", camera, minutes=minutes)


def is_quiet(session: Session, camera: str) -> bool:
    """Whether an alert of this camera makes no sound now."""
    if is_disarmed(current(session)):
        return True
    query = select(Snooze.id).where(Snooze.camera == camera, Snooze.until > now()).limit(1)
    return session.scalars(query).first() is not None
