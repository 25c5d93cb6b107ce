"""What the audit log calls the things that people do, in words."""

from __future__ import annotations

import json
import re
from datetime import datetime

from shop_app.base import clock, money
from shop_app.base.text import _l

ACTIONS = {
    "account.access-reset": _l("Access reset"),
    "account.code-mailed": _l("One-time code mailed"),
    "account.code-used": _l("Password set by a one-time code"),
    "account.data-copied": _l("Copy of personal data made"),
    "account.disabled": _l("Account disabled"),
    "account.enabled": _l("Account enabled"),
    "account.erased": _l("Account of a customer deleted"),
    "account.password-changed": _l("Password changed"),
    "account.profile-changed": _l("Own account changed"),
    "account.second-factor-off": _l("Second factor turned off"),
    "account.second-factor-on": _l("Second factor turned on"),
    "account.session-ended": _l("Session ended"),
    "account.sessions-ended": _l("All other sessions ended"),
    "account.sign-in-refused": _l("Sign-in refused"),
    "account.signed-in": _l("Signed in"),
    "alert.escalated": _l("Alert escalated"),
    "alert.false-alarm": _l("Alert marked false"),
    "alert.pinned": _l("Clip kept"),
    "alert.reopened": _l("Alert reopened"),
    "alert.taken": _l("Alert claimed"),
    "alert.unpinned": _l("Clip kept no longer"),
    "audit.names-removed": _l("Name taken out of older entries"),
    "bill.made": _l("Bill made"),
    "cart.taken-over": _l("Cart of a colleague taken up"),
    "camera.added": _l("Camera added"),
    "camera.changed": _l("Camera changed"),
    "camera.removed": _l("Camera removed"),
    "camera.snoozed": _l("Camera snoozed"),
    "camera.started": _l("Camera started"),
    "camera.stopped": _l("Camera stopped"),
    "camera.zones-drawn": _l("Zones drawn"),
    "complaint.answered": _l("Complaint answered"),
    "complaint.closed": _l("Complaint closed"),
    "complaint.opened": _l("Complaint opened"),
    "feedback.handled": _l("Feedback handled"),
    "feedback.opened": _l("Feedback reopened"),
    "notification.sent": _l("Notification sent"),
    "offer.approved": _l("Offer approved"),
    "offer.changed": _l("Offer changed"),
    "offer.proposed": _l("Offer proposed"),
    "offer.rejected": _l("Offer rejected"),
    "offer.withdrawn": _l("Offer withdrawn"),
    "product.added": _l("Product added"),
    "product.disabled": _l("Product discontinued"),
    "product.edited": _l("Product changed"),
    "product.enabled": _l("Product activated"),
    "product.picture": _l("Picture of a product changed"),
    "push.begun": _l("Notifications on a device turned on"),
    "refund.made": _l("Refund made"),
    "retention.deleted": _l("Old records deleted"),
    "sample.filled": _l("Sample data made"),
    "settings.changed": _l("Settings changed"),
    "shop.armed": _l("Shop armed"),
    "shop.disarmed": _l("Shop disarmed"),
    "shop.set-up": _l("Shop set up"),
    "staff.added": _l("Member of staff added"),
    "staff.edited": _l("Member of staff changed"),
    "stock.counted": _l("Stock counted"),
    "stock.level": _l("Level of low stock changed"),
    "stock.moved": _l("Stock moved"),
    "system.token-ended": _l("Camera server revoked"),
    "system.token-made": _l("Token for a camera server created"),
    "tax-class.added": _l("Tax class added"),
    "tax-class.changed": _l("Tax rate changed"),
    "till.closed": _l("Till closed"),
    "till.closing-corrected": _l("Closing of a till corrected"),
    "wallet.pay-out": _l("Money paid out of a wallet"),
    "wallet.top-up": _l("Wallet topped up"),
    "webhook.changed": _l("Webhook changed"),
    "zone.watchers": _l("Who gets notes changed"),
}

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?\+00:00")


def details_text(details: str, currency: str, zone: str, locale: str) -> str:
    """The plain facts of an entry as `name: value`, money as money."""
    try:
        facts = json.loads(details or "{}")
    except ValueError:
        facts = None
    if not isinstance(facts, dict):
        return details  # somebody wrote it into the database, as the chain will tell
    return " · ".join(
        f"{name.removesuffix('_minor').replace('_', ' ')}: {_fact(name, value, currency, zone, locale)}"
        for name, value in facts.items()
        if value not in ("", None, [])
    )


def _fact(name: str, value: object, currency: str, zone: str, locale: str) -> str:
    if name.endswith("_minor") and isinstance(value, int):
        return money.show(value, currency, locale)
    if isinstance(value, str) and _MOMENT.fullmatch(value):
        return f"{clock.local(datetime.fromisoformat(value), zone):%Y-%m-%d %H:%M}"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
