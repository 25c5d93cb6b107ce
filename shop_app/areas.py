"""The areas of the shop, one line each. An area is added here and nowhere else."""

from __future__ import annotations

from importlib import import_module

from shop_app.web.area import Area

_AREAS = (
    "accounts",
    "catalogue.offers",
    "catalogue.products",
    "catalogue.ratings",
    "catalogue.stock",
    "home",
    "home.pwa",
    "interest",
    "notify.complaints",
    "notify.feedback",
    "notify.notifications",
    "notify.push",
    "ops.audit_log",
    "ops.settings",
    "people.customers",
    "people.forgotten",
    "people.privacy",
    "people.staff",
    "sales.bills",
    "sales.reports",
    "sales.till",
    "sales.wallet",
    "security.alerts",
    "security.cameras",
    "security.ingest",
    "security.live",
    "storefront",
    "storefront.api",
)


def areas() -> list[Area]:
    """All areas, in no particular order; the navigation has an order of its own."""
    return [import_module(f"shop_app.{name}.views").area for name in _AREAS]
