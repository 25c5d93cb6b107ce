"""A browser asks to show notifications, or not any more."""

from __future__ import annotations

from pydantic import Field

from shop_app.base.permissions import Permission as P
from shop_app.notify.kinds import GREETING
from shop_app.notify.outbox import send_one
from shop_app.notify.push import browsers
from shop_app.notify.push.sealing import public_key
from shop_app.web.area import Area, actor, session, shop
from shop_app.web.bodies import Body, read_body

area = Area("push", __name__, url_prefix="/notifications/push")


@area.app_template_global()
def push_key() -> str:
    """What a browser needs to show notifications of this shop; empty where this installation does not push."""
    settings, kept = shop().settings, shop().services
    if "push.key" not in kept:
        kept["push.key"] = public_key(settings.push_key()) if browsers.is_offered(settings) else ""
    key: str = kept["push.key"]
    return key


class Keys(Body):
    """Of one browser."""

    p256dh: str = Field(max_length=100)
    auth: str = Field(max_length=30)


class Subscription(Body):
    """As a browser writes it."""

    endpoint: str = Field(max_length=500)
    expirationTime: float | None = None  # noqa: N815 - the browser calls it so
    keys: Keys
    greet: bool = False  # send a first message, which shows that it works


class Endpoint(Body):
    """Which browser."""

    endpoint: str = Field(max_length=500)


@area.post("", may=P.SIGNED_IN)
def begin() -> tuple[str, int]:
    """Show notifications on this browser; a greeting shows that it works."""
    wish = read_body(Subscription)
    browser = browsers.Browser(wish.endpoint, wish.keys.p256dh, wish.keys.auth)
    found = browsers.subscribe(session(), actor(), shop().settings, browser)
    if wish.greet:
        send_one(session(), GREETING, "push", account_id=actor().account_id, address=str(found.id))
    return "", 204


@area.post("/end", may=P.SIGNED_IN)
def end() -> tuple[str, int]:
    """Show nothing more on it; who knows its address is who has the browser."""
    browsers.end(session(), read_body(Endpoint).endpoint)
    return "", 204
