"""The pages of the audit log."""

from __future__ import annotations

from datetime import datetime

from flask import Response, render_template
from sqlalchemy import select

from shop_app.base import audit, clock
from shop_app.base.models import Account, AuditEntry
from shop_app.base.permissions import Permission as P
from shop_app.base.permissions import Role
from shop_app.base.search import contains
from shop_app.base.text import _l, in_words, locale_name
from shop_app.ops.audit_log.actions import ACTIONS, details_text
from shop_app.web.area import Area, profile, session
from shop_app.web.listing import Rows, asked, asked_day, csv_answer, everything, paginate, wants_csv

area = Area("audit_log", __name__, url_prefix="/manage/audit")
area.menu(_l("Audit log"), "index", icon="log", may=P.AUDIT_READ, order=580, group=_l("Manage"))

COLUMNS = {
    "id": lambda entry: entry.id,
    "when": lambda entry: entry.at.isoformat(),
    "who": lambda entry: entry.actor,
    "what": lambda entry: entry.action,
    "of": lambda entry: entry.subject,
    "details": lambda entry: entry.details,
    "from": lambda entry: entry.address,
    "hash": lambda entry: entry.hash,
}


@area.get("", may=P.AUDIT_READ)
def index() -> str | Response:
    """Who did what."""
    zone, day = profile().time_zone, asked_day("day")
    typed = asked("q")
    begin, end = clock.day_bounds(day, zone) if day else (None, None)
    query = _search(asked("action"), begin, end, searched=bool(typed))
    if wants_csv():
        return csv_answer("audit", COLUMNS, everything(session(), query.order_by(AuditEntry.id), typed))
    entries = paginate(session(), query, {"when": [AuditEntry.id]}, default="-when", key=AuditEntry.id, typed=typed)
    return render_template(
        "audit_log/index.html", entries=entries, words=in_words(ACTIONS),
        facts=lambda details: details_text(details, profile().currency, zone, locale_name()),
    )  # fmt: skip


@area.get("/check", may=P.AUDIT_READ)
def check() -> str:
    """Walk the whole chain, and say whether it is whole, and what it does not cover yet."""
    return render_template("audit_log/check.html", check=audit.check(session()))


def _search(
    action: str = "", begin: datetime | None = None, end: datetime | None = None, *, searched: bool = False
) -> Rows:
    """Entries of the audit log; where `searched`, those with what is typed in who did it, to what, or in the details."""
    query: Rows = select(
        AuditEntry.id, AuditEntry.at, AuditEntry.actor, AuditEntry.action, AuditEntry.subject, AuditEntry.details,
        AuditEntry.address, AuditEntry.hash, AuditEntry.actor_id,
    )  # fmt: skip
    if begin is not None and end is not None:
        query = query.where(AuditEntry.at >= begin, AuditEntry.at < end)
    if action:
        query = query.where(AuditEntry.action == action)
    if searched:
        customers = select(Account.id).where(Account.role == Role.CUSTOMER.value, Account.is_found())
        who = contains(AuditEntry.actor) | AuditEntry.actor_id.in_(customers)
        query = query.where(who | contains(AuditEntry.subject) | contains(AuditEntry.details))
    return query
