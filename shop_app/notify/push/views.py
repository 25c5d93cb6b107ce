"""A browser asks to be told of alerts, or not any more."""

from __future__ import annotations

from pydantic import Field

from shop_app.base.permissions import Permission as P
from shop_app.notify.push import browsers
from shop_app.web.area import Area, actor, session, shop
from shop_app.web.bodies import Body, read_body

area = Area("push", __name__, url_prefix="/alerts/push")


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


@area.post("", may=P.ALERTS)
def begin() -> tuple[str, int]:
    """Tell this browser of alerts."""
    wish = read_body(Subscription)
    browser = browsers.Browser(wish.endpoint, wish.keys.p256dh, wish.keys.auth)
    browsers.subscribe(session(), actor(), shop().settings, browser, greet=wish.greet)
    return "", 204


@area.post("/end", may=P.ALERTS)
def end() -> tuple[str, int]:
    """Tell it nothing more; who knows its address is who has the browser."""
    browsers.end(session(), read_body(Endpoint).endpoint)
    return "", 204
