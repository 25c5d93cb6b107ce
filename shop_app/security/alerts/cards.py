"""An alert as the live list shows it: the same plain values for the page and for the stream."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Row, select
from sqlalchemy.orm import Session, aliased

from shop_app.base import clock
from shop_app.base.db import now
from shop_app.base.models import Account, Alert, Camera, EventFile, ShopProfile
from shop_app.security.changes import SILENCE
from shop_app.web.listing import Rows

CLIP_COMES_WITHIN = timedelta(minutes=10)  # after the end of an alert, or after the shop was told of it
CHAIN = timedelta(minutes=5)  # between two alerts of a camera that are shown as one card
_Clip, _Taker = aliased(EventFile), aliased(Account)


class Card(NamedTuple):
    """Plain values, the same in every language; words come from the page. Moments are those of the shop's clock."""

    id: int
    camera: str
    title: str
    zone: str
    change: str  # or, of tampering, its cause
    who: str
    severity: str
    state: str
    quiet: bool
    day: str
    time: str
    started: str
    seconds: int | None
    still: str
    clip: str
    by: str
    by_at: str
    escalated: bool


# Alerts with who took them, their clip and what their camera is called, in one statement.
ALERTS: Rows = (
    select(
        Alert.id, Alert.camera, Alert.zone, Alert.change, Alert.cause, Alert.who, Alert.severity, Alert.state, Alert.quiet,
        Alert.note, Alert.started_at, Alert.ended_at, Alert.taken_at, Alert.escalated_at, Alert.snapshot_id,
        Alert.thumbnail_id, Alert.clip_problem, Alert.received_at, Camera.title, _Taker.name.label("by"), Alert.clip_id,
        _Clip.complete_at.label("clip_complete_at"), _Clip.deleted_at.label("clip_deleted_at"),
    )
    .outerjoin(_Taker, Alert.taken_by_id == _Taker.id)
    .outerjoin(_Clip, Alert.clip_id == _Clip.id)
    .outerjoin(Camera, Camera.name == Alert.camera)
)  # fmt: skip


def blank(day: str) -> Card:
    """A card of nothing, from which open pages make those of new alerts."""
    return Card(0, "", "", "", "motion", "", "info", "new", False, day, "", "", None, "", "none", "", "", False)


def cards(session: Session, ids: Iterable[int], profile: ShopProfile) -> dict[int, Card]:
    """Some alerts by their ids."""
    found = session.execute(ALERTS.where(Alert.id.in_(list(ids))))
    return {row.id: card(row, profile.time_zone) for row in found}


def chains(rows: Sequence[Row[*tuple[Any, ...]]]) -> list[list[Row[*tuple[Any, ...]]]]:
    """Rows in the order of time, with those of one camera that follow each other within minutes put together.

    A camera that fell silent is an entry of its own: it must not lie over the pictures of who made it silent.
    """
    found: list[list[Row[*tuple[Any, ...]]]] = []
    last: dict[str, list[Row[*tuple[Any, ...]]]] = {}
    for row in rows:
        if row.change in SILENCE:
            found.append([row])
            continue
        chain = last.get(row.camera)
        if chain is None or abs(chain[-1].started_at - row.started_at) > CHAIN:
            last[row.camera] = chain = []
            found.append(chain)
        chain.append(row)
    return found


def card(row: Row[*tuple[Any, ...]], zone: str) -> Card:
    """The card of a row of `ALERTS`, by the clock of the shop's zone."""
    started = clock.local(row.started_at, zone)
    picture = row.thumbnail_id or row.snapshot_id
    return Card(
        id=row.id, camera=row.camera, title=row.title or row.camera or "–", zone=row.zone or "",
        change=row.cause or row.change, who=row.who or "", severity=row.severity, state=row.state, quiet=row.quiet,
        day=f"{started:%Y-%m-%d}", time=f"{started:%H:%M:%S}",
        started=row.started_at.isoformat(), seconds=_seconds(row.started_at, row.ended_at),
        still=f"/alerts/{row.id}/still?v={picture}" if picture else "", clip=_clip(row), by=row.by or "",
        by_at=f"{clock.local(row.taken_at, zone):%H:%M:%S}" if row.taken_at else "",
        escalated=row.escalated_at is not None,
    )  # fmt: skip


def _clip(row: Row[*tuple[Any, ...]]) -> str:
    """`ready`, `coming`, `failed`, `deleted`, `none` while one may still come, or nothing where none is made."""
    if row.change in SILENCE:
        return ""
    if row.clip_id is None:
        latest = max(row.received_at, row.ended_at or row.started_at) + CLIP_COMES_WITHIN
        return "failed" if row.clip_problem or now() > latest else "none"
    if row.clip_deleted_at is not None:
        return "deleted"
    return "ready" if row.clip_complete_at is not None else "coming"


def _seconds(begin: datetime, end: datetime | None) -> int | None:
    return None if end is None else max(0, round((end - begin).total_seconds()))
