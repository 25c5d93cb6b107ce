"""The copy of what the shop keeps of one customer, as pydantic models: the file of the page, and an answer of the API."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from shop_app.web.bodies import Minor


class KeptAccount(BaseModel):
    """The account itself. Of the password only a hash is kept, which is not part of this copy."""

    id: int
    name: str
    email: str | None
    phone: str | None
    language: str | None
    active: bool
    made_at: datetime


class KeptLine(BaseModel):
    """One line of a bill, as it was sold."""

    id: int
    sku: str
    name: str
    by_weight: bool = Field(description="Quantities are in grams, and the unit price is that of a kilogram.")
    quantity: int
    unit_price_minor: Minor
    discount_minor: Minor
    offer: str | None
    tax_name: str
    tax_basis_points: int = Field(description="1900 is 19 %.")
    net_minor: Minor
    tax_minor: Minor
    total_minor: Minor
    refunded_quantity: int


class KeptPayment(BaseModel):
    """Part of a bill paid by one method."""

    method: str
    amount_minor: Minor
    tendered_minor: Minor | None
    change_minor: Minor


class KeptRefund(BaseModel):
    """Money given back for a bill."""

    number: int
    at: datetime
    reason: str
    given_back_minor: dict[str, Minor]  # by method
    net_minor: Minor
    tax_minor: Minor
    total_minor: Minor


class KeptBill(BaseModel):
    """A bill, how it was paid, and what was given back."""

    number: int
    made_at: datetime
    net_minor: Minor
    tax_minor: Minor
    discount_minor: Minor
    total_minor: Minor
    refunded_minor: Minor
    lines: list[KeptLine]
    payments: list[KeptPayment]
    refunds: list[KeptRefund]


class KeptEntry(BaseModel):
    """An entry of the wallet, and the balance after it."""

    at: datetime
    kind: str
    amount_minor: Minor
    balance_minor: Minor
    bill_number: int | None


class KeptMessage(BaseModel):
    """A message of a complaint's thread, from the customer or from the shop."""

    mine: bool
    body: str
    at: datetime


class KeptComplaint(BaseModel):
    """A complaint with everything that was written to it."""

    id: int
    subject: str
    state: str
    bill_number: int | None
    made_at: datetime
    updated_at: datetime
    messages: list[KeptMessage]


class KeptFeedback(BaseModel):
    """A word to the admin."""

    topic: str
    body: str
    at: datetime
    handled_at: datetime | None


class KeptRating(BaseModel):
    """Stars for something that was bought."""

    product: str
    stars: int
    comment: str
    at: datetime


class KeptNotification(BaseModel):
    """A note to the customer, or to all customers."""

    title: str
    body: str
    at: datetime
    read_at: datetime | None


class KeptSignIn(BaseModel):
    """A sign-in of a browser or a phone."""

    kind: str
    label: str
    address: str
    made_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    ended_at: datetime | None


class KeptCode(BaseModel):
    """That a one-time code was made; of the code itself only a hash is kept."""

    made_at: datetime
    expires_at: datetime
    used_at: datetime | None


class KeptCart(BaseModel):
    """A cart at a till that is under this customer's name, and not paid yet."""

    begun_at: datetime
    label: str = Field(description="What the cashier called it.")


class KeptAction(BaseModel):
    """An entry of the shop's audit log: what the customer did, or what was done to the account."""

    at: datetime
    action: str
    mine: bool
    address: str


class PersonalData(BaseModel):
    """Everything that a shop keeps of one customer. Times are UTC, money is in the minor unit of `currency`."""

    shop: str
    made_at: datetime
    currency: str
    account: KeptAccount
    wallet_minor: Minor
    wallet: list[KeptEntry]
    bills: list[KeptBill]
    complaints: list[KeptComplaint]
    feedback: list[KeptFeedback]
    ratings: list[KeptRating]
    notifications: list[KeptNotification]
    sign_ins: list[KeptSignIn]
    one_time_codes: list[KeptCode]
    carts: list[KeptCart]
    log: list[KeptAction]
