"""Pages of customers, made for a phone first."""

from __future__ import annotations

from flask import Response, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse
from wtforms import RadioField, TextAreaField
from wtforms.validators import Length, Optional

from shop_app.accounts import sessions
from shop_app.accounts.browsers import in_short
from shop_app.accounts.forms import RegistrationForm
from shop_app.accounts.passwords import check_new, passwords
from shop_app.accounts.service import Person
from shop_app.accounts.throttle import attempt
from shop_app.base import money
from shop_app.base.errors import Refused
from shop_app.base.models import Bill, LedgerEntry, Product
from shop_app.base.permissions import Permission as P
from shop_app.base.permissions import Role
from shop_app.base.text import _, _l
from shop_app.catalogue.offers.service import deal_of
from shop_app.catalogue.offers.wording import offer_words
from shop_app.catalogue.ratings import service as ratings
from shop_app.storefront import service
from shop_app.web.area import Area, actor, maybe_actor, profile, session, shop, unit
from shop_app.web.forms import Form, choices
from shop_app.web.listing import asked, asked_day, csv_answer, everything, paginate, wants_csv

area = Area("storefront", __name__, url_prefix="/shop")
area.menu(_l("Products"), "products", icon="tag", may=P.CUSTOMER, order=10, prefix="storefront.product")
area.menu(_l("Bills"), "bills", icon="receipt", may=P.CUSTOMER, order=20, phone=True, prefix="storefront.bill")
area.menu(_l("Wallet"), "wallet", icon="wallet", may=P.CUSTOMER, order=30, phone=True, prefix="storefront.wallet")

BILL_COLUMNS = {
    "number": lambda bill: bill.number,
    "when": lambda bill: bill.created_at.isoformat(),
    "total": lambda bill: money.from_minor(bill.total_minor, profile().currency),
    "refunded": lambda bill: money.from_minor(bill.refunded_minor, profile().currency),
}
WALLET_COLUMNS = {
    "when": lambda row: row.LedgerTransaction.at.isoformat(),
    "what": lambda row: row.LedgerTransaction.kind,
    "bill": lambda row: row.number,
    "amount": lambda row: money.from_minor(row.LedgerEntry.amount_minor, profile().currency),
    "balance": lambda row: money.from_minor(row.LedgerEntry.balance_after_minor, profile().currency),
}


class RatingForm(Form):
    """Stars and a word."""

    stars = RadioField(_l("Stars"), choices=choices(*((n, "★" * n) for n in range(5, 0, -1))), coerce=int)
    comment = TextAreaField(_l("What the shop should know"), [Optional(), Length(max=2000)])


@area.get("/register", may=P.PUBLIC)
def register() -> str | BaseResponse:
    """The form of a new customer."""
    return redirect("/") if maybe_actor() else render_template("storefront/register.html", form=RegistrationForm())


@area.post("/register", may=P.PUBLIC)
def register_now() -> BaseResponse | tuple[str, int]:
    """Make an account, and sign in with it."""
    form = RegistrationForm()
    if not form.validate():
        return render_template("storefront/register.html", form=form), 422
    person = Person(Role.CUSTOMER, form.name.data, form.email.data or "", form.phone.data or "")
    try:
        check_new(form.password.data, person.name, person.email, person.phone)
        with attempt(shop().database, None, sessions.address()):
            account = service.register(
                session(), person, passwords().hash(form.password.data), is_open=profile().registration_open
            )
    except Refused as refusal:
        unit().finish(keep=False)
        return render_template("storefront/register.html", form=form, problem=refusal.detail), refusal.status
    token = sessions.begin(session(), account, kind="browser", label=in_short(request.user_agent.string))
    flash(
        _(
            "Welcome, %(name)s. Show your telephone number or e-mail at the till to have a bill put here.",
            name=account.name,
        )
    )
    response = redirect("/", 303)
    assert isinstance(response, Response)
    sessions.set_cookie(response, token)
    return response


@area.get("/products", may=P.CUSTOMER)
def products() -> str:
    """What is on sale."""
    typed = asked("q")
    query = service.products(asked("category"), searched=bool(typed))
    found = paginate(session(), query, service.PRODUCT_SORTS, default="name", key=Product.id, typed=typed)
    shelf = service.shelf(session())
    return render_template(
        "storefront/products.html",
        products=found,
        categories=shelf.categories,
        cuts=service.cuts(found.rows, shelf.deals),
    )


@area.get("/products/<int:product_id>", may=P.CUSTOMER)
def product(product_id: int) -> str:
    """One product: picture, price, offers, what others think."""
    found = service.product(session(), product_id)
    offers = [o for o in service.live_offers(session()) if not o.products or found.id in {p.id for p in o.products}]
    return render_template(
        "storefront/product.html", product=found, offers=offers, offer_words=offer_words,
        cut=service.cuts([found], [deal_of(offer) for offer in offers]).get(found.id),
        summary=ratings.summary(session(), product_id, profile().time_zone, weeks=1),
    )  # fmt: skip


@area.get("/bills", may=P.CUSTOMER)
def bills() -> str | Response:
    """One's own bills."""
    query = service.bills(actor(), since=asked_day("from"), until=asked_day("to"))
    if wants_csv():
        return csv_answer("bills", BILL_COLUMNS, everything(session(), query.order_by(Bill.id.desc())))
    found = paginate(session(), query, {"when": [Bill.id]}, default="-when")
    return render_template("storefront/bills.html", bills=found)


@area.get("/bills/<int:bill_id>", may=P.CUSTOMER)
def bill(bill_id: int) -> str:
    """One of one's own bills; what was bought can be rated from here."""
    found = service.bill(session(), actor(), bill_id)
    given = service.ratings_of(session(), actor(), found)
    return render_template("storefront/bill.html", bill=found, ratings=given)


@area.get("/rate/<int:line_id>", may=P.CUSTOMER, endpoint="bill_rate")
def rate(line_id: int) -> str:
    """The form of a rating."""
    line = ratings.to_rate(session(), actor(), line_id)
    return render_template("storefront/rate.html", line=line, form=RatingForm())


@area.post("/rate/<int:line_id>", may=P.CUSTOMER)
def rate_now(line_id: int) -> BaseResponse | tuple[str, int]:
    """Save a rating."""
    line = ratings.to_rate(session(), actor(), line_id)
    form = RatingForm()
    if not form.validate():
        return render_template("storefront/rate.html", line=line, form=form), 422
    ratings.rate(session(), actor(), line_id, form.stars.data, form.comment.data or "")
    flash(_("Thank you for your rating."))
    return redirect(url_for(".bill", bill_id=line.bill_id), 303)


@area.get("/wallet", may=P.CUSTOMER)
def wallet() -> str | Response:
    """One's own wallet, with the balance after each entry."""
    query = service.wallet_entries(actor())
    if wants_csv():
        rows = everything(session(), query.order_by(LedgerEntry.id))
        return csv_answer("wallet", WALLET_COLUMNS, rows)
    entries = paginate(session(), query, {"when": [LedgerEntry.id]}, default="-when")
    balance = service.wallet_balance(session(), actor())
    return render_template("storefront/wallet.html", entries=entries, balance=balance)
