"""Pages of feedback: the admin's inbox, and the form of everybody else."""

from __future__ import annotations

from flask import Response, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response as BaseResponse
from wtforms import SelectField, TextAreaField
from wtforms.validators import DataRequired, Length

from shop_app.base.models import Feedback
from shop_app.base.permissions import Permission as P
from shop_app.base.text import _, _l, in_words
from shop_app.notify.feedback import service
from shop_app.web.area import Area, actor, session
from shop_app.web.forms import Form, choices
from shop_app.web.listing import asked, csv_answer, everything, paginate, wants_csv
from shop_app.web.navigation import flash_undo

area = Area("feedback", __name__, url_prefix="/feedback")
area.menu(
    _l("Feedback"), "index", icon="chat", may=P.FEEDBACK_READ, order=530, group=_l("Manage"), prefix="feedback.index"
)
area.menu(
    _l("Send feedback"),
    "mine",
    icon="chat",
    may=P.FEEDBACK_SEND,
    order=800,
    group=_l("Account"),
    prefix="feedback.mine",
    unless=P.FEEDBACK_READ,
)

TOPIC_LABELS = {
    "products": _l("Products"), "service": _l("Service"), "shop": _l("The shop"), "app": _l("This app"), "other": _l("Something else"),
}  # fmt: skip
COLUMNS = {
    "when": lambda entry: entry.created_at.isoformat(),
    "from": lambda entry: entry.author,
    "role": lambda entry: entry.role,
    "topic": lambda entry: entry.topic,
    "text": lambda entry: entry.body,
    "handled": lambda entry: entry.handled_at.isoformat() if entry.handled_at else "",
}


class FeedbackForm(Form):
    """A word to the admin."""

    topic = SelectField(_l("About"), choices=choices(*TOPIC_LABELS.items()))
    body = TextAreaField(_l("What we should know"), [DataRequired(), Length(max=5000)])


@area.get("", may=P.FEEDBACK_READ)
def index() -> str | Response:
    """The admin's inbox."""
    typed = asked("q")
    query = service.search(asked("topic"), asked("state") or "open", asked("role"), searched=bool(typed))
    if wants_csv():
        return csv_answer("feedback", COLUMNS, everything(session(), query.order_by(Feedback.id.desc()), typed))
    sorts = {"when": [Feedback.created_at, Feedback.id]}
    entries = paginate(session(), query, sorts, default="-when", key=Feedback.id, typed=typed)
    return render_template("feedback/index.html", entries=entries, topics=in_words(TOPIC_LABELS))


@area.post("/<int:feedback_id>/handled", may=P.FEEDBACK_READ)
def handled(feedback_id: int) -> BaseResponse:
    """Mark one as handled."""
    service.set_handled(session(), actor(), feedback_id, True)
    flash_undo(_("Marked as handled."), url_for(".reopen", feedback_id=feedback_id))
    return redirect(url_for(".index"), 303)


@area.post("/<int:feedback_id>/reopen", may=P.FEEDBACK_READ)
def reopen(feedback_id: int) -> BaseResponse:
    """Open one again."""
    service.set_handled(session(), actor(), feedback_id, False)
    flash(_("Reopened."))
    return redirect(url_for(".index"), 303)


@area.get("/mine", may=P.FEEDBACK_SEND)
def mine() -> str:
    """What this person has said, and the form to say more."""
    return _mine_page(FeedbackForm())


@area.post("/mine", may=P.FEEDBACK_SEND)
def send() -> BaseResponse | tuple[str, int]:
    """Say a word to the admin."""
    form = FeedbackForm()
    if not form.validate():
        return _mine_page(form), 422
    service.send(session(), actor(), form.topic.data, form.body.data)
    flash(_("Thank you. The admin will read it."))
    return redirect(url_for(".mine"), 303)


def _mine_page(form: FeedbackForm) -> str:
    entries = paginate(session(), service.mine(actor()), {"when": [Feedback.id]}, default="-when")
    return render_template("feedback/mine.html", entries=entries, form=form, topics=TOPIC_LABELS)
