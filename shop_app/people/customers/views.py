"""Pages of customers, for staff."""

from __future__ import annotations

from flask import Response, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response as BaseResponse

from shop_app.accounts.service import customer as get_customer
from shop_app.base.clock import day_of
from shop_app.base.models import Account, Bill
from shop_app.base.permissions import Permission as P
from shop_app.base.text import _, _l
from shop_app.people.customers import service
from shop_app.people.staff import service as staff
from shop_app.web.area import Area, actor, profile, session
from shop_app.web.listing import asked, csv_answer, everything, paginate, wants_csv
from shop_app.web.navigation import flash_undo

area = Area("customers", __name__, url_prefix="/customers")
area.menu(_l("Customers"), "index", icon="person", may=P.CUSTOMERS_VIEW, order=150, group=_l("Shop"))

COLUMNS = {
    "name": lambda account: account.name,
    "email": lambda account: account.email,
    "phone": lambda account: account.phone,
    "since": lambda account: day_of(account.created_at, profile().time_zone).isoformat(),
}


@area.get("", may=P.CUSTOMERS_VIEW)
def index() -> str | Response:
    """All customers."""
    typed = asked("q")
    query = service.search(asked("state") or "active", searched=bool(typed))
    if wants_csv():
        return csv_answer("customers", COLUMNS, everything(session(), query.order_by(Account.search), typed))
    customers = paginate(session(), query, service.SORTS, default="name", key=Account.id, typed=typed)
    return render_template("customers/index.html", customers=customers)


@area.get("/<int:customer_id>", may=P.CUSTOMERS_VIEW)
def show(customer_id: int) -> str:
    """One customer: bills, wallet, complaints."""
    account = get_customer(session(), customer_id)
    bills = paginate(session(), service.bills(customer_id), {"when": [Bill.id]}, default="-when")
    figures = service.figures(session(), customer_id)
    return render_template("customers/show.html", account=account, figures=figures, bills=bills)


@area.post("/<int:customer_id>/disable", may=P.STAFF_MANAGE)
def disable(customer_id: int) -> BaseResponse:
    """Shut a customer out."""
    account = get_customer(session(), customer_id)
    staff.set_active(session(), actor(), account, False)
    flash_undo(
        _("%(name)s is disabled and signed out everywhere.", name=account.name),
        url_for(".enable", customer_id=customer_id),
    )
    return redirect(url_for(".show", customer_id=customer_id), 303)


@area.post("/<int:customer_id>/enable", may=P.STAFF_MANAGE)
def enable(customer_id: int) -> BaseResponse:
    """Let a customer in again."""
    account = get_customer(session(), customer_id)
    staff.set_active(session(), actor(), account, True)
    flash(_("%(name)s may sign in again.", name=account.name))
    return redirect(url_for(".show", customer_id=customer_id), 303)


@area.post("/<int:customer_id>/reset", may=P.STAFF_MANAGE, fresh=True)
def reset(customer_id: int) -> str:
    """A new one-time code for a customer, shown once."""
    account = get_customer(session(), customer_id)
    code = staff.reset_access(session(), actor(), account)
    return render_template(
        "staff/code.html", account=account, code=code, back=url_for(".show", customer_id=customer_id)
    )
