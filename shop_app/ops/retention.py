"""Deletes what has been kept long enough: clips and pictures of alerts, events, traces of visits, replaced pictures of products.

Says what it deleted.
"""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Select, delete, select, union
from sqlalchemy.orm import Session

from shop_app.base import audit
from shop_app.base.contract import RENAMED
from shop_app.base.db import Database, now
from shop_app.base.models import Alert, AlertChange, Camera, EventFile, IncomingEvent, Product, VisitSeen
from shop_app.base.settings import Settings
from shop_app.notify import delivery
from shop_app.notify.push import browsers
from shop_app.people.privacy import erasure
from shop_app.security import files
from shop_app.security.cameras import live
from shop_app.security.ingest.service import AGGREGATED
from shop_app.web import idempotency

log = logging.getLogger(__name__)

DEFAULT_DAYS = 30  # of clips whose camera stands in a config file
EVENTS_DAYS = 30  # of the ids of interest and mood; by then no outbox sends them again
CHANGES_DAYS = 7  # of the feed of open pages
UNDELIVERED_DAYS = 30  # of notifications that were given up, or that nobody has on a bell
VISITS = timedelta(days=1)
ABANDONED_SECONDS = 7 * 86400  # of a file that was never finished
UNUSED_SECONDS = 86400  # of a picture, since it was written or replaced
AT_ONCE = 1000  # rows in one transaction, so that nobody waits long for it


def run(database: Database, settings: Settings) -> dict[str, int]:
    """Delete what is due; the counts are logged and stand in the audit log."""
    counts = {"clips": 0, "events": 0, "changes": 0, "visits": 0, "pictures": 0}
    while found := _delete_files(database, settings.media):
        counts["clips"] += found
    at = now()
    old_sums = select(IncomingEvent.id).where(
        IncomingEvent.kind.in_([*RENAMED, *AGGREGATED]), IncomingEvent.received_at < at - timedelta(days=EVENTS_DAYS)
    )  # fmt: skip
    counts["events"] = _delete_rows(database, IncomingEvent, old_sums)
    old_changes = select(AlertChange.id).where(AlertChange.at < at - timedelta(days=CHANGES_DAYS))
    counts["changes"] = _delete_rows(database, AlertChange, old_changes)
    counts["visits"] = _delete_rows(database, VisitSeen, select(VisitSeen.id).where(VisitSeen.at < at - VISITS))
    counts["pictures"] = _delete_pictures(database, settings.media / "products")
    with database.writing() as session:
        browsers.forget_ended(session)
        delivery.forget_old(session, at - timedelta(days=UNDELIVERED_DAYS))
        idempotency.forget_old(session)
    erasure.sweep(database)
    _clear_parts(settings.media)
    if any(counts.values()):
        log.info("retention: deleted %s", counts)
        with database.writing() as session:
            audit.record(session, None, "retention.deleted", "", **counts)
    return counts


def clear_pictures(media: Path) -> None:
    """Present pictures older than a minute."""
    live.clear_old(media)


def _delete_files(database: Database, media: Path) -> int:
    with database.writing() as session:
        due = _due_files(session)
        for file in due:
            name, file.file_name, file.deleted_at = file.file_name, None, now()
            if name:
                (files.folder(media) / Path(name).name).unlink(missing_ok=True)
        return len(due)


def _delete_pictures(database: Database, folder: Path) -> int:
    """Pictures that no product has. Young ones stay: their product may be just about to be saved, or a backup to read them."""
    old = [path for path in folder.glob("*.webp") if _age(path) > UNUSED_SECONDS]
    if not old:
        return 0
    with database.reading() as session:
        used = set(session.scalars(select(Product.picture).where(Product.picture.is_not(None))))
    unused = [path for path in old if path.name not in used]
    for path in unused:
        path.unlink(missing_ok=True)
    return len(unused)


def _age(path: Path) -> float:
    """Seconds since a file was written; 0 where it is gone."""
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0


def _due_files(session: Session) -> list[EventFile]:
    """Complete files of cameras beyond their days, without those that somebody keeps."""
    days = {row[0]: row[1] for row in session.execute(select(Camera.name, Camera.keep_days))}
    kept = {value for value in session.scalars(_pinned()) if value is not None}
    found: list[EventFile] = []
    for name in session.scalars(select(EventFile.camera).where(EventFile.deleted_at.is_(None)).distinct()):
        before: datetime = now() - timedelta(days=days.get(name, DEFAULT_DAYS))
        query = (
            select(EventFile)
            .join(IncomingEvent)
            .where(
                EventFile.camera == name, EventFile.deleted_at.is_(None), IncomingEvent.time < before,
                EventFile.id.not_in(kept),
            )
            .limit(AT_ONCE)
        )  # fmt: skip
        found += session.scalars(query).all()
    return found[:AT_ONCE]


def _pinned() -> Select[int | None]:
    pinned = Alert.pinned_reason.is_not(None)
    columns = (Alert.clip_id, Alert.snapshot_id, Alert.thumbnail_id)
    return select(union(*[select(column).where(pinned) for column in columns]).subquery().c[0])


def _delete_rows(database: Database, table: type[IncomingEvent | AlertChange | VisitSeen], query: Select[int]) -> int:
    total = 0
    while True:
        with database.writing() as session:
            ids = list(session.scalars(query.limit(AT_ONCE)))
            session.execute(delete(table).where(table.id.in_(ids)).execution_options(synchronize_session=False))
        total += len(ids)
        if len(ids) < AT_ONCE:
            return total


def _clear_parts(media: Path) -> None:
    unfinished = [*files.folder(media).glob("*.part"), *files.folder(media).glob("*.clean")]
    unfinished += (media / "products").glob("*.part")
    for path in unfinished:
        if _age(path) > ABANDONED_SECONDS:
            path.unlink(missing_ok=True)  # it may be finished in this moment
