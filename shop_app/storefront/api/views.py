"""The routes of the API; each calls the service that the page of the same name calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flask import Response, current_app, jsonify, request, url_for
from pydantic import BaseModel

from shop_app.accounts import service as accounts
from shop_app.accounts import sessions, totp
from shop_app.accounts.passwords import check_new, passwords
from shop_app.accounts.service import Person
from shop_app.accounts.throttle import attempt
from shop_app.base import models
from shop_app.base.db import now
from shop_app.base.errors import Invalid
from shop_app.base.permissions import Permission as P
from shop_app.base.permissions import Role
from shop_app.base.text import _
from shop_app.catalogue.offers.wording import offer_words
from shop_app.catalogue.ratings import service as ratings
from shop_app.notify.complaints import service as complaints
from shop_app.notify.feedback import service as feedback
from shop_app.notify.kinds import Text, text_of
from shop_app.notify.notifications import service as inbox
from shop_app.notify.words import readers_words
from shop_app.people.privacy import copying, farewell
from shop_app.people.privacy.shapes import PersonalData
from shop_app.storefront import service as customers
from shop_app.storefront.api import shapes
from shop_app.storefront.api.openapi import describe, documented
from shop_app.web import idempotency, pictures
from shop_app.web.area import Area, actor, profile, session, shop, unit
from shop_app.web.bodies import read_body
from shop_app.web.listing import Listing, asked, paginate

LONGEST_KEY = 64
area = Area("api", __name__, bearer=True, url_prefix="/api/v1")


@area.get("/openapi.json", may=P.PUBLIC)
def openapi() -> Response:
    """The description of this API."""
    return jsonify(describe(current_app, "api", profile().name))


@area.post("/sign-in", may=P.PUBLIC)
@documented("Sign a device in", body=shapes.SignIn, answer=shapes.Token, status=201)
def sign_in() -> tuple[Response, int]:
    """A token for one device of a customer."""
    body = read_body(shapes.SignIn)
    account = accounts.check_password(shop().database, passwords(), body.name, body.password, sessions.address())
    if account.role_ is not Role.CUSTOMER:
        raise Invalid(_("This API is for customers. Staff use the pages."))
    if account.totp_secret:
        _check_second_factor(account.id, body.code or "")
    return _new_device(account, body.device)


@area.post("/register", may=P.PUBLIC)
@documented("Make an account, and sign the device in", body=shapes.Registration, answer=shapes.Token, status=201)
def register() -> tuple[Response, int]:
    """A new customer."""
    body = read_body(shapes.Registration)
    check_new(body.password, body.name, body.email, body.phone)
    with attempt(shop().database, None, sessions.address()):
        hashed = passwords().hash(body.password)
        person = Person(Role.CUSTOMER, body.name, body.email, body.phone)
        account = customers.register(session(), person, hashed, is_open=profile().registration_open)
    return _new_device(account, body.device)


@area.post("/sign-out", may=P.CUSTOMER)
@documented("Sign this device out", status=204)
def sign_out() -> tuple[str, int]:
    """End the token of this device."""
    accounts.end_session(session(), actor(), actor().login_id or 0)
    return "", 204


@area.get("/devices", may=P.CUSTOMER)
@documented("Active sessions", answer=shapes.Device, listed=True)
def devices() -> Response:
    """The customer's sign-ins."""
    found = accounts.my_sessions(session(), actor())
    here = actor().login_id
    rows = [
        shapes.Device(id=d.id, label=d.label, kind=d.kind, last_seen_at=d.last_seen_at, this_one=d.id == here)
        for d in found
    ]
    return _rows(rows, 1, 1, len(rows))


@area.delete("/devices/<int:login_id>", may=P.CUSTOMER)
@documented("Sign another device out", status=204)
def end_device(login_id: int) -> tuple[str, int]:
    """End one of the customer's own sign-ins."""
    accounts.end_session(session(), actor(), login_id)
    return "", 204


