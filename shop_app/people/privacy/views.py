"""Pages of a customer's rights: the customer's own, and the admin's for a customer who asks at the counter."""

from __future__ import annotations

from flask import Response, flash, make_response, redirect, render_template, request, url_for
from flask import session as page_session
from werkzeug.wrappers import Response as BaseResponse
from wtforms import BooleanField, HiddenField
from wtforms.validators import InputRequired, Length

from shop_app.accounts import sessions
from shop_app.accounts.service import customer as get_customer
from shop_app.accounts.views import not_signed_in, sign_in_page
from shop_app.base.clock import day_of
from shop_app.base.errors import NotSignedIn, Refused
from shop_app.base.models import Account
from shop_app.base.permissions import Permission as P
from shop_app.base.text import _, _l
from shop_app.people.privacy import erasure, farewell
from shop_app.people.privacy.copying import copy
from shop_app.web.area import Area, actor, profile, session, unit
from shop_app.web.forms import Form

area = Area("privacy", __name__)


class ErasureForm(Form):
    """That somebody means it: there is no way back."""

    sure = BooleanField(_l("I know that this cannot be undone"), [InputRequired()])
    account = HiddenField(validators=[Length(max=200)])  # tells the second of two clicks that the first was heard


@area.get("/me/data", may=P.CUSTOMER, fresh=True)
def mine() -> str:
    """One's own data: a copy of it, and the end of the account."""
    return _page(_me(), ErasureForm(formdata=None))


@area.post("/me/data/copy", may=P.CUSTOMER, fresh=True)
def copy_mine() -> Response:
    """The copy, as one file."""
    return _file(_me())


@area.post("/me/data/delete", may=P.CUSTOMER, fresh=True, repeatable=True)
def erase_mine() -> BaseResponse | tuple[str, int]:
    """Delete one's own account; every sign-in of it ends."""
    refused = _erase(actor().account_id)
    if refused is not None:
        return refused
    page_session.clear()
    flash(farewell.words())
    response = redirect(url_for("accounts.sign_in"), 303)
    assert isinstance(response, Response)
    sessions.drop_cookie(response)
    return response


@area.errorhandler(NotSignedIn)
def second_click(error: NotSignedIn) -> Response:
    """Whoever clicked twice has no account any more, and is told what the first click was answered with."""
    if request.endpoint != "privacy.erase_mine" or not farewell.was_erased(request.form.get("account", "")):
        return not_signed_in(error)
    flash(farewell.words())
    return make_response(sign_in_page(), error.status)


@area.get("/customers/<int:customer_id>/data", may=P.STAFF_MANAGE, fresh=True)
def of_customer(customer_id: int) -> str:
    """The data of a customer who asks at the counter."""
    return _page(get_customer(session(), customer_id), ErasureForm(formdata=None))


@area.post("/customers/<int:customer_id>/data/copy", may=P.STAFF_MANAGE, fresh=True)
def copy_of_customer(customer_id: int) -> Response:
    """The copy, to be handed to the customer."""
    return _file(get_customer(session(), customer_id))


@area.post("/customers/<int:customer_id>/data/delete", may=P.STAFF_MANAGE, fresh=True, repeatable=True)
def erase_customer(customer_id: int) -> BaseResponse | tuple[str, int]:
    """Delete the account of a customer who asks for it; sent twice, it is done once."""
    refused = _erase(customer_id)
    if refused is not None:
        return refused
    flash(_("The account is deleted. Bills stay, without a name."))
    return redirect(url_for("customers.index"), 303)


def _me() -> Account:
    return get_customer(session(), actor().account_id)


def _file(account: Account) -> Response:
    found = copy(session(), actor(), account, profile())
    response = Response(found.model_dump_json(indent=2), mimetype="application/json")
    name = f"data-{account.id}-{day_of(found.made_at, profile().time_zone):%Y-%m-%d}.json"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _erase(customer_id: int) -> tuple[str, int] | None:
    """Delete the account; the page again where that is refused."""
    form = ErasureForm()
    if not form.validate():
        return _page(get_customer(session(), customer_id), form), 422
    try:
        farewell.erase(customer_id)
        return None
    except Refused as refusal:
        unit().finish(keep=False)
        return _page(get_customer(session(), customer_id), form, refusal.detail), refusal.status


def _page(account: Account, form: ErasureForm, problem: str = "") -> str:
    form.account.data = farewell.sealed(account.id)
    return render_template(
        "privacy/data.html", account=account, form=form, problem=problem, own=account.id == actor().id,
        standing=erasure.standing(session(), account.id),
    )  # fmt: skip
