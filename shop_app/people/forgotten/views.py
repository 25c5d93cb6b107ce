"""A forgotten password: a one-time code by e-mail where the shop can send any, by the admin otherwise."""

from __future__ import annotations

from datetime import timedelta

from flask import flash, redirect, render_template, url_for
from flask import session as page_session
from werkzeug.wrappers import Response as BaseResponse

from shop_app.accounts import service, sessions
from shop_app.accounts.forms import ForgottenForm
from shop_app.accounts.throttle import attempt
from shop_app.accounts.views import TYPED_NAME
from shop_app.base import audit
from shop_app.base.permissions import Permission as P
from shop_app.base.text import _, locale_name
from shop_app.notify.channels import CHANNELS
from shop_app.notify.kinds import CODE
from shop_app.notify.outbox import send_one
from shop_app.web.area import Area, session, shop
from shop_app.web.vault import vault

area = Area("forgotten", __name__)


@area.get("/sign-in/forgotten", may=P.PUBLIC)
def index() -> str:
    """What to do about a forgotten password."""
    return _page(ForgottenForm())


@area.post("/sign-in/forgotten", may=P.PUBLIC)
def send_code() -> BaseResponse | tuple[str, int]:
    """Send a one-time code; the answer is the same whether there is such an account or not."""
    form = ForgottenForm()
    if not form.validate() or not _by_mail():
        return _page(form), 422
    with shop().database.reading() as reading:
        counted_as = "forgotten:" + service.throttle_name(reading, form.name.data)
    with attempt(shop().database, counted_as, sessions.address()):
        account = service.find(session(), form.name.data)
        if account is not None and account.active and account.email:
            code = service.issue_code(session(), account, None, lives=timedelta(hours=1))
            audit.record(session(), None, "account.code-mailed", account)
            where = shop().settings.public_url.rstrip("/") + url_for("accounts.code")
            about = {"code": code, "where": where, "language": locale_name()}
            send_one(session(), CODE, "mail", account_id=account.id, seal=vault().seal, parameters=about)
    page_session[TYPED_NAME] = form.name.data
    flash(_("If there is such an account, a one-time code is on its way to its e-mail address."))
    return redirect(url_for("accounts.code"), 303)


def _by_mail() -> bool:
    return CHANNELS["mail"].is_set_up(shop().settings)


def _page(form: ForgottenForm) -> str:
    return render_template("accounts/forgotten.html", form=form, by_mail=_by_mail())
