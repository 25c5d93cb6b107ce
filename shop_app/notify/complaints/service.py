"""What can be done with complaints, by the customer who made one and by who answers."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, select, true, update
from sqlalchemy.orm import Session, joinedload, selectinload

from shop_app.base import audit
from shop_app.base.db import changed_rows, now
from shop_app.base.errors import Conflict, Invalid, NotFound
from shop_app.base.models import Account, Bill, Complaint, ComplaintMessage
from shop_app.base.permissions import Actor, Permission
from shop_app.base.search import contains
from shop_app.base.text import _, _l
from shop_app.notify import kinds
from shop_app.notify.outbox import notify
from shop_app.web.listing import Rows

STATES = ("open", "answered", "closed")
CANNED = (
    _l("Thank you for telling us. We look into it and write again tomorrow."),
    _l("We are sorry. Please bring the item and your receipt, and we will refund you."),
    _l("This is fixed now. Please tell us if it happens again."),
)


def canned(own: str) -> list[str]:
    """Openings of an answer, to be edited before it is sent: the shop's own, one a line, or ours in the reader's language."""
    return [line.strip() for line in own.splitlines() if line.strip()] or [str(line) for line in CANNED]


def search(actor: Actor, state: str = "", *, searched: bool = False) -> Rows:
    """All complaints for who answers them, one's own for a customer; rows with the customer's name. `searched`: for what is typed."""
    query = _listed(state, searched)
    return query if actor.can(Permission.COMPLAINTS_ANSWER) else query.where(_seen_by(actor))


def _listed(state: str, searched: bool) -> Rows:
    columns = Complaint.id, Complaint.subject, Complaint.state, Complaint.created_at, Complaint.updated_at
    query = select(*columns, Account.name.label("customer")).outerjoin(Complaint.customer)
    if state in STATES:
        query = query.where(Complaint.state == state)
    people = select(Account.id).where(Account.is_found())
    return query.where(contains(Complaint.subject) | Complaint.customer_id.in_(people)) if searched else query


def get(session: Session, actor: Actor, complaint_id: int) -> Complaint:
    """One complaint with its thread; somebody else's is not found."""
    query = (
        select(Complaint)
        .where(Complaint.id == complaint_id, _seen_by(actor))
        .options(joinedload(Complaint.customer), selectinload(Complaint.messages).joinedload(ComplaintMessage.author))
    )
    found = session.scalars(query).first()
    if found is None:
        raise NotFound(_("There is no such complaint of yours."))
    return found


def add(session: Session, actor: Actor, subject: str, body: str, bill_number: int | None = None) -> Complaint:
    """A new complaint of a customer, about one of their own bills if they name one."""
    subject = _text(subject, 160)
    bill_id = None
    if bill_number is not None:
        own = select(Bill.id).where(Bill.number == bill_number, Bill.customer_id == actor.account_id)
        bill_id = session.scalars(own).first()
        if bill_id is None:
            raise Invalid(_("You have no bill of this number."))
    at = now()
    complaint = Complaint(
        customer_id=actor.account_id, subject=subject, bill_id=bill_id, state="open", created_at=at, updated_at=at
    )
    session.add(complaint)
    session.flush()
    session.add(ComplaintMessage(complaint_id=complaint.id, author_id=actor.account_id, body=_text(body, 5000), at=at))
    notify(session, kinds.COMPLAINT, complaint=complaint.id, subject=subject)
    return complaint


def reply(session: Session, actor: Actor, complaint: Complaint, body: str) -> None:
    """Add to the thread: staff answers it, the customer opens it again. A closed one stays as it is."""
    answering = actor.id != complaint.customer_id
    body = _text(body, 5000)
    moved = update(Complaint).where(Complaint.id == complaint.id, Complaint.state != "closed")
    state = "answered" if answering else "open"
    if changed_rows(session, moved.values(state=state, updated_at=now())) != 1:
        raise Conflict(_("This complaint is closed. Reopen it first."))
    session.add(ComplaintMessage(complaint_id=complaint.id, author_id=actor.account_id, body=body, at=now()))
    about: dict[str, Any] = {"complaint": complaint.id, "subject": complaint.subject}
    if answering:
        notify(session, kinds.COMPLAINT_ANSWER, to=complaint.customer_id, **about)
        audit.record(session, actor, "complaint.answered", complaint.id)
    else:
        notify(session, kinds.COMPLAINT_REPLY, **about)


def set_closed(session: Session, actor: Actor, complaint: Complaint, closed: bool) -> None:
    """Close the thread, or open it again; either side may."""
    complaint.state, complaint.updated_at = "closed" if closed else "open", now()
    audit.record(session, actor, "complaint.closed" if closed else "complaint.opened", complaint.id)


def _seen_by(actor: Actor) -> ColumnElement[bool]:
    return true() if actor.can(Permission.COMPLAINTS_ANSWER) else Complaint.customer_id == actor.account_id


def _text(text: str, longest: int) -> str:
    text = text.strip()
    if not 0 < len(text) <= longest:
        raise Invalid(_("Write between 1 and %(n)s characters.", n=longest))
    return text