@area.get("/me", may=P.CUSTOMER)
@documented("Who I am", answer=shapes.Me)
def me() -> Response:
    """The customer, with wallet and unread notes."""
    account = session().get_one(models.Account, actor().account_id)
    return _one(
        shapes.Me(
            id=account.id, name=account.name, email=account.email, phone=account.phone,
            unread=inbox.unread_count(session(), actor()), wallet_minor=customers.wallet_balance(session(), actor()),
            currency=profile().currency,
        )
    )  # fmt: skip


@area.post("/me/copy", may=P.CUSTOMER)
@documented("A copy of everything that the shop keeps of me", body=shapes.Password, answer=PersonalData)
def copy_of_me() -> Response:
    """The same file as that of the page; a POST, since the shop notes that it was made."""
    _check_password(_("The password is wrong."))
    account = session().get_one(models.Account, actor().account_id)
    return _one(copying.copy(session(), actor(), account, profile()))


@area.post("/me/delete", may=P.CUSTOMER)
@documented(
    "Delete my account: all its tokens end; refused while the wallet holds money", body=shapes.Password, status=204
)
def delete_me() -> tuple[str, int]:
    """The end of the customer's account; the password is asked for again."""
    _check_password(_("The password is wrong."))
    farewell.erase(actor().account_id)
    return "", 204


def _check_password(refusal: str) -> None:
    """The password in the body is that of the actor; wrong tries are counted."""
    body = read_body(shapes.Password)
    with attempt(shop().database, f"password:{actor().id}", sessions.address(), at_home=True) as this:
        with shop().database.reading() as reading:
            known = reading.get_one(models.Account, actor().account_id).password_hash
        if not passwords().matches(known, body.password):
            raise Invalid(refusal, errors={"password": _("The password is wrong.")})
        this.succeeded()


@area.get("/products", may=P.CUSTOMER)
@documented("What is on sale", answer=shapes.Product, listed=True, query=("q", "category", "sort", "page"))
def products() -> Response:
    """Products on sale."""
    typed = asked("q")
    query = customers.products(asked("category"), searched=bool(typed))
    found = paginate(session(), query, customers.PRODUCT_SORTS, default="name", key=models.Product.id, typed=typed)
    cuts = _cuts(found.rows)
    return _listing(found, lambda one: _product(one, cuts))


@area.get("/products/<int:product_id>", may=P.CUSTOMER)
@documented("One product", answer=shapes.Product)
def product(product_id: int) -> Response:
    """One product on sale."""
    found = customers.product(session(), product_id)
    return _one(_product(found, _cuts([found])))


@area.get("/products/<int:product_id>/picture", may=P.CUSTOMER)
@documented("The picture of a product", media_type="image/webp")
def picture(product_id: int) -> Response:
    """The picture of a product on sale."""
    return pictures.send(shop().settings.media / "products", customers.product(session(), product_id).picture)


@area.get("/offers", may=P.CUSTOMER)
@documented("The offers that hold now", answer=shapes.Offer, listed=True)
def offers() -> Response:
    """Live offers."""
    rows = [
        shapes.Offer(
            id=o.id, name=o.name, text=offer_words(o), starts_at=o.starts_at, ends_at=o.ends_at,
            product_ids=[p.id for p in o.products],
        )
        for o in customers.live_offers(session())
    ]  # fmt: skip
    return _rows(rows, 1, 1, len(rows))


@area.get("/bills", may=P.CUSTOMER)
@documented("My bills, the newest first", answer=shapes.Bill, listed=True, query=("page",))
def bills() -> Response:
    """The customer's own bills."""
    found = paginate(session(), customers.bills(actor()), {"when": [models.Bill.id]}, default="-when")
    return _listing(found, _bill)


@area.get("/bills/<int:bill_id>", may=P.CUSTOMER)
@documented("One of my bills", answer=shapes.Bill)
def bill(bill_id: int) -> Response:
    """One of the customer's own bills, with its lines."""
    found = customers.bill(session(), actor(), bill_id)
    given = customers.ratings_of(session(), actor(), found)
    answer = _bill(found)
    answer.lines = [_line(line, given.get(line.id)) for line in found.lines]
    return _one(answer)


