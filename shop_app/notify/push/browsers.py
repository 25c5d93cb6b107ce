"""Which browsers show notifications: those of people who are signed in, and asked for it on this device."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from shop_app.base import audit
from shop_app.base.db import now
from shop_app.base.errors import Conflict, Invalid
from shop_app.base.models import Account, Delivery, LoginSession, PushSubscription
from shop_app.base.permissions import Actor
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


def subscribe(session: Session, actor: Actor, settings: Settings, browser: Browser) -> PushSubscription:
    """Show notifications on this browser while this sign-in lasts."""
    endpoint = browser.endpoint
    if not (is_offered(settings) and is_allowed(settings, endpoint) and is_browser_key(browser.p256dh, browser.auth)):
        raise Invalid(_("This browser cannot show notifications of the shop."))
    of_endpoint = select(PushSubscription).where(PushSubscription.endpoint_hash == _hash(endpoint))
    found = session.scalars(of_endpoint).first()
    if found is None or (found.login_id, found.p256dh) != (actor.login_id, browser.p256dh):
        end(session, endpoint)
        found = _made(session, actor, browser)
        audit.record(session, actor, "push.begun", found.id)
    return found


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
        raise Conflict(_("This browser is just being added.")) from None
    return made


def end(session: Session, endpoint: str) -> None:
    """Show nothing more on this browser."""
    of_endpoint = select(PushSubscription.id).where(PushSubscription.endpoint_hash == _hash(endpoint))
    forget(session, session.scalars(of_endpoint).all())


def forget_ended(session: Session) -> None:
    """Take browsers away whose sign-in is over."""
    forget(session, [one.id for one in session.scalars(select(PushSubscription)) if not is_live(session, one)])


def is_live(session: Session, browser: PushSubscription) -> bool:
    """Whether the sign-in lasts by which it was added."""
    login, account, at = session.get(LoginSession, browser.login_id), session.get(Account, browser.account_id), now()
    if login is None or account is None or login.ended_at is not None or not account.active or login.expires_at <= at:
        return False
    return at - login.last_seen_at < timedelta(seconds=login.idle_seconds)


def forget(session: Session, ids: Iterable[int]) -> None:
    """Take them away, with what was on its way to them."""
    wanted = list(ids)
    if wanted:
        session.execute(delete(Delivery).where(Delivery.channel == "push", Delivery.address.in_(map(str, wanted))))
        session.execute(delete(PushSubscription).where(PushSubscription.id.in_(wanted)))


class Gone(Exception):
    """The push service does not know a browser any more."""

    def __init__(self, browser_id: int) -> None:
        super().__init__(f"browser {browser_id} is gone")
        self.browser_id = browser_id


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
