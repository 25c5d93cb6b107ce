"""Server-sent events of open pages: one thread per process reads what changed of alerts and bells, and feeds them all.

An `id` is a row of `alert_changes`, so a page that reconnects goes on where it stopped, in any process. Two transactions
on MariaDB may commit in another order than they took their ids; so the reader looks again at the last seconds, and
leaves out what it has sent.
"""

from __future__ import annotations

import json
import logging
import queue
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shop_app.base import clock
from shop_app.base.db import Database, now
from shop_app.base.models import AlertChange, Delivery, ShopProfile
from shop_app.notify.channels import bell
from shop_app.security.alerts.cards import Card, cards

log = logging.getLogger(__name__)

LOOK_EVERY = 0.25  # seconds
OVERLAP = timedelta(seconds=30)
PING_EVERY = (
    3.0  # seconds; the page takes the stream for lost after some (stream.js). A closed page's thread is free then
)
LONGEST_REPLAY = 500  # changes; a page that missed more loads its list anew
WAITING = 1000  # messages for a page that does not read; then it has to come again

BELLS = 200  # rows before the last one, among which one may be committed late
BELL = 0, "event: bell\ndata: {}\n\n"  # something new waits: the page asks for its counts

Message = tuple[int, str]  # id, and the text of the event


@dataclass(frozen=True)
class Reader:
    """Whose page it is, and whether alerts are shown to them."""

    account: int | None = None
    sees_alerts: bool = True


class Feed:
    """Open pages of this process. The reading thread runs only while there are any."""

    def __init__(self, database: Database, most: int = 96) -> None:
        self._database = database
        self._most = most  # pages: each holds a thread, and without threads nothing of the shop opens
        self.one_at_a_time = threading.Lock()
        self._lock = threading.Lock()
        self._pages: dict[queue.Queue[Message | None], Reader] = {}  # the oldest first
        self._bells: set[int] = set()  # ids of deliveries that were told, the last of them
        self._sent: dict[int, float] = {}  # id -> when it was seen; those of the overlap
        self._last = 0

    def subscribe(self, reader: Reader = Reader()) -> queue.Queue[Message | None]:
        """A queue that gets every change from now on. Where there is no room, who has most pages gives the oldest up."""
        page: queue.Queue[Message | None] = queue.Queue(WAITING)
        with self._lock:
            if not self._pages:
                with self._database.reading() as session:
                    self._last = newest_change(session)
                    self._sent = dict.fromkeys(_recent_ids(session), time.monotonic())
                    self._bells = set(_late_bells(session, newest_bell(session)))
                self._pages[page] = reader
                threading.Thread(target=self._read, name="alert-feed", daemon=True).start()
            else:
                self._make_room()
                self._pages[page] = reader
        return page

    def _make_room(self) -> None:
        if len(self._pages) >= self._most:
            ((account, _pages),) = Counter(reader.account for reader in self._pages.values()).most_common(1)
            oldest = next(page for page, reader in self._pages.items() if reader.account == account)
            del self._pages[oldest]
            _end(oldest)

    def unsubscribe(self, page: queue.Queue[Message | None]) -> None:
        """The page is gone."""
        with self._lock:
            self._pages.pop(page, None)

    def missed(self, after: int) -> list[Message]:
        """What a page that comes back has not seen: later ids, and those that may have been committed late.

        Where that is not known any more, or too much, one message that says so: the page loads its list anew.
        """
        with self._database.reading() as session:
            query = select(AlertChange).where(AlertChange.id > after).order_by(AlertChange.id).limit(LONGEST_REPLAY + 1)
            rows = list(session.scalars(query))
            if len(rows) > LONGEST_REPLAY or (after and session.get(AlertChange, after) is None):
                newest = newest_change(session)
                return [(newest, f"event: gap\nid: {newest}\ndata: {{}}\n\n")]
            if not self._database.is_sqlite:
                rows = _late(session, after) + rows
            return _messages(session, rows)

    def _read(self) -> None:
        while True:
            time.sleep(LOOK_EVERY)
            with self._lock:
                if not self._pages:
                    return
            try:
                self._look()
            except Exception:
                log.exception("the feed of alerts cannot read; going on")
                time.sleep(2)

    def _look(self) -> None:
        with self._database.reading() as session:
            messages = _messages(session, self._new_rows(session))
            rung = self._new_bells(session)
        with self._lock:
            pages = list(self._pages.items())
        for page, reader in pages:
            for message in messages if reader.sees_alerts else []:
                _hand(page, message)
            if reader.account in rung:
                _hand(page, BELL)

    def _new_bells(self, session: Session) -> set[int]:
        """The accounts for whom something new waits."""
        found = _late_bells(session, max(self._bells, default=0))
        rung = {account for number, account in found.items() if number not in self._bells}
        self._bells = set(sorted(self._bells | found.keys())[-BELLS:])
        return rung

    def _new_rows(self, session: Session) -> list[AlertChange]:
        found = AlertChange.id > self._last
        if not self._database.is_sqlite:
            found = found | (AlertChange.at > now() - OVERLAP)
        rows = [
            row
            for row in session.scalars(select(AlertChange).where(found).order_by(AlertChange.id))
            if row.id not in self._sent
        ]
        at = time.monotonic()
        self._sent |= {row.id: at for row in rows}
        self._last = max([self._last, *(row.id for row in rows)])
        forget = at - OVERLAP.total_seconds() * 2
        self._sent = {id_: seen for id_, seen in self._sent.items() if seen > forget}
        return rows


