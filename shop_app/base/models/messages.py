"""What customers and staff say: complaints and their replies, feedback, ratings."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop_app.base.db import Base, Id
from shop_app.base.models.accounts import Account
from shop_app.base.models.catalogue import Product


class Complaint(Base):
    """A customer's complaint: open, answered by staff, or closed."""

    __tablename__ = "complaints"
    __table_args__ = (
        CheckConstraint("state IN ('open','answered','closed')", name="state"),
        Index("ix_complaints_state_updated_at", "state", "updated_at"),
        Index("ix_complaints_updated_at", "updated_at"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    bill_id: Mapped[int | None] = mapped_column(ForeignKey("bills.id"))
    subject: Mapped[str] = mapped_column(String(160))
    state: Mapped[str] = mapped_column(String(10), default="open")
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    customer: Mapped[Account] = relationship()
    messages: Mapped[list[ComplaintMessage]] = relationship(order_by="ComplaintMessage.id")


class ComplaintMessage(Base):
    """One message of a complaint's thread."""

    __tablename__ = "complaint_messages"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    complaint_id: Mapped[int] = mapped_column(ForeignKey("complaints.id"), index=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    body: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]

    author: Mapped[Account] = relationship()


class Feedback(Base):
    """A word to the admin from a customer or a member of staff."""

    __tablename__ = "feedback"
    __table_args__ = (
        Index("ix_feedback_handled_at_created_at", "handled_at", "created_at"),
        Index("ix_feedback_created_at", "created_at"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    topic: Mapped[str] = mapped_column(String(30), default="other")
    body: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    handled_at: Mapped[datetime | None]
    handled_by_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))

    author: Mapped[Account] = relationship(foreign_keys=[author_id])
    handled_by: Mapped[Account | None] = relationship(foreign_keys=[handled_by_id])


class Rating(Base):
    """Stars for something that was bought: once per bill line, by who bought it."""

    __tablename__ = "ratings"
    __table_args__ = (
        CheckConstraint("stars BETWEEN 1 AND 5", name="stars"),
        Index("ix_ratings_product_id_created_at", "product_id", "created_at"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    bill_line_id: Mapped[int] = mapped_column(ForeignKey("bill_lines.id"), unique=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"))
    customer_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    stars: Mapped[int]
    comment: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime]

    product: Mapped[Product] = relationship()
    customer: Mapped[Account] = relationship()
