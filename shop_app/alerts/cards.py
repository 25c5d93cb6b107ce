"""An alert as the live list shows it: the same plain values for the page and for the stream."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, aliased, contains_eager

from shop_app import clock
from shop_app.models import Account, Alert, Camera, EventFile, ShopProfile

_Clip, _Taker = aliased(EventFile), aliased(Account)


def query() -> Select[Alert, str]:
    """Alerts with who took them, their clip and what their camera is called, in one statement."""
    return (
        select(Alert, Camera.title)
        .outerjoin(_Taker, Alert.taken_by_id == _Taker.id)
        .outerjoin(_Clip, Alert.clip_id == _Clip.id)
        .outerjoin(Camera, Camera.name == Alert.camera)
        .options(contains_eager(Alert.taken_by.of_type(_Taker)), contains_eager(Alert.clip.of_type(_Clip)))
    )


def cards(session: Session, ids: Iterable[int], profile: ShopProfile) -> dict[int, dict[str, Any]]:
    """Some alerts by their ids."""
    found = session.execute(query().where(Alert.id.in_(list(ids))))
    return {alert.id: card(alert, title, profile) for alert, title in found}


def cards_of(rows: Sequence[Any], profile: ShopProfile) -> list[dict[str, Any]]:
    """The cards of rows of `query`."""
    return [card(row[0], row[1], profile) for row in rows]


def card(alert: Alert, title: str | None, profile: ShopProfile) -> dict[str, Any]:
    """Plain values, the same in every language; words come from the page."""
    return {
        "id": alert.id,
        "camera": alert.camera,
        "title": title or alert.camera,
        "zone": alert.zone or "",
        "change": alert.change,
        "severity": alert.severity,
        "state": alert.state,
        "quiet": alert.quiet,
        "day": clock.day_of(alert.started_at, profile.time_zone).isoformat(),
        "time": _clock(alert.started_at, profile),
        "started": alert.started_at.isoformat(),
        "seconds": _seconds(alert),
        "still": f"/alerts/{alert.id}/still?v={alert.thumbnail_id or alert.snapshot_id}" if _has_still(alert) else "",
        "clip": clip_state(alert),
        "by": alert.taken_by.name if alert.taken_by else "",
        "by_at": _clock(alert.taken_at, profile) if alert.taken_at else "",
        "escalated": alert.escalated_at is not None,
    }


def clip_state(alert: Alert) -> str:
    """`ready`, `coming`, `failed`, `deleted`, or `none` while nothing is known."""
    if alert.clip is not None:
        if alert.clip.deleted_at is not None:
            return "deleted"
        return "ready" if alert.clip.complete_at is not None else "coming"
    return "failed" if alert.clip_problem else "none"


def _has_still(alert: Alert) -> bool:
    return alert.snapshot_id is not None or alert.thumbnail_id is not None


def _seconds(alert: Alert) -> int | None:
    return None if alert.ended_at is None else max(0, round((alert.ended_at - alert.started_at).total_seconds()))


def _clock(moment: datetime, profile: ShopProfile) -> str:
    return clock.local(moment, profile.time_zone).strftime("%H:%M:%S")
