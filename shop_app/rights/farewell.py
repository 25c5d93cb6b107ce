"""What somebody is told whose account is gone: also by the second of two clicks, which comes without a sign-in."""

from __future__ import annotations

from sqlalchemy import select

from shop_app.errors import Conflict
from shop_app.models import Account
from shop_app.text import _
from shop_app.vault import vault
from shop_app.web import session


def words() -> str:
    """What both clicks are answered with."""
    return _(
        "Your account is deleted, and you are signed out everywhere. Your bills stay with the shop, without your name."
    )


def sealed(account_id: int) -> str:
    """The number of an account, as only this shop can have written it."""
    return vault().seal(f"erase {account_id}")


def was_erased(account: str) -> bool:
    """Whether a sealed number is that of an account that is gone."""
    try:
        word, _space, number = vault().open(account).partition(" ")
    except Conflict:
        return False
    query = select(Account.id).where(Account.id == int(number), Account.erased_at.is_not(None))
    return word == "erase" and session().scalars(query).first() is not None
