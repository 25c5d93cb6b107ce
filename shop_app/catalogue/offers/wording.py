"""An offer in words, as customers and staff read it."""

from __future__ import annotations

from shop_app.base import money
from shop_app.base.models import Offer
from shop_app.base.text import _, _l, locale_name
from shop_app.catalogue.offers.pricing import Deal
from shop_app.web.area import profile

STATE_LABELS = {
    "proposed": _l("proposed"), "upcoming": _l("upcoming"), "live": _l("live"), "expired": _l("expired"),
    "rejected": _l("rejected"), "withdrawn": _l("withdrawn"),
}  # fmt: skip
STATE_KINDS = {
    "proposed": "warn", "upcoming": "info", "live": "good", "expired": "off", "rejected": "bad", "withdrawn": "off",
}  # fmt: skip


def offer_words(offer: Offer | Deal) -> str:
    """`15 % off`, `€1.00 off each`, `Buy 2, get 1 free`."""
    if offer.kind == "percent":
        return _("%(n)s %% off", n=f"{offer.basis_points / 100:g}")
    if offer.kind == "amount":
        return _("%(amount)s off each", amount=money.show(offer.amount_minor, profile().currency, locale_name()))
    return _("Buy %(buy)s, get %(get)s free", buy=offer.buy_quantity, get=offer.get_quantity)
