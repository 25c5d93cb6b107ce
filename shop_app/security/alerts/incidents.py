"""Turns events of the night into alerts: one per incident, with its picture and clip as they come."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, selectinload

from shop_app.base.contract import BadEvent, ClipFacts, IncidentFacts
from shop_app.base.db import now
from shop_app.base.models import Alert, Camera, EventFile, IncomingEvent, ServiceToken
from shop_app.notify import kinds
from shop_app.notify.outbox import notify, withdraw
from shop_app.security import arming, changes
from shop_app.security.cameras.shapes import zone_of_boxes
from shop_app.security.changes import SILENCE

CHANGES = {"motion", "left", "gone", "tampering", "light", "silent"}
CAUSES = {"covered", "blinded", "blurred", "moved"}  # of tampering
WHO = {"person", "animal", "vehicle", "thing"}  # what is unknown is shown as nothing
ZONE_WIDTH = 60  # characters of the column
_RANK = {"info": 0, "warning": 1, "alert": 2}


def opened(session: Session, event: IncomingEvent, facts: IncidentFacts) -> None:
    """`incident.opened`."""
    _alert(session, event, facts)


def updated(session: Session, event: IncomingEvent, facts: IncidentFacts) -> None:
    """`incident.updated`; where the opening was lost, this opens it."""
    alert, is_new = _alert(session, event, facts)
    if not is_new and _grow(session, alert, facts):
        changes.note(session, alert.id, "updated")


def closed(session: Session, event: IncomingEvent, facts: IncidentFacts) -> None:
    """`incident.closed`."""
    alert, _is_new = _alert(session, event, facts)
    _grow(session, alert, facts)
    alert.ended_at = facts.end or event.time
    changes.note(session, alert.id, "closed")


def clip_ready(session: Session, event: IncomingEvent, facts: ClipFacts) -> None:
    """`clip.ready`: the clip is on its way."""
    clip = next((file for file in event.files if file.role == "clip"), None)
    for alert in _of(session, event, facts.incidents):
        if alert.clip_id is None and clip is not None:
            alert.clip_id, alert.clip_started_at, alert.clip_problem = clip.id, facts.start, None
            changes.note(session, alert.id, "updated")


def clip_failed(session: Session, event: IncomingEvent, facts: ClipFacts) -> None:
    """`clip.failed`: there will be no clip."""
    for alert in _of(session, event, facts.incidents):
        alert.clip_problem = _problem(facts.reason or "")
        changes.note(session, alert.id, "updated")


def _problem(reason: str) -> str:
    """A word for what a page has words for in the reader's language; else what the recorder says."""
    words = {"no space": "disk-full", "too slow": "disk-slow", "after a crash": "crash", "no picture": "no-picture"}
    return next((word for part, word in words.items() if part in reason.lower()), reason[:200] or "not-written")


def file_arrived(session: Session, file: EventFile) -> None:
    """A file is complete: show it with the alerts that it belongs to."""
    for alert in _of(session, file.event, _incidents_of(file.event)):
        if file.role == "snapshot":
            alert.snapshot_id = file.id
        elif file.role == "thumbnail":
            alert.thumbnail_id = file.id
        changes.note(session, alert.id, "clip" if file.role == "clip" else "updated")


def file_lost(session: Session, file: EventFile) -> None:
    """A file will never come."""
    file.deleted_at = now()
    for alert in _of(session, file.event, _incidents_of(file.event)):
        if file.role == "clip" and alert.clip_id == file.id:
            alert.clip_id = None
            alert.clip_problem = "not-sent"
        changes.note(session, alert.id, "updated")


def _alert(session: Session, event: IncomingEvent, facts: IncidentFacts) -> tuple[Alert, bool]:
    """The alert of an incident, and whether it was made just now."""
    query = select(Alert).where(Alert.incident == facts.incident).with_for_update()
    found = session.scalars(query).first()
    if found is not None:
        _check_owner(session, found, event)
        return found, False
    alert = Alert(
        incident=facts.incident, camera=event.camera, token_id=event.token_id, zone=_listed(facts.zones) or _zone(session, event.camera, facts.boxes),
        change=facts.change if facts.change in CHANGES else "motion",
        cause=facts.cause if facts.cause in CAUSES else None, who=facts.who if facts.who in WHO else None,
        severity=facts.severity,
        started_at=facts.start or event.time, ended_at=facts.end, received_at=now(), peak_area=facts.peak_area,
        boxes=facts.boxes, state="new", quiet=arming.is_quiet(session, event.camera), note="",
    )  # fmt: skip
    try:
        with session.begin_nested():
            session.add(alert)
            session.flush()
    except IntegrityError:
        found = session.scalars(query).one()
        _check_owner(session, found, event)
        return found, False
    changes.note(session, alert.id, "new")
    _tell_if_loud(session, alert)
    return alert, True


