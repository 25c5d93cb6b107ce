"""Pages of notifications: the inbox of everybody, and what an admin sends."""

from __future__ import annotations

from flask import Response, flash, redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response as BaseResponse
from wtforms import SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional

from shop_app.base.models import Account, Notification
from shop_app.base.permissions import ROLE_LABELS, STAFF, Role
from shop_app.base.permissions import Permission as P
from shop_app.base.text import _, _l
from shop_app.notify.notifications import service
from shop_app.web.area import Area, actor, session
from shop_app.web.forms import Form, choices
from shop_app.web.listing import asked, csv_answer, everything, paginate, wants_csv

area = Area("notifications", __name__, url_prefix="/notifications")
area.menu(_l("Notifications"), "inbox", icon="bell", may=P.SIGNED_IN, order=20, prefix="notifications.inbox")
area.menu(
    _l("Sent notifications"),
    "sent",
    icon="chat",
    may=P.NOTIFICATIONS_SEND,
    order=540,
    group=_l("Manage"),
    prefix="notifications.sent",
)

COLUMNS = {
    "when": lambda row: row.created_at.isoformat(),
    "title": lambda row: row.title,
    "text": lambda row: row.body,
    "read": lambda row: "yes" if row.read else "no",
}
SENT_COLUMNS = {
    "when": lambda row: row.created_at.isoformat(),
    "to": lambda row: row.role or row.account,
    "from": lambda row: row.sender,
    "title": lambda row: row.title,
    "text": lambda row: row.body,
    "read by": lambda row: row.reads,
}
RECEIPT_COLUMNS = {
    "name": lambda row: row.name,
    "role": lambda row: row.role,
    "read": lambda row: row.at.isoformat() if row.at else "",
}


class SendForm(Form):
    """A note to a role or a person."""

    to = SelectField(_l("To"), [InputRequired()])
    title = StringField(_l("Subject"), [InputRequired(), Length(max=160)], render_kw={"autocomplete": "off"})
    body = TextAreaField(_l("Text"), [Optional(), Length(max=5000)])


@area.get("", may=P.SIGNED_IN)
def inbox() -> str | Response:
    """The notes for this person, the newest first."""
    unread_only = asked("state") == "unread"
    query = service.inbox(actor(), unread_only=unread_only)
    if wants_csv():
        rows = everything(session(), query.order_by(Notification.id.desc()))
        return csv_answer("notifications", COLUMNS, rows)
    sorts = {"when": [Notification.id]}
    notes = paginate(session(), query, sorts, default="-when", key=Notification.id, one_by_one=unread_only)
    return render_template("notifications/inbox.html", notes=notes)


@area.post("/read", may=P.SIGNED_IN)
def read_all() -> BaseResponse:
    """Mark everything as read."""
    service.mark_all_read(session(), actor())
    return redirect(url_for(".inbox"), 303)


@area.post("/<int:note_id>/read", may=P.SIGNED_IN)
def read(note_id: int) -> BaseResponse:
    """Mark one note as read, and open what it is about."""
    note = service.get_mine(session(), actor(), note_id)
    service.mark_read(session(), actor(), [note_id])
    return redirect(note.link if note.link and request.form.get("open") else url_for(".inbox"), 303)


@area.get("/sent", may=P.NOTIFICATIONS_SEND)
def sent() -> str | Response:
    """What was sent, and how many have read it."""
    typed = asked("q")
    query = service.sent(asked("to"), searched=bool(typed))
    if wants_csv():
        return csv_answer(
            "sent-notifications", SENT_COLUMNS, everything(session(), query.order_by(Notification.id.desc()), typed)
        )
    sorts = {"when": [Notification.id]}
    notes = paginate(session(), query, sorts, default="-when", key=Notification.id, typed=typed)
    return render_template("notifications/sent.html", notes=notes)


@area.get("/sent/<int:note_id>", may=P.NOTIFICATIONS_SEND, endpoint="sent_receipts")
def receipts(note_id: int) -> str | Response:
    """Who has read one note, and who has not."""
    note = service.get_sent(session(), note_id)
    query = service.receipts(note_id, asked("state"))
    if wants_csv():
        return csv_answer("receipts", RECEIPT_COLUMNS, everything(session(), query.order_by(Account.name)))
    receipts = paginate(session(), query, service.RECEIPT_SORTS, default="name")
    return render_template("notifications/receipts.html", note=note, receipts=receipts)


@area.get("/send", may=P.NOTIFICATIONS_SEND, endpoint="sent_new")
def write() -> str:
    """The form of a new note."""
    return render_template("notifications/send.html", form=_with_addressees(SendForm()))


@area.post("/send", may=P.NOTIFICATIONS_SEND)
def send() -> BaseResponse | tuple[str, int]:
    """Send a note."""
    form = _with_addressees(SendForm())
    if not form.validate():
        return render_template("notifications/send.html", form=form), 422
    service.send(session(), actor(), form.title.data, form.body.data or "", to=form.to.data)
    flash(_("Sent."))
    return redirect(url_for(".sent"), 303)


def _with_addressees(form: SendForm) -> SendForm:
    people = session().execute(
        select(Account.id, Account.name, Account.role)
        .where(Account.role.in_([r.value for r in STAFF]), Account.active.is_(True))
        .order_by(Account.name)
        .limit(500)
    )
    roles = [(f"role:{r.value}", _("All: %(role)s", role=ROLE_LABELS[r.value])) for r in STAFF]
    roles.append((f"role:{Role.CUSTOMER.value}", _("All customers")))
    form.to.choices = choices(
        ("", _("Choose")), *roles, *((f"person:{i}", f"{name} ({ROLE_LABELS[role]})") for i, name, role in people)
    )
    asked_for = request.form.get("to") or request.args.get("to", "")
    if asked_for.startswith("person:") and asked_for not in {choice.value for choice in form.to.choices}:
        customer = session().get(
            Account, int(asked_for[7:]) if asked_for[7:].isascii() and asked_for[7:].isdigit() else 0
        )
        if customer is not None:
            form.to.choices += choices((asked_for, customer.name))
    if request.method == "GET":
        form.to.data = asked_for or form.to.data
    return form
