"""What the numbers of the audit log stand for: names of people and things, for the entries of one page in one statement."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import LargeBinary, bindparam, cast, literal_column, select, union_all
from sqlalchemy.orm import Session

from shop_app.base import audit
from shop_app.base.models import Account, Complaint, Notification, Offer, Product, TaxClass, Zone
from shop_app.base.text import _, _l, in_words

_NAMED = (
    (Account.id, Account.name), (Product.id, Product.name), (Offer.id, Offer.name), (Complaint.id, Complaint.subject),
    (Notification.id, Notification.parameters["title"].as_string()), (TaxClass.id, TaxClass.name), (Zone.id, Zone.name),
)  # fmt: skip
_ACCOUNT, _PRODUCT, _OFFER, _COMPLAINT, _NOTIFICATION, _TAX, _ZONE = range(len(_NAMED))
# What has a number and no name.
_WORDS = {
    "alert": _l("Alert %(number)s"), "bill": _l("Bill %(number)s"), "feedback": _l("Feedback %(number)s"),
    "refund": _l("Refund %(number)s"), "sign-in": _l("Sign-in %(number)s"),
}  # fmt: skip
# What an action, or all of an area, is about.
_OF_ACTION: dict[str, int | str] = {
    "account": _ACCOUNT, "staff": _ACCOUNT, "wallet": _ACCOUNT, "audit.names-removed": _ACCOUNT, "stock": _PRODUCT,
    "offer": _OFFER, "complaint": _COMPLAINT, "notification": _NOTIFICATION, "tax-class.changed": _TAX, "zone": _ZONE,
    "account.session-ended": "sign-in", **{area: area for area in ("alert", "bill", "feedback", "refund")},
}  # fmt: skip
Names = dict[tuple[int, int], str]


class Described(NamedTuple):
    """An entry as it is shown. `of` is what it is about; `number` stands beside that where the name does not hold it."""

    entry: Any
    who: str
    of: str
    number: str
    details: str


def describe(session: Session, entries: Iterable[Any]) -> list[Described]:
    """The entries of a page with their names."""
    found = [(entry, _about(entry.action), _whole(entry.subject)) for entry in entries]
    wanted: dict[int, set[int]] = defaultdict(set)
    for entry, about, number in found:
        if number is not None and isinstance(about, int):
            wanted[about].add(number)
        if entry.actor.startswith(audit.CUSTOMER) or entry.action in _WITH_PEOPLE:
            wanted[_ACCOUNT].update(_people(entry))
    names, words = _look_up(session, wanted), in_words(_WORDS)
    return [_described(entry, about, number, names, words) for entry, about, number in found]


def _described(
    entry: Any, about: int | str | None, number: int | None, names: Names, words: dict[str, str]
) -> Described:
    who = _name(names, entry.actor_id) if entry.actor.startswith(audit.CUSTOMER) else ""
    details = _with_names(entry, names) if entry.action in _WITH_PEOPLE else entry.details
    of, beside = entry.subject, ""
    if number is not None and isinstance(about, str):
        of = words[about] % {"number": number}
    elif number is not None and isinstance(about, int):
        name = _name(names, number) if about == _ACCOUNT else names.get((about, number), "")
        of, beside = name or of, entry.subject if name else ""
    return Described(entry, who or entry.actor, of, beside, details)


def _look_up(session: Session, wanted: dict[int, set[int]]) -> Names:
    kinds = tuple(sorted(kind for kind, numbers in wanted.items() if numbers))
    if not kinds:
        return {}
    rows = session.connection().execute(_names(kinds), {f"ids_{kind}": sorted(wanted[kind]) for kind in kinds})
    return {(kind, number): bytes(name).decode() for kind, number, name in rows}


@lru_cache(maxsize=50)
def _names(kinds: tuple[int, ...]) -> Any:
    """The statement that looks up names of these kinds: put together once, since that costs more than the look."""
    # As bytes, because names are compared in different ways, which MariaDB puts into no one column.
    looks: list[Any] = [
        select(literal_column(str(kind)), number, cast(name, LargeBinary)).where(
            number.in_(bindparam(f"ids_{kind}", expanding=True))
        )
        for kind, (number, name) in enumerate(_NAMED)
        if kind in kinds
    ]
    return union_all(*looks) if len(looks) > 1 else looks[0]


def _name(names: Names, account: int | None) -> str:
    """The name of a person, or that there was one; empty where nobody has the number."""
    found = names.get((_ACCOUNT, account or 0))
    return _("Former customer %(number)s", number=account) if found == "" else found or ""


@lru_cache(maxsize=200)
def _about(action: str) -> int | str | None:
    return _OF_ACTION.get(action, _OF_ACTION.get(action.partition(".")[0]))


_WITH_PEOPLE = {"notification.sent": "to", "zone.watchers": "accounts"}  # where facts name people by number


def _people(entry: Any) -> list[int]:
    """The people whose number an entry holds beside its subject."""
    numbers = [_whole(str(one).removeprefix("person:")) for one in _told(entry)]
    if entry.actor == audit.number_of(entry.actor_id):
        numbers.append(entry.actor_id)
    return [number for number in numbers if number is not None]


def _told(entry: Any) -> list[Any]:
    fact = _WITH_PEOPLE.get(entry.action)
    try:
        found = json.loads(entry.details)[fact] if fact else []
    except (ValueError, TypeError, KeyError):  # somebody wrote it into the database, as the chain will tell
        return []
    return found if isinstance(found, list) else [found]


def _with_names(entry: Any, names: Names) -> str:
    told = _told(entry)
    if not told:
        return str(entry.details)
    shown = [_name(names, _whole(str(one).removeprefix("person:"))) or str(one) for one in told]
    return json.dumps(json.loads(entry.details) | {_WITH_PEOPLE[entry.action]: shown}, ensure_ascii=False)


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
