"""Work without a request: a few small jobs, each in its own transaction, again and again in one thread per process.

Several processes may run the same job at once; each job is written so that this does no harm.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from shop_app import retention
from shop_app.alerts import watch
from shop_app.db import Database
from shop_app.interest import notes
from shop_app.settings import Settings

log = logging.getLogger(__name__)

TICK = 1.0  # seconds


@dataclass(frozen=True)
class Job:
    """Something done every so many seconds, for the first time after as many."""

    every: float
    name: str
    run: Callable[[Database, Settings], object]


def _escalate(database: Database, settings: Settings) -> None:
    with database.reading() as session:
        if not watch.unheeded(session):
            return  # an empty look takes no write lock
    with database.writing() as session:
        watch.escalate(session)


def _notice_silence(database: Database, settings: Settings) -> None:
    with database.reading() as session:
        if not watch.silent(session):
            return
    with database.writing() as session:
        watch.notice_silence(session)


def _write_notes(database: Database, settings: Settings) -> None:
    with database.writing() as session:
        notes.write(session)


JOBS = (
    Job(2, "escalation", _escalate),
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


def _work(database: Database, settings: Settings, jobs: tuple[Job, ...], stop: threading.Event) -> None:
    due = {job: time.monotonic() + job.every for job in jobs}
    while not stop.wait(TICK):
        for job in jobs:
            if time.monotonic() >= due[job]:
                _run(job, database, settings)
                due[job] = time.monotonic() + job.every


def _run(job: Job, database: Database, settings: Settings) -> None:
    try:
        job.run(database, settings)
    except Exception:
        log.exception("the job %r failed; it is tried again in %g s", job.name, job.every)