@area.post("/lines/<int:line_id>/rating", may=P.CUSTOMER)
@documented("Rate something I bought, once", body=shapes.NewRating, answer=shapes.Rating, status=201)
def rate(line_id: int) -> tuple[Response, int]:
    """Stars for a line of one's own bill."""
    body = read_body(shapes.NewRating)
    given = ratings.rate(session(), actor(), line_id, body.stars, body.comment)
    return _one(shapes.Rating(stars=given.stars, comment=given.comment)), 201


@area.get("/wallet", may=P.CUSTOMER)
@documented("My wallet, the newest entry first", answer=shapes.Entry, listed=True, query=("page",))
def wallet() -> Response:
    """The entries of the customer's own wallet."""
    sorts = {"when": [models.LedgerEntry.id]}
    found = paginate(session(), customers.wallet_entries(actor()), sorts, default="-when")
    return _listing(
        found,
        lambda row: shapes.Entry(
            id=row[0].id, at=row[1].at, kind=row[1].kind, amount_minor=row[0].amount_minor,
            balance_minor=row[0].balance_after_minor, bill_number=row[2],
        ),
    )  # fmt: skip


@area.get("/complaints", may=P.CUSTOMER, endpoint="complaints")
@documented("My complaints", answer=shapes.Complaint, listed=True, query=("page",))
def my_complaints() -> Response:
    """The customer's own complaints."""
    sorts = {"updated": [models.Complaint.updated_at, models.Complaint.id]}
    found = paginate(session(), complaints.search(actor()), sorts, default="-updated")
    return _listing(found, _complaint)


@area.post("/complaints", may=P.CUSTOMER)
@documented("Complain", body=shapes.NewComplaint, answer=shapes.Complaint, status=201, once=True)
def complain() -> tuple[Response, int]:
    """A new complaint."""
    body = read_body(shapes.NewComplaint)

    def work() -> dict[str, Any]:
        made = complaints.add(session(), actor(), body.subject, body.body, body.bill_number)
        return _complaint(made).model_dump(mode="json")

    return jsonify(_once(body, work)), 201


@area.get("/complaints/<int:complaint_id>", may=P.CUSTOMER)
@documented("One of my complaints, with its thread", answer=shapes.Complaint)
def complaint(complaint_id: int) -> Response:
    """One thread."""
    found = complaints.get(session(), actor(), complaint_id)
    answer = _complaint(found)
    answer.messages = [
        shapes.Message(id=m.id, mine=m.author_id == actor().id, body=m.body, at=m.at) for m in found.messages
    ]
    return _one(answer)


@area.post("/complaints/<int:complaint_id>/messages", may=P.CUSTOMER)
@documented("Write more to a complaint", body=shapes.NewMessage, status=204, once=True)
def reply(complaint_id: int) -> tuple[str, int]:
    """The next message of a thread."""
    body = read_body(shapes.NewMessage)
    found = complaints.get(session(), actor(), complaint_id)

    def work() -> dict[str, Any]:
        complaints.reply(session(), actor(), found, body.body)
        return {}

    _once(body, work)
    return "", 204


@area.post("/feedback", may=P.CUSTOMER)
@documented("Tell the admin something", body=shapes.NewFeedback, status=204, once=True)
def give_feedback() -> tuple[str, int]:
    """A word to the admin."""
    body = read_body(shapes.NewFeedback)

    def work() -> dict[str, Any]:
        feedback.send(session(), actor(), body.topic, body.body)
        return {}

    _once(body, work)
    return "", 204


@area.get("/notifications", may=P.CUSTOMER)
@documented("My notifications, the newest first", answer=shapes.Notification, listed=True, query=("page",))
def notifications() -> Response:
    """The notes for this customer."""
    sorts = {"when": [models.Notification.id]}
    found = paginate(session(), inbox.inbox(actor()), sorts, default="-when", key=models.Notification.id)
    words = readers_words()
    return _listing(found, lambda row: _notification(row, text_of(row.kind, row.parameters, words)))


