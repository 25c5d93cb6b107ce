"""The daily report on screen, on paper, as CSV and as JSON; and the page that closes a till."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Response, flash, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse
from wtforms import DateField, StringField
from wtforms.validators import InputRequired, Length, Optional

from shop_app.base import clock, money
from shop_app.base.db import now
from shop_app.base.errors import Refused
from shop_app.base.models import DayClosing
from shop_app.base.permissions import Permission as P
from shop_app.base.text import _, _l
from shop_app.sales.bills.service import METHOD_LABELS, cashiers
from shop_app.sales.reports import closings, service
from shop_app.sales.reports.closings import Count
from shop_app.sales.reports.service import Report, Span
from shop_app.web.area import Area, actor, profile, session, unit
from shop_app.web.forms import Form, MoneyField
from shop_app.web.listing import asked, asked_day, csv_answer, wants_csv
from shop_app.web.template_filters import money_text

area = Area("reports", __name__, url_prefix="/reports")
area.menu(_l("Daily report"), "daily", icon="chart", may=P.REPORTS_VIEW, order=30, group=_l("Billing"), phone=True)

COLUMNS = {
    "section": lambda row: row[0],
    "name": lambda row: row[1],
    "bills": lambda row: row[2],
    "sold": lambda row: money.from_minor(row[3], profile().currency),
    "refunded": lambda row: money.from_minor(row[4], profile().currency),
    "total": lambda row: money.from_minor(row[5], profile().currency),
}


class CountForm(Form):
    """What is in the drawer."""

    float_ = MoneyField(_l("Opening float"), [InputRequired()])
    counted = MoneyField(_l("Counted cash"), [InputRequired()])
    reason = StringField(_l("Reason of a difference"), [Optional(), Length(max=200)])

    def count(self) -> Count:
        """As the service takes it."""
        return Count(self.float_.data or 0, self.counted.data or 0, self.reason.data or "")


class ClosingForm(CountForm):
    """The same, for a day."""

    day = DateField(_l("Day"), [InputRequired()])


@area.get("", may=P.REPORTS_VIEW)
def daily() -> str | Response:
    """Today, or the days that the URL asks for."""
    span = _span()
    found = service.report(session(), span)
    if wants_csv():
        return csv_answer(f"report-{span.since}-{span.until}", COLUMNS, _rows(found))
    if request.args.get("format") == "json":
        return jsonify(_as_json(found))
    return render_template(
        "reports/daily.html", report=found, span=span, closings=closings.of_span(session(), span),
        cashiers=cashiers(session()), methods=METHOD_LABELS, today=_today(),
    )  # fmt: skip


@area.get("/close", may=P.TILL)
def close() -> str:
    """The form that closes one's own till."""
    return _closing_page(ClosingForm(day=min(asked_day("day") or _today(), _today())))


@area.post("/close", may=P.TILL)
def close_now() -> BaseResponse | tuple[str, int]:
    """Close one's own till."""
    form = ClosingForm()
    problem, status = "", 422
    if form.validate():
        try:
            return _closed(closings.close(session(), actor(), profile(), form.day.data, form.count()))
        except Refused as refusal:
            problem, status = refusal.detail, refusal.status
    unit().finish(keep=False)
    return _closing_page(form, problem), status


@area.get("/closings/<int:closing_id>", may=P.TILL)
def correction(closing_id: int) -> str:
    """The form that puts a closing right."""
    wrong = closings.get(session(), actor(), closing_id)
    return render_template("reports/correct.html", wrong=wrong, form=CountForm(float_=wrong.opening_float_minor))


@area.post("/closings/<int:closing_id>", may=P.TILL)
def correct(closing_id: int) -> BaseResponse | tuple[str, int]:
    """Put a closing right."""
    form = CountForm()
    problem, status = "", 422
    if form.validate():
        try:
            return _closed(closings.correct(session(), actor(), profile(), closing_id, form.count()))
        except Refused as refusal:
            problem, status = refusal.detail, refusal.status
    unit().finish(keep=False)
    wrong = closings.get(session(), actor(), closing_id)
    return render_template("reports/correct.html", wrong=wrong, form=form, problem=problem), status


def _closed(closing: DayClosing) -> BaseResponse:
    flash(_("The till is closed; the difference is %(money)s.", money=money_text(closing.difference_minor)))
    return redirect(url_for("reports.daily", day=closing.business_day.isoformat()), 303)


def _closing_page(form: ClosingForm, problem: str = "") -> str:
    day = form.day.data or _today()
    me = actor().account_id
    return render_template(
        "reports/close.html", form=form, problem=problem, day=day, shift=closings.open_shift(session(), me, profile(), day, now()),
        closed=closings.of_span(session(), Span(day, day, me)),
    )  # fmt: skip


def _span() -> Span:
    since = asked_day("from") or asked_day("day") or _today()
    until = asked_day("to") or since
    cashier = asked("cashier")
    cashier_id = int(cashier) if cashier.isascii() and cashier.isdigit() and len(cashier) < 19 else None
    return Span(min(since, until), max(since, until), cashier_id)


def _today() -> date:
    return clock.business_day(now(), profile().time_zone, profile().day_begins)


def _rows(found: Report) -> list[tuple[str, str, Any, int, int, int]]:
    total = found.total
    rows: list[tuple[str, str, Any, int, int, int]] = [
        ("total", "", total.bills, total.sold_minor, total.refunded_minor, total.total_minor)
    ]
    for method, sums in found.methods.items():
        rows.append(("method", method, sums.bills, sums.sold_minor, sums.refunded_minor, sums.total_minor))
        if sums.topped_up_minor:
            rows.append(("wallets", method, None, sums.topped_up_minor, 0, sums.topped_up_minor))
    rows.append(("drawer", "cash", None, 0, 0, found.cash_minor))
    for cashier, sums in found.cashiers.items():
        rows.append(
            ("cashier", found.names[cashier], sums.bills, sums.sold_minor, sums.refunded_minor, sums.total_minor)
        )
    for (name, rate), tax in sorted(found.taxes.items()):
        rows.append(("net", f"{name} {rate / 100:g} %", None, tax.net_minor, 0, tax.net_minor))
        rows.append(("tax", f"{name} {rate / 100:g} %", None, tax.tax_minor, 0, tax.tax_minor))
    return rows


def _as_json(found: Report) -> dict[str, Any]:
    total = found.total
    return {
        "from": found.span.since.isoformat(), "to": found.span.until.isoformat(), "currency": profile().currency,
        "bills": total.bills, "sold_minor": total.sold_minor, "refunded_minor": total.refunded_minor,
        "total_minor": total.total_minor, "net_minor": found.net_minor, "tax_minor": found.tax_minor,
        "discount_minor": found.discount_minor,
        "methods": {name: sums.total_minor for name, sums in found.methods.items()},
        "cashiers": {found.names[one]: sums.total_minor for one, sums in found.cashiers.items()},
    }  # fmt: skip
