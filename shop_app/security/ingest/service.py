"""Takes events: each id once, each in a savepoint of its own, so that a bad one does not hold up the others."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from shop_app.base.contract import ROLES, BadEvent, EventIn, Lenient, read_event
from shop_app.base.db import ends_transaction, now
from shop_app.base.models import EventFile, IncomingEvent
from shop_app.base.permissions import Actor
from shop_app.interest import counting
from shop_app.security.alerts import incidents
from shop_app.security.ingest import states

log = logging.getLogger(__name__)

Handler = Callable[[Session, IncomingEvent, Any], None]

HANDLERS: dict[str, Handler] = {
    "camera.state": states.note_state,
    "mode.changed": states.note_mode,
    "incident.opened": incidents.opened,
    "incident.updated": incidents.updated,
    "incident.closed": incidents.closed,
    "clip.ready": incidents.clip_ready,
    "clip.failed": incidents.clip_failed,
    "storage.low": states.note_storage,
    "outbox.damaged": states.note_outbox,
    "interest.visit": counting.count_interest,
    "interest.mood": counting.count_mood,
    "step.disabled": states.note_step,
}
AGGREGATED = {"interest.visit", "interest.mood"}  # kept as sums only: no row tells of a visit


def take(session: Session, actor: Actor, raw_events: list[object], *, clip_bytes: int) -> list[dict[str, Any]]:
    """What became of each event, in their order: taken, known, refused (for good) or failed (to be sent again)."""
    read = [_read(raw) for raw in raw_events]
    known = _known(session, [event.id for event, _ in read if isinstance(event, EventIn)])
    results = []
    for event, facts in read:
        if not isinstance(event, EventIn):
            results.append(event)
            continue
        if event.id not in known:
            results.append(_take_one(session, actor, event, facts, clip_bytes))
        else:
            results.append({"id": event.id, "status": "known", "files": _missing(session, event.id)})
        if results[-1]["status"] == "taken":
            known.add(event.id)
    return results


def _read(raw: object) -> tuple[EventIn | dict[str, Any], Lenient | None]:
    try:
        return read_event(raw)
    except BadEvent as problem:
        found = raw.get("id") if isinstance(raw, dict) else None
        return {"id": found if isinstance(found, str) else "", "status": "refused", "problem": str(problem)}, None


def _known(session: Session, ids: list[str]) -> set[str]:
    return set(session.scalars(select(IncomingEvent.event_id).where(IncomingEvent.event_id.in_(ids))))


def _missing(session: Session, event_id: str) -> list[str]:
    query = (
        select(EventFile.role)
        .join(IncomingEvent)
        .where(IncomingEvent.event_id == event_id, EventFile.complete_at.is_(None), EventFile.deleted_at.is_(None))
    )
    return list(session.scalars(query))


def _take_one(session: Session, actor: Actor, event: EventIn, facts: Lenient | None, clip_bytes: int) -> dict[str, Any]:
    try:
        with session.begin_nested():
            row = _keep(session, actor, event, clip_bytes)
            handler = HANDLERS.get(event.kind)
            if handler is not None:
                handler(session, row, facts)
            return {"id": event.id, "status": "taken", "files": [file.role for file in row.files]}
    except IntegrityError:
        # Another request took the same id between our look and our insert; the sender asks again.
        return {"id": event.id, "status": "failed"}
    except BadEvent as problem:
        return {"id": event.id, "status": "refused", "problem": str(problem)}
    except DataError as error:
        log.error("event %s of kind %s was refused: %s", event.id, event.kind, type(error.orig).__name__)
        return {"id": event.id, "status": "refused", "problem": "the database cannot keep a value of its facts"}
    except Exception as error:
        if isinstance(error, DBAPIError) and ends_transaction(error):
            raise  # it took the events before this one with it: the batch as a whole was not taken
        # A database error repeats the facts, which a log must not hold.
        kind = type(error.orig if isinstance(error, DBAPIError) else error).__name__
        log.error("event %s of kind %s could not be taken: %s", event.id, event.kind, kind)
        log.debug("event %s", event.id, exc_info=error)
        return {"id": event.id, "status": "failed"}


def _keep(session: Session, actor: Actor, event: EventIn, clip_bytes: int) -> IncomingEvent:
    row = IncomingEvent(
        event_id=event.id, kind=event.kind, camera=event.camera, time=event.time, received_at=now(),
        reporter=event.reporter, facts=None if event.kind in AGGREGATED else event.facts, token_id=actor.token_id,
        files=[],  # else SQLAlchemy would ask the database for those of a row that is new
    )  # fmt: skip
    for file in {file.role: file for file in event.files}.values():
        if ROLES.get(file.role) == file.media_type and file.bytes <= clip_bytes and event.kind not in AGGREGATED:
            row.files.append(
                EventFile(
                    camera=event.camera, role=file.role, media_type=file.media_type, bytes=file.bytes, sha256=file.sha256,
                    received_bytes=0,
                )
            )  # fmt: skip
    session.add(row)
    session.flush()
    return row
