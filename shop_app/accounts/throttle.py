"""Slows guessing down: wrong tries are counted in the database, by account and by address."""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy import ColumnElement, delete, func, select

from shop_app.base.db import Database, now
from shop_app.base.errors import TooMany
from shop_app.base.models import LoginAttempt, LoginSession
from shop_app.base.text import _

WINDOW = timedelta(minutes=15)
PER_ACCOUNT, PER_ADDRESS = 10, 50


class Attempt:
    """A try under way; `succeeded()` takes it off the record."""

    def __init__(self) -> None:
        self.was_right = False

    def succeeded(self) -> None:
        """The secret was right."""
        self.was_right = True


@contextmanager
def attempt(database: Database, name: str | None, address: str, *, at_home: bool = False) -> Iterator[Attempt]:
    """Count this try first and look then, so that tries in parallel cannot slip past the limit together.

    Without a name it is counted by its address alone: a shop's guests share one. Whoever is `at_home`, signed in or known
    to come from this address, is counted apart: neither the wrong tries of others there nor those from elsewhere shut them out.
    """
    if name is not None and at_home:
        limits = {of_name(name) + "@" + _digest(network_of(address))[:32]: PER_ACCOUNT}
    else:
        limits = {"from:" + network_of(address): PER_ADDRESS} | (
            {of_name(name): PER_ACCOUNT} if name is not None else {}
        )
    at = now()
    with database.writing() as session:
        # By id: MariaDB locks the gap of a range, and tries at the same moment would end in a deadlock.
        if old := session.scalars(select(LoginAttempt.id).where(LoginAttempt.at < at - 2 * WINDOW).limit(1000)).all():
            session.execute(delete(LoginAttempt).where(LoginAttempt.id.in_(old)))
        rows = [LoginAttempt(key=key, at=at) for key in limits]
        session.add_all(rows)
        session.flush()
        ids = [row.id for row in rows]
    this = Attempt()
    if any(_recent(database, key) > most for key, most in limits.items()):
        _forget(database, LoginAttempt.id.in_(ids))  # a refused try must not prolong the wait for ever
        raise TooMany(_("Too many wrong tries. Wait %(n)d minutes and try again.", n=15), retry_after=900)
    yield this
    if this.was_right:
        names = [key for key in limits if key.startswith("name:")]
        _forget(database, LoginAttempt.key.in_(names) | LoginAttempt.id.in_(ids))


def is_at_home(database: Database, account_id: int | None, address: str) -> bool:
    """Whether somebody has signed in from this address before."""
    query = select(LoginSession.address).where(LoginSession.account_id == account_id).distinct()
    with database.reading() as session:
        return network_of(address) in {network_of(known) for known in session.scalars(query)}


def of_name(name: str) -> str:
    """What the keys begin with under which tries for a name are counted."""
    return "name:" + _digest(name)[:32]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def network_of(address: str) -> str:
    """What counts as one address: of IPv6 the first 64 bits, since whoever has one has all that begin like it."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if found.version == 4:
        return str(found)
    return str(found.ipv4_mapped or ipaddress.ip_network((found, 64), strict=False).network_address)


def _recent(database: Database, key: str) -> int:
    with database.reading() as session:
        query = select(func.count()).where(LoginAttempt.key == key, LoginAttempt.at > now() - WINDOW)
        return session.scalars(query).one()


def _forget(database: Database, which: ColumnElement[bool]) -> None:
    with database.writing() as session:
        session.execute(delete(LoginAttempt).where(which))
