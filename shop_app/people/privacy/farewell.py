"""What somebody is told whose account is gone: on the page, by mail, and by the second of two clicks, which has no sign-in."""

from __future__ import annotations

from sqlalchemy import select

from shop_app.base.errors import Conflict
from shop_app.base.models import Account
from shop_app.base.text import _
from shop_app.notify.channels import CHANNELS
from shop_app.notify.kinds import ERASED
from shop_app.notify.outbox import send_one
from shop_app.people.privacy import erasure
from shop_app.web.area import actor, profile, session, shop
from shop_app.web.vault import vault


def erase(customer_id: int) -> None:
    """Delete an account, and write to its e-mail address that this was done, once it is."""
    account = session().get(Account, customer_id)
    address, language = (account.email, account.locale) if account is not None else (None, None)
    if not erasure.erase(session(), actor(), customer_id):
        return
    if address and CHANNELS["mail"].is_set_up(shop().settings):  # to no account: what an account had is gone
        language = language or profile().locale
        send_one(session(), ERASED, "mail", seal=vault().seal, parameters={"address": address, "language": language})


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
