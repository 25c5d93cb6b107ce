"""What the first page of each role counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, case, func, select
from sqlalchemy.orm import Session

from shop_app import clock
from shop_app.alerts import cards
from shop_app.db import now
from shop_app.interest import sums
from shop_app.interest.service import period
from shop_app.models import Account, Alert, Bill, CameraState, Complaint, Feedback, Offer, Product, Rating, ShopProfile
from shop_app.permissions import Role

DAYS = 14  # of the chart of sales
ROWS = 5  # of a short list


@dataclass(frozen=True)
class Needs:
    """How many things wait for somebody."""

    offers: int
    complaints: int
    feedback: int
    alerts: int
    low_stock: int
    cameras: int


@dataclass(frozen=True)
class Week:
    """This week so far, and the same days of last week."""

    sales: int
    sales_before: int
    bills: int
    bills_before: int
    customers: int
    customers_before: int
    stars: float | None
    stars_before: float | None


def needs(session: Session) -> Needs:
    """Everything that waits, in one statement."""
    row = session.execute(
        select(
            _count(Offer.id, Offer.state == "proposed", Offer.ends_at > now()),
            _count(Complaint.id, Complaint.state == "open"),
            _count(Feedback.id, Feedback.handled_at.is_(None)),
            _count(Alert.id, Alert.state == "new", Alert.quiet.is_(False), Alert.severity == "alert"),
            _count(
                Product.id,
                Product.active.is_(True),
                Product.low_stock_level > 0,
                Product.stock <= Product.low_stock_level,
            ),
            _count(CameraState.camera, CameraState.state.in_(["down", "stalled"])),
        )
    ).one()
    return Needs(*row)


def week(session: Session, zone: str) -> Week:
    """This week against the same days of last week: two short ranges of days, never the whole table."""
    today = clock.day_of(now(), zone)
    monday = today - timedelta(days=today.weekday())
    this, last = Bill.business_day >= monday, Bill.business_day <= today - timedelta(days=7)
    total = Bill.total_minor - Bill.refunded_minor
    sold = session.execute(
        select(
            func.coalesce(func.sum(case((this, total))), 0), func.coalesce(func.sum(case((last, total))), 0),
            func.count(case((this, 1))), func.count(case((last, 1))),
        ).where(Bill.business_day >= monday - timedelta(days=7), this | last)
    ).one()  # fmt: skip
    begin, end = clock.day_bounds(monday, zone)[0], now()
    before, before_end = begin - timedelta(days=7), end - timedelta(days=7)
    rest = session.execute(
        select(
            _count(Account.id, Account.role == Role.CUSTOMER.value, Account.created_at >= begin),
            _count(Account.id, Account.role == Role.CUSTOMER.value, Account.created_at.between(before, before_end)),
            _mean(Rating.created_at >= begin), _mean(Rating.created_at.between(before, before_end)),
        )
    ).one()  # fmt: skip
    sales, sales_before, bills, bills_before = (int(value) for value in sold)
    stars, stars_before = (None if value is None else float(value) for value in rest[2:])
    return Week(sales, sales_before, bills, bills_before, rest[0], rest[1], stars, stars_before)


def sales_by_day(session: Session, zone: str) -> list[tuple[date, int]]:
    """What was sold on each of the last two weeks' days, refunds taken off; today is the last."""
    today = clock.day_of(now(), zone)
    days = [today - timedelta(days=ago) for ago in reversed(range(DAYS))]
    sold = session.execute(
        select(Bill.business_day, func.sum(Bill.total_minor - Bill.refunded_minor))
        .where(Bill.business_day >= days[0])
        .group_by(Bill.business_day)
    )
    totals = {day: int(total) for day, total in sold}
    return [(day, totals.get(day, 0)) for day in days]


def missed(session: Session, zone: str) -> list[sums.Line]:
    """What was looked at in the last seven days, and not bought."""
    week = period(7, zone)
    return sums.missed(sums.lines(session, week.middle, week.middle, week.end))


def low_stock(session: Session) -> Sequence[Product]:
    """The products that need a delivery most."""
    low = (Product.active.is_(True), Product.low_stock_level > 0, Product.stock <= Product.low_stock_level)
    return session.scalars(select(Product).where(*low).order_by(Product.stock, Product.name).limit(ROWS)).all()


def newest_alerts(session: Session, profile: ShopProfile) -> list[dict[str, Any]]:
    """The cards of the newest alerts."""
    rows = session.execute(cards.query().order_by(Alert.started_at.desc(), Alert.id.desc()).limit(3)).all()
    return cards.cards_of(rows, profile)


def my_offers(session: Session, account_id: int) -> Sequence[Offer]:
    """What became of one's own proposals."""
    query = select(Offer).where(Offer.proposed_by_id == account_id).order_by(Offer.id.desc()).limit(ROWS)
    return session.scalars(query).all()


def my_day(session: Session, account_id: int, zone: str) -> tuple[int, int]:
    """A cashier's bills of today: how many, and their sum."""
    today = clock.day_of(now(), zone)
    row = session.execute(
        select(func.count(), func.coalesce(func.sum(Bill.total_minor), 0)).where(
            Bill.business_day == today, Bill.cashier_id == account_id
        )
    ).one()
    return int(row[0]), int(row[1])


def _count(column: object, *conditions: ColumnElement[bool]) -> ScalarSelect[int]:
    return select(func.count(column)).where(*conditions).scalar_subquery()  # type: ignore[arg-type]


def _mean(condition: ColumnElement[bool]) -> ScalarSelect[float]:
    return select(func.avg(Rating.stars)).where(condition).scalar_subquery()
