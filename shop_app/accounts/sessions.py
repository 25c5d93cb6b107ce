"""Sign-ins of browsers, phones and camera systems: opaque tokens, of which the database has only the SHA-256."""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TypeVarTuple

from flask import Response, current_app, g, has_request_context, request
from sqlalchemy import Row, Select, Update, bindparam, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from shop_app.base.db import Database, now
from shop_app.base.models import Account, LoginSession, ServiceToken, ShopProfile
from shop_app.base.permissions import OF_ROLE, Actor, Permission, Role
from shop_app.web.area import as_value, shop, unit

log = logging.getLogger(__name__)
Columns = TypeVarTuple("Columns")
TOUCH_EVERY = timedelta(seconds=60)
ABSOLUTE = timedelta(hours=24)
DEVICE = timedelta(days=180)
# A till stands among staff all day; an office page left open does not.
IDLE = {Role.BILLING: timedelta(hours=12), Role.SECURITY: timedelta(hours=12), Role.CUSTOMER: timedelta(hours=12)}
IDLE_STAFF = timedelta(minutes=30)
# Each request asks one of these: they are put together once.
_LOGIN = (
    select(
        LoginSession.id,
        LoginSession.ended_at,
        LoginSession.expires_at,
        LoginSession.last_seen_at,
        LoginSession.idle_seconds,
        LoginSession.confirmed_at,
        LoginSession.account_id,
        Account.role,
        Account.name,
        Account.active,
        Account.extra_permissions,
        Account.locale,
        Account.created_at,
        ShopProfile,
    )
    .join(Account, LoginSession.account_id == Account.id)
    .join(ShopProfile, ShopProfile.id <= LoginSession.id)  # its one row, in the same statement
    .where(LoginSession.token_hash == bindparam("token_hash"), LoginSession.kind == bindparam("kind"))
)
_SERVICE = select(ServiceToken).where(ServiceToken.token_hash == bindparam("token_hash"))


def token_hash(token: str) -> str:
    """What is stored of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def cookie_token() -> str | None:
    """The token of this browser; before 0.2 all shops of a host had one cookie, whose sign-ins last."""
    return request.cookies.get(_cookie_name()) or request.cookies.get(_cookie_name().rpartition("-")[0])


def _cookie_name() -> str:
    return str(current_app.config["LOGIN_COOKIE_NAME"])


def begin(session: Session, account: Account, *, kind: str, label: str) -> str:
    """A new sign-in of `account`; returns its token, which is shown once and never stored."""
    token = secrets.token_urlsafe(32)
    at = now()
    device = kind == "device"
    idle = DEVICE if device else IDLE.get(account.role_, IDLE_STAFF)
    session.add(
        LoginSession(
            account_id=account.id, token_hash=token_hash(token), kind=kind, label=label[:200] or "?",
            address=address(), created_at=at, last_seen_at=at, confirmed_at=at,
            expires_at=at + (DEVICE if device else ABSOLUTE), idle_seconds=int(idle.total_seconds()),
        )
    )  # fmt: skip
    return token


def end_all(session: Session, account_id: int, *, but: int | None = None) -> None:
    """End every sign-in of an account, `but` one: after a change of password, or when it is disabled."""
    session.execute(
        update(LoginSession)
        .where(LoginSession.account_id == account_id, LoginSession.ended_at.is_(None), LoginSession.id != (but or 0))
        .values(ended_at=now())
    )


def set_cookie(response: Response, token: str) -> None:
    """Hand the token to the browser; it is forgotten when the browser closes, and by the server after a day."""
    secure = not shop().settings.plain_http
    response.set_cookie(_cookie_name(), token, httponly=True, secure=secure, samesite="Lax", path="/")


def drop_cookie(response: Response) -> None:
    """Tell the browser to forget its token."""
    secure = not shop().settings.plain_http
    response.delete_cookie(_cookie_name(), httponly=True, secure=secure, samesite="Lax", path="/")


def browser_actor() -> Actor | None:
    """Who is signed in by the cookie of this request."""
    token = cookie_token()
    return _signed_in(token, "browser") if token else None


def bearer_actor() -> Actor | None:
    """Which phone or camera system sent this request, by its Authorization header."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        return None
    return _signed_in(token.strip(), "device") or _camera_system(token.strip())


