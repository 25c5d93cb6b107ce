"""What can be done with an account: made, entered, given a new password, closed."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from shop_app.accounts import sessions
from shop_app.accounts.names import normal_email, shown_name
from shop_app.accounts.passwords import Passwords, check_new
from shop_app.accounts.throttle import attempt, is_at_home
from shop_app.base import audit, phones
from shop_app.base.db import Database, changed_rows, now
from shop_app.base.errors import Conflict, Invalid, NotFound
from shop_app.base.models import Account, LoginSession, OneTimeCode, ShopProfile, TaxClass
from shop_app.base.permissions import Actor, Role
from shop_app.base.text import _
from shop_app.web import region

CODE_LIVES = timedelta(hours=48)
SETUP_LIVES = timedelta(minutes=30)
_LETTERS = "ABCDEFGHJKMNPQRSTVWXYZ23456789"  # none that is mistaken for another


@dataclass(frozen=True)
class Person:
    """What is known of somebody who gets an account."""

    role: Role
    name: str
    email: str = ""
    phone: str = ""


def create(session: Session, person: Person, *, password_hash: str | None = None) -> Account:
    """A new account, entered through a one-time code where no password is given yet."""
    account = Account(role=person.role.value, created_at=now(), password_hash=password_hash, active=True, name="")
    describe(session, account, person)
    session.add(account)
    flush_unique(session)
    return account


def describe(session: Session, account: Account, person: Person) -> None:
    """Set name and ways to reach somebody; each is checked."""
    account.name = shown_name(person.name)[:120]
    account.email, account.email_norm = _email(person.email)
    account.phone, account.phone_norm = _phone(person.phone, _country(session))
    if not account.name:
        raise Invalid(_("Enter a name."))
    if account.email_norm is None and account.phone_norm is None:
        raise Invalid(_("Enter an e-mail address or a telephone number: one of them is needed to sign in."))


def flush_unique(session: Session) -> None:
    """Write now, so that a name already taken is told as such."""
    try:
        session.flush()
    except (IntegrityError, OperationalError) as error:  # MariaDB reports some violations as the latter
        text = str(error.orig).lower()
        if "email" in text or "phone" in text:
            raise Conflict(_("There is an account with this e-mail address or telephone number already.")) from None
        raise


def find(session: Session, name: str) -> Account | None:
    """The account that signs in by this e-mail address or telephone number."""
    if email := normal_email(name):
        return session.scalars(select(Account).where(Account.email_norm == email)).first()
    if phone := phones.normal(name, _country(session)):
        # Digits alone: of a number kept before the country was known, and of the later of two accounts with one number.
        for number in (phones.normal(name, ""), phone):
            if account := session.scalars(select(Account).where(Account.phone_norm == number)).first():
                return account
    return None


def throttle_name(session: Session, name: str) -> str:
    """The name under which wrong tries are counted: however it is written, it is the same account."""
    return normal_email(name) or phones.normal(name, _country(session)) or name.strip().casefold()[:254]


def _country(session: Session) -> str:
    return session.scalars(select(ShopProfile.country)).first() or ""


def lock_customer(session: Session, customer_id: int) -> None:
    """Keep this account from being erased until the commit; refused where it was. For whatever is booked to a customer."""
    query = select(Account.erased_at).where(Account.id == customer_id).with_for_update(read=True)
    if session.scalars(query).first() is not None:
        raise Conflict(_("This customer's account was deleted meanwhile. Reload the page."))


class CodeInstead(Exception):
    """What was typed as a password is an open one-time code: time to choose a password."""


def check_password(
    database: Database, passwords: Passwords, name: str, password: str, address: str, *, codes_too: bool = False
) -> Account:
    """The active account with this name and password; anything else is one and the same refusal."""
    with database.reading() as session:
        account, counted_as = find(session, name), throttle_name(session, name)
    at_home = is_at_home(database, account.id if account else None, address)
    with attempt(database, counted_as, address, at_home=at_home) as this:
        right = passwords.matches(account.password_hash if account else None, password)
        if not right and codes_too:
            with database.reading() as session:
                if code_fits(session, account, password):
                    this.succeeded()
                    raise CodeInstead
        if account is None or not right or not account.active:
            raise Invalid(_("Name or password is wrong. You are not signed in."))
        this.succeeded()
    return account


def issue_code(session: Session, account: Account, by: Actor | None, *, lives: timedelta = CODE_LIVES) -> str:
    """A code that sets the password once; earlier ones of the account end. Shown once, never stored in clear."""
    at = now()
    session.execute(
        update(OneTimeCode)
        .where(OneTimeCode.account_id == account.id, OneTimeCode.used_at.is_(None))
        .values(used_at=at)
    )
    return _new_code(session, account.id, by, lives)


def issue_setup_token(session: Session) -> str:
    """A token that makes the first admin. Refused where there is one already."""
    if has_admin(session):
        raise Conflict(_("There is an admin already; use `vidframe-shop reset-password` to let one in again."))
    at = now()
    session.execute(
        update(OneTimeCode).where(OneTimeCode.account_id.is_(None), OneTimeCode.used_at.is_(None)).values(used_at=at)
    )
    return _new_code(session, None, None, SETUP_LIVES)


def has_admin(session: Session) -> bool:
    """Whether an admin exists, active or not."""
    return session.scalars(select(Account.id).where(Account.role == Role.ADMIN.value)).first() is not None


def use_setup_token(session: Session, token: str, person: Person, password_hash: str) -> Account:
    """Make the first admin."""
    _use_code(session, None, token)
    if has_admin(session):
        raise Conflict(_("There is an admin already."))
    account = create(session, person, password_hash=password_hash)
    audit.record(session, sessions.actor_of(account), "shop.set-up", account)
    return account


_OF_SHOP = ("name", "time_zone", "country", "currency", "prices_include_tax", "night_from", "night_to")


def likely_shop(session: Session) -> dict[str, Any]:
    """What the set-up of a shop begins with: what `init` was told, and for the rest what is usual where the server stands."""
    profile = session.get_one(ShopProfile, 1)
    rates = session.scalars(select(TaxClass.basis_points).order_by(TaxClass.id).limit(2)).all()
    return (
        {name: getattr(profile, name) for name in _OF_SHOP[1:]}
        | dict(zip(("standard_rate", "reduced_rate"), rates, strict=False))
        | region.likely(profile.time_zone)
    )


def set_up_shop(session: Session, admin: Account, values: dict[str, Any]) -> None:
    """Set what the first admin was asked about the shop."""
    profile = session.get_one(ShopProfile, 1)
    asked = {name: values[name] for name in _OF_SHOP}
    for name, value in asked.items():
        setattr(profile, name, value)
    classes = session.scalars(select(TaxClass).order_by(TaxClass.id).limit(2)).all()
    for tax, rate in zip(classes, (values["standard_rate"], values["reduced_rate"]), strict=False):
        tax.basis_points = rate
    audit.record(session, sessions.actor_of(admin), "settings.changed", "shop", **asked)


def use_code(session: Session, account: Account | None, code: str, password_hash: str) -> Account:
    """Set a password by a one-time code; every sign-in of the account ends."""
    if account is None or not account.active:
        raise Invalid(_wrong_code())
    _use_code(session, account.id, code)
    set_password(session, account.id, password_hash)
    audit.record(session, sessions.actor_of(account), "account.code-used", account)
    return account


def set_password(session: Session, account_id: int, password_hash: str, *, keep_login: int | None = None) -> None:
    """Store a new password and end every other sign-in."""
    session.execute(update(Account).where(Account.id == account_id).values(password_hash=password_hash))
    sessions.end_all(session, account_id, but=keep_login)


def change_password(
    session: Session, actor: Actor, passwords: Passwords, old: str, new: str, *, database: Database
) -> None:
    """Change one's own password; the present one is asked for, and wrong tries are counted."""
    account = session.get_one(Account, actor.account_id)
    if not passwords.matches(account.password_hash, old):
        raise Invalid(_("The current password is wrong."))
    if new == old:
        raise Invalid(_("Choose a password that is not the current one."))
    check_new(new, account.name, account.email, account.phone)
    set_password(session, account.id, passwords.hash(new), keep_login=actor.login_id)
    audit.record(session, actor, "account.password-changed", account)


