"""Brings what lies in the outbox to the push services: beside all other work, so that no alert waits for a slow network."""

from __future__ import annotations

import http.client
import logging
import ssl
import time
from collections.abc import Callable
from threading import Thread
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from shop_app.base.db import Database
from shop_app.base.settings import Settings
from shop_app.notify.push import browsers
from shop_app.notify.push.sealing import seal, signature
from shop_app.security.alerts import push_outbox as outbox

log = logging.getLogger(__name__)
TIMEOUT_SECONDS = 10


def run(database: Database, settings: Settings) -> list[Thread]:
    """One look: queue what is new, and send what is due, each in a thread of its own."""
    if not browsers.is_offered(settings):
        return []
    with database.reading() as session:
        if not outbox.has_work(session):
            return []
    with database.writing() as session:
        outbox.queue(session)
        letters = outbox.claim(session, settings)
    threads = [
        Thread(target=_deliver, args=(database, settings, letter), name="push", daemon=True) for letter in letters
    ]
    for thread in threads:
        thread.start()
    return threads


def _deliver(database: Database, settings: Settings, letter: outbox.Letter) -> None:
    host = urlsplit(letter.endpoint).hostname
    try:
        status = _post(settings, letter)
    except (OSError, http.client.HTTPException, ValueError) as error:
        log.warning("a push message could not be sent by %s: %s; it is tried again", host, type(error).__name__)
        return
    if status in {404, 410}:
        _note(database, lambda session: browsers.forget(session, [letter.subscription_id]))
    elif status < 400:
        _note(database, lambda session: outbox.done(session, letter.message_id))
    elif status == 429 or status >= 500:
        log.warning("%s answered %s to a push message; it is tried again", host, status)
    else:
        log.error("%s refused a push message: %s", host, status)
        _note(database, lambda session: outbox.done(session, letter.message_id))


def _post(settings: Settings, letter: outbox.Letter) -> int:
    """The status of the answer. A redirection is none that is followed: it counts as taken nowhere."""
    parts = urlsplit(letter.endpoint)
    headers = {
        "Authorization": signature(settings.push_key(), letter.endpoint, settings.public_url, time.time()),
        "Content-Encoding": "aes128gcm", "Content-Type": "application/octet-stream", "Topic": letter.topic,
        "TTL": str(int(outbox.FRESH.total_seconds())), "Urgency": "high",
    }  # fmt: skip
    connection = http.client.HTTPSConnection(
        parts.hostname or "", parts.port, timeout=TIMEOUT_SECONDS, context=ssl.create_default_context()
    )
    try:
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", path or "/", seal(letter.content, letter.p256dh, letter.auth), headers)
        status = connection.getresponse().status
        return 400 if 300 <= status < 400 else status
    finally:
        connection.close()


def _note(database: Database, what: Callable[[Session], None]) -> None:
    with database.writing() as session:
        what(session)
