"""The outbox: each new alert is put in for each browser, and lies there until a push service has it or it is too old."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from babel.support import Translations
from sqlalchemy import Row, Select, delete, select, update
from sqlalchemy.orm import Session

from shop_app.base import clock
from shop_app.base.db import changed_rows, now
from shop_app.base.models import Alert, Camera, PushMessage, ShopProfile
from shop_app.base.settings import Settings
from shop_app.notify.push import browsers
from shop_app.security.alerts.cards import CHAIN
from shop_app.security.alerts.escalation import WHAT
from shop_app.web.i18n import compile_translations

FRESH = timedelta(minutes=15)  # what is older is not told any more
AT_ONCE = 50  # messages
PAUSES = (20, 40, 60)  # seconds from one try to the next; longer than a try may take
_ALERT = select(
    Alert.id, Alert.camera, Alert.change, Alert.cause, Alert.zone, Alert.state, Alert.started_at, Camera.title
).outerjoin(Camera, Camera.name == Alert.camera)


def has_work(session: Session) -> bool:
    """Whether something is to be told: most looks end here, and take no write lock."""
    due = session.scalars(select(PushMessage.id).where(PushMessage.due_at <= now()).limit(1)).first()
    return due is not None or bool(session.scalars(_untold().limit(1)).first() and browsers.live(session))


def queue(session: Session) -> None:
    """Put new alerts in for each browser, once; of a storm of one camera the first alone."""
    receivers = browsers.live(session)
    for alert in session.scalars(_untold().order_by(Alert.id)).all() if receivers else ():
        going_on = Alert.camera == alert.camera, Alert.state == "new", Alert.pushed_at > now() - CHAIN
        told = session.scalars(select(Alert.id).where(*going_on).limit(1)).first() is not None
        once = update(Alert).where(Alert.id == alert.id, Alert.pushed_at.is_(None)).values(pushed_at=now())
        if changed_rows(session, once) and not told:
            session.add_all(
                PushMessage(subscription_id=row.id, alert_id=alert.id, made_at=now(), due_at=now()) for row in receivers
            )
    session.flush()


@dataclass(frozen=True)
class Letter:
    """A message on its way: to whom, and what it says."""

    message_id: int
    subscription_id: int
    endpoint: str
    p256dh: str
    auth: str
    topic: str  # a later message takes the place of one of the same topic that was not shown yet
    content: bytes


def claim(session: Session, settings: Settings) -> list[Letter]:
    """What is due, for one try by one process; what is too old, taken meanwhile or for nobody who is signed in goes."""
    receivers = {row.id: row for row in browsers.live(session)}
    columns = PushMessage.id, PushMessage.subscription_id, PushMessage.alert_id, PushMessage.made_at, PushMessage.tries
    due = select(*columns).where(PushMessage.due_at <= now()).order_by(PushMessage.id).limit(AT_ONCE)
    letters = []
    for message in session.execute(due).all():
        alert = session.execute(_ALERT.where(Alert.id == message.alert_id)).first() if message.alert_id else None
        browser = receivers.get(message.subscription_id)
        over = message.made_at < now() - FRESH or (alert is not None and alert.state != "new")
        if over or browser is None or not browsers.is_allowed(settings, browser.endpoint):
            done(session, message.id)
        elif _taken(session, message):
            letters.append(_letter(message.id, browser, alert, session.get_one(ShopProfile, 1), settings))
    return letters


def done(session: Session, message_id: int) -> None:
    """The push service has it, or is never to have it."""
    session.execute(delete(PushMessage).where(PushMessage.id == message_id))


def _taken(session: Session, message: Row[*tuple[Any, ...]]) -> bool:
    """Whether this process is the one that tries it now; should the try fail, it is due again later."""
    pause = timedelta(seconds=PAUSES[min(message.tries, len(PAUSES) - 1)])
    mine = update(PushMessage).where(PushMessage.id == message.id, PushMessage.tries == message.tries)
    return changed_rows(session, mine.values(tries=message.tries + 1, due_at=now() + pause)) == 1


def _letter(
    message_id: int, browser: Row[*tuple[Any, ...]], alert: Row[*tuple[Any, ...]] | None, profile: ShopProfile,
    settings: Settings,
) -> Letter:  # fmt: skip
    gettext = Translations.load(compile_translations(settings), [browser.locale or profile.locale]).ugettext
    if alert is None:
        about = {"title": profile.name, "body": gettext("Alerts of the night will look like this."), "link": "/alerts"}
    else:
        time = clock.local(alert.started_at, profile.time_zone)
        where = ", ".join(filter(None, (alert.title or alert.camera, alert.zone)))
        about = {
            "title": gettext(WHAT[alert.cause or alert.change]),
            "body": f"{where}, {time:%H:%M:%S}",
            "link": f"/alerts/{alert.id}",
        }
    topic = hashlib.sha256((alert.camera if alert is not None else "").encode()).hexdigest()[:32]
    content = json.dumps(about | {"tag": topic}, ensure_ascii=False).encode()
    return Letter(message_id, browser.id, browser.endpoint, browser.p256dh, browser.auth, topic, content)


def _untold() -> Select[Alert]:
    loud = Alert.severity == "alert", Alert.quiet.is_(False), Alert.pushed_at.is_(None)
    return select(Alert).where(Alert.state == "new", *loud, Alert.received_at > now() - FRESH)
