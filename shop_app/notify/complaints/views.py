"""Pages of complaints, the same for both sides of a thread."""

from __future__ import annotations

from flask import Response, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse
from wtforms import IntegerField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length, NumberRange, Optional

from shop_app.base.errors import Refused
from shop_app.base.models import Complaint
from shop_app.base.permissions import Permission as P
from shop_app.base.text import _, _l
from shop_app.notify.complaints import service
from shop_app.web.area import Area, actor, profile, session, unit
from shop_app.web.forms import Form
from shop_app.web.listing import asked, csv_answer, everything, paginate, wants_csv
from shop_app.web.navigation import flash_undo

area = Area("complaints", __name__, url_prefix="/complaints")
area.menu(_l("Complaints"), "index", icon="help", may=P.COMPLAINTS_ANSWER, order=520, group=_l("Manage"), phone=True)
area.menu(_l("Help"), "mine", icon="help", may=P.CUSTOMER, order=40, phone=True)

COLUMNS = {
    "id": lambda complaint: complaint.id,
    "opened": lambda complaint: complaint.created_at.isoformat(),
    "customer": lambda complaint: complaint.customer,
    "subject": lambda complaint: complaint.subject,
    "state": lambda complaint: complaint.state,
}


class ComplaintForm(Form):
    """A new complaint."""

    subject = StringField(_l("What is wrong, in a few words"), [DataRequired(), Length(max=160)])
    bill = IntegerField(_l("Number of the bill"), [Optional(), NumberRange(1)], render_kw={"inputmode": "numeric"})
    body = TextAreaField(_l("What happened"), [DataRequired(), Length(max=5000)])


class ReplyForm(Form):
    """The next message of a thread."""

    body = TextAreaField(_l("Your reply"), [DataRequired(), Length(max=5000)])


@area.get("", may=P.COMPLAINTS_ANSWER)
def index() -> str | Response:
    """All complaints, those that wait first."""
    typed = asked("q")
    query = service.search(actor(), asked("state"), searched=bool(typed))
    if wants_csv():
        return csv_answer("complaints", COLUMNS, everything(session(), query.order_by(Complaint.id.desc()), typed))
    sorts = {"updated": [Complaint.updated_at, Complaint.id], "state": [Complaint.state, Complaint.updated_at]}
    complaints = paginate(session(), query, sorts, default="-updated", key=Complaint.id, typed=typed)
    return render_template("complaints/index.html", complaints=complaints)


@area.get("/mine", may=P.CUSTOMER)
def mine() -> str | Response:
    """A customer's own complaints."""
    typed = asked("q")
    query = service.search(actor(), asked("state"), searched=bool(typed))
    if wants_csv():
        return csv_answer("complaints", COLUMNS, everything(session(), query.order_by(Complaint.id.desc()), typed))
    sorts = {"updated": [Complaint.updated_at, Complaint.id]}
    complaints = paginate(session(), query, sorts, default="-updated", key=Complaint.id, typed=typed)
    return render_template("complaints/mine.html", complaints=complaints)


@area.get("/new", may=P.CUSTOMER)
def new() -> str:
    """The form of a new complaint."""
    form = ComplaintForm(formdata=None, bill=request.args.get("bill", type=int))
    return render_template("complaints/new.html", form=form)


@area.post("/new", may=P.CUSTOMER)
def add() -> BaseResponse | tuple[str, int]:
    """Send a complaint."""
    form = ComplaintForm()
    if not form.validate():
        return render_template("complaints/new.html", form=form), 422
    try:
        complaint = service.add(session(), actor(), form.subject.data, form.body.data, form.bill.data)
    except Refused as refusal:
        unit().finish(keep=False)
        return render_template("complaints/new.html", form=form, problem=refusal.detail), refusal.status
    flash(_("Sent. You will see our answer here."))
    return redirect(url_for(".show", complaint_id=complaint.id), 303)


@area.get("/<int:complaint_id>", may=P.SIGNED_IN)
def show(complaint_id: int) -> str:
    """One thread: one's own, or any for who answers."""
    complaint = service.get(session(), actor(), complaint_id)
    return _page(complaint, ReplyForm())


@area.post("/<int:complaint_id>", may=P.SIGNED_IN)
def reply(complaint_id: int) -> BaseResponse | tuple[str, int]:
    """Send the next message."""
    complaint = service.get(session(), actor(), complaint_id)
    form = ReplyForm()
    if not form.validate():
        return _page(complaint, form), 422
    service.reply(session(), actor(), complaint, form.body.data)
    flash(_("Sent."))
    return redirect(url_for(".show", complaint_id=complaint_id), 303)


@area.post("/<int:complaint_id>/close", may=P.SIGNED_IN)
def close(complaint_id: int) -> BaseResponse:
    """Close a thread."""
    service.set_closed(session(), actor(), service.get(session(), actor(), complaint_id), True)
    flash_undo(_("The complaint is closed."), url_for(".reopen", complaint_id=complaint_id))
    return redirect(url_for(".show", complaint_id=complaint_id), 303)


@area.post("/<int:complaint_id>/reopen", may=P.SIGNED_IN)
def reopen(complaint_id: int) -> BaseResponse:
    """Open a thread again."""
    service.set_closed(session(), actor(), service.get(session(), actor(), complaint_id), False)
    flash(_("Complaint reopened."))
    return redirect(url_for(".show", complaint_id=complaint_id), 303)


def _page(complaint: Complaint, form: ReplyForm) -> str:
    canned = service.canned(profile().canned_replies)
    return render_template("complaints/show.html", complaint=complaint, form=form, canned=canned)
