"""Notes to sales: what was looked at in the last hour and not bought."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from shop_app.base.clock import hour_of
from shop_app.base.db import now
from shop_app.base.models import Camera, InterestHour, InterestNote, Product, ShopProfile
from shop_app.interest.service import watchers
from shop_app.interest.sums import bought_since
from shop_app.notify import kinds
from shop_app.notify.outbox import notify

LEAST_LOOKED = 5  # customers in an hour, before sales hears of it
QUIET_HOURS = 3  # after a note, for the same zone


def write(session: Session) -> int:
    """Write the notes of the hour that has just ended; how many there were."""
    end = hour_of(now(), session.get_one(ShopProfile, 1).time_zone)
    begin = end - timedelta(hours=1)
    query = (
        select(InterestHour, Product.name)
        .join(Product, Product.id == InterestHour.product_id)
        .where(InterestHour.hour == begin, InterestHour.looked >= LEAST_LOOKED)
        .order_by(InterestHour.looked.desc())  # of a zone that both measures counted the first is told, and no second
    )
    written = 0
    for row, name in session.execute(query).all():
        bought = bought_since(session, row.product_id or 0, row.watched_from or begin, end)
        if not bought and not _told_lately(session, row):
            written += _write_one(session, row, name)
    return written


def _told_lately(session: Session, row: InterestHour) -> bool:
    since = row.hour - timedelta(hours=QUIET_HOURS)
    query = select(InterestNote.id).where(
        InterestNote.camera == row.camera, InterestNote.zone == row.zone, InterestNote.hour > since
    )
    return session.scalars(query.limit(1)).first() is not None


def _write_one(session: Session, row: InterestHour, product: str) -> int:
    note = InterestNote(
        hour=row.hour, camera=row.camera, zone=row.zone, product_id=row.product_id, looked=row.looked,
        looked_seconds=row.looked_seconds, bought=0, created_at=now(),
    )  # fmt: skip
    try:
        with session.begin_nested():
            session.add(note)
            session.flush()
    except IntegrityError:
        return 0  # another process was first
    seconds = round(row.looked_seconds / max(1, row.looked))
    place = session.scalars(select(Camera.title).where(Camera.name == row.camera)).first() or row.camera
    addressees: Sequence[int | None] = watchers(session, row.camera, row.zone) or [None]  # None: whom the kind is for
    for to in addressees:
        notify(
            session, kinds.MISSED, to=to, product=product, looked=row.looked, seconds=seconds, place=place,
            zone=row.zone,
        )  # fmt: skip
    return 1