def _notification(row: Any, text: Text) -> shapes.Notification:
    return shapes.Notification(id=row.id, title=text.title, body=text.body, at=row.created_at, read=bool(row.read))


@area.post("/notifications/<int:note_id>/read", may=P.CUSTOMER)
@documented("Mark a notification as read", status=204)
def read_notification(note_id: int) -> tuple[str, int]:
    """Mark one note as read."""
    inbox.get_mine(session(), actor(), note_id)
    inbox.mark_read(session(), actor(), note_id)
    return "", 204


def _once(body: BaseModel, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The answer of `work`, done once for all requests with the same Idempotency-Key; without one, each is its own."""
    key = request.headers.get("Idempotency-Key", "")
    if not key:
        return work()
    if len(key) > LONGEST_KEY:
        raise Invalid(_("The Idempotency-Key is longer than %(most)s characters.", most=LONGEST_KEY))
    sent = [request.path, body.model_dump(mode="json")]
    return idempotency.once(session(), actor(), request.endpoint or "", key, sent, work)[0]


def _check_second_factor(account_id: int, code: str) -> None:
    with attempt(shop().database, f"second-factor:{account_id}", sessions.address()) as this:
        if not totp.accept(session(), session().get_one(models.Account, account_id), code):
            raise Invalid(_("Enter the code of your authenticator app."), errors={"code": "needed"})
        unit().finish(keep=True)
        this.succeeded()


def _new_device(account: models.Account, label: str) -> tuple[Response, int]:
    token = sessions.begin(session(), account, kind="device", label=label)
    answer = shapes.Token(token=token, expires_at=now() + sessions.DEVICE)
    return _one(answer), 201


def _cuts(found: Sequence[models.Product]) -> dict[int, customers.Cut]:
    return customers.cuts(found, customers.shelf(session()).deals)


def _product(found: Any, cuts: dict[int, customers.Cut]) -> shapes.Product:
    cut = cuts.get(found.id)
    lower = cut is not None and cut.price_minor < found.price_minor
    return shapes.Product(
        offer_price_minor=cut.price_minor if cut and lower else None, offer=cut.words if cut else None,
        id=found.id, sku=found.sku, barcode=found.barcode, name=found.name, description=found.description,
        category=found.category, price_minor=found.price_minor, by_weight=found.by_weight, in_stock=found.stock > 0,
        picture=url_for("api.picture", product_id=found.id) if found.picture else None,
    )  # fmt: skip


def _bill(found: models.Bill) -> shapes.Bill:
    return shapes.Bill(
        id=found.id, number=found.number, created_at=found.created_at, net_minor=found.net_minor,
        tax_minor=found.tax_minor, discount_minor=found.discount_minor, total_minor=found.total_minor,
        refunded_minor=found.refunded_minor,
    )  # fmt: skip


def _line(line: models.BillLine, rating: models.Rating | None) -> shapes.Line:
    return shapes.Line(
        id=line.id, product_id=line.product_id, name=line.name, by_weight=line.by_weight, quantity=line.quantity,
        unit_price_minor=line.unit_price_minor, discount_minor=line.discount_minor, tax_minor=line.tax_minor,
        total_minor=line.total_minor, refunded_quantity=line.refunded_quantity, offer=line.offer_label,
        rating=shapes.Rating(stars=rating.stars, comment=rating.comment) if rating else None,
    )  # fmt: skip


def _complaint(found: Any) -> shapes.Complaint:
    return shapes.Complaint(id=found.id, subject=found.subject, state=found.state, updated_at=found.updated_at)


def _one(shape: BaseModel) -> Response:
    return jsonify(shape.model_dump(mode="json"))


def _listing(found: Listing[Any], shape: Callable[[Any], BaseModel]) -> Response:
    return _rows([shape(row) for row in found.rows], found.number, found.pages, found.total)


def _rows(rows: list[Any], page: int, pages: int, total: int) -> Response:
    return jsonify(page=page, pages=pages, total=total, rows=[row.model_dump(mode="json") for row in rows])
