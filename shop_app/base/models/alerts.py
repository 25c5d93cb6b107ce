"""What security acts on: alerts, who took them, snoozes, and whether the shop is armed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop_app.base.db import Base, Id, exact
from shop_app.base.models.accounts import Account
from shop_app.base.models.events import EventFile


class Alert(Base):
    """One incident, or a camera gone silent. Taken by one person, seen by all."""

    __tablename__ = "alerts"
    __table_args__ = (
        CheckConstraint("state IN ('new','taken','false-alarm')", name="state"),
        Index("ix_alerts_state_started_at", "state", "started_at"),
        Index("ix_alerts_camera_started_at", "camera", "started_at"),
        Index("ix_alerts_severity_started_at", "severity", "started_at"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    incident: Mapped[str] = mapped_column(exact(64), unique=True)
    camera: Mapped[str] = mapped_column(exact(40))
    token_id: Mapped[int | None] = mapped_column(
        ForeignKey("service_tokens.id")
    )  # of the camera system that told of it
    zone: Mapped[str | None] = mapped_column(String(60))
    change: Mapped[str] = mapped_column("change_", String(20))  # motion, left, gone, tampering, light, silent
    cause: Mapped[str | None] = mapped_column(String(10))  # of tampering: covered, blinded, blurred, moved
    who: Mapped[str | None] = mapped_column(String(10))  # person, animal, vehicle, thing; None: nobody knows
    severity: Mapped[str] = mapped_column(String(10))  # info, warning, alert
    started_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]
    received_at: Mapped[datetime]
    peak_area: Mapped[float | None]
    boxes: Mapped[list[Any]] = mapped_column(JSON, default=list)
    state: Mapped[str] = mapped_column(String(15), default="new")
    quiet: Mapped[bool] = mapped_column(default=False)  # arrived while the camera was snoozed or the shop disarmed
    taken_by_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    taken_at: Mapped[datetime | None]
    note: Mapped[str] = mapped_column(String(300), default="")
    escalated_at: Mapped[datetime | None]
    pinned_by_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    pinned_reason: Mapped[str | None] = mapped_column(String(200))
    snapshot_id: Mapped[int | None] = mapped_column(ForeignKey("event_files.id"))
    thumbnail_id: Mapped[int | None] = mapped_column(ForeignKey("event_files.id"))
    clip_id: Mapped[int | None] = mapped_column(ForeignKey("event_files.id"))
    clip_started_at: Mapped[datetime | None]
    clip_problem: Mapped[str | None] = mapped_column(String(200))  # a word for a known one, or what the recorder says

    taken_by: Mapped[Account | None] = relationship(foreign_keys=[taken_by_id])
    snapshot: Mapped[EventFile | None] = relationship(foreign_keys=[snapshot_id])
    clip: Mapped[EventFile | None] = relationship(foreign_keys=[clip_id])


class AlertChange(Base):
    """The feed of live pages: one row per change of an alert; its id is the `Last-Event-ID`."""

    __tablename__ = "alert_changes"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    alert_id: Mapped[int | None] = mapped_column(ForeignKey("alerts.id"), index=True)
    what: Mapped[str] = mapped_column(String(20))  # new, updated, closed, clip, taken, false-alarm, escalated, armed
    at: Mapped[datetime] = mapped_column(index=True)


class AlertReview(Base):
    """That one person has looked at an alert: each keeps their own list."""

    __tablename__ = "alert_reviews"

    alert_id: Mapped[int] = mapped_column(ForeignKey("alerts.id"), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), primary_key=True, index=True)
    at: Mapped[datetime]


class Snooze(Base):
    """A camera whose alerts make no sound until a moment."""

    __tablename__ = "snoozes"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    camera: Mapped[str] = mapped_column(exact(40), index=True)
    until: Mapped[datetime]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    at: Mapped[datetime]


class ArmChange(Base):
    """Who armed or disarmed the shop; the last row holds."""

    __tablename__ = "arm_changes"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    armed: Mapped[bool]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    at: Mapped[datetime]
    until: Mapped[datetime | None]

    account: Mapped[Account | None] = relationship()
