"""The areas of the shop, one line each. An area is added here and nowhere else."""

from __future__ import annotations

from shop_app.web import Area


def areas() -> list[Area]:
    """All areas, in no particular order; the navigation has an order of its own."""
    from shop_app.accounts.views import area as accounts
    from shop_app.alerts.views import area as alerts
    from shop_app.api.views import area as api
    from shop_app.bills.views import area as bills
    from shop_app.cameras.views import area as cameras
    from shop_app.complaints.views import area as complaints
    from shop_app.customer.views import area as customer
    from shop_app.customers.views import area as customers
    from shop_app.events.views import area as ingest
    from shop_app.feedback.views import area as feedback
    from shop_app.home.views import area as home
    from shop_app.interest.views import area as interest
    from shop_app.manage.views import area as manage
    from shop_app.messages.views import area as messages
    from shop_app.offers.views import area as offers
    from shop_app.products.views import area as products
    from shop_app.push.views import area as push
    from shop_app.pwa.views import area as pwa
    from shop_app.ratings.views import area as ratings
    from shop_app.reports.views import area as reports
    from shop_app.rights.views import area as rights
    from shop_app.staff.views import area as staff
    from shop_app.stock.views import area as stock
    from shop_app.till.views import area as till
    from shop_app.wallet.views import area as wallet

    return [
        accounts,
        alerts,
        api,
        bills,
        cameras,
        complaints,
        customer,
        customers,
        feedback,
        home,
        ingest,
        interest,
        manage,
        messages,
        offers,
        products,
        push,
        pwa,
        ratings,
        reports,
        rights,
        staff,
        stock,
        till,
        wallet,
    ]
