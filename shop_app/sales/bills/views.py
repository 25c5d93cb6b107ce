"""Pages of the bills: list, bill, receipt, refund and void."""

from __future__ import annotations

from flask import Response, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from shop_app.base import money, quantities
from shop_app.base.clock import local
from shop_app.base.db import now
from shop_app.base.errors import Invalid, NotFound, Refused
from shop_app.base.models import Bill, Refund
from shop_app.base.permissions import Permission as P
from shop_app.base.text import _, _l
from shop_app.sales.bills import service
from shop_app.sales.bills.service import METHOD_LABELS, Return
from shop_app.web.area import Area, actor, profile, session, unit
from shop_app.web.listing import asked, asked_day, csv_answer, everything, paginate, wants_csv
from shop_app.web.template_filters import money_text

area = Area("bills", __name__, url_prefix="/bills")
area.menu(_l("Bills"), "index", icon="receipt", may=P.TILL, order=20, group=_l("Billing"), phone=True)

COLUMNS = {
    "number": lambda bill: bill.number,
    "time": lambda bill: local(bill.created_at, profile().time_zone).isoformat(timespec="seconds"),
    "cashier": lambda bill: bill.cashier,
    "customer": lambda bill: bill.customer,
    "net": lambda bill: money.from_minor(bill.net_minor, profile().currency),
    "tax": lambda bill: money.from_minor(bill.tax_minor, profile().currency),
    "total": lambda bill: money.from_minor(bill.total_minor, profile().currency),
    "refunded": lambda bill: money.from_minor(bill.refunded_minor, profile().currency),
}


@area.get("", may=P.TILL)
def index() -> str | Response:
    """The list of bills, newest first."""
    typed = asked("q").lstrip("#")
    query = service.search(typed, since=asked_day("from"), until=asked_day("to"))
    if wants_csv():
        return csv_answer("bills", COLUMNS, everything(session(), query.order_by(Bill.number), typed))
    bills = paginate(session(), query, service.SORTS, default="-number", key=Bill.id, typed=typed)
    return render_template("bills/index.html", bills=bills)


@area.get("/<int:bill_id>", may=P.TILL)
def show(bill_id: int) -> str:
    """One bill, and what was given back of it."""
    bill = service.get_bill_for(session(), actor(), bill_id)
    return render_template("bills/show.html", bill=bill, refunds=service.refunds_of(session(), bill_id))


@area.post("/<int:bill_id>/receipt", may=P.TILL, repeatable=True)
def print_receipt(bill_id: int) -> BaseResponse:
    """Note that the receipt is printed, and go to it."""
    printed = service.note_print(session(), actor(), bill_id)
    return redirect(url_for("bills.receipt", bill_id=bill_id, print=printed.id), 303)


@area.get("/<int:bill_id>/receipt", may=P.TILL)
def receipt(bill_id: int) -> str:
    """The receipt for 80 mm paper; marked COPY unless this is its first printing."""
    bill = service.get_bill_for(session(), actor(), bill_id)
    print_id = request.args.get("print", type=int)
    original = service.is_original(session(), bill_id, print_id, now())
    return render_template(
        "bills/receipt.html", bill=bill, copy=not original, print_now=print_id is not None,
        refunds=service.refunds_of(session(), bill_id),
    )  # fmt: skip


@area.get("/<int:bill_id>/refund", may=P.REFUND)
def refund_form(bill_id: int) -> str:
    """Choose what comes back."""
    return _refund_page(bill_id)


@area.post("/<int:bill_id>/refund", may=P.REFUND)
def refund(bill_id: int) -> BaseResponse | tuple[str, int]:
    """Give money back against lines of the bill."""
    try:
        made = _give_back(bill_id, _returns(bill_id))
    except Refused as problem:
        unit().finish(keep=False)
        return _refund_page(bill_id, problem.detail), problem.status
    flash(_("Refunded: %(ways)s.", ways=_in_words(made)))
    return redirect(url_for("bills.show", bill_id=bill_id), 303)


@area.post("/<int:bill_id>/void", may=P.REFUND)
def void(bill_id: int) -> BaseResponse | tuple[str, int]:
    """Give everything back that is left; the bill stays, the refund stands beside it."""
    bill = service.get_bill_for(session(), actor(), bill_id)
    try:
        made = _give_back(bill_id, service.everything_left(bill))
    except Refused as problem:
        unit().finish(keep=False)
        return _refund_page(bill_id, problem.detail), problem.status
    flash(_("Bill %(number)s is void. Refunded: %(ways)s.", number=bill.number, ways=_in_words(made)))
    return redirect(url_for("bills.show", bill_id=bill_id), 303)


def _give_back(bill_id: int, returns: list[Return]) -> Refund:
    if not request.form.get("key"):
        raise Invalid(_("This form is not complete. Open the page again."))
    method, reason = request.form.get("method", service.AS_PAID), request.form.get("reason", "")
    return service.refund(session(), actor(), bill_id, returns, method=method, reason=reason, shop=profile())


def _returns(bill_id: int) -> list[Return]:
    by_weight = {str(line.id): line.by_weight for line in service.get_bill_for(session(), actor(), bill_id).lines}
    found = []
    for name, value in request.form.items():
        line = name.removeprefix("line-")
        if line != name and value.strip() not in ("", "0"):
            if line not in by_weight:
                raise NotFound(_("Nothing was refunded: that line is not on this bill."))
            quantity = quantities.read(value, by_weight[line], quantities.MOST_GRAMS)
            found.append(Return(int(line), quantity, f"shelf-{line}" in request.form))
    return found


def _refund_page(bill_id: int, problem: str = "") -> str:
    bill = service.get_bill_for(session(), actor(), bill_id)
    left = service.left_by_method(session(), bill)
    return render_template("bills/refund.html", bill=bill, left=left, methods=METHOD_LABELS, problem=problem)


def _in_words(made: Refund) -> str:
    ways = [f"{money_text(part.amount_minor)} {METHOD_LABELS[part.method]}" for part in made.payments]
    return ", ".join(ways) or money_text(0)