def _grow(session: Session, alert: Alert, facts: IncidentFacts) -> bool:
    """Take over what became known; an alert never becomes less severe. Whether anything changed."""
    before, was = _known_of(alert), alert.severity
    if facts.change in CHANGES:
        alert.change = facts.change
    if facts.cause in CAUSES:
        alert.cause = facts.cause
    if facts.who in WHO:
        alert.who = facts.who
    if _RANK[facts.severity] > _RANK.get(alert.severity, 0):
        alert.severity = facts.severity
    if facts.peak_area is not None:
        alert.peak_area = max(alert.peak_area or 0.0, facts.peak_area)
    if facts.boxes:
        alert.boxes = facts.boxes
    if facts.zones:
        alert.zone = _listed(facts.zones)
    if alert.severity != was:
        _tell_if_loud(session, alert)
    return before != _known_of(alert)


def _tell_if_loud(session: Session, alert: Alert) -> None:
    if alert.severity == "alert" and alert.state == "new" and not alert.quiet:
        tell(session, alert, kinds.ALERT)


def tell(session: Session, alert: Alert, kind: kinds.Kind) -> None:
    """Tell whoever may see alerts of this one."""
    place = session.scalars(select(Camera.title).where(Camera.name == alert.camera)).first() or alert.camera
    notify(
        session, kind, alert=alert.id, storm=_storm(alert), place=place, change=alert.cause or alert.change,
        zone=alert.zone or "", at=alert.started_at.isoformat(),
    )  # fmt: skip


def seen_to(session: Session, alert: Alert) -> None:
    """Somebody has it: what is on its way about its storm is not sent any more."""
    for kind in (kinds.ALERT, kinds.ESCALATED):
        withdraw(session, kind, storm=_storm(alert))


def _storm(alert: Alert) -> str:
    """Which alerts are told as one: those of a camera; that it is silent hides none of what it sees."""
    return f"{alert.camera} silent" if alert.change in SILENCE else alert.camera


def _known_of(alert: Alert) -> tuple[Any, ...]:
    return alert.change, alert.cause, alert.who, alert.severity, alert.peak_area, alert.boxes, alert.zone


def _of(session: Session, event: IncomingEvent, incidents: Iterable[str]) -> list[Alert]:
    found = list(session.scalars(select(Alert).where(Alert.incident.in_(list(incidents)))))
    return [alert for alert in found if _is_of(session, alert, event)]


def _check_owner(session: Session, alert: Alert, event: IncomingEvent) -> None:
    if not _is_of(session, alert, event):
        raise BadEvent(f"incident: {alert.incident} was told by another camera system")


def _is_of(session: Session, alert: Alert, event: IncomingEvent) -> bool:
    """Whether the camera system of this event told of the incident, or the one that did has no token any more."""
    if alert.token_id in {None, event.token_id}:
        return True
    owner = session.get(ServiceToken, alert.token_id)
    return owner is None or owner.ended_at is not None


def _incidents_of(event: IncomingEvent) -> list[str]:
    facts = event.facts or {}
    many, one = facts.get("incidents"), facts.get("incident")
    return [text for text in (many if isinstance(many, list) else [one]) if isinstance(text, str)]


def _listed(zones: list[str]) -> str | None:
    """The names of zones in one text, as far as there is room for them."""
    text = ", ".join(zones)
    return (text if len(text) <= ZONE_WIDTH else text[: ZONE_WIDTH - 1] + "…") or None


def _zone(session: Session, camera: str, boxes: list[list[float]]) -> str | None:
    if not boxes:
        return None
    query = select(Camera).options(selectinload(Camera.zones)).where(Camera.name == camera)
    found = session.scalars(query).first()
    return zone_of_boxes(found.zones, boxes) if found is not None else None


def open_silence(session: Session, camera: str, since: datetime) -> Alert:
    """An alert of its own for a camera that is not heard any more, or never was; `camera` is "" where there is none."""
    alert = Alert(
        incident=f"silent:{camera}:{since:%Y%m%dT%H%M%S}", camera=camera, zone=None,
        change="silent" if camera else "unwatched", severity="alert", started_at=since, received_at=now(), boxes=[],
        state="new", quiet=arming.is_quiet(session, camera), note="",
    )  # fmt: skip
    session.add(alert)
    session.flush()
    changes.note(session, alert.id, "new")
    _tell_if_loud(session, alert)
    return alert


def open_silences(session: Session) -> Sequence[Alert]:
    """Those alerts that are not over."""
    query = select(Alert).where(Alert.change.in_(SILENCE), Alert.ended_at.is_(None))
    return session.scalars(query).all()
