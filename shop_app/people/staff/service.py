"""What an admin can do with the accounts of staff, and of customers who lost theirs."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop_app.accounts import service as accounts
from shop_app.accounts import sessions
from shop_app.accounts.service import Person
from shop_app.base import audit
from shop_app.base.db import now
from shop_app.base.errors import Conflict, Forbidden, Invalid, NotFound
from shop_app.base.models import Account
from shop_app.base.permissions import GRANTABLE, OF_ROLE, STAFF, Actor, Permission, Role
from shop_app.base.text import _
from shop_app.web.listing import Rows, SortColumn

SORTS: dict[str, list[SortColumn]] = {
    "name": [Account.search, Account.id],
    "role": [Account.role, Account.search],
    "since": [Account.created_at, Account.id],
}


def search(role: str = "", state: str = "active", *, searched: bool = False) -> Rows:
    """Accounts of staff as rows; where `searched`, those with what is typed in name, telephone or e-mail."""
    query: Rows = select(
        Account.id,
        Account.name,
        Account.role,
        Account.extra_permissions,
        Account.email,
        Account.phone,
        Account.active,
        Account.password_hash,
        Account.created_at,
    ).where(Account.role.in_([r.value for r in STAFF]))
    if role in set(STAFF):
        query = query.where(Account.role == role)
    if state in {"active", "disabled"}:
        query = query.where(Account.active == (state == "active"))
    return query.where(Account.is_found()) if searched else query


def get(session: Session, actor: Actor, account_id: int) -> Account:
    """A member of staff whom this actor may manage."""
    account = session.get(Account, account_id)
    if account is None or account.role_ is Role.CUSTOMER:
        raise NotFound(_("There is no such member of staff."))
    _check_reach(actor, sessions.actor_of(account).permissions)
    return account


def add(session: Session, actor: Actor, person: Person) -> tuple[Account, str]:
    """A new member of staff, and the one-time code to hand over."""
    _check_role(actor, person.role)
    account = accounts.create(session, person)
    code = accounts.issue_code(session, account, actor)
    audit.record(session, actor, "staff.added", account)
    return account, code


def edit(session: Session, actor: Actor, account: Account, person: Person, extra: Iterable[str]) -> None:
    """Change who somebody is and what they may do; a change of either ends their sign-ins."""
    _check_role(actor, person.role)
    if account.id == actor.id and person.role is not actor.role:
        raise Conflict(_("You cannot change your own role."))
    extras = _grantable(actor, extra) - OF_ROLE[person.role]
    changed = account.role != person.role.value or set(account.extra_permissions) != extras
    if account.role_ is Role.ADMIN and person.role is not Role.ADMIN:
        _check_not_last_admin(session, account)
    account.role, account.extra_permissions = person.role.value, sorted(extras)
    accounts.describe(session, account, person)
    accounts.flush_unique(session)
    if changed and account.id != actor.id:
        sessions.end_all(session, account.id)
    audit.record(session, actor, "staff.edited", account, extra=sorted(extras))


def set_active(session: Session, actor: Actor, account: Account, active: bool) -> None:
    """Disable somebody, which ends all their sign-ins at once, or let them in again."""
    if account.id == actor.id:
        raise Conflict(_("You cannot disable your own account."))
    if not active:
        _check_not_last_admin(session, account)
        sessions.end_all(session, account.id)
    account.active, account.disabled_at = active, None if active else now()
    audit.record(session, actor, "account.enabled" if active else "account.disabled", account)


def reset_access(session: Session, actor: Actor, account: Account) -> str:
    """Take away password, second factor and sign-ins; the one-time code to hand over."""
    account.totp_secret = None
    account.password_hash = None
    sessions.end_all(session, account.id)
    code = accounts.issue_code(session, account, actor)
    audit.record(session, actor, "account.access-reset", account)
    return code


def _check_role(actor: Actor, role: Role) -> None:
    if role not in STAFF:
        raise Invalid(_("Choose a role of staff."))
    _check_reach(actor, OF_ROLE[role])


def _check_reach(actor: Actor, permissions: frozenset[Permission]) -> None:
    if not permissions <= actor.permissions:
        raise Forbidden(_("This account has permissions that you lack."))


def _grantable(actor: Actor, names: Iterable[str]) -> set[str]:
    wanted = {Permission(name) for name in names if name in set(GRANTABLE)}
    _check_reach(actor, frozenset(wanted))
    return {permission.value for permission in wanted}


def _check_not_last_admin(session: Session, account: Account) -> None:
    if account.role_ is not Role.ADMIN:
        return
    admins = select(Account.id).where(Account.role == Role.ADMIN.value, Account.active.is_(True)).order_by(Account.id)
    # Locked: two admins who take each other's access at once would both be the other's "other admin".
    if set(session.scalars(admins.with_for_update())) <= {account.id}:
        raise Conflict(_("This is the last admin."))
