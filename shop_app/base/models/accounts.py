"""People and machines that may come in: accounts, their sign-ins, one-time codes, and the record of wrong tries."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ColumnElement, ForeignKey, Index, String, func, or_
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from shop_app.base.db import Base, Id, exact
from shop_app.base.permissions import Role
from shop_app.base.phones import SEARCHED, TYPED_NUMBER, searched
from shop_app.base.search import found_in


class Account(Base):
    """A member of staff or a customer. Rows stay, since others refer to them: staff is disabled, a customer erased.

    Of an erased one nothing is left but the row: no name, no password, and `erased:<id>` where the e-mail address was.
    """

    __tablename__ = "accounts"
    __table_args__ = (
        CheckConstraint("role IN ('admin','billing','sales','security','customer')", name="role"),
        CheckConstraint("email_norm IS NOT NULL OR phone_norm IS NOT NULL", name="reachable"),
        Index("ix_accounts_role_active_search", "role", "active", "search"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    role: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(120))
    search: Mapped[str] = mapped_column(
        exact(SEARCHED)
    )  # name, telephone and e-mail, folded: to be found and sorted by
    email: Mapped[str | None] = mapped_column(String(254))
    email_norm: Mapped[str | None] = mapped_column(exact(254), unique=True)  # NFKC, casefolded, stripped
    phone: Mapped[str | None] = mapped_column(String(30))
    phone_norm: Mapped[str | None] = mapped_column(
        exact(20), unique=True
    )  # E.164; digits where the country is not known
    password_hash: Mapped[str | None] = mapped_column(String(200))  # null until the one-time code is used
    active: Mapped[bool] = mapped_column(default=True)
    extra_permissions: Mapped[list[str]] = mapped_column(JSON, default=list)
    locale: Mapped[str | None] = mapped_column(String(10))
    totp_secret: Mapped[str | None] = mapped_column(String(255))  # encrypted with the vault key
    totp_last_step: Mapped[int] = mapped_column(Id, default=0)  # a code is taken once
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]
    erased_at: Mapped[datetime | None] = mapped_column(index=True)

    @classmethod
    def is_found(cls) -> ColumnElement[bool]:
        """That name, telephone or e-mail contains what is typed."""
        return or_(found_in(cls.search), func.instr(cls.search, TYPED_NUMBER) > 0)

    @validates("name", "phone", "phone_norm", "email")
    def _keep_search(self, changed: str, value: str | None) -> str | None:
        words = {name: getattr(self, name) for name in ("name", "email", "phone", "phone_norm")} | {changed: value}
        self.search = searched(*words.values())
        return value

    @property
    def role_(self) -> Role:
        """The role as an enumeration."""
        return Role(self.role)


class LoginSession(Base):
    """One sign-in of one browser or device. Only the SHA-256 of its token is stored."""

    __tablename__ = "login_sessions"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    token_hash: Mapped[str] = mapped_column(exact(64), unique=True)
    kind: Mapped[str] = mapped_column(String(10))  # browser or device
    label: Mapped[str] = mapped_column(String(200))  # what it calls itself: browser or name of the phone
    address: Mapped[str] = mapped_column(String(45))
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    idle_seconds: Mapped[int]
    confirmed_at: Mapped[datetime]  # when the password was last given: asked again before dangerous things
    ended_at: Mapped[datetime | None]

    account: Mapped[Account] = relationship()


class OneTimeCode(Base):
    """A code that sets a password once: for a new account, a reset, or the first admin."""

    __tablename__ = "one_time_codes"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"), index=True)  # null: the first admin's
    code_hash: Mapped[str] = mapped_column(exact(64), unique=True)
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class LoginAttempt(Base):
    """A wrong try, by account and by address; counted by the throttle, in every process and after a restart."""

    __tablename__ = "login_attempts"
    __table_args__ = (Index("ix_login_attempts_key_at", "key", "at"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    key: Mapped[str] = mapped_column(exact(80))  # SHA-256 of the account's name, or the address
    at: Mapped[datetime] = mapped_column(index=True)


class ServiceToken(Base):
    """The token of one installation of vidframe, which reports events and fetches its cameras."""

    __tablename__ = "service_tokens"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    token_hash: Mapped[str] = mapped_column(exact(64), unique=True)
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    facts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
