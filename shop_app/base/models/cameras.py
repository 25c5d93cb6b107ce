"""Cameras that an admin added, the zones drawn on their pictures, and what each camera last said of itself."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop_app.base.db import Base, Id, exact
from shop_app.base.models.catalogue import Product


class Camera(Base):
    """A camera. `address` never holds credentials; those are encrypted with a key kept outside the database."""

    __tablename__ = "cameras"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(exact(40), unique=True)  # a-z 0-9 -: the name in events, never changed
    title: Mapped[str] = mapped_column(String(80))  # what people call it
    kind: Mapped[str] = mapped_column(String(10), default="network")  # network, or sample (a clip of the demo)
    address: Mapped[str] = mapped_column(String(300))
    credentials: Mapped[str | None] = mapped_column(String(500))  # Fernet token of "user:password"
    night_from: Mapped[str | None] = mapped_column(String(5))  # HH:MM in the shop's zone; null = by the picture
    night_to: Mapped[str | None] = mapped_column(String(5))
    emotion: Mapped[bool] = mapped_column(default=False)  # expressions are read only where the shop asks for it
    enabled: Mapped[bool] = mapped_column(default=True)
    width: Mapped[int | None]  # of its last picture here; of the two, only the proportion matters
    height: Mapped[int | None]
    keep_days: Mapped[int] = mapped_column(default=30)  # clips older than this are deleted, pinned ones kept
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]

    zones: Mapped[list[Zone]] = relationship(back_populates="camera", order_by="Zone.name")


class Zone(Base):
    """A polygon on a camera's picture; points are shares of its width and height, 0..1."""

    __tablename__ = "zones"
    __table_args__ = (
        UniqueConstraint("camera_id", "name"),
        CheckConstraint("kind IN ('product','shelf','service','staff')", name="kind"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    camera_id: Mapped[int] = mapped_column(ForeignKey("cameras.id"))
    name: Mapped[str] = mapped_column(exact(60))
    kind: Mapped[str] = mapped_column(String(10))
    points: Mapped[list[Any]] = mapped_column(JSON)
    product_id: Mapped[int | None] = mapped_column(ForeignKey("products.id"), index=True)
    shelf: Mapped[str | None] = mapped_column(String(60))

    camera: Mapped[Camera] = relationship(back_populates="zones")
    product: Mapped[Product | None] = relationship()


class ZoneWatcher(Base):
    """A member of sales staff who gets the notes of a zone; with no row at all, everybody in sales does."""

    __tablename__ = "zone_watchers"

    zone_id: Mapped[int] = mapped_column(ForeignKey("zones.id", ondelete="CASCADE"), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), primary_key=True, index=True)


class CameraState(Base):
    """What a camera last said of itself; kept by its name, because a camera may stand in a config file instead."""

    __tablename__ = "camera_states"

    camera: Mapped[str] = mapped_column(exact(40), primary_key=True)
    state: Mapped[str] = mapped_column(String(20), default="unknown")
    reason: Mapped[str] = mapped_column(String(200), default="")
    mode: Mapped[str | None] = mapped_column(String(10))
    state_at: Mapped[datetime | None]
    heard_at: Mapped[datetime]  # when anything last came from it
    picture_id: Mapped[int | None] = mapped_column(Id)  # EventFile of a recent picture
    silent_alert_id: Mapped[int | None] = mapped_column(Id)