def my_sessions(session: Session, actor: Actor) -> list[LoginSession]:
    """The sign-ins of the actor that have not ended, the latest first."""
    query = select(LoginSession).where(
        LoginSession.account_id == actor.id, LoginSession.ended_at.is_(None), LoginSession.expires_at > now()
    )
    return list(session.scalars(query.order_by(LoginSession.last_seen_at.desc())))


def end_session(session: Session, actor: Actor, login_id: int) -> None:
    """End one of the actor's own sign-ins."""
    ended = changed_rows(
        session,
        update(LoginSession)
        .where(LoginSession.id == login_id, LoginSession.account_id == actor.id, LoginSession.ended_at.is_(None))
        .values(ended_at=now()),
    )
    if ended != 1:
        raise NotFound(_("There is no such session of yours."))
    audit.record(session, actor, "account.session-ended", login_id)


def code_fits(session: Session, account: Account | None, code: str) -> bool:
    """Whether `code` is an open one-time code of this account; it stays open."""
    known = account.id if account is not None and account.active else 0  # asked all the same: no answer comes sooner
    open_codes = select(OneTimeCode.id).where(
        OneTimeCode.account_id == known, OneTimeCode.code_hash == sessions.token_hash(_plain(code)),
        OneTimeCode.used_at.is_(None), OneTimeCode.expires_at > now(),
    )  # fmt: skip
    return session.scalars(open_codes).first() is not None


