"""Who did what: rows that are only ever added, each sealed with a hash over itself and the one before."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from shop_app.base.db import Base, Id, exact


class AuditEntry(Base):
    """One thing that somebody did."""

    __tablename__ = "audit_entries"

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)  # without gaps, part of the hash
    at: Mapped[datetime] = mapped_column(index=True)
    actor_id: Mapped[int | None] = mapped_column(Id, index=True)
    actor: Mapped[str] = mapped_column(String(160))
    action: Mapped[str] = mapped_column(String(60), index=True)
    subject: Mapped[str] = mapped_column(String(120), default="")
    details: Mapped[str] = mapped_column(Text, default="")  # JSON, keys sorted; never a secret
    address: Mapped[str] = mapped_column(String(45), default="")
    previous_hash: Mapped[str] = mapped_column(exact(64))
    hash: Mapped[str] = mapped_column(exact(64))


class AuditHead(Base):
    """The end of the chain; one row, locked by whoever adds to it."""

    __tablename__ = "audit_head"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last_id: Mapped[int] = mapped_column(Id)
    hash: Mapped[str] = mapped_column(exact(64))
