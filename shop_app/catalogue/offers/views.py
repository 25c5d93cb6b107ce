"""Pages of the offers: list, form with preview, decision."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from flask import Response, flash, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse
from wtforms import (
    BooleanField,
    DateTimeLocalField,
    DecimalField,
    IntegerField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from shop_app.base.clock import from_local, local
from shop_app.base.db import now
from shop_app.base.errors import Invalid, Refused
from shop_app.base.models import Offer
from shop_app.base.permissions import Permission as P
from shop_app.base.text import _, _l, in_words
from shop_app.catalogue.offers import service
from shop_app.catalogue.offers.pricing import AMOUNT, BUY_X_GET_Y, PERCENT, Deal
from shop_app.catalogue.offers.prospects import MOST_SHOWN, SOLD_DAYS, prospects, with_deal
from shop_app.catalogue.offers.service import Terms
from shop_app.catalogue.offers.wording import STATE_KINDS, STATE_LABELS, offer_words
from shop_app.catalogue.products.service import count, on_sale
from shop_app.web.area import Area, actor, profile, session, unit
from shop_app.web.forms import Form, MoneyField, choices
from shop_app.web.listing import asked, csv_answer, everything, paginate, wants_csv
from shop_app.web.template_filters import money_text

area = Area("offers", __name__, url_prefix="/offers")
area.menu(_l("Offers"), "index", icon="percent", may=P.OFFERS_VIEW, order=130, group=_l("Shop"), phone=True)

COLUMNS = {
    "name": lambda row: row.name,
    "offer": lambda row: offer_words(row),
    "products": lambda row: row.products or "all",
    "from": lambda row: local(row.starts_at, profile().time_zone).isoformat(timespec="minutes"),
    "to": lambda row: local(row.ends_at, profile().time_zone).isoformat(timespec="minutes"),
    "state": lambda row: service.state_of(row, now()),
    "proposed by": lambda row: row.proposed_by,
    "decided by": lambda row: row.decided_by,
    "reason": lambda row: row.reason,
}


class OfferForm(Form):
    """What is offered, on what and when; times are those of the shop's clock."""

    name = StringField(_l("Name, as it stands on the receipt"), [InputRequired(), Length(max=120)])
    kind = SelectField(
        _l("Kind"),
        choices=choices(
            (PERCENT, _l("Percent off")),
            (AMOUNT, _l("Amount off each piece")),
            (BUY_X_GET_Y, _l("Buy some, get some free")),
        ),
    )
    percent = DecimalField(
        _l("Percent"), [Optional(), NumberRange(Decimal("0.01"), 100)], places=None, render_kw={"inputmode": "decimal"}
    )
    amount = MoneyField(_l("Amount off each"), [Optional()])
    buy = IntegerField(_l("Buy"), [Optional(), NumberRange(1, 1000)])
    get = IntegerField(_l("Get free"), [Optional(), NumberRange(1, 1000)])
    everything = BooleanField(_l("On all products of the shop"))
    pick = StringField(_l("Add a product"), [Optional(), Length(max=160)])
    skus = TextAreaField(
        _l("SKUs of the products"), [Optional(), Length(max=20_000)], render_kw={"spellcheck": "false"}
    )
    starts_at = DateTimeLocalField(_l("Begins"), [InputRequired()])
    ends_at = DateTimeLocalField(_l("Ends"), [InputRequired()])
    stackable = BooleanField(_l("Combines with other stackable offers"))

    def terms(self) -> Terms:
        """What was typed, as the service takes it."""
        zone, skus = profile().time_zone, _skus(self.skus.data or "")
        if typed := (self.pick.data or "").strip():
            skus = tuple(dict.fromkeys((*skus, service.resolve(session(), typed))))
        return Terms(
            name=self.name.data, kind=self.kind.data, starts_at=from_local(self.starts_at.data, zone),
            ends_at=from_local(self.ends_at.data, zone), basis_points=int((self.percent.data or 0) * 100),
            amount_minor=self.amount.data or 0, buy_quantity=self.buy.data or 0, get_quantity=self.get.data or 0,
            stackable=self.stackable.data, skus=skus, everything=self.everything.data,
        )  # fmt: skip


class DecisionForm(Form):
    """Why an offer is approved or rejected."""

    reason = StringField(_l("Reason"), [Optional(), Length(max=300)])
    everything = BooleanField(_l("Yes, on all products of the shop"))


@area.get("", may=P.OFFERS_VIEW)
def index() -> str | Response:
    """All offers, newest first."""
    typed = asked("q")
    query = service.search(asked("state"), searched=bool(typed))
    if wants_csv():
        rows = everything(session(), query.order_by(Offer.id), typed)
        return csv_answer("offers", COLUMNS, rows)
    key = Offer.id if request.args else None  # the newest are found by their index alone
    offers, at = paginate(session(), query, service.SORTS, default="-created", key=key, typed=typed), now()
    return render_template(
        "offers/index.html", offers=offers, labels=in_words(STATE_LABELS), kinds=STATE_KINDS,
        rows=[(offer, offer_words(offer), service.state_of(offer, at)) for offer in offers.rows],
    )  # fmt: skip


@area.get("/new", may=P.OFFERS_PROPOSE)
def new() -> str:
    """The form of a new offer: for a week from the next hour on, until something else is typed."""
    begin = local(now(), profile().time_zone).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return _form_page(OfferForm(starts_at=begin, ends_at=begin + timedelta(days=7)), None)


@area.post("/new", may=P.OFFERS_PROPOSE)
def propose() -> BaseResponse | tuple[str, int]:
    """Propose an offer."""
    form = OfferForm()
    if form.validate():
        try:
            offer = service.propose(session(), actor(), form.terms())
            flash(_("“%(name)s” was sent for approval.", name=offer.name))
            return redirect(url_for("offers.show", offer_id=offer.id), 303)
        except Refused as refusal:
            _show_refusal(form, refusal)
    unit().finish(keep=False)
    return _form_page(form, None, _problem(form)), 422


