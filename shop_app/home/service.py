"""What the first page of each role counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, ScalarSelect, bindparam, func, select
from sqlalchemy.orm import Session

from shop_app.base import clock
from shop_app.base.db import now
from shop_app.base.models import (
    Account,
    Alert,
    Bill,
    Complaint,
    Feedback,
    Offer,
    Product,
    Rating,
    ShopProfile,
)
from shop_app.base.permissions import Role
from shop_app.interest import sums
from shop_app.interest.service import period
from shop_app.security import changes
from shop_app.security.alerts import cards

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


class Day(NamedTuple):
    """What was sold on one of the shop's days, refunds taken off, by how many bills."""

    day: date
    total_minor: int
    bills: int


class People(NamedTuple):
    """New customers and the mean rating of this week so far, and of the same time last week; what was sold after that time
    on last week's day, so that a morning is not set against a whole day."""

    customers: int
    customers_before: int
    stars: float | None
    stars_before: float | None
    ratings: int
    ratings_before: int
    later_minor: int
    later_bills: int


@dataclass(frozen=True)
class Week:
    """This week so far, and last week until the same time."""

    sales: int
    sales_before: int
    bills: int
    bills_before: int
    people: People


def needs(session: Session) -> Needs:
    """Everything that waits, in one statement."""
    return Needs(*session.execute(_NEEDS, {"now": now()}).one())


def sales_by_day(session: Session, zone: str) -> list[Day]:
    """What was sold on each of the last two weeks' days, refunds taken off; today is the last."""
    today = clock.day_of(now(), zone)
    days = [today - timedelta(days=ago) for ago in reversed(range(DAYS))]
    sold = session.execute(
        select(Bill.business_day, func.sum(Bill.total_minor - Bill.refunded_minor), func.count())
        .where(Bill.business_day >= days[0])
        .group_by(Bill.business_day)
    )
    found = {day: Day(day, int(total), bills) for day, total, bills in sold}
    return [found.get(day) or Day(day, 0, 0) for day in days]


def week(days: Sequence[Day], people: People) -> Week:
    """This week against last week until the same time, of the days that `sales_by_day` gave."""
    today = days[-1].day
    monday = _monday(today)
    this = [day for day in days if day.day >= monday]
    last = [day for day in days if monday <= day.day + timedelta(days=7) <= today]
    return Week(
        sum(day.total_minor for day in this), sum(day.total_minor for day in last) - people.later_minor,
        sum(day.bills for day in this), sum(day.bills for day in last) - people.later_bills, people,
    )  # fmt: skip


def people(session: Session, zone: str) -> People:
    """Those of this week so far, and of the same time last week."""
    end = now()
    today = clock.day_of(end, zone)
    begin = clock.day_bounds(_monday(today), zone)[0]
    before, before_end = begin - timedelta(days=7), end - timedelta(days=7)
    later = Bill.business_day == today - timedelta(days=7), Bill.created_at > before_end
    customers, customers_before, stars, stars_before, ratings, ratings_before, later_minor, later_bills = session.execute(
        select(
            _count(Account.id, Account.role == Role.CUSTOMER.value, Account.created_at >= begin),
            _count(Account.id, Account.role == Role.CUSTOMER.value, Account.created_at.between(before, before_end)),
            _mean(Rating.created_at >= begin), _mean(Rating.created_at.between(before, before_end)),
            _count(Rating.id, Rating.created_at >= begin),
            _count(Rating.id, Rating.created_at.between(before, before_end)),
            select(func.sum(Bill.total_minor - Bill.refunded_minor)).where(*later).scalar_subquery(),
            _count(Bill.id, *later),
        )
    ).one()  # fmt: skip
    mean, mean_before = (value and float(value) for value in (stars, stars_before))
    return People(
        customers, customers_before, mean, mean_before, ratings, ratings_before, int(later_minor or 0), later_bills
    )


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def missed(session: Session, zone: str) -> list[sums.Line]:
    """What was looked at in the last seven days, and not bought."""
    week = period(7, zone)
    return sums.missed(sums.lines(session, week.middle, week.middle, week.end))


def low_stock(session: Session) -> Sequence[Product]:
    """The products that need a delivery most."""
    low = (Product.active.is_(True), Product.low_stock_level > 0, Product.stock <= Product.low_stock_level)
    return session.scalars(select(Product).where(*low).order_by(Product.stock, Product.name).limit(ROWS)).all()


def newest_alerts(session: Session, profile: ShopProfile) -> list[cards.Card]:
    """The cards of the newest alerts that a camera saw; which cameras are silent is said beside them."""
    seen = cards.ALERTS.where(Alert.change.not_in(changes.SILENCE))
    rows = session.execute(seen.order_by(Alert.started_at.desc(), Alert.id.desc()).limit(3)).all()
    return [cards.card(row, profile.time_zone) for row in rows]


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


_NEEDS = select(
    _count(Offer.id, Offer.state == "proposed", Offer.ends_at > bindparam("now")),
    _count(Complaint.id, Complaint.state == "open"),
    _count(Feedback.id, Feedback.handled_at.is_(None)),
    _count(Alert.id, Alert.state == "new", Alert.quiet.is_(False), Alert.severity == "alert"),
    _count(Product.id, Product.active.is_(True), Product.low_stock_level > 0, Product.stock <= Product.low_stock_level),
)
