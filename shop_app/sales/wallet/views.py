"""The page of one customer's wallet, for whoever takes the money."""

from __future__ import annotations

from collections.abc import Callable

from flask import Response, flash, redirect, render_template, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse
from wtforms import RadioField
from wtforms.validators import InputRequired

from shop_app.accounts.service import customer as get_customer
from shop_app.base import money
from shop_app.base.clock import local
from shop_app.base.errors import Refused
from shop_app.base.models import Account, LedgerEntry
from shop_app.base.permissions import Actor
from shop_app.base.permissions import Permission as P
from shop_app.base.text import _l
from shop_app.sales.wallet import ledger
from shop_app.web.area import Area, actor, profile, session, unit
from shop_app.web.forms import Form, MoneyField, choices
from shop_app.web.listing import csv_answer, everything, paginate, wants_csv
from shop_app.web.template_filters import money_text

area = Area("wallet", __name__, url_prefix="/customers/<int:customer_id>/wallet")
Mover = Callable[[Session, Actor, int, int, str], int]

COLUMNS = {
    "time": lambda row: local(row.LedgerTransaction.at, profile().time_zone).isoformat(timespec="seconds"),
    "what": lambda row: row.LedgerTransaction.kind,
    "bill": lambda row: row.number,
    "by": lambda row: row.name,
    "amount": lambda row: money.from_minor(row.LedgerEntry.amount_minor, profile().currency),
    "balance": lambda row: money.from_minor(row.LedgerEntry.balance_after_minor, profile().currency),
}


class WalletForm(Form):
    """Money paid into a wallet, or out of it."""

    amount = MoneyField(_l("Amount"), [InputRequired()], render_kw={"autofocus": True})
    method = RadioField(
        _l("Paid"),
        [InputRequired()],
        choices=choices((ledger.CASH, _l("Cash")), (ledger.CARD, _l("Card"))),
        default=ledger.CASH,
    )


@area.get("", may=P.WALLET_TOP_UP)
def show(customer_id: int) -> str | Response:
    """The wallet with the balance after each entry, and the form that fills it."""
    customer = get_customer(session(), customer_id)
    if wants_csv():
        rows = everything(session(), ledger.entries_of(customer_id).order_by(LedgerEntry.id))
        return csv_answer("wallet", COLUMNS, rows)
    return _page(customer, WalletForm())


@area.post("", may=P.WALLET_TOP_UP)
def top_up(customer_id: int) -> BaseResponse | tuple[str, int]:
    """Pay money in; the same form sent twice pays in once."""
    return _move(customer_id, ledger.top_up, _l("%(money)s paid into the wallet of %(name)s."))


@area.post("/out", may=P.WALLET_TOP_UP)
def pay_out(customer_id: int) -> BaseResponse | tuple[str, int]:
    """Pay money out; the same form sent twice pays out once."""
    return _move(customer_id, ledger.pay_out, _l("%(money)s paid out of the wallet of %(name)s."))


def _move(customer_id: int, how: Mover, said: str) -> BaseResponse | tuple[str, int]:
    customer = get_customer(session(), customer_id)
    form = WalletForm()
    problem, status = "", 422
    if form.validate():
        try:
            how(session(), actor(), customer.id, form.amount.data or 0, form.method.data)
            flash(str(said) % {"money": money_text(form.amount.data), "name": customer.name})
            return redirect(url_for("wallet.show", customer_id=customer.id), 303)
        except Refused as refusal:
            problem, status = refusal.detail, refusal.status
    unit().finish(keep=False)
    return _page(get_customer(session(), customer_id), form, problem), status


def _page(customer: Account, form: WalletForm, problem: str = "") -> str:
    query = ledger.entries_of(customer.id)
    entries = paginate(session(), query, {"when": [LedgerEntry.id]}, default="-when")
    newest = entries.rows[0].LedgerEntry.balance_after_minor if entries.rows and entries.number == 1 else None
    balance = newest if newest is not None else ledger.balance_of(session(), customer.id)
    return render_template(
        "wallet/show.html", customer=customer, form=form, entries=entries, balance=balance, problem=problem
    )