def _plain(code: str) -> str:
    return code.replace("-", "").replace(" ", "").upper()


def _new_code(session: Session, account_id: int | None, by: Actor | None, lives: timedelta) -> str:
    code = "".join(secrets.choice(_LETTERS) for _ in range(16))
    at = now()
    session.add(
        OneTimeCode(
            account_id=account_id, code_hash=sessions.token_hash(code), created_by_id=by.id if by else None,
            created_at=at, expires_at=at + lives,
        )
    )  # fmt: skip
    return "-".join(code[i : i + 4] for i in range(0, 16, 4))


def _use_code(session: Session, account_id: int | None, code: str) -> None:
    owner = OneTimeCode.account_id.is_(None) if account_id is None else OneTimeCode.account_id == account_id
    used = changed_rows(
        session,
        update(OneTimeCode)
        .where(
            OneTimeCode.code_hash == sessions.token_hash(_plain(code)), owner,
            OneTimeCode.used_at.is_(None), OneTimeCode.expires_at > now(),
        )
        .values(used_at=now())
    )  # fmt: skip
    if used != 1:
        raise Invalid(_wrong_code())


def _wrong_code() -> str:
    return _("Name or code is wrong, or the code was used or has expired.")


def _email(text: str) -> tuple[str | None, str | None]:
    if not text.strip():
        return None, None
    normal = normal_email(text)
    if normal is None:
        raise Invalid(_("This is not an e-mail address."))
    return text.strip(), normal


def _phone(text: str, country: str) -> tuple[str | None, str | None]:
    if not text.strip():
        return None, None
    normal = phones.normal(text, country)
    if normal is None:
        raise Invalid(_("This is not a telephone number."))
    return phones.shown(normal, country) if normal.startswith("+") else text.strip()[:30], normal


def customer(session: Session, customer_id: int) -> Account:
    """One customer; NotFound for anybody else, and for whose account is deleted."""
    account = session.get(Account, customer_id)
    if account is None or account.role_ is not Role.CUSTOMER or account.erased_at is not None:
        raise NotFound(_("There is no such customer."))
    return account
