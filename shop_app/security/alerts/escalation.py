"""What must not wait for a person: alerts that nobody took, and cameras that fell silent by night."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from gettext import NullTranslations

from sqlalchemy import Select, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from shop_app.base import audit, clock
from shop_app.base.db import changed_rows, now
from shop_app.base.models import Account, Alert, Camera, CameraState, ShopProfile
from shop_app.base.permissions import Role
from shop_app.notify.notifications import notify
from shop_app.security.alerts import changes, incidents
from shop_app.security.alerts.cards import CHAIN
from shop_app.security.alerts.coverage import coverage

ENGLISH = NullTranslations()
OLDEST = timedelta(days=1)  # what is older is not sent on any more
NO_CAMERA = ""  # the name in an alert about a shop without cameras
WHAT = {
    "motion": "Movement", "left": "Something was left behind", "gone": "Something is gone",
    "tampering": "The camera was covered or moved", "light": "The light changed", "silent": "Camera offline", "unwatched": "No camera is watching",
    "covered": "The camera was covered", "blinded": "The camera was blinded",
    "blurred": "The camera's picture was blurred", "moved": "The camera was moved",
}  # fmt: skip


def unheeded(session: Session) -> Sequence[Alert]:
    """Loud alerts that nobody took in time, and that were not sent on yet."""
    at = now()
    limit = at - timedelta(seconds=session.get_one(ShopProfile, 1).escalate_after_seconds)
    query = select(Alert).where(
        Alert.state == "new", Alert.severity == "alert", Alert.quiet.is_(False), Alert.escalated_at.is_(None),
        Alert.received_at < limit, Alert.received_at > at - OLDEST,
    )  # fmt: skip
    return session.scalars(query).all()


@dataclass(frozen=True)
class Escalated:
    """An alert that was sent on to the admins: its words, what it was, and where it is shown."""

    title: str
    what: str
    link: str


def escalate(session: Session, words: NullTranslations = ENGLISH) -> list[Escalated]:
    """Send them on to the admins, each once; returns those of which the admins are told."""
    done, profile = [], session.get_one(ShopProfile, 1)
    titles = {name: title for name, title in session.execute(select(Camera.name, Camera.title))}
    for alert in unheeded(session):
        told = session.scalars(_told_of(alert.camera)).first() is not None
        once = update(Alert).where(Alert.id == alert.id, Alert.escalated_at.is_(None), Alert.state == "new")
        if not changed_rows(session, once.values(escalated_at=now())):
            continue
        time = clock.local(alert.started_at, profile.time_zone).strftime("%H:%M:%S")
        where = titles.get(alert.camera, alert.camera) or profile.name
        title = words.gettext("Nobody took the alert of %(time)s at %(camera)s") % {"time": time, "camera": where}
        link = f"/alerts/{alert.id}"
        changes.note(session, alert.id, "escalated")
        audit.record(session, None, "alert.escalated", alert.id)
        if not told:
            what = ", ".join(filter(None, (words.gettext(WHAT[alert.cause or alert.change]), alert.zone)))
            notify(session, title, what, role=Role.ADMIN, kind="alert", link=link)
            done.append(Escalated(title, what, link))
    return done


def _told_of(camera: str) -> Select[int]:
    """Of a camera that gives one alert after the other, admins are told once, until somebody takes what they were told."""
    going_on = Alert.camera == camera, Alert.state == "new", Alert.escalated_at > now() - CHAIN
    return select(Alert.id).where(*going_on).limit(1)


def addresses_of_admins(session: Session) -> Sequence[str]:
    """The e-mail addresses of the admins."""
    query = select(Account.email).where(
        Account.role == Role.ADMIN.value, Account.active.is_(True), Account.email.is_not(None)
    )
    return [address for address in session.scalars(query) if address]


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
