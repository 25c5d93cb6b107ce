"""The one stream of a page: changes of alerts for who may see them, the bell for all staff."""

from __future__ import annotations

from flask import Response, request

from shop_app.accounts import sessions
from shop_app.base.db import Database
from shop_app.base.errors import Forbidden
from shop_app.base.permissions import Permission as P
from shop_app.base.text import _
from shop_app.security.alerts import feed
from shop_app.web.area import Area, actor, profile, shop

area = Area("live", __name__)


@area.get("/alerts/stream", may=P.ALERTS)
def alerts() -> Response:
    """Changes of alerts as they happen, and the bell."""
    return _stream(P.ALERTS)


@area.get("/bell/stream", may=P.SIGNED_IN)
def bell() -> Response:
    """The bell of staff who see no alerts. Pages of customers hold no thread of the server."""
    if not actor().is_staff:
        raise Forbidden(_("Pages of customers are not told of anything by themselves."))
    return _stream(P.SIGNED_IN)


def _stream(needed: P) -> Response:
    last = request.headers.get("Last-Event-ID") or request.args.get("after", "")
    last_id = int(last) if last.isascii() and last.isdigit() and len(last) < 18 else None
    token, database = sessions.cookie_token(), shop().database
    lines = feed.stream(
        _feed(database), last_id, lambda: sessions.still_signed_in(database, token, needed),
        feed.Reader(actor().account_id, needed is P.ALERTS), profile().time_zone,
    )  # fmt: skip
    response = Response(lines, mimetype="text/event-stream")
    response.headers["X-Accel-Buffering"] = "no"
    return response


def _feed(database: Database) -> feed.Feed:
    found = shop().services.setdefault("alerts.feed", feed.Feed(database, shop().settings.threads * 3 // 4))
    assert isinstance(found, feed.Feed)
    return found
