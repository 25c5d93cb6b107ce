"""The first page: what needs this person, above what they use most."""

from __future__ import annotations

from flask import render_template
from shop_app.text import _l

from shop_app.permissions import Permission as P
from shop_app.web import Area

area = Area("home", __name__)
area.menu(_l("Home"), "index", icon="home", may=P.SIGNED_IN, order=0, phone=True)


@area.get("/", may=P.SIGNED_IN)
def index() -> str:
    """The first page after signing in."""
    return render_template("home/index.html")
