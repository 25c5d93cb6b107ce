"""The first page: what needs this person, above what they use most."""

from __future__ import annotations

from typing import Any

from flask import current_app, render_template, url_for

from shop_app.base.db import now
from shop_app.base.models import Offer
from shop_app.base.permissions import Permission as P
from shop_app.base.permissions import Role
from shop_app.base.text import _l
from shop_app.catalogue.offers.service import deal_of, state_of
from shop_app.catalogue.offers.wording import STATE_KINDS, STATE_LABELS, offer_words
from shop_app.home import service
from shop_app.security.cameras.coverage import coverage
from shop_app.storefront import service as customers
from shop_app.web.area import Area, actor, kept, profile, session

area = Area("home", __name__)
area.menu(_l("Home"), "index", icon="home", may=P.SIGNED_IN, order=0, phone=True)


@area.get("/", may=P.SIGNED_IN)
def index() -> str:
    """The first page after signing in."""
    present = actor()
    if present.role is Role.CUSTOMER:
        return _customer_page()
    zone, is_admin = profile().time_zone, present.role is Role.ADMIN
    sales = service.sales_by_day(session(), zone) if is_admin else []
    cameras = coverage(session(), profile()) if present.can(P.CAMERAS_VIEW) else None
    return render_template(
        "home/index.html",
        coverage=cameras, needs=service.needs(session()), link=link, sales=sales,
        week=service.week(sales, kept("people", 60, lambda: service.people(session(), zone))) if sales else None,
        day=service.my_day(session(), present.account_id, zone) if present.can(P.TILL) and not is_admin else None,
        missed=kept("missed", 60, lambda: service.missed(session(), zone)) if present.can(P.INTEREST_VIEW) else [],
        alerts=service.newest_alerts(session(), profile()) if present.can(P.ALERTS) else [],
        low=service.low_stock(session()) if present.can(P.STOCK_MANAGE) and not is_admin else [],
        offers=_my_offers() if present.role is Role.SALES else [], offer_labels=STATE_LABELS, offer_kinds=STATE_KINDS,
    )  # fmt: skip


def link(endpoint: str, may: P, **arguments: Any) -> str:
    """The address of a page, if it exists and this person may open it; empty otherwise."""
    known = endpoint in current_app.view_functions and actor().can(may)
    return url_for(endpoint, **arguments) if known else ""


def _my_offers() -> list[tuple[Offer, str]]:
    at = now()
    return [(offer, state_of(offer, at)) for offer in service.my_offers(session(), actor().account_id)]


def _customer_page() -> str:
    offers, newest = customers.live_offers(session()), customers.newest(session())
    return render_template(
        "home/customer.html", offers=offers, offer_words=offer_words, products=newest,
        balance=customers.wallet_balance(session(), actor()),
        cuts=customers.cuts(newest, [deal_of(offer) for offer in offers]),
    )  # fmt: skip
