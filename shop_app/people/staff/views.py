"""Pages of staff."""

from __future__ import annotations

from flask import Response, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response as BaseResponse

from shop_app.accounts.service import Person
from shop_app.base.errors import Refused
from shop_app.base.models import Account
from shop_app.base.permissions import OF_ROLE, Role
from shop_app.base.permissions import Permission as P
from shop_app.base.text import _, _l
from shop_app.people.staff import service
from shop_app.people.staff.forms import EditForm, StaffForm
from shop_app.web.area import Area, actor, session, unit
from shop_app.web.listing import asked, csv_answer, everything, paginate, wants_csv
from shop_app.web.navigation import flash_undo

area = Area("staff", __name__, url_prefix="/staff")
area.menu(_l("Staff"), "index", icon="people", may=P.STAFF_MANAGE, order=500, group=_l("Manage"))

COLUMNS = {
    "name": lambda account: account.name,
    "role": lambda account: account.role,
    "email": lambda account: account.email,
    "phone": lambda account: account.phone,
    "active": lambda account: "yes" if account.active else "no",
}


@area.get("", may=P.STAFF_MANAGE)
def index() -> str | Response:
    """Who works here."""
    typed = asked("q")
    query = service.search(asked("role"), asked("state") or "active", searched=bool(typed))
    if wants_csv():
        return csv_answer("staff", COLUMNS, everything(session(), query.order_by(Account.search), typed))
    staff = paginate(session(), query, service.SORTS, default="name", key=Account.id, typed=typed)
    return render_template("staff/index.html", staff=staff)


@area.get("/new", may=P.STAFF_MANAGE, fresh=True)
def new() -> str:
    """The form of a new member of staff."""
    return render_template("staff/new.html", form=StaffForm())


@area.post("/new", may=P.STAFF_MANAGE, fresh=True)
def add() -> str | tuple[str, int]:
    """Add somebody, and show the one-time code, once."""
    form = StaffForm()
    if not form.validate():
        return render_template("staff/new.html", form=form), 422
    try:
        account, code = service.add(session(), actor(), _person(form))
    except Refused as refusal:
        unit().finish(keep=False)
        return render_template("staff/new.html", form=form, problem=refusal.detail), refusal.status
    return render_template("staff/code.html", account=account, code=code, back=url_for(".index"))


@area.get("/<int:account_id>", may=P.STAFF_MANAGE)
def show(account_id: int) -> str:
    """One member of staff."""
    account = service.get(session(), actor(), account_id)
    form = EditForm(obj=account, extra=list(account.extra_permissions))
    return render_template("staff/show.html", account=account, form=form, held=OF_ROLE[account.role_])


@area.post("/<int:account_id>", may=P.STAFF_MANAGE, fresh=True)
def save(account_id: int) -> BaseResponse | tuple[str, int]:
    """Save what was changed."""
    account = service.get(session(), actor(), account_id)
    form = EditForm()
    problem = ""
    if form.validate():
        try:
            service.edit(session(), actor(), account, _person(form), form.extra.data)
            flash(_("%(name)s is saved.", name=account.name))
            return redirect(url_for(".index"), 303)
        except Refused as refusal:
            problem = refusal.detail
    unit().finish(keep=False)
    account = service.get(session(), actor(), account_id)
    page = render_template("staff/show.html", account=account, form=form, held=OF_ROLE[account.role_], problem=problem)
    return page, 422


@area.post("/<int:account_id>/disable", may=P.STAFF_MANAGE)
def disable(account_id: int) -> BaseResponse:
    """Shut somebody out at once."""
    account = service.get(session(), actor(), account_id)
    service.set_active(session(), actor(), account, False)
    flash_undo(
        _("%(name)s is disabled and signed out everywhere.", name=account.name),
        url_for(".enable", account_id=account_id),
    )
    return redirect(url_for(".index"), 303)


@area.post("/<int:account_id>/enable", may=P.STAFF_MANAGE)
def enable(account_id: int) -> BaseResponse:
    """Let somebody in again."""
    account = service.get(session(), actor(), account_id)
    service.set_active(session(), actor(), account, True)
    flash(_("%(name)s may sign in again.", name=account.name))
    return redirect(url_for(".index"), 303)


@area.post("/<int:account_id>/reset", may=P.STAFF_MANAGE, fresh=True)
def reset(account_id: int) -> str:
    """A new one-time code for somebody, shown once."""
    account = service.get(session(), actor(), account_id)
    code = service.reset_access(session(), actor(), account)
    return render_template("staff/code.html", account=account, code=code, back=url_for(".index"))


def _person(form: StaffForm) -> Person:
    return Person(Role(form.role.data), form.name.data, form.email.data or "", form.phone.data or "")
