"""What customers looked at, as sums per hour and zone. No row tells of a person."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Float, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shop_app.base.db import Base, Id, exact


class InterestHour(Base):
    """One hour of one zone by one measure: how many passed, stopped, looked, reached and took, and how they looked.

    Most people in a shop's view show no face, so what bodies and what faces gave are figures of two kinds: never add them.
    """

    __tablename__ = "interest_hours"
    __table_args__ = (
        UniqueConstraint("hour", "camera", "zone", "seen_by"),
        Index("ix_interest_hours_product_id_hour", "product_id", "hour"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    hour: Mapped[datetime]  # its beginning on the shop's clock, in UTC
    # When the first was counted, to five minutes: nothing bought before was looked at here. None: from its beginning.
    watched_from: Mapped[datetime | None]
    camera: Mapped[str] = mapped_column(exact(40))
    zone: Mapped[str] = mapped_column(exact(60))
    seen_by: Mapped[str] = mapped_column(exact(4), default="face", server_default="face")  # or "body"
    product_id: Mapped[int | None] = mapped_column(ForeignKey("products.id"))
    shelf: Mapped[str | None] = mapped_column(String(60))
    passed: Mapped[int] = mapped_column(default=0)
    stopped: Mapped[int] = mapped_column(default=0)
    looked: Mapped[int] = mapped_column(default=0)
    reached: Mapped[int] = mapped_column(default=0, server_default="0")
    judged: Mapped[int] = mapped_column(default=0, server_default="0")  # visits: known whether goods were taken
    taken: Mapped[int] = mapped_column(default=0, server_default="0")  # of those, with goods taken
    expressed: Mapped[int] = mapped_column(default=0)  # visits with an expression
    pleased: Mapped[int] = mapped_column(default=0)  # of those, with a positive one
    stopped_seconds: Mapped[float] = mapped_column(Float(53), default=0.0)
    looked_seconds: Mapped[float] = mapped_column(Float(53), default=0.0)
    turned_seconds: Mapped[float] = mapped_column(Float(53), default=0.0, server_default="0")  # bodies; never looks
    valence_seconds: Mapped[float] = mapped_column(Float(53), default=0.0)  # sum of valence x seconds
    expression_seconds: Mapped[float] = mapped_column(Float(53), default=0.0)


class MoodHour(Base):
    """One hour at one service counter."""

    __tablename__ = "mood_hours"
    __table_args__ = (UniqueConstraint("hour", "camera", "zone"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    hour: Mapped[datetime]
    camera: Mapped[str] = mapped_column(exact(40))
    zone: Mapped[str] = mapped_column(exact(60))
    people: Mapped[int] = mapped_column(default=0)
    minutes: Mapped[int] = mapped_column(default=0)
    seconds: Mapped[float] = mapped_column(Float(53), default=0.0)
    valence_seconds: Mapped[float] = mapped_column(Float(53), default=0.0)
    probability_seconds: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # per expression


class VisitSeen(Base):
    """Which steps of the funnel a long visit was already counted for; random ids, deleted within a day.

    A visit that began by the face and goes on by the body has a row for each: either measure counts it for itself.
    """

    __tablename__ = "visits_seen"
    __table_args__ = (UniqueConstraint("visit", "camera", "zone", "seen_by"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    visit: Mapped[str] = mapped_column(exact(64))
    camera: Mapped[str] = mapped_column(exact(40))
    zone: Mapped[str] = mapped_column(exact(60))
    seen_by: Mapped[str] = mapped_column(exact(4), default="face", server_default="face")
    stopped_seconds: Mapped[float] = mapped_column(Float(53), default=0.0)
    looked_seconds: Mapped[float] = mapped_column(Float(53), default=0.0)
    stopped: Mapped[bool] = mapped_column(default=False)
    looked: Mapped[bool] = mapped_column(default=False)
    reached: Mapped[bool] = mapped_column(default=False, server_default="0")
    expressed: Mapped[bool] = mapped_column(default=False)
    pleased: Mapped[bool] = mapped_column(default=False)
    at: Mapped[datetime] = mapped_column(index=True)


class InterestNote(Base):
    """A note to sales: "6 customers looked at X for 40 s in the last hour, none bought"."""

    __tablename__ = "interest_notes"
    __table_args__ = (UniqueConstraint("hour", "camera", "zone"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    hour: Mapped[datetime] = mapped_column(index=True)
    camera: Mapped[str] = mapped_column(exact(40))
    zone: Mapped[str] = mapped_column(exact(60))
    product_id: Mapped[int | None] = mapped_column(ForeignKey("products.id"), index=True)
    looked: Mapped[int]
    looked_seconds: Mapped[float] = mapped_column(Float(53))
    bought: Mapped[int]
    created_at: Mapped[datetime]
