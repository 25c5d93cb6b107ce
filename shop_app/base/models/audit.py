"""Who did what: rows that are only ever added, and then sealed with a hash over each and the one before."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from shop_app.base.db import Base, Id, exact


class AuditEntry(Base):
    """One thing that somebody did."""

    __tablename__ = "audit_entries"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - SQLAlchemy reads it so; no number is given twice

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    position: Mapped[int | None] = mapped_column(Id, index=True)  # in the chain; None until sealed
    at: Mapped[datetime] = mapped_column(index=True)
    actor_id: Mapped[int | None] = mapped_column(Id, index=True)
    actor: Mapped[str] = mapped_column(String(160))
    action: Mapped[str] = mapped_column(String(60), index=True)
    subject: Mapped[str] = mapped_column(String(120), default="")
    details: Mapped[str] = mapped_column(Text, default="")  # JSON, keys sorted; never a secret
    address: Mapped[str] = mapped_column(String(45), default="")
    previous_hash: Mapped[str] = mapped_column(exact(64), default="")
    hash: Mapped[str] = mapped_column(exact(64), default="")


class AuditHead(Base):
    """The end of the chain; one row, locked by who seals."""

    __tablename__ = "audit_head"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(Id)
    hash: Mapped[str] = mapped_column(exact(64))
