"""What the numbers of the audit log stand for: names of people and things, for the entries of one page in one statement."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import LargeBinary, bindparam, cast, literal, select, union_all
from sqlalchemy.orm import Session

from shop_app.models import Account, Complaint, Notification, Offer, Product, TaxClass, Zone
from shop_app.text import _

_NAMED = (
    (Account.id, Account.name), (Product.id, Product.name), (Offer.id, Offer.name), (Complaint.id, Complaint.subject),
    (Notification.id, Notification.title), (TaxClass.id, TaxClass.name), (Zone.id, Zone.name),
)  # fmt: skip
_ACCOUNT, _PRODUCT, _OFFER, _COMPLAINT, _NOTIFICATION, _TAX, _ZONE = range(len(_NAMED))
# What stands under "Of" for an action, or for all of an area.
_OF_ACTION = {
    "account": _ACCOUNT, "staff": _ACCOUNT, "wallet": _ACCOUNT, "audit.names-removed": _ACCOUNT, "stock": _PRODUCT,
    "offer": _OFFER, "complaint": _COMPLAINT, "notification": _NOTIFICATION, "tax-class.changed": _TAX, "zone": _ZONE,
}  # fmt: skip
_SIGN_IN = "account.session-ended"
# As bytes, because names are compared in different ways, which MariaDB puts into no one column.
_NAMES = union_all(
    *(
        select(literal(kind), number, cast(name, LargeBinary)).where(number.in_(bindparam(f"ids_{kind}", expanding=True)))
        for kind, (number, name) in enumerate(_NAMED)
    )
)  # fmt: skip


class Subjects:
    """The names that the entries of a page need."""

    def __init__(self, session: Session, entries: Iterable[Any]) -> None:
        wanted: dict[int, set[int]] = {kind: set() for kind in range(len(_NAMED))}
        for entry in entries:
            for kind, number in _numbers(entry):
                wanted[kind].add(number)
        self._found: dict[tuple[int, int], str] = {}
        if any(wanted.values()):
            rows = session.execute(_NAMES, {f"ids_{kind}": sorted(ids) for kind, ids in wanted.items()})
            self._found = {(kind, number): bytes(name).decode() for kind, number, name in rows}

    def of(self, entry: Any) -> str:
        """The name of what an entry is about; empty where it has none."""
        kind, number = _kind(entry.action), _whole(entry.subject)
        if number is None:
            return ""
        if kind is not None:
            return self._name(kind, number)
        return _in_words(entry.action, number)

    def details(self, entry: Any) -> str:
        """The facts of an entry with names for the numbers of people."""
        people = _people(entry)
        if not people:
            return str(entry.details)
        names = [self._name(_ACCOUNT, number) or str(number) for number in people]
        facts = json.loads(entry.details)
        facts |= {"to": names[0]} if entry.action == "notification.sent" else {"accounts": names}
        return json.dumps(facts, ensure_ascii=False)

    def _name(self, kind: int, number: int) -> str:
        found = self._found.get((kind, number))
        if found == "" and kind == _ACCOUNT:
            return _("Former customer %(number)s", number=number)
        return found or ""


def _numbers(entry: Any) -> Iterable[tuple[int, int]]:
    kind, number = _kind(entry.action), _whole(entry.subject)
    if kind is not None and number is not None:
        yield kind, number
    for person in _people(entry):
        yield _ACCOUNT, person


def _kind(action: str) -> int | None:
    if action == _SIGN_IN:
        return None
    return _OF_ACTION.get(action, _OF_ACTION.get(action.partition(".")[0]))


def _people(entry: Any) -> list[int]:
    """The accounts that the facts of an entry name by number."""
    if entry.action not in {"notification.sent", "zone.watchers"}:
        return []
    try:
        facts = json.loads(entry.details)
        found = [facts["to"].removeprefix("person:")] if entry.action == "notification.sent" else facts["accounts"]
        numbers = [_whole(str(one)) for one in found]
    except (
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
    ):  # somebody wrote it into the database, as the chain will tell
        return []
    return [number for number in numbers if number is not None]


def _in_words(action: str, number: int) -> str:
    area = action.partition(".")[0]
    if action == _SIGN_IN:
        return _("Sign-in %(number)s", number=number)
    if area == "bill":
        return _("Bill %(number)s", number=number)
    if area == "refund":
        return _("Refund %(number)s", number=number)
    if area == "alert":
        return _("Alert %(number)s", number=number)
    return _("Feedback %(number)s", number=number) if area == "feedback" else ""


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
