"""Events as they arrived from the cameras, and the files that follow them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop_app.base.db import Base, Id, exact


class IncomingEvent(Base):
    """An event as it came; its id is taken once. Interest and mood are aggregated on arrival and keep no facts here."""

    __tablename__ = "incoming_events"
    __table_args__ = (Index("ix_incoming_events_camera_time", "camera", "time"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    event_id: Mapped[str] = mapped_column(exact(64), unique=True)
    kind: Mapped[str] = mapped_column(exact(40), index=True)
    camera: Mapped[str] = mapped_column(exact(40))
    time: Mapped[datetime]
    received_at: Mapped[datetime] = mapped_column(index=True)
    reporter: Mapped[str] = mapped_column(String(60))
    facts: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    token_id: Mapped[int | None] = mapped_column(ForeignKey("service_tokens.id"))

    files: Mapped[list[EventFile]] = relationship(back_populates="event")


class EventFile(Base):
    """A snapshot, clip or thumbnail: announced by its event, then sent in pieces, then checked by SHA-256."""

    __tablename__ = "event_files"
    __table_args__ = (UniqueConstraint("event_row_id", "role"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    event_row_id: Mapped[int] = mapped_column(ForeignKey("incoming_events.id"))
    camera: Mapped[str] = mapped_column(exact(40), index=True)
    role: Mapped[str] = mapped_column(String(20))
    media_type: Mapped[str] = mapped_column(String(60))
    bytes: Mapped[int] = mapped_column(Id)
    sha256: Mapped[str] = mapped_column(exact(64))
    received_bytes: Mapped[int] = mapped_column(Id, default=0)
    file_name: Mapped[str | None] = mapped_column(String(80))  # generated, below media/events; null once deleted
    complete_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]

    event: Mapped[IncomingEvent] = relationship(back_populates="files")
