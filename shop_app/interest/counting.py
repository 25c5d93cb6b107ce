"""Counts visits and moods into sums per hour as they arrive. What is kept tells of no visit and of nobody."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from shop_app.base.clock import hour_of
from shop_app.base.contract import InterestFacts, MoodFacts
from shop_app.base.db import now
from shop_app.base.models import Camera, IncomingEvent, InterestHour, MoodHour, Product, ShopProfile, VisitSeen, Zone

STOPPED_SECONDS = 2.0  # who stands that long has stopped
LOOKED_SECONDS = 1.0  # who looks that long has looked
WATCHED_STEP = timedelta(minutes=5)
PLEASED_VALENCE = 0.2  # from here on an expression counts as positive
STEPS = ("stopped", "looked", "reached", "expressed", "pleased")  # that a visit is counted for once
SECONDS = ("stopped_seconds", "looked_seconds", "turned_seconds", "valence_seconds", "expression_seconds")


def count_interest(session: Session, event: IncomingEvent, facts: InterestFacts) -> None:
    """Add a visit, or a further part of a long one, to its hour."""
    remembered = _remembered(session, event.camera, facts)
    seen = next((row for row in remembered if row.seen_by == facts.seen_by), None) or _first_seen(event.camera, facts)
    before = {name: getattr(seen, name) for name in STEPS}
    is_new = seen.id is None
    _add_up(seen, facts)
    sums: dict[str, float] = {name: float(getattr(seen, name) and not was) for name, was in before.items()}
    sums |= {"passed": float(is_new), "judged": float(facts.taken is not None), "taken": float(facts.taken is True)}
    sums["stopped_seconds"], sums["looked_seconds"] = facts.stopped_seconds, facts.looked_seconds
    sums["turned_seconds"] = facts.turned_seconds
    if facts.expression is not None:
        sums["expression_seconds"] = facts.expression.seconds
        sums["valence_seconds"] = facts.expression.valence * facts.expression.seconds
    _remember(session, remembered, seen, final=facts.final)
    row = _interest_hour(session, hour_of(facts.start, _zone(session)), event.camera, facts)
    session.execute(
        update(InterestHour)
        .where(InterestHour.id == row)
        .values({getattr(InterestHour, name): getattr(InterestHour, name) + value for name, value in sums.items()})
        .execution_options(synchronize_session=False)
    )


def count_mood(session: Session, event: IncomingEvent, facts: MoodFacts) -> None:
    """Add a minute at a counter to its hour."""
    hour = hour_of(facts.start, _zone(session))
    query = select(MoodHour).where(MoodHour.hour == hour, MoodHour.camera == event.camera, MoodHour.zone == facts.zone)
    row = session.scalars(query.with_for_update()).first()
    if row is None:
        row = _inserted(
            session,
            MoodHour(
                hour=hour, camera=event.camera, zone=facts.zone, people=0, minutes=0, seconds=0.0, valence_seconds=0.0,
                probability_seconds={},
            ),
        ) or session.scalars(query.with_for_update()).one()  # fmt: skip
    row.people += facts.people
    row.minutes += 1
    if facts.valence is None:  # people stood there, and no face could be read
        return
    row.seconds += facts.seconds
    row.valence_seconds += facts.valence * facts.seconds
    sums = dict(row.probability_seconds)
    for name, probability in facts.probabilities.items():
        sums[name] = sums.get(name, 0.0) + probability * facts.seconds
    row.probability_seconds = sums


def _zone(session: Session) -> str:
    return session.get_one(ShopProfile, 1).time_zone


def _remembered(session: Session, camera: str, facts: InterestFacts) -> Sequence[VisitSeen]:
    """What was counted of the visit before: a row for each measure."""
    query = select(VisitSeen).where(
        VisitSeen.visit == facts.visit, VisitSeen.camera == camera, VisitSeen.zone == facts.zone
    )
    return session.scalars(query.with_for_update()).all()


def _first_seen(camera: str, facts: InterestFacts) -> VisitSeen:
    return VisitSeen(
        visit=facts.visit, camera=camera, zone=facts.zone, seen_by=facts.seen_by, stopped_seconds=0.0,
        looked_seconds=0.0, at=now(), **dict.fromkeys(STEPS, False),
    )  # fmt: skip


def _add_up(seen: VisitSeen, facts: InterestFacts) -> None:
    seen.stopped_seconds += facts.stopped_seconds
    seen.looked_seconds += facts.looked_seconds
    seen.looked = seen.looked or seen.looked_seconds >= LOOKED_SECONDS
    seen.reached = seen.reached or facts.reaches > 0
    # The funnel narrows: who looked or reached has stopped, who showed an expression has looked.
    seen.stopped = seen.stopped or seen.looked or seen.reached or seen.stopped_seconds >= STOPPED_SECONDS
    if facts.expression is not None and seen.looked:
        seen.expressed = True
        seen.pleased = seen.pleased or facts.expression.valence >= PLEASED_VALENCE


def _remember(session: Session, remembered: Sequence[VisitSeen], seen: VisitSeen, *, final: bool) -> None:
    """A visit is remembered only until it ends."""
    if final:
        for row in remembered:
            session.delete(row)
    elif seen not in remembered:
        session.add(seen)
        session.flush()


def _interest_hour(session: Session, hour: datetime, camera: str, facts: InterestFacts) -> int:
    query = select(InterestHour).where(
        InterestHour.hour == hour, InterestHour.camera == camera, InterestHour.zone == facts.zone,
        InterestHour.seen_by == facts.seen_by,
    )  # fmt: skip
    since = facts.start - (facts.start - hour) % WATCHED_STEP
    found = session.scalars(query).first()
    if found is not None:
        if found.watched_from is not None and since < found.watched_from:
            found.watched_from = since  # events may come in another order
            session.flush()
        return found.id
    product_id, shelf = _product(session, camera, facts)
    zeros: dict[str, Any] = dict.fromkeys(("passed", "judged", "taken", *STEPS), 0) | dict.fromkeys(SECONDS, 0.0)
    row = InterestHour(
        hour=hour, watched_from=since, camera=camera, zone=facts.zone, seen_by=facts.seen_by, product_id=product_id,
        shelf=shelf, **zeros,
    )  # fmt: skip
    return (_inserted(session, row) or session.scalars(query).one()).id


def _product(session: Session, camera: str, facts: InterestFacts) -> tuple[int | None, str | None]:
    """The product that the event names, or else the one that the zone drawn in the shop is tied to."""
    if facts.product:
        by_sku = session.scalars(select(Product.id).where(Product.sku == facts.product[:40])).first()
        by_name = select(Product.id).where(Product.name == facts.product).order_by(Product.id)
        return by_sku or session.scalars(by_name).first(), facts.shelf
    query = select(Zone.product_id, Zone.shelf).join(Camera).where(Camera.name == camera, Zone.name == facts.zone)
    found = session.execute(query).first()
    return (found[0], facts.shelf or found[1]) if found else (None, facts.shelf)


def _inserted(session: Session, row: Any) -> Any:
    """The row, or None where another process has just made the same."""
    try:
        with session.begin_nested():
            session.add(row)
            session.flush()
    except IntegrityError:
        return None
    return row
