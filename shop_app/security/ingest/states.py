"""What a camera last said of itself, and when it was last heard."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from shop_app.base.contract import CameraStateFacts, ModeFacts, OutboxFacts, StepFacts, StorageFacts
from shop_app.base.db import now
from shop_app.base.models import CameraState, IncomingEvent
from shop_app.notify import kinds
from shop_app.notify.outbox import notify
from shop_app.security import arming, changes
from shop_app.security.alerts import incidents

STATES = {"connecting", "live", "stalled", "down"}


def note_state(session: Session, event: IncomingEvent, facts: CameraStateFacts) -> None:
    """`camera.state`; a late one does not overwrite what is known since."""
    row = _row(session, event.camera)
    if row.state_at is None or event.time >= row.state_at:
        _enter(session, row, facts.state, facts.reason[:200], event.time)
    _heard(session, row, event.time)


def note_mode(session: Session, event: IncomingEvent, facts: ModeFacts) -> None:
    """`mode.changed`."""
    row = _row(session, event.camera)
    if event.time >= row.heard_at - timedelta(minutes=1):
        _turn(session, row, facts.mode)
    _heard(session, row, event.time)


def note_storage(session: Session, event: IncomingEvent, facts: StorageFacts) -> None:
    """`storage.low`: an admin has to know that clips go early."""
    notify(
        session,
        kinds.STORAGE,
        camera=event.camera,
        reason=facts.reason,
        deleted=facts.deleted,
        free_bytes=facts.free_bytes,
    )


def note_outbox(session: Session, event: IncomingEvent, facts: OutboxFacts) -> None:
    """`outbox.damaged`: what a camera had to tell may be lost."""
    notify(session, kinds.OUTBOX, camera=event.camera, reason=facts.reason, moved_to=facts.moved_to)


def note_step(session: Session, event: IncomingEvent, facts: StepFacts) -> None:
    """`step.disabled`: part of a camera's work has stopped."""
    notify(session, kinds.STEP, camera=event.camera, step=facts.step, errors=facts.errors, reason=facts.reason)


def heard(session: Session, camera: str, facts: dict[str, Any]) -> str:
    """A sign of life: pictures arrive. Returns the mode set by hand."""
    row = _row(session, camera)
    at = now()
    state, mode = facts.get("state"), facts.get("mode")
    if isinstance(state, str) and state in STATES and state != row.state:
        _enter(session, row, state, "", at)
    if mode is None or mode in ("day", "night"):  # it may be anything that JSON holds
        _turn(session, row, mode)
    _heard(session, row, at)
    return arming.mode_by_hand(arming.current(session))


def _enter(session: Session, row: CameraState, state: str, reason: str, at: datetime) -> None:
    if row.state_at is None or "live" in {row.state, state}:
        row.state_at = at  # one that tries and fails again and again is offline since it was last live
    row.state, row.reason = state, reason
    changes.note(session, None, "cameras")


def _turn(session: Session, row: CameraState, mode: str | None) -> None:
    if row.mode != mode:
        row.mode = mode
        changes.note(session, None, "cameras")


def _heard(session: Session, row: CameraState, at: datetime) -> None:
    if at > row.heard_at:
        row.heard_at = min(at, now())  # a camera whose clock runs ahead does not look alive for ever
    if row.silent_alert_id is not None and row.state not in {"down", "stalled"}:
        row.silent_alert_id = None
        _end_silence(session, row.camera)


def _end_silence(session: Session, camera: str) -> None:
    for alert in incidents.open_silences(session):
        if alert.camera in {camera, ""}:  # "" tells that the shop has no camera at all
            alert.ended_at = now()
            changes.note(session, alert.id, "closed")


def _row(session: Session, camera: str) -> CameraState:
    query = select(CameraState).where(CameraState.camera == camera).with_for_update()
    found = session.scalars(query).first()
    if found is not None:
        return found
    try:
        with session.begin_nested():
            row = CameraState(camera=camera, state="unknown", heard_at=now())
            session.add(row)
            session.flush()
        _end_silence(session, camera)  # that it had never come
        return row
    except IntegrityError:
        return session.scalars(query).one()
