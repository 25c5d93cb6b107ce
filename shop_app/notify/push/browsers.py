"""Which browsers are told of alerts: those of people who are signed in, may see alerts, and asked for it on this device."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from shop_app.base import audit
from shop_app.base.db import now
from shop_app.base.errors import Conflict, Invalid
from shop_app.base.models import Account, LoginSession, PushMessage, PushSubscription
from shop_app.base.permissions import OF_ROLE, Actor, Permission, Role
from shop_app.base.settings import Settings
from shop_app.base.text import _
from shop_app.notify.push.sealing import is_browser_key

MOST = 5  # of one person; the oldest makes room
_ENDPOINT = re.compile(r"https://([A-Za-z0-9.-]+(?::[0-9]+)?)/[A-Za-z0-9._~%/?&=:+-]*")


def is_offered(settings: Settings) -> bool:
    """Whether this shop can push: browsers ask for https, push services for who sends."""
    return settings.public_url.startswith("https://")


def is_allowed(settings: Settings, endpoint: str) -> bool:
    """Whether an address is one of a push service that the settings name, and nothing else on this or another network."""
    found = _ENDPOINT.fullmatch(endpoint)
    if found is None or len(endpoint) > 500:
        return False
    host, names = found.group(1), settings.push_services
    return host in names or any(host.endswith("." + name) for name in names)


@dataclass(frozen=True)
class Browser:
    """What a browser says of itself: its address at its push service, and its keys."""

    endpoint: str
    p256dh: str
    auth: str


def subscribe(session: Session, actor: Actor, settings: Settings, browser: Browser, *, greet: bool) -> None:
    """Tell this browser of alerts while this sign-in lasts; a greeting shows that it works."""
    endpoint = browser.endpoint
    if not (is_offered(settings) and is_allowed(settings, endpoint) and is_browser_key(browser.p256dh, browser.auth)):
        raise Invalid(_("Nothing was changed: this browser cannot be told of alerts."))
    of_endpoint = select(PushSubscription).where(PushSubscription.endpoint_hash == _hash(endpoint))
    found = session.scalars(of_endpoint).first()
    if found is None or (found.login_id, found.p256dh) != (actor.login_id, browser.p256dh):
        end(session, endpoint)
        found = _made(session, actor, browser)
        audit.record(session, actor, "push.begun", found.id)
    if greet:
        session.add(PushMessage(subscription_id=found.id, alert_id=None, made_at=now(), due_at=now()))


def _made(session: Session, actor: Actor, browser: Browser) -> PushSubscription:
    rows = select(PushSubscription.id).where(PushSubscription.account_id == actor.account_id)
    forget(session, session.scalars(rows.order_by(PushSubscription.id.desc()).offset(MOST - 1)).all())
    made = PushSubscription(
        account_id=actor.account_id, login_id=actor.login_id, endpoint=browser.endpoint,
        endpoint_hash=_hash(browser.endpoint), p256dh=browser.p256dh, auth=browser.auth, made_at=now(),
    )  # fmt: skip
    try:
        with session.begin_nested():
            session.add(made)
            session.flush()
    except IntegrityError:
        raise Conflict(_("Nothing was changed: this browser is just being added.")) from None
    return made


def end(session: Session, endpoint: str) -> None:
    """Tell this browser nothing more."""
    of_endpoint = select(PushSubscription.id).where(PushSubscription.endpoint_hash == _hash(endpoint))
    forget(session, session.scalars(of_endpoint).all())


def forget_ended(session: Session) -> None:
    """Take browsers away whose sign-in is over."""
    kept = {row.id for row in live(session)}
    forget(session, [found for found in session.scalars(select(PushSubscription.id)) if found not in kept])


def live(session: Session) -> list[Row[*tuple[Any, ...]]]:
    """The browsers of those who are signed in and may see alerts."""
    at, login, browser = now(), LoginSession, PushSubscription
    query = (
        select(
            browser.id, browser.endpoint, browser.p256dh, browser.auth, Account.locale, Account.role,
            Account.extra_permissions, login.last_seen_at, login.idle_seconds,
        )
        .join(login, login.id == browser.login_id)
        .join(Account, Account.id == browser.account_id)
        .where(login.ended_at.is_(None), login.expires_at > at, Account.active.is_(True))
    )  # fmt: skip
    return [
        row
        for row in session.execute(query)
        if at - row.last_seen_at < timedelta(seconds=row.idle_seconds) and _may_see(row.role, row.extra_permissions)
    ]


def _may_see(role: str, extra: Iterable[str]) -> bool:
    return Permission.ALERTS in OF_ROLE[Role(role)] or Permission.ALERTS.value in extra


def forget(session: Session, ids: Iterable[int]) -> None:
    """Take them away, with what was on its way to them."""
    wanted = list(ids)
    if wanted:
        session.execute(delete(PushMessage).where(PushMessage.subscription_id.in_(wanted)))
        session.execute(delete(PushSubscription).where(PushSubscription.id.in_(wanted)))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
