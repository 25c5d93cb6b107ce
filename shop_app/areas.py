"""The areas of the shop, one line each. An area is added here and nowhere else."""

from __future__ import annotations

from shop_app.web.area import Area


def areas() -> list[Area]:
    """All areas, in no particular order; the navigation has an order of its own."""
    from shop_app.accounts.views import area as accounts
    from shop_app.catalogue.offers.views import area as offers
    from shop_app.catalogue.products.views import area as products
    from shop_app.catalogue.ratings.views import area as ratings
    from shop_app.catalogue.stock.views import area as stock
    from shop_app.home.pwa.views import area as pwa
    from shop_app.home.views import area as home
    from shop_app.interest.views import area as interest
    from shop_app.notify.complaints.views import area as complaints
    from shop_app.notify.feedback.views import area as feedback
    from shop_app.notify.messages.views import area as messages
    from shop_app.notify.push.views import area as push
    from shop_app.ops.manage.views import area as manage
    from shop_app.people.customers.views import area as customers
    from shop_app.people.privacy.views import area as rights
    from shop_app.people.staff.views import area as staff
    from shop_app.sales.bills.views import area as bills
    from shop_app.sales.reports.views import area as reports
    from shop_app.sales.till.views import area as till
    from shop_app.sales.wallet.views import area as wallet
    from shop_app.security.alerts.views import area as alerts
    from shop_app.security.cameras.views import area as cameras
    from shop_app.security.ingest.views import area as ingest
    from shop_app.storefront.api.views import area as api
    from shop_app.storefront.views import area as customer

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