def address() -> str:
    """Where the request came from; behind proxies only as far as the settings trust them."""
    return (request.remote_addr or "")[:45] if has_request_context() else ""


def _signed_in(token: str, kind: str) -> Actor | None:
    found = _read(_LOGIN, {"token_hash": token_hash(token), "kind": kind})
    if found is None:
        return None
    g.profile = as_value(found.ShopProfile)
    at = now()
    idle = timedelta(seconds=found.idle_seconds)
    seen = max(found.last_seen_at, _unwritten().get(found.id, found.last_seen_at))
    if found.ended_at or not found.active or at >= found.expires_at or at - seen >= idle:
        return None
    if at - seen >= TOUCH_EVERY:
        _touch(update(LoginSession).where(LoginSession.id == found.id).values(last_seen_at=at), found.id, at)
    role = Role(found.role)
    return Actor(
        id=found.account_id, role=role, name=found.name, permissions=_permissions(role, found.extra_permissions),
        login_id=found.id, locale=found.locale, confirmed_at=found.confirmed_at, address=address(),
        since=found.created_at,
    )  # fmt: skip


def actor_of(account: Account) -> Actor:
    """The account as an actor who has not signed in."""
    return Actor(
        id=account.id, role=account.role_, name=account.name,
        permissions=_permissions(account.role_, account.extra_permissions), locale=account.locale, address=address(),
        since=account.created_at,
    )  # fmt: skip


def _permissions(role: Role, extra: Sequence[str]) -> frozenset[Permission]:
    return OF_ROLE[role].union(Permission(name) for name in extra if name in set(Permission))


def _camera_system(token: str) -> Actor | None:
    found = _read(_SERVICE, {"token_hash": token_hash(token)})
    if found is None or found[0].ended_at:
        return None
    service: ServiceToken = found[0]
    at = now()
    used = _unwritten().get(-service.id, service.last_used_at)
    if used is None or at - used >= TOUCH_EVERY:
        _touch(update(ServiceToken).where(ServiceToken.id == service.id).values(last_used_at=at), -service.id, at)
    may = frozenset({Permission.CAMERA_SYSTEM})
    # A machine has no role of its own; nothing but its one permission is ever asked of it.
    return Actor(None, Role.SECURITY, service.name, may, token_id=service.id, address=address())


def _touch(statement: Update, key: int, at: datetime) -> None:
    """Note the last use. Where the disk is full or read-only it is kept in memory: what only reads goes on."""
    try:
        with shop().database.writing() as session:
            session.execute(statement)
        _unwritten().pop(key, None)
    except DBAPIError as error:
        _unwritten()[key] = at
        log.warning("could not note when a session was last used: %s", type(error.orig).__name__)


def _unwritten() -> dict[int, datetime]:
    """Last uses that the database could not take: of sign-ins by id, of camera systems by their id below zero."""
    found: dict[int, datetime] = shop().services.setdefault("last uses", {})
    return found


def _read(statement: Select[*Columns], values: dict[str, str]) -> Row[*Columns] | None:
    try:
        return _found(statement, values)
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
        # The first statement of a request met a connection that was cut a moment ago: nothing is lost, another one is there.
        unit().finish(keep=False)
        return _found(statement, values)


def _found(statement: Select[*Columns], values: dict[str, str]) -> Row[*Columns] | None:
    if unit().writes and shop().database.is_sqlite:  # who is refused must not have waited for the one write lock
        with shop().database.reading() as session:
            return session.execute(statement, values).first()
    return unit().session.execute(statement, values).first()


def still_signed_in(database: Database, token: str | None, may: Permission) -> bool:
    """Whether a browser's token is still good for `may`: for answers that stay open and read no request again."""
    if not token:
        return False
    query = (
        select(LoginSession, Account)
        .join(Account, LoginSession.account_id == Account.id)
        .where(LoginSession.token_hash == token_hash(token), LoginSession.kind == "browser")
    )
    with database.reading() as session:
        found = session.execute(query).first()
    if found is None or found[0].ended_at or not found[1].active or now() >= found[0].expires_at:
        return False
    held = {*OF_ROLE[found[1].role_], *found[1].extra_permissions, Permission.SIGNED_IN}
    return may in held
