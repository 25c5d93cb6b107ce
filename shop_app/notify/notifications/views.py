"""Pages of notifications: the inbox of everybody, and what an admin sends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from flask import Response, flash, jsonify, redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response as BaseResponse
from wtforms import SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional

from shop_app.base.errors import NotFound, Refused
from shop_app.base.models import Account, Delivery, Notification
from shop_app.base.permissions import ROLE_LABELS, STAFF, Role
from shop_app.base.permissions import Permission as P
from shop_app.base.text import _, _l
from shop_app.notify import delivery
from shop_app.notify.channels import CHANNELS, webhook
from shop_app.notify.channels.bell import BELL
from shop_app.notify.channels.channel import Channel
from shop_app.notify.kinds import KINDS, Kind, Text, text_of
from shop_app.notify.notifications import service
from shop_app.notify.outbox import wants
from shop_app.notify.words import readers_words
from shop_app.web.area import Area, actor, profile, session, shop, unit
from shop_app.web.forms import Form, choices
from shop_app.web.listing import asked, csv_answer, everything, paginate, wants_csv
from shop_app.web.vault import vault

area = Area("notifications", __name__, url_prefix="/notifications")
area.menu(_l("Notifications"), "inbox", icon="bell", may=P.SIGNED_IN, order=20, prefix="notifications.inbox")
area.menu(
    _l("Delivery of notifications"), "undelivered", icon="bell", may=P.SETTINGS_MANAGE, order=585, group=_l("Manage"),
    prefix="notifications.undelivered",
)  # fmt: skip
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
    "title": lambda row: _text(row).title,
    "text": lambda row: _text(row).body,
    "read": lambda row: "yes" if row.read else "no",
}
SENT_COLUMNS = {
    "when": lambda row: row.created_at.isoformat(),
    "to": lambda row: row.account or row.audience.removeprefix("role:"),
    "from": lambda row: row.sender,
    "title": lambda row: row.parameters["title"],
    "text": lambda row: row.parameters["body"],
    "read by": lambda row: row.reads,
}
RECEIPT_COLUMNS = {
    "name": lambda row: row.name,
    "role": lambda row: row.role,
    "read": lambda row: row.at.isoformat() if row.at else "",
}


UNDELIVERED_COLUMNS = {
    "when": lambda row: row.at.isoformat(),
    "kind": lambda row: row.kind,
    "channel": lambda row: row.channel,
    "to": lambda row: row.account,
    "tries": lambda row: row.tries,
    "reason": lambda row: row.reason,
}
_SHOP_KINDS = [kind for kind in KINDS.values() if kind.label and kind.told is not P.CUSTOMER]


class Box(NamedTuple):
    """Whether a kind goes by a channel."""

    value: str
    is_on: bool
    is_fixed: bool


class Row(NamedTuple):
    """A kind, and a box for each channel."""

    kind: Kind
    boxes: list[Box]


class Choices(NamedTuple):
    """What can be chosen about kinds and channels."""

    channels: list[Channel]
    rows: list[Row]


class WebhookForm(Form):
    """Where the webhook goes, and what signs it."""

    url = StringField(
        _l("Address"), [Optional(), Length(max=500)], render_kw={"placeholder": "https://", "autocomplete": "off"}
    )
    secret = StringField(_l("Secret"), [Optional(), Length(max=100)], render_kw={"autocomplete": "off"})


class SendForm(Form):
    """A message to all staff, a role or a person."""

    to = SelectField(_l("To"), [InputRequired()])
    title = StringField(_l("Subject"), [InputRequired(), Length(max=160)], render_kw={"autocomplete": "off"})
    body = TextAreaField(_l("Text"), [Optional(), Length(max=5000)])


@area.get("", may=P.SIGNED_IN)
def inbox() -> str | Response:
    """What this person was told, the newest first."""
    unread_only = asked("state") == "unread"
    query = service.inbox(actor(), unread_only=unread_only)
    if wants_csv():
        rows = everything(session(), query.order_by(Notification.id.desc()))
        return csv_answer("notifications", COLUMNS, rows)
    sorts = {"when": [Notification.id]}
    notes = paginate(session(), query, sorts, default="-when", key=Notification.id, one_by_one=unread_only)
    words = readers_words()
    shown = [(row, text_of(row.kind, row.parameters, words)) for row in notes.rows]
    return render_template("notifications/inbox.html", notes=notes, shown=shown)


@area.get("/unread", may=P.SIGNED_IN)
def unread() -> Response:
    """How many wait, for pages that are open."""
    return jsonify({"unread": service.unread_count(session(), actor())})


@area.post("/read", may=P.SIGNED_IN)
def read_all() -> BaseResponse:
    """Mark everything as read."""
    service.mark_read(session(), actor())
    return redirect(url_for(".inbox"), 303)


@area.post("/<int:note_id>/read", may=P.SIGNED_IN)
def read(note_id: int) -> BaseResponse:
    """Mark one as read, and open what it is about."""
    note = service.get_mine(session(), actor(), note_id)
    service.mark_read(session(), actor(), note_id)
    link = text_of(note.kind, note.parameters, readers_words()).link if request.form.get("open") else ""
    return redirect(link or url_for(".inbox"), 303)


@area.app_template_global()
def channel_choices() -> Choices:
    """What this person may choose on the page of their account."""
    return _choices(service.kinds_for(actor()), actor().account_id, is_personal=True)


@area.post("/channels", may=P.SIGNED_IN)
def choose() -> BaseResponse:
    """Save which kinds go to this person by which channels."""
    offered = channel_choices()
    kinds = [row.kind for row in offered.rows]
    service.choose(
        session(),
        actor().account_id,
        kinds,
        [one.name for one in offered.channels],
        set(request.form.getlist("wanted")),
    )
    flash(_("Saved."))
    return redirect(url_for("accounts.me"), 303)


@area.get("/delivery", may=P.SETTINGS_MANAGE)
def undelivered() -> str | Response:
    """What could not be delivered, and the webhook."""
    return _delivery_page(WebhookForm(url=profile().webhook_url))


@area.post("/delivery/webhook", may=P.SETTINGS_MANAGE, fresh=True)
def set_webhook() -> BaseResponse | tuple[str | Response, int]:
    """Save the webhook; a new secret is shown once, to be copied."""
    form = WebhookForm()
    url, typed = (form.url.data or "").strip(), (form.secret.data or "").strip()
    made = "" if typed or profile().webhook_secret else webhook.new_secret()
    try:
        if url:
            webhook.check_url(url, shop().settings.webhook_networks)
        if typed:
            webhook.check_secret(typed)
    except Refused as refusal:
        unit().finish(keep=False)
        form[refusal.more.get("field", "url")].errors = [refusal.detail]
        return _delivery_page(form), refusal.status
    offered = _choices(list(_SHOP_KINDS), None, is_personal=False)
    new = vault().seal(typed or made) if typed or made else None
    service.set_webhook(session(), actor(), url, new)
    service.choose(
        session(), None, _SHOP_KINDS, [one.name for one in offered.channels], set(request.form.getlist("wanted"))
    )
    flash(_("Saved. The secret, shown this once: %(secret)s", secret=made) if url and made else _("Saved."))
    return redirect(url_for(".undelivered"), 303)


@area.post("/delivery/<int:delivery_id>/retry", may=P.SETTINGS_MANAGE)
def retry(delivery_id: int) -> BaseResponse:
    """Try again."""
    if not delivery.retry(session(), delivery_id):
        raise NotFound(_("There is nothing of this number to deliver."))
    flash(_("It is tried again within seconds."))
    return redirect(url_for(".undelivered"), 303)


@area.post("/delivery/dismiss", may=P.SETTINGS_MANAGE)
def dismiss() -> BaseResponse:
    """Forget what was given up."""
    delivery.dismiss(session())
    return redirect(url_for(".undelivered"), 303)


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


def _text(row: Any) -> Text:
    return text_of(row.kind, row.parameters, readers_words())


def _choices(kinds: Sequence[Kind], account_id: int | None, *, is_personal: bool) -> Choices:
    settings = shop().settings
    channels = [one for one in CHANNELS.values() if one.is_personal is is_personal and one.is_set_up(settings)]
    chosen = service.choices_of(session(), account_id)
    rows = [
        Row(kind, [
            Box(f"{kind.name} {one.name}", wants(kind, one, chosen.get((kind.name, one.name))), one.name in kind.always)
            for one in channels
        ])
        for kind in kinds
    ]  # fmt: skip
    return Choices(channels, rows)


def _delivery_page(form: WebhookForm) -> str | Response:
    query = service.undelivered(asked("state"))
    if wants_csv():
        return csv_answer("undelivered", UNDELIVERED_COLUMNS, everything(session(), query.order_by(Delivery.id.desc())))
    moment = Delivery.due_at if asked("state") == "waiting" else Delivery.given_up_at
    rows = paginate(session(), query, {"when": [moment, Delivery.id]}, default="-when", key=Delivery.id)
    settings = shop().settings
    states = [(one, one.is_set_up(settings)) for one in CHANNELS.values() if one.name not in {BELL, "webhook"}]
    hook = _choices(_SHOP_KINDS, None, is_personal=False)
    return render_template(
        "notifications/delivery.html", rows=rows, form=form, hook=hook, states=states, channels=CHANNELS, kinds=KINDS
    )


def _with_addressees(form: SendForm) -> SendForm:
    people = session().execute(
        select(Account.id, Account.name, Account.role)
        .where(Account.role.in_([r.value for r in STAFF]), Account.active.is_(True))
        .order_by(Account.name)
        .limit(500)
    )
    roles = [("staff", _("All staff"))]
    roles += [(f"role:{r.value}", _("All: %(role)s", role=ROLE_LABELS[r.value])) for r in STAFF]
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
