"""The first page: what needs this person, above what they use most."""

from __future__ import annotations

from typing import Any

from flask import current_app, render_template, url_for

from shop_app.customer import service as customers
from shop_app.home import service
from shop_app.listing import paginate
from shop_app.models import Product
from shop_app.offers_text import offer_words
from shop_app.permissions import Permission as P
from shop_app.permissions import Role
from shop_app.text import _l
from shop_app.web import Area, actor, profile, session

area = Area("home", __name__)
area.menu(_l("Home"), "index", icon="home", may=P.SIGNED_IN, order=0, phone=True)


@area.get("/", may=P.SIGNED_IN)
def index() -> str:
    """The first page after signing in."""
    present = actor()
    if present.role is Role.CUSTOMER:
        return _customer_page()
    week = service.week(session(), profile().time_zone) if present.role is Role.ADMIN else None
    day = service.my_day(session(), present.account_id, profile().time_zone) if present.can(P.TILL) else None
    return render_template("home/index.html", needs=service.needs(session()), week=week, day=day, link=link)


def link(endpoint: str, may: P, **arguments: Any) -> str:
    """The address of a page, if it exists and this person may open it; empty otherwise."""
    known = endpoint in current_app.view_functions and actor().can(may)
    return url_for(endpoint, **arguments) if known else ""


def _customer_page() -> str:
    query = customers.products().where(Product.stock > 0)
    newest = paginate(session(), query, {"new": [Product.id]}, default="-new")
    return render_template(
        "home/customer.html", offers=customers.live_offers(session()), offer_words=offer_words,
        balance=customers.wallet_balance(session(), actor()), products=newest.rows[:12],
    )  # fmt: skip