def stream(
    feed: Feed,
    last_id: int | None,
    is_allowed: Callable[[], bool],
    reader: Reader = Reader(),
    time_zone: str = "UTC",
) -> Iterator[str]:
    """The lines of one page's stream. `is_allowed()` is asked again at each ping: a sign-in may have ended."""
    page = feed.subscribe(reader)
    begun = time.monotonic()
    try:
        yield _ping(begun, time_zone)
        replayed: set[int] = set()
        for number, text in feed.missed(last_id) if last_id is not None and reader.sees_alerts else []:
            replayed.add(number)
            yield text
        for message in _live(page, lambda: _ask(feed, is_allowed)):
            if message is None:
                yield _ping(begun, time_zone)
            elif message is BELL or message[0] not in replayed:
                yield message[1]
    finally:
        feed.unsubscribe(page)


def _ask(feed: Feed, is_allowed: Callable[[], bool]) -> bool:
    # Fifty pages that ask at once would open fifty connections to the database, and alerts would wait for them.
    with feed.one_at_a_time:
        return is_allowed()


def _ping(begun: float, time_zone: str) -> str:
    """A sign of life that the page sees: how old the stream is in seconds, and which day it is in the shop."""
    data = {"age": round(time.monotonic() - begun, 2), "day": clock.day_of(now(), time_zone).isoformat()}
    return f"event: ping\ndata: {json.dumps(data)}\n\n"


def _live(page: queue.Queue[Message | None], is_allowed: Callable[[], bool]) -> Iterator[Message | None]:
    """Messages as they come, and None when a ping is due, also while messages do not cease."""
    due = time.monotonic() + PING_EVERY * random.uniform(0.2, 1.0)
    while True:
        if time.monotonic() >= due:
            if not is_allowed():
                yield 0, "event: ended\ndata: {}\n\n"
                return
            due = time.monotonic() + PING_EVERY
            yield None
        try:
            message = page.get(timeout=max(0.0, due - time.monotonic()))
        except queue.Empty:
            continue
        if message is None:
            return  # it fell too far behind, or had to make room; the page comes again with the last id that it has
        yield message


def _hand(page: queue.Queue[Message | None], message: Message) -> None:
    try:
        page.put_nowait(message)
    except queue.Full:
        _end(page)


def _end(page: queue.Queue[Message | None]) -> None:
    try:
        while True:
            page.get_nowait()
    except queue.Empty:
        page.put_nowait(None)


def _messages(session: Session, rows: Iterable[AlertChange]) -> list[Message]:
    rows = list(rows)
    if not rows:
        return []
    profile = session.get_one(ShopProfile, 1)
    shown = cards(session, {row.alert_id for row in rows if row.alert_id}, profile)
    return [(row.id, _event(row, shown.get(row.alert_id or 0))) for row in rows]


def _event(row: AlertChange, card: Card | None) -> str:
    data = {"what": row.what, "at": row.at.isoformat(), "alert": card._asdict() if card else None}
    return f"id: {row.id}\ndata: {json.dumps(data)}\n\n"


def newest_bell(session: Session) -> int:
    """The id of the last delivery."""
    return session.scalars(select(func.max(Delivery.id))).one() or 0


def _late_bells(session: Session, last: int) -> dict[int, int]:
    """Deliveries on bells after this one, and a few before: id -> account."""
    query = select(Delivery.id, Delivery.account_id).where(Delivery.id > last - BELLS, Delivery.channel == bell.BELL)
    return {
        number: account or 0 for number, account in session.execute(query.order_by(Delivery.id.desc()).limit(2 * BELLS))
    }


def newest_change(session: Session) -> int:
    """The id after which a page that is drawn now goes on."""
    return session.scalars(select(func.max(AlertChange.id))).one() or 0


def _recent_ids(session: Session) -> list[int]:
    return list(session.scalars(select(AlertChange.id).where(AlertChange.at > now() - OVERLAP)))


def _late(session: Session, after: int) -> list[AlertChange]:
    """Rows with smaller ids, written about when the last one was: a page takes what it knows already without harm."""
    at = session.scalars(select(AlertChange.at).where(AlertChange.id == after)).first()
    if at is None:
        return []
    query = select(AlertChange).where(AlertChange.id < after, AlertChange.at > at - OVERLAP).order_by(AlertChange.id)
    return list(session.scalars(query.limit(LONGEST_REPLAY)))
