"""The areas of the shop, one line each. An area is added here and nowhere else."""

from __future__ import annotations

from shop_app.web import Area


def areas() -> list[Area]:
    """All areas, in no particular order; the navigation has an order of its own."""
    from shop_app.accounts.views import area as accounts
    from shop_app.home.views import area as home
    from shop_app.products.views import area as products

    return [
        accounts,
        home,
        products,
    ]
