"""The closing of a till: what is in the drawer, against what came in since the closing before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from shop_app.base import audit, clock, money
from shop_app.base.db import now
from shop_app.base.errors import Conflict, Forbidden, Invalid, NotFound
from shop_app.base.models import DayClosing, ShopProfile
from shop_app.base.permissions import Actor, Permission
from shop_app.base.text import _, locale_name
from shop_app.sales.reports.service import Report, Span, report


@dataclass(frozen=True)
class Shift:
    """What one cashier took since their till was closed last, whatever the day."""

    since: datetime
    is_first: bool  # never closed before: it begins with the day
    report: Report

    @property
    def is_empty(self) -> bool:
        """Whether nothing happened that a closing could count."""
        return not (self.is_first or self.report.total.bills or self.report.total.refunds or self.report.cash_minor)


@dataclass(frozen=True)
class Count:
    """What somebody counted: the drawer at the beginning and at the end, and the reason of a difference."""

    float_minor: int
    counted_minor: int
    reason: str = ""


def open_shift(session: Session, cashier_id: int, shop: ShopProfile, day: date, until: datetime) -> Shift:
    """What a cashier took since the last closing; where there is none, since the begin of `day`."""
    query = select(DayClosing.closed_at).where(DayClosing.cashier_id == cashier_id, DayClosing.corrects_id.is_(None))
    last = session.scalars(query.order_by(DayClosing.closed_at.desc()).limit(1)).first()
    begin = clock.from_local(datetime.combine(day, time.fromisoformat(shop.day_begins)), shop.time_zone)
    since = last or begin
    return Shift(since, last is None, report(session, Span(day, day, cashier_id, (since, until))))


def close(
    session: Session, actor: Actor, shop: ShopProfile, day: date, count: Count, at: datetime | None = None
) -> DayClosing:
    """Close one's own till at a moment, now by default. A difference needs a reason."""
    at = at or now()
    if not actor.can(Permission.TILL):
        raise Forbidden(_("Only who works at a till closes it."))
    if day > clock.business_day(at, shop.time_zone, shop.day_begins):
        raise Invalid(_("That day has not begun yet."))
    shift = open_shift(session, actor.account_id, shop, day, at)
    if shift.is_empty:
        raise Conflict(_("The till was closed already, and nothing was taken since. A wrong closing can be corrected."))
    expected = count.float_minor + shift.report.cash_minor
    _check(count, expected, shop)
    methods = {method: sums.total_minor for method, sums in shift.report.methods.items()}
    closing = _new(actor, count, expected, business_day=day, cashier_id=actor.account_id, closed_at=at, since=shift.since, totals=methods | {
        "bills": shift.report.total.bills, "top-ups": shift.report.methods["cash"].topped_up_minor,
    })  # fmt: skip
    return _kept(session, actor, closing, _("The till was closed already for this time."))


def correct(session: Session, actor: Actor, shop: ShopProfile, closing_id: int, count: Count) -> DayClosing:
    """Put a closing right: a new one takes its place, and the wrong one stays beside it."""
    wrong = get(session, actor, closing_id)
    if not count.reason.strip():
        raise Invalid(_("Please say what was wrong."), field="reason")
    expected = wrong.expected_minor - wrong.opening_float_minor + count.float_minor
    _check(count, expected, shop)
    closing = _new(actor, count, expected, business_day=wrong.business_day, cashier_id=wrong.cashier_id, closed_at=now(),
                   since=None, corrects_id=wrong.id, totals=wrong.totals)  # fmt: skip
    return _kept(session, actor, closing, _("This closing was corrected already. Correct the one that took its place."))


def get(session: Session, actor: Actor, closing_id: int) -> DayClosing:
    """One's own closing; everybody's for who may correct them. Others are `NotFound`."""
    found = session.get(DayClosing, closing_id)
    if found is None or not (actor.can(Permission.TILL_SUPERVISE) or found.cashier_id == actor.account_id):
        raise NotFound(_("There is no such closing."))
    return found


def of_span(session: Session, span: Span) -> Sequence[DayClosing]:
    """The closings of some days, with those that were corrected."""
    query = select(DayClosing).where(DayClosing.business_day.between(span.since, span.until))
    if span.cashier_id is not None:
        query = query.where(DayClosing.cashier_id == span.cashier_id)
    return session.scalars(query.order_by(DayClosing.business_day, DayClosing.id)).all()


def _check(count: Count, expected: int, shop: ShopProfile) -> None:
    if count.float_minor < 0 or count.counted_minor < 0:
        raise Invalid(_("An amount of cash cannot be negative."))

    def shown(minor: int) -> str:
        return money.show(minor, shop.currency, locale_name())

    difference = count.counted_minor - expected
    if difference and not count.reason.strip():
        raise Invalid(
            _("The till was not closed: %(counted)s were counted and %(expected)s are expected, a difference of %(difference)s. "
              "Please count again, or give the reason.",
              counted=shown(count.counted_minor), expected=shown(expected), difference=shown(difference)),
            field="reason", difference_minor=difference,
        )  # fmt: skip


def _new(actor: Actor, count: Count, expected: int, **what: Any) -> DayClosing:
    return DayClosing(
        closed_by_id=actor.account_id, opening_float_minor=count.float_minor, expected_minor=expected,
        counted_minor=count.counted_minor, difference_minor=count.counted_minor - expected,
        reason=count.reason.strip()[:200], **what,
    )  # fmt: skip


def _kept(session: Session, actor: Actor, closing: DayClosing, otherwise: str) -> DayClosing:
    try:
        session.add(closing)
        session.flush()
    except IntegrityError:
        raise Conflict(otherwise) from None
    action = "till.closed" if closing.corrects_id is None else "till.closing-corrected"
    audit.record(session, actor, action, closing.business_day, difference_minor=closing.difference_minor)
    return closing