@area.post("/preview", may=P.OFFERS_PROPOSE)
def preview() -> Response:
    """What the offer on the form would make of the prices; nothing is saved."""
    form = OfferForm()
    form.validate()
    products = service.products_by_sku(session(), _skus(form.skus.data or ""))
    terms = _try_terms(form)
    rows = []
    for product in products[:20]:
        item, after = with_deal(product, terms)
        rows.append({
            "name": product.name, "pieces": item.units, "before": money_text(item.list_minor),
            "after": money_text(after),
        })  # fmt: skip
    return jsonify({"rows": rows, "all": form.everything.data})


@area.get("/<int:offer_id>", may=P.OFFERS_VIEW)
def show(offer_id: int) -> str:
    """One offer."""
    return _page(service.get_offer(session(), offer_id))


@area.get("/<int:offer_id>/edit", may=P.OFFERS_PROPOSE)
def edit(offer_id: int) -> str:
    """The form of one's own offer that nobody has decided yet."""
    offer = service.get_offer(session(), offer_id)
    zone = profile().time_zone
    form = OfferForm(
        name=offer.name, kind=offer.kind, percent=Decimal(offer.basis_points) / 100 if offer.basis_points else None,
        amount=offer.amount_minor or None, buy=offer.buy_quantity or None, get=offer.get_quantity or None,
        skus="\n".join(product.sku for product in offer.products), everything=not offer.products,
        stackable=offer.stackable,
        starts_at=local(offer.starts_at, zone), ends_at=local(offer.ends_at, zone),
    )  # fmt: skip
    return _form_page(form, offer)


@area.post("/<int:offer_id>/edit", may=P.OFFERS_PROPOSE)
def change(offer_id: int) -> BaseResponse | tuple[str, int]:
    """Save one's own offer that nobody has decided yet."""
    form = OfferForm()
    if form.validate():
        try:
            service.change(session(), actor(), offer_id, form.terms())
            flash(_("The offer is saved."))
            return redirect(url_for("offers.show", offer_id=offer_id), 303)
        except Invalid as refusal:
            _show_refusal(form, refusal)
    unit().finish(keep=False)
    offer = service.get_offer(session(), offer_id)
    return _form_page(form, offer, _problem(form)), 422


@area.post("/<int:offer_id>/approve", may=P.OFFERS_DECIDE)
def approve(offer_id: int) -> BaseResponse | tuple[str, int]:
    """Approve somebody else's offer."""
    return _decide(offer_id, approve=True)


@area.post("/<int:offer_id>/reject", may=P.OFFERS_DECIDE)
def reject(offer_id: int) -> BaseResponse | tuple[str, int]:
    """Reject somebody else's offer, with a reason."""
    return _decide(offer_id, approve=False)


@area.post("/<int:offer_id>/withdraw", may=P.OFFERS_VIEW)
def withdraw(offer_id: int) -> BaseResponse:
    """Take an offer back."""
    service.withdraw(session(), actor(), offer_id)
    flash(_("The offer is withdrawn."))
    return redirect(url_for("offers.show", offer_id=offer_id), 303)


def _seen() -> datetime | None:
    """When the terms were made that the page showed."""
    try:
        moment = datetime.fromisoformat(request.args.get("seen", ""))
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _decide(offer_id: int, *, approve: bool) -> BaseResponse | tuple[str, int]:
    form = DecisionForm()
    if form.validate():
        try:
            offer = service.decide(
                session(), actor(), offer_id, approve=approve, reason=form.reason.data or "", seen=_seen(),
                everything=form.everything.data,
            )  # fmt: skip
            flash(
                _("“%(name)s” is approved.", name=offer.name)
                if approve
                else _("“%(name)s” is rejected.", name=offer.name)
            )
            return redirect(url_for("offers.show", offer_id=offer_id), 303)
        except Invalid as refusal:
            form.refuse(str(refusal.more.get("field", "reason")), refusal.detail)
    unit().finish(keep=False)
    return _page(service.get_offer(session(), offer_id), form), 422


def _form_page(form: OfferForm, offer: Offer | None, problem: str = "") -> str:
    products = on_sale(session())
    return render_template(
        "offers/form.html", form=form, offer=offer, problem=problem, products=products, number=count(session())
    )


def _page(offer: Offer, form: DecisionForm | None = None) -> str:
    state = service.state_of(offer, now())
    decides = actor().can(P.OFFERS_DECIDE)
    found = prospects(session(), offer, prices_include_tax=profile().prices_include_tax)
    return render_template(
        "offers/show.html", offer=offer, found=found, most=MOST_SHOWN, days=SOLD_DAYS, decides=decides,
        below=sum(one.is_below_cost for one in found), words=offer_words(offer), state=state,
        label=STATE_LABELS[state], kind=STATE_KINDS[state], form=form or DecisionForm(formdata=None),
    )  # fmt: skip


def _show_refusal(form: OfferForm, refusal: Refused) -> None:
    field = str(refusal.more.get("field", ""))
    if field in form._fields:
        form.refuse(field, refusal.detail)
    else:
        form.problem = refusal.detail


def _problem(form: OfferForm) -> str:
    return str(getattr(form, "problem", "") or _("Please check the fields marked below."))


def _try_terms(form: OfferForm) -> Deal:
    return Deal(
        0, "", form.kind.data, int((form.percent.data or 0) * 100), form.amount.data or 0, form.buy.data or 0,
        form.get.data or 0,
    )  # fmt: skip


def _skus(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text.replace(",", " ").replace(";", " ").split()))
