"""The feed of live pages: one row per change of an alert."""

from __future__ import annotations

from sqlalchemy.orm import Session

from shop_app.base.db import now
from shop_app.base.models import AlertChange

SILENCE = ("silent", "unwatched")  # what changed in an alert that no camera saw


def note(session: Session, alert_id: int | None, what: str) -> None:
    """Tell all open pages; the pages fetch nothing until the transaction is committed."""
    session.add(AlertChange(alert_id=alert_id, what=what, at=now()))
