"""Who may do what: the permissions, and the role that holds each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shop_app.base.errors import Forbidden
from shop_app.base.text import _, _l


class Role(StrEnum):
    """What somebody is to the shop. A role gives permissions; an admin may grant a member of staff more."""

    ADMIN = "admin"
    BILLING = "billing"
    SALES = "sales"
    SECURITY = "security"
    CUSTOMER = "customer"


STAFF = (Role.ADMIN, Role.BILLING, Role.SALES, Role.SECURITY)
ROLE_LABELS = {"admin": _l("Admin"), "billing": _l("Billing"), "sales": _l("Sales"), "security": _l("Security")}


class Permission(StrEnum):
    """What a route may ask for. The first two are answers of their own kind, the third is held by machines only."""

    PUBLIC = "public"
    SIGNED_IN = "signed-in"
    CAMERA_SYSTEM = "camera-system"  # the token of an installation of vidframe

    STAFF_MANAGE = "staff.manage"
    PRODUCTS_MANAGE = "products.manage"
    PRODUCTS_VIEW = "products.view"
    CUSTOMERS_VIEW = "customers.view"
    FEEDBACK_READ = "feedback.read"
    FEEDBACK_SEND = "feedback.send"
    COMPLAINTS_ANSWER = "complaints.answer"
    CAMERAS_MANAGE = "cameras.manage"
    CAMERAS_VIEW = "cameras.view"
    NOTIFICATIONS_SEND = "notifications.send"
    OFFERS_PROPOSE = "offers.propose"
    OFFERS_DECIDE = "offers.decide"
    OFFERS_VIEW = "offers.view"
    RATINGS_VIEW = "ratings.view"
    TILL = "till"
    TILL_DISCOUNT = "till.discount"  # a discount given by hand; not part of a cashier's role, but may be granted
    REFUND = "refund"
    TILL_SUPERVISE = "till.supervise"  # refunds by another way than a bill was paid; corrects others' closings
    WALLET_TOP_UP = "wallet.top-up"
    REPORTS_VIEW = "reports.view"
    STOCK_MANAGE = "stock.manage"
    ALERTS = "alerts"
    INTEREST_VIEW = "interest.view"
    CAMERA_NOTES = "camera.notes"
    AUDIT_READ = "audit.read"
    SETTINGS_MANAGE = "settings.manage"
    CUSTOMER = "customer"


P = Permission
_SPECIAL = {P.PUBLIC, P.SIGNED_IN, P.CAMERA_SYSTEM}

OF_ROLE: dict[Role, frozenset[Permission]] = {
    Role.ADMIN: frozenset(set(Permission) - _SPECIAL - {P.CUSTOMER}),
    Role.BILLING: frozenset(
        {
            P.TILL, P.REFUND, P.WALLET_TOP_UP, P.REPORTS_VIEW, P.CUSTOMERS_VIEW, P.RATINGS_VIEW, P.PRODUCTS_VIEW,
            P.OFFERS_VIEW, P.FEEDBACK_SEND,
        }
    ),
    Role.SALES: frozenset(
        {
            P.STOCK_MANAGE, P.PRODUCTS_VIEW, P.OFFERS_PROPOSE, P.OFFERS_VIEW, P.CAMERA_NOTES, P.INTEREST_VIEW,
            P.RATINGS_VIEW, P.FEEDBACK_SEND,
        }
    ),
    Role.SECURITY: frozenset({P.ALERTS, P.CAMERAS_VIEW, P.FEEDBACK_SEND}),
    Role.CUSTOMER: frozenset({P.CUSTOMER, P.FEEDBACK_SEND}),
}  # fmt: skip

# What an admin may give one member of staff beyond the role.
GRANTABLE = tuple(sorted(set(Permission) - _SPECIAL - {P.CUSTOMER}))


@dataclass(frozen=True)
class Actor:
    """Who makes this request: a person signed in, or a machine with a token. A value; it holds no session."""

    id: int | None
    role: Role
    name: str
    permissions: frozenset[Permission]
    login_id: int | None = None  # of a LoginSession
    token_id: int | None = None  # of a ServiceToken
    locale: str | None = None
    confirmed_at: datetime | None = None  # when the password was last given
    address: str = ""
    since: datetime | None = None  # when the account was made; what was sent to its role before is not for it

    def can(self, permission: Permission) -> bool:
        """Whether this actor holds `permission`."""
        return permission in self.permissions

    @property
    def account_id(self) -> int:
        """The id of the account; only for routes that machines cannot reach."""
        if self.id is None:
            raise Forbidden(_("This needs a person who is signed in."))
        return self.id

    @property
    def is_staff(self) -> bool:
        """Whether this is a member of staff."""
        return self.id is not None and self.role is not Role.CUSTOMER
