"""Web Push: to browsers that asked for it, also while no page of the shop is open."""

from __future__ import annotations

import http.client
import json
import ssl
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop_app.base.models import Account, Delivery, PushSubscription
from shop_app.base.settings import Settings
from shop_app.base.text import _l
from shop_app.notify.channels.channel import Channel, GiveUp, Letter, TryAgain
from shop_app.notify.push import browsers
from shop_app.notify.push.sealing import seal, signature

TIMEOUT_SECONDS = 10


class Push(Channel):
    """Encrypted for one browser: a push service learns that the shop sends, and not what."""

    name, label = "push", _l("On my devices")
    tries_for = timedelta(minutes=15)
    longest_pause = timedelta(minutes=1)

    def is_set_up(self, settings: Settings) -> bool:
        """Browsers ask for https, push services for who sends."""
        return browsers.is_offered(settings)

    def recipients(self, session: Session, accounts: Sequence[int]) -> list[tuple[int | None, str]]:
        """Each browser of theirs."""
        query = select(PushSubscription.account_id, PushSubscription.id)
        rows = session.execute(query.where(PushSubscription.account_id.in_(accounts)))
        return [(account, str(number)) for account, number in rows]

    def destination(
        self,
        session: Session,
        settings: Settings,
        delivery: Delivery,
        account: Account | None,
        parameters: Mapping[str, Any],
    ) -> PushSubscription | None:
        """The browser, while its sign-in lasts."""
        browser = session.get(PushSubscription, int(delivery.address))
        if browser is None or not browsers.is_live(session, browser):
            return None
        return browser if browsers.is_allowed(settings, browser.endpoint) else None

    def send(self, settings: Settings, letter: Letter) -> None:
        """One request to the push service. A redirection is not followed."""
        browser: PushSubscription = letter.to
        text = letter.text
        content = {"title": text.title, "body": text.body, "link": text.link or "/notifications", "tag": letter.topic}
        status = _post(settings, browser, json.dumps(content, ensure_ascii=False).encode(), letter.topic)
        if status in {404, 410}:
            raise browsers.Gone(browser.id)
        if status == 429 or status >= 500:
            raise TryAgain(f"The push service answered {status}")
        if status >= 300:
            raise GiveUp(f"The push service refused it: {status}")


def _post(settings: Settings, browser: PushSubscription, content: bytes, topic: str) -> int:
    parts = urlsplit(browser.endpoint)
    headers = {
        "Authorization": signature(settings.push_key(), browser.endpoint, settings.public_url, time.time()),
        "Content-Encoding": "aes128gcm", "Content-Type": "application/octet-stream", "Topic": topic,
        "TTL": str(int(Push.tries_for.total_seconds())), "Urgency": "high",
    }  # fmt: skip
    context = ssl.create_default_context()
    connection = http.client.HTTPSConnection(parts.hostname or "", parts.port, timeout=TIMEOUT_SECONDS, context=context)
    try:
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", path or "/", seal(content, browser.p256dh, browser.auth), headers)
        return connection.getresponse().status
    finally:
        connection.close()
