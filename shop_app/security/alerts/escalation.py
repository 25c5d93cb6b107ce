"""What must not wait for a person: alerts that nobody took, and cameras that fell silent by night."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from shop_app.base import audit
from shop_app.base.db import changed_rows, now
from shop_app.base.models import Alert, CameraState, ShopProfile
from shop_app.notify import kinds
from shop_app.security import changes
from shop_app.security.alerts import incidents
from shop_app.security.cameras.coverage import coverage

OLDEST = timedelta(days=1)  # what is older is not sent on any more
NO_CAMERA = ""  # the name in an alert about a shop without cameras


def unheeded(session: Session) -> Sequence[Alert]:
    """Loud alerts that nobody took in time, and that were not sent on yet."""
    at = now()
    limit = at - timedelta(seconds=session.get_one(ShopProfile, 1).escalate_after_seconds)
    query = select(Alert).where(
        Alert.state == "new", Alert.severity == "alert", Alert.quiet.is_(False), Alert.escalated_at.is_(None),
        Alert.received_at < limit, Alert.received_at > at - OLDEST,
    )  # fmt: skip
    return session.scalars(query).all()


def escalate(session: Session) -> int:
    """Tell whoever may see alerts, once for each storm; how many alerts were escalated."""
    done = 0
    for alert in unheeded(session):
        once = update(Alert).where(Alert.id == alert.id, Alert.escalated_at.is_(None), Alert.state == "new")
        if changed_rows(session, once.values(escalated_at=now())):
            changes.note(session, alert.id, "escalated")
            audit.record(session, None, "alert.escalated", alert.id)
            incidents.tell(session, alert, kinds.ESCALATED)
            done += 1
    return done


def silent(session: Session) -> list[str]:
    """Cameras that should watch now, see nothing for too long, and have no alert yet; "" where the shop has none at all."""
    profile = session.get_one(ShopProfile, 1)
    found = coverage(session, profile)
    limit = now() - timedelta(seconds=profile.silent_after_seconds)
    names = [post.tile.name for post in found.missing if post.is_due and (post.tile.since or limit) <= limit]
    if found.is_armed and not found.on:
        names.append(NO_CAMERA)
    told = {alert.camera for alert in incidents.open_silences(session)} if names else set()
    return [name for name in names if name not in told]


def notice_silence(session: Session) -> int:
    """An alert for each of them, until it is heard; how many there were."""
    made = 0
    for camera in silent(session):
        state = session.get(CameraState, camera)
        try:
            with session.begin_nested():
                alert = incidents.open_silence(session, camera, state.heard_at if state else now().replace(second=0))
                if state is not None:
                    state.silent_alert_id = alert.id
                session.flush()
        except IntegrityError:
            continue  # another process was first
        made += 1
    return made
