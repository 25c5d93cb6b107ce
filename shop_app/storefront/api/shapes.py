"""What the API takes and gives, as pydantic models; the OpenAPI document is made from them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from shop_app.web.bodies import Body, Minor


def _one_of(*words: str) -> Any:
    return Field(json_schema_extra={"enum": list(words)})


Short = Annotated[str, Field(min_length=1, max_length=160)]
Long = Annotated[str, Field(min_length=1, max_length=5000)]


class SignIn(Body):
    """Name and password; `code` is the second factor, where the account has one."""

    name: Annotated[str, Field(max_length=254, description="E-mail or telephone.")]
    password: Annotated[str, Field(max_length=200)]
    device: Annotated[str, Field(min_length=1, max_length=80, description="What the owner calls this phone.")]
    code: Annotated[str | None, Field(max_length=10)] = None


class Registration(Body):
    """A new customer; e-mail or telephone is needed."""

    name: Annotated[str, Field(min_length=1, max_length=120)]
    email: Annotated[str, Field(max_length=254)] = ""
    phone: Annotated[str, Field(max_length=30)] = ""
    password: Annotated[str, Field(max_length=200)]
    device: Annotated[str, Field(min_length=1, max_length=80)]


class Token(BaseModel):
    """The token of one device; sent as `Authorization: Bearer <token>` and stored nowhere else."""

    token: str
    expires_at: datetime


class Me(BaseModel):
    """Who is signed in."""

    id: int
    name: str
    email: str | None
    phone: str | None
    unread: int
    wallet_minor: Minor
    currency: str


class Device(BaseModel):
    """A phone or browser that is signed in."""

    id: int
    label: str
    kind: Annotated[str, _one_of("device", "browser")]
    last_seen_at: datetime
    this_one: bool


class Product(BaseModel):
    """Something on sale."""

    id: int
    sku: str
    barcode: str | None
    name: str
    description: str
    category: str
    by_weight: bool = Field(description="Prices are those of a kilogram.")
    price_minor: Minor
    offer_price_minor: Minor | None = Field(
        description="What one piece or kilogram costs today, where an offer lowers it."
    )
    offer: str | None = Field(description="The offer in words, in the language of the request.")
    in_stock: bool
    picture: str | None = Field(description="Path of its picture (image/webp); needs the token too.")


class Offer(BaseModel):
    """An offer that holds now."""

    id: int
    name: str
    text: str
    starts_at: datetime
    ends_at: datetime
    product_ids: list[int] = Field(description="Empty where it holds for everything.")


class Rating(BaseModel):
    """Stars given to one line of a bill."""

    stars: int
    comment: str


class Line(BaseModel):
    """One line of a bill."""

    id: int
    product_id: int
    name: str
    by_weight: bool = Field(description="Quantities are in grams, and the unit price is that of a kilogram.")
    quantity: int
    unit_price_minor: Minor
    discount_minor: Minor
    tax_minor: Minor
    total_minor: Minor
    refunded_quantity: int
    offer: str | None
    rating: Rating | None


class Bill(BaseModel):
    """A bill; `lines` only where one bill was asked for."""

    id: int
    number: int
    created_at: datetime
    net_minor: Minor
    tax_minor: Minor
    discount_minor: Minor
    total_minor: Minor
    refunded_minor: Minor
    lines: list[Line] | None = None


class Entry(BaseModel):
    """An entry of the wallet, and the balance after it."""

    id: int
    at: datetime
    kind: Annotated[str, _one_of("top-up", "pay-out", "payment", "refund", "correction")]
    amount_minor: Minor
    balance_minor: Minor
    bill_number: int | None


class Message(BaseModel):
    """A message of a complaint's thread."""

    id: int
    mine: bool
    body: str
    at: datetime


class Complaint(BaseModel):
    """A complaint; `messages` only where one was asked for."""

    id: int
    subject: str
    state: Annotated[str, _one_of("open", "answered", "closed")]
    updated_at: datetime
    messages: list[Message] | None = None


class Notification(BaseModel):
    """A note to the customer."""

    id: int
    title: str
    body: str
    at: datetime
    read: bool


class Password(Body):
    """The password once more, before what cannot be undone."""

    password: Annotated[str, Field(max_length=200)]


class NewRating(Body):
    """Stars for something bought."""

    stars: Annotated[int, Field(ge=1, le=5)]
    comment: Annotated[str, Field(max_length=2000)] = ""


class NewComplaint(Body):
    """A complaint, about one of one's own bills if it has a number."""

    subject: Short
    body: Long
    bill_number: int | None = None


class NewMessage(Body):
    """The next message of a thread."""

    body: Long


class NewFeedback(Body):
    """A word to the admin."""

    topic: Literal["products", "service", "shop", "app", "other"] = "other"
    body: Long


class Problem(BaseModel):
    """What was not done, and why (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str = Field(description="For people, in the language of the request.")
    reference: str = Field(description="Stands in the shop's log too.")
    errors: dict[str, str] | None = Field(
        None, description="What is wrong with which field; `code: needed` asks for the second factor."
    )
    code: str | None = Field(None, description="A word for programs, where there are several reasons for one status.")


class Page(BaseModel):
    """Where a list stands: 50 rows a page, `?page=2` and so on. A page after the last one is the last one."""

    page: int = Field(description="Of these rows, from 1.")
    pages: int = Field(description="The last page; whoever has read it has read all.")
    total: int
