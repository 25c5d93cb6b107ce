"""Work without a request: a few small jobs, each in its own transaction, again and again in one thread.

Of several processes one does it: who holds a named lock of MariaDB. It ends with its connection, so that another process
takes over within a second; in the moment between, a job may run twice, and is written so that this does no harm.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from shop_app.base import audit
from shop_app.base.db import Database
from shop_app.base.settings import Settings
from shop_app.interest import notes
from shop_app.notify import delivery
from shop_app.ops import retention
from shop_app.ops.instance_lock import LOCK_NAME
from shop_app.security.alerts import escalation

log = logging.getLogger(__name__)

TICK = 1.0  # seconds


@dataclass(frozen=True)
class Job:
    """Something done every so many seconds, for the first time after as many."""

    every: float
    name: str
    run: Callable[[Database, Settings], object]


def escalate(database: Database, _settings: Settings) -> None:
    """Tell whoever may see alerts of those that nobody claimed in time."""
    with database.reading() as session:
        if not escalation.unheeded(session):
            return  # an empty look takes no write lock
    with database.writing() as session:
        escalation.escalate(session)


def _notice_silence(database: Database, settings: Settings) -> None:
    with database.reading() as session:
        if not escalation.silent(session):
            return
    with database.writing() as session:
        escalation.notice_silence(session)


def _write_notes(database: Database, _settings: Settings) -> None:
    with database.writing() as session:
        notes.write(session)


SEAL = Job(5, "audit log", lambda database, _settings: audit.seal(database))
JOBS = (
    SEAL,
    Job(1, "notifications", delivery.run),
    Job(2, "escalation", escalate),
    Job(30, "silent cameras", _notice_silence),  # first after half a minute: cameras report again after a restart
    Job(300, "notes to sales", _write_notes),
    Job(60, "live pictures", lambda _database, settings: retention.clear_pictures(settings.media)),
    Job(3600, "retention", retention.run),
)


def start(database: Database, settings: Settings, jobs: tuple[Job, ...] = JOBS) -> Callable[[], None]:
    """Begin; returns what ends it."""
    stop = threading.Event()
    thread = threading.Thread(target=_work, args=(database, settings, jobs, stop), name="background", daemon=True)
    thread.start()

    def end() -> None:
        stop.set()
        thread.join(timeout=10)

    return end


class Turn:
    """Whether it is this process's turn to work. On SQLite there is no other."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: Connection | None = None

    def is_ours(self) -> bool:
        """Asks the database, each time anew: the lock is lost with its connection."""
        if self._database.is_sqlite:
            return True
        try:
            if self._connection is None:
                self._connection = self._database.reader.connect().execution_options(isolation_level="AUTOCOMMIT")
            return bool(self._connection.scalar(_TAKE_OR_KEEP))
        except DBAPIError:
            self.end()
            return False

    def end(self) -> None:
        """Let another process work."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.invalidate()  # closed for good: back in the pool it would keep the lock
            connection.close()


_TAKE_OR_KEEP = text(f"SELECT IF(IS_USED_LOCK({LOCK_NAME}) = CONNECTION_ID(), 1, GET_LOCK({LOCK_NAME}, 0))")


def _work(database: Database, settings: Settings, jobs: tuple[Job, ...], stop: threading.Event) -> None:
    due = {job: time.monotonic() + job.every for job in jobs}
    turn = Turn(database)
    while not stop.wait(TICK):
        if turn.is_ours():
            _run_due(jobs, due, database, settings)
    turn.end()
    _run(SEAL, database, settings)


def _run_due(jobs: tuple[Job, ...], due: dict[Job, float], database: Database, settings: Settings) -> None:
    for job in jobs:
        if time.monotonic() >= due[job]:
            _run(job, database, settings)
            due[job] = time.monotonic() + job.every


def _run(job: Job, database: Database, settings: Settings) -> None:
    try:
        job.run(database, settings)
    except Exception:
        log.exception("the job %r failed; it is tried again in %g s", job.name, job.every)
