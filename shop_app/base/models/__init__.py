"""The tables of the shop, a file per area. Importing this package knows them all."""

from shop_app.base.models.accounts import Account, LoginAttempt, LoginSession, OneTimeCode, ServiceToken
from shop_app.base.models.alerts import Alert, AlertChange, AlertReview, ArmChange, Snooze
from shop_app.base.models.audit import AuditEntry, AuditHead
from shop_app.base.models.cameras import Camera, CameraState, Zone, ZoneWatcher
from shop_app.base.models.catalogue import Product, TaxClass
from shop_app.base.models.events import EventFile, IncomingEvent
from shop_app.base.models.interest import InterestHour, InterestNote, MoodHour, VisitSeen
from shop_app.base.models.ledger import LedgerAccount, LedgerEntry, LedgerTransaction
from shop_app.base.models.messages import Complaint, ComplaintMessage, Feedback, Rating
from shop_app.base.models.notifications import ChannelChoice, Delivery, Notification, PushSubscription
from shop_app.base.models.offers import Offer, OfferProduct
from shop_app.base.models.sales import (
    Bill,
    BillLine,
    DayClosing,
    HeldCart,
    Payment,
    ReceiptPrint,
    Refund,
    RefundLine,
    RefundPayment,
)
from shop_app.base.models.shop import Counter, IdempotencyKey, ShopProfile
from shop_app.base.models.stock import StockMovement

__all__ = [
    "Account",
    "Alert",
    "AlertChange",
    "AlertReview",
    "ArmChange",
    "AuditEntry",
    "AuditHead",
    "Bill",
    "BillLine",
    "Camera",
    "CameraState",
    "ChannelChoice",
    "Complaint",
    "ComplaintMessage",
    "Counter",
    "DayClosing",
    "Delivery",
    "EventFile",
    "Feedback",
    "HeldCart",
    "IdempotencyKey",
    "IncomingEvent",
    "InterestHour",
    "InterestNote",
    "LedgerAccount",
    "LedgerEntry",
    "LedgerTransaction",
    "LoginAttempt",
    "LoginSession",
    "MoodHour",
    "Notification",
    "Offer",
    "OfferProduct",
    "OneTimeCode",
    "Payment",
    "Product",
    "PushSubscription",
    "Rating",
    "ReceiptPrint",
    "Refund",
    "RefundLine",
    "RefundPayment",
    "ServiceToken",
    "ShopProfile",
    "Snooze",
    "StockMovement",
    "TaxClass",
    "VisitSeen",
    "Zone",
    "ZoneWatcher",
]
