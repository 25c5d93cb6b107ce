"""Deletes the account of a customer. The rule: what says who somebody is goes, and what they wrote; bills and money stay.

All of it is one transaction. It locks the account first, which whatever books something to a customer holds until its commit
(`accounts.service.lock_customer`): a bill that is being paid is either made before, and loses its customer here, or not made for them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from shop_app.accounts.service import throttle_name
from shop_app.accounts.throttle import of_name
from shop_app.base import audit
from shop_app.base.db import Database, now
from shop_app.base.errors import Conflict, NotFound
from shop_app.base.models import (
    Account,
    Bill,
    Complaint,
    ComplaintMessage,
    Feedback,
    HeldCart,
    IdempotencyKey,
    LoginAttempt,
    LoginSession,
    OneTimeCode,
    PushSubscription,
    Rating,
)
from shop_app.base.permissions import Actor, Role
from shop_app.base.text import _
from shop_app.notify import outbox
from shop_app.notify.push import browsers
from shop_app.sales.wallet import ledger

SWEPT_FOR = timedelta(days=2)  # what was under way in the moment of a deletion is looked for so long


@dataclass(frozen=True)
class Standing:
    """What a customer has here: it tells what goes, what stays, and what is to be done first."""

    wallet_minor: int
    bills: int
    complaints: int
    open_complaints: int


def standing(session: Session, customer_id: int) -> Standing:
    """Counted in one statement."""
    bills = select(func.count(Bill.id)).where(Bill.customer_id == customer_id).scalar_subquery()
    complaints = select(func.count(Complaint.id)).where(Complaint.customer_id == customer_id)
    waiting = complaints.where(Complaint.state != "closed").scalar_subquery()
    counted = session.execute(select(bills, complaints.scalar_subquery(), waiting)).one()
    return Standing(ledger.balance_of(session, customer_id), *counted)


def erase(session: Session, actor: Actor, customer_id: int) -> bool:
    """Delete a customer's account; False where somebody did so before. Refused while the wallet holds something."""
    _take_off_carts(
        session, customer_id
    )  # before the account, as a payment does: neither waits for the other in a ring
    account = _locked(session, customer_id)
    if account.erased_at is not None:
        return False
    if ledger.balance_of(session, customer_id):
        raise Conflict(
            _("The account was not deleted: its wallet still holds money. Have it paid out at the till, then come back."),
            code="wallet-not-empty",
        )  # fmt: skip
    _take_off_carts(session, customer_id)
    _forget_tries(session, account)
    _forget_what_is_theirs(session, customer_id)
    session.execute(update(Bill).where(Bill.customer_id == customer_id).values(customer_id=None))
    _empty(account)
    audit.record(session, actor, "account.erased", audit.number_of(customer_id))
    return True


def sweep(database: Database) -> None:
    """Delete what came into accounts in the very moment in which they were erased, as a sign-in or a new name from another phone."""
    with database.reading() as session:
        recent = session.scalars(select(Account.id).where(Account.erased_at > now() - SWEPT_FOR)).all()
    for customer_id in recent:
        with database.writing() as session:
            _empty(_locked(session, customer_id))
            _forget_what_is_theirs(session, customer_id)


def _locked(session: Session, customer_id: int) -> Account:
    query = select(Account).where(Account.id == customer_id, Account.role == Role.CUSTOMER.value).with_for_update()
    account = session.scalars(query.execution_options(populate_existing=True)).first()
    if account is None:
        raise NotFound(_("There is no such customer."))
    return account


def _empty(account: Account) -> None:
    account.name, account.active, account.erased_at = "", False, account.erased_at or now()
    account.disabled_at = account.disabled_at or account.erased_at
    account.email = account.phone = account.phone_norm = None
    # The table wants a way to reach everybody. This is no address: nobody signs in by it, or registers with it.
    account.email_norm = f"erased:{account.id}"
    account.password_hash = account.totp_secret = account.locale = None
    account.extra_permissions = []


def _take_off_carts(session: Session, customer_id: int) -> None:
    """The goods stay in the cart; whose they are, and what the cashier called it, go."""
    named = update(HeldCart).where(HeldCart.customer_id == customer_id)
    session.execute(named.values(customer_id=None, label="").execution_options(synchronize_session=False))


def _forget_tries(session: Session, account: Account) -> None:
    names = [throttle_name(session, way) for way in (account.email, account.phone) if way]
    names += [f"forgotten:{name}" for name in names]
    names += [f"password:{account.id}", f"second-factor:{account.id}"]
    session.execute(delete(LoginAttempt).where(or_(*(LoginAttempt.key.startswith(of_name(name)) for name in names))))


def _forget_what_is_theirs(session: Session, customer_id: int) -> None:
    browsers.forget(
        session, session.scalars(select(PushSubscription.id).where(PushSubscription.account_id == customer_id)).all()
    )
    session.execute(delete(LoginSession).where(LoginSession.account_id == customer_id))
    session.execute(delete(OneTimeCode).where(OneTimeCode.account_id == customer_id))
    session.execute(delete(IdempotencyKey).where(IdempotencyKey.account_id == customer_id))
    complaints = session.scalars(select(Complaint.id).where(Complaint.customer_id == customer_id)).all()
    outbox.forget(session, customer_id, [f"complaint:{complaint}" for complaint in complaints])
    session.execute(delete(ComplaintMessage).where(ComplaintMessage.complaint_id.in_(complaints)))
    session.execute(delete(Complaint).where(Complaint.id.in_(complaints)))
    session.execute(delete(Feedback).where(Feedback.author_id == customer_id))
    session.execute(update(Rating).where(Rating.customer_id == customer_id).values(comment=""))
