"""What the first page of each role counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, ScalarSelect, case, func, select
from sqlalchemy.orm import Session

from shop_app import clock
from shop_app.db import now
from shop_app.models import Account, Alert, Bill, CameraState, Complaint, Feedback, Offer, Product, Rating
from shop_app.permissions import Role


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
