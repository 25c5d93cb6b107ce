"""Puts together the copy of everything that the shop keeps of one customer, in a number of statements that is fixed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, selectinload

from shop_app.base import audit
from shop_app.base.db import now
from shop_app.base.models import (
    Account,
    AuditEntry,
    Bill,
    BillLine,
    Complaint,
    Delivery,
    Feedback,
    HeldCart,
    LedgerEntry,
    LoginSession,
    Notification,
    OneTimeCode,
    Payment,
    Product,
    Rating,
    Refund,
    ShopProfile,
)
from shop_app.base.permissions import Actor
from shop_app.notify.kinds import text_of
from shop_app.notify.words import readers_words
from shop_app.people.privacy import shapes
from shop_app.sales.wallet import ledger

# What others do to an account; its subject is the account's number, before 0017 without a word.
_DONE_TO = (
    "account.access-reset", "account.code-mailed", "account.data-copied", "account.disabled", "account.enabled",
)  # fmt: skip


def copy(session: Session, actor: Actor, account: Account, shop: ShopProfile) -> shapes.PersonalData:
    """The copy for `account`, who asked for it or has somebody ask; that it was made is noted."""
    found = shapes.PersonalData(
        shop=shop.name, made_at=now(), currency=shop.currency, account=_account(account),
        wallet_minor=ledger.balance_of(session, account.id), wallet=_wallet(session, account),
        bills=_bills(session, account), complaints=_complaints(session, account), feedback=_feedback(session, account),
        ratings=_ratings(session, account), notifications=_notifications(session, account),
        sign_ins=_sign_ins(session, account), one_time_codes=_codes(session, account), carts=_carts(session, account),
        log=_log(session, account),
    )  # fmt: skip
    audit.record(session, actor, "account.data-copied", account)
    return found


def _account(account: Account) -> shapes.KeptAccount:
    return shapes.KeptAccount(
        id=account.id, name=account.name, email=account.email, phone=account.phone, language=account.locale,
        active=account.active, made_at=account.created_at,
    )  # fmt: skip


def _wallet(session: Session, account: Account) -> list[shapes.KeptEntry]:
    rows = session.execute(ledger.entries_of(account.id).order_by(LedgerEntry.id))
    return [
        shapes.KeptEntry(
            at=row.LedgerTransaction.at, kind=row.LedgerTransaction.kind, amount_minor=row.LedgerEntry.amount_minor,
            balance_minor=row.LedgerEntry.balance_after_minor, bill_number=row.number,
        )
        for row in rows
    ]  # fmt: skip


def _bills(session: Session, account: Account) -> list[shapes.KeptBill]:
    own = select(Bill).where(Bill.customer_id == account.id).order_by(Bill.id)
    bills = session.scalars(own.options(selectinload(Bill.lines), selectinload(Bill.payments))).all()
    refunds: dict[int, list[Refund]] = defaultdict(list)
    for refund in session.scalars(select(Refund).join(Refund.bill).where(Bill.customer_id == account.id)):
        refunds[refund.bill_id].append(refund)
    return [_bill(bill, refunds[bill.id]) for bill in bills]


def _bill(bill: Bill, refunds: Sequence[Refund]) -> shapes.KeptBill:
    return shapes.KeptBill(
        number=bill.number, made_at=bill.created_at, net_minor=bill.net_minor, tax_minor=bill.tax_minor,
        discount_minor=bill.discount_minor, total_minor=bill.total_minor, refunded_minor=bill.refunded_minor,
        lines=[_line(line) for line in bill.lines], payments=[_payment(payment) for payment in bill.payments],
        refunds=[_refund(refund) for refund in refunds],
    )  # fmt: skip


def _line(line: BillLine) -> shapes.KeptLine:
    return shapes.KeptLine(
        id=line.id, sku=line.sku, name=line.name, by_weight=line.by_weight, quantity=line.quantity, unit_price_minor=line.unit_price_minor,
        discount_minor=line.discount_minor, offer=line.offer_label, tax_name=line.tax_name,
        tax_basis_points=line.tax_basis_points, net_minor=line.net_minor, tax_minor=line.tax_minor,
        total_minor=line.total_minor, refunded_quantity=line.refunded_quantity,
    )  # fmt: skip


def _payment(payment: Payment) -> shapes.KeptPayment:
    return shapes.KeptPayment(
        method=payment.method, amount_minor=payment.amount_minor, tendered_minor=payment.tendered_minor,
        change_minor=payment.change_minor,
    )  # fmt: skip


def _refund(refund: Refund) -> shapes.KeptRefund:
    return shapes.KeptRefund(
        number=refund.number, at=refund.created_at, reason=refund.reason,
        given_back_minor={part.method: part.amount_minor for part in refund.payments}, net_minor=refund.net_minor, tax_minor=refund.tax_minor, total_minor=refund.total_minor,
    )  # fmt: skip


def _complaints(session: Session, account: Account) -> list[shapes.KeptComplaint]:
    query = select(Complaint, Bill.number).outerjoin(Bill, Bill.id == Complaint.bill_id)
    query = query.where(Complaint.customer_id == account.id).order_by(Complaint.id)
    return [
        shapes.KeptComplaint(
            id=complaint.id, subject=complaint.subject, state=complaint.state, bill_number=number,
            made_at=complaint.created_at, updated_at=complaint.updated_at,
            messages=[
                shapes.KeptMessage(mine=message.author_id == account.id, body=message.body, at=message.at)
                for message in complaint.messages
            ],
        )
        for complaint, number in session.execute(query.options(selectinload(Complaint.messages)))
    ]  # fmt: skip


def _feedback(session: Session, account: Account) -> list[shapes.KeptFeedback]:
    query = select(Feedback).where(Feedback.author_id == account.id).order_by(Feedback.id)
    return [
        shapes.KeptFeedback(topic=word.topic, body=word.body, at=word.created_at, handled_at=word.handled_at)
        for word in session.scalars(query)
    ]


def _ratings(session: Session, account: Account) -> list[shapes.KeptRating]:
    query = select(Rating, Product.name).join(Rating.product).where(Rating.customer_id == account.id)
    return [
        shapes.KeptRating(product=name, stars=rating.stars, comment=rating.comment, at=rating.created_at)
        for rating, name in session.execute(query.order_by(Rating.id))
    ]


def _notifications(session: Session, account: Account) -> list[shapes.KeptNotification]:
    words = readers_words()
    query = select(Notification, Delivery.read_at).join(Delivery, Delivery.notification_id == Notification.id)
    rows = session.execute(query.where(Delivery.account_id == account.id).order_by(Notification.id)).unique()
    found = [(text_of(note.kind, note.parameters, words), note.created_at, read_at) for note, read_at in rows]
    return [
        shapes.KeptNotification(title=text.title, body=text.body, at=at, read_at=read_at) for text, at, read_at in found
    ]


def _sign_ins(session: Session, account: Account) -> list[shapes.KeptSignIn]:
    query = select(LoginSession).where(LoginSession.account_id == account.id).order_by(LoginSession.id)
    return [
        shapes.KeptSignIn(
            kind=login.kind, label=login.label, address=login.address, made_at=login.created_at,
            last_seen_at=login.last_seen_at, expires_at=login.expires_at, ended_at=login.ended_at,
        )
        for login in session.scalars(query)
    ]  # fmt: skip


def _codes(session: Session, account: Account) -> list[shapes.KeptCode]:
    query = select(OneTimeCode).where(OneTimeCode.account_id == account.id).order_by(OneTimeCode.id)
    return [
        shapes.KeptCode(made_at=code.created_at, expires_at=code.expires_at, used_at=code.used_at)
        for code in session.scalars(query)
    ]


def _carts(session: Session, account: Account) -> list[shapes.KeptCart]:
    query = select(HeldCart.created_at, HeldCart.label).where(HeldCart.customer_id == account.id)
    return [shapes.KeptCart(begun_at=at, label=label) for at, label in session.execute(query.order_by(HeldCart.id))]


def _log(session: Session, account: Account) -> list[shapes.KeptAction]:
    to_them = AuditEntry.action.in_(_DONE_TO) & AuditEntry.subject.in_([audit.number_of(account.id), str(account.id)])
    query = select(AuditEntry.at, AuditEntry.action, AuditEntry.actor_id, AuditEntry.address)
    return [
        shapes.KeptAction(at=at, action=action, mine=by == account.id, address=address if by == account.id else "")
        for at, action, by, address in session.execute(
            query.where(or_(AuditEntry.actor_id == account.id, to_them)).order_by(AuditEntry.id)
        )
    ]
