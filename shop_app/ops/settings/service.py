"""What an admin sets about the shop."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from shop_app.base import audit, phones
from shop_app.base.db import changed_rows, now
from shop_app.base.errors import Conflict, Invalid, NotFound
from shop_app.base.models import Bill, LedgerTransaction, ShopProfile, TaxClass
from shop_app.base.permissions import Actor
from shop_app.base.text import _


def save_profile(session: Session, actor: Actor, values: dict[str, Any]) -> None:
    """Set name, currency, zone and rules of the shop."""
    shop = session.get_one(ShopProfile, 1)
    if values["currency"] != shop.currency and _has_money(session):
        raise Conflict(_("The currency cannot change once there are bills, or money in a wallet."))
    changed = {name: value for name, value in values.items() if getattr(shop, name) != value}
    for name, value in changed.items():
        setattr(shop, name, value)
    shop.updated_at = now()
    if changed.get("country"):
        session.flush()
        phones.renumber(session.connection(), shop.country)
    audit.record(session, actor, "settings.changed", "shop", **changed)


def _has_money(session: Session) -> bool:
    bill, moved = select(Bill.id).limit(1), select(LedgerTransaction.id).limit(1)
    return session.scalars(bill).first() is not None or session.scalars(moved).first() is not None


def add_tax_class(session: Session, actor: Actor, name: str, basis_points: int) -> None:
    """A new tax class. Those in use are never changed: old bills keep their own copy of the rate."""
    name = name.strip()
    if not 0 < len(name) <= 60 or not 0 <= basis_points <= 10_000:
        raise Invalid(_("Enter a name, and a rate from 0 to 100 %."))
    session.add(TaxClass(name=name, basis_points=basis_points))
    try:
        session.flush()
    except IntegrityError:
        raise Conflict(_("There is a tax class of this name already.")) from None
    audit.record(session, actor, "tax-class.added", name, basis_points=basis_points)


def set_tax_rate(session: Session, actor: Actor, class_id: int, basis_points: int) -> None:
    """A new rate from now on; bills made before keep theirs."""
    if not 0 <= basis_points <= 10_000:
        raise Invalid(_("Enter a rate from 0 to 100 %."))
    if changed_rows(session, update(TaxClass).where(TaxClass.id == class_id).values(basis_points=basis_points)) != 1:
        raise NotFound(_("There is no such tax class."))
    audit.record(session, actor, "tax-class.changed", session.get_one(TaxClass, class_id), basis_points=basis_points)
