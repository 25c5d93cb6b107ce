"""A shop that looks alive: made-up products, people, two weeks of bills and of interest. For trying the app out."""

from __future__ import annotations

import io
import math
import random
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from PIL import Image, ImageDraw
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from shop_app.accounts import service as accounts
from shop_app.accounts.service import Person
from shop_app.accounts.sessions import actor_of
from shop_app.base import audit, clock
from shop_app.base.db import Database, now
from shop_app.base.errors import Conflict
from shop_app.base.models import (
    Account,
    Bill,
    Camera,
    Complaint,
    ComplaintMessage,
    Feedback,
    InterestHour,
    InterestNote,
    LedgerTransaction,
    MoodHour,
    Offer,
    Product,
    ShopProfile,
    StockMovement,
    TaxClass,
    Zone,
)
from shop_app.base.permissions import Actor, Role
from shop_app.catalogue.offers.pricing import Item, price_cart
from shop_app.catalogue.offers.service import live
from shop_app.catalogue.products.service import Entry, add
from shop_app.catalogue.ratings import service as ratings
from shop_app.notify import kinds
from shop_app.notify.outbox import notify
from shop_app.ops import sample_night
from shop_app.sales.bills.service import Sale, Tender, sell
from shop_app.sales.reports import closings
from shop_app.sales.reports.closings import Count
from shop_app.sales.wallet import ledger
from shop_app.security.cameras.service import still_path

DAYS = 15  # last week to compare with, this week, and today

# name, category, price in minor units, shape and colour of its drawn picture
_PRODUCTS = (
    ("Oat biscuits", "Bakery", 289, "box", "#c98b3a"), ("Rye bread", "Bakery", 349, "loaf", "#8a5a2b"),
    ("Butter croissant", "Bakery", 159, "loaf", "#d9a441"), ("Raspberry jam", "Pantry", 399, "jar", "#b3234a"),
    ("Acacia honey", "Pantry", 649, "jar", "#d99a1c"), ("Olive oil 0.5 l", "Pantry", 899, "bottle", "#7a8b2c"),
    ("Spaghetti 500 g", "Pantry", 189, "box", "#d6b04c"), ("Tomato passata", "Pantry", 169, "bottle", "#c0392b"),
    ("Dark chocolate 70 %", "Sweets", 229, "box", "#4a2c20"), ("Hazelnut spread", "Sweets", 449, "jar", "#6b3f22"),
    ("Fruit gums", "Sweets", 149, "box", "#2f9e62"), ("Espresso beans 1 kg", "Drinks", 1499, "box", "#3b2a20"),
    ("Darjeeling tea", "Drinks", 549, "box", "#3f7d58"), ("Orange juice 1 l", "Drinks", 279, "bottle", "#ef8a17"),
    ("Sparkling water", "Drinks", 99, "bottle", "#3a8fc4"), ("Elderflower lemonade", "Drinks", 249, "bottle", "#9ab84a"),
    ("Mountain cheese", "Fresh", 1990, "loaf", "#e0b94a"), ("Natural yoghurt", "Fresh", 129, "jar", "#6f9bd1"),
    ("Free-range eggs, 10", "Fresh", 379, "box", "#c7a17a"), ("Salted butter", "Fresh", 299, "box", "#e3c565"),
    ("Beeswax candle", "Home", 799, "bottle", "#cf9f35"), ("Olive soap", "Home", 429, "box", "#6d8f5a"),
    ("Cotton tote bag", "Home", 999, "loaf", "#8d8f98"), ("Enamel mug", "Home", 1299, "jar", "#34599c"),
)  # fmt: skip
_BY_WEIGHT = "Mountain cheese"
_CUSTOMERS = (
    "Ada Winter", "Ben Okafor", "Clara Neumann", "Dev Patel", "Elif Kaya", "Finn Larsen", "Grace Murphy", "Hugo Silva",
    "Ines Moreau", "Jonas Weber", "Kim Tran", "Lea Rossi",
)  # fmt: skip
_ZONES = (
    ("coffee", 11, 0.62, 0.35), ("chocolate", 8, 0.55, 0.50), ("honey", 4, 0.40, 0.28), ("candles", 20, 0.58, 0.06),
    ("cheese", 16, 0.35, 0.40), ("mugs", 23, 0.48, 0.05),
)  # fmt: skip
_STAFF = (
    (Role.ADMIN, "Mara Admin"),
    (Role.BILLING, "Tom Billing"),
    (Role.SALES, "Sara Sales"),
    (Role.SECURITY, "Udo Security"),
)


@dataclass(frozen=True)
class Access:
    """How one person of the sample signs in: once with the code, then with a password of their own."""

    role: Role
    name: str
    code: str


def fill(database: Database, media: Path, *, seed: int = 7) -> list[Access]:
    """Fill an empty shop; returns the one-time codes, which are stored nowhere in clear."""
    chance = random.Random(seed)  # the same shop each time, but for codes and the present day
    with database.writing() as session:
        _refuse_a_real_shop(session)
        people = _people(session)
        admin = actor_of(people[Role.ADMIN])
        products = _products(session, admin, media, chance)
        customers = _customers(session, people[Role.CUSTOMER])
        _offers(session, people, products)
        _top_ups(session, actor_of(people[Role.BILLING]), customers, chance)
    for days_ago in reversed(range(DAYS)):
        with database.writing() as session:
            _day_of_bills(session, actor_of(people[Role.BILLING]), products, customers, days_ago, chance)
    with database.writing() as session:
        _cameras_and_interest(session, products, media, chance)
        _camera_notes(session, products)
        sample_night.add(session, people[Role.SECURITY], media, chance)
        _messages(session, people, customers, chance)
        _closing(session, actor_of(people[Role.BILLING]))
        codes = [
            Access(role, account.email or "", accounts.issue_code(session, account, None))
            for role, account in people.items()
        ]
        audit.record(session, admin, "sample.filled", "shop")
    return codes


def _refuse_a_real_shop(session: Session) -> None:
    if session.scalars(select(func.count(Product.id))).one() or session.scalars(select(func.count(Account.id))).one():
        raise Conflict(
            "Nothing was changed: this shop has products or people already. Sample data fills an empty shop only."
        )


def _people(session: Session) -> dict[Role, Account]:
    people = {role: accounts.create(session, Person(role, name, f"{role.value}@shop.example")) for role, name in _STAFF}
    people[Role.CUSTOMER] = accounts.create(session, Person(Role.CUSTOMER, _CUSTOMERS[0], "customer@shop.example"))
    for account in people.values():
        account.created_at = now() - timedelta(days=60)
    return people


def _customers(session: Session, first: Account) -> list[Account]:
    others = [
        accounts.create(session, Person(Role.CUSTOMER, name, phone=f"+49 30 5550{number:03d}"))
        for number, name in enumerate(_CUSTOMERS[1:], 1)
    ]
    for number, account in enumerate(others):
        account.created_at = now() - timedelta(days=3 + 5 * number)
    return [first, *others]


def _products(session: Session, admin: Actor, media: Path, chance: random.Random) -> list[Product]:
    tax = session.scalars(select(TaxClass).order_by(TaxClass.id)).all()
    made = []
    for number, (name, category, price, shape, colour) in enumerate(_PRODUCTS):
        food, weighed = category != "Home", name == _BY_WEIGHT
        entry = Entry(
            sku=f"{category[:3].upper()}-{number + 1:03d}", name=name, price_minor=price, category=category,
            tax_class_id=tax[1 if food else 0].id, barcode=_ean13(400_000_000_000 + number * 7919),
            cost_minor=price * 6 // 10, low_stock_level=20 * (100 if weighed else 1),
            description=f"{name}, chosen by us.", by_weight=weighed,
        )  # fmt: skip
        product = add(session, admin, entry, opening_stock=chance.randint(160, 520) * (100 if weighed else 1))
        product.picture = _picture(media / "products", shape, colour)
        made.append(product)
    session.flush()
    session.execute(update(StockMovement).values(at=now() - timedelta(days=DAYS + 1)))
    return made


def _offers(session: Session, people: dict[Role, Account], products: Sequence[Product]) -> None:
    at = now()

    def offer(name: str, state: str, starts: int, ends: int, chosen: list[Product], **terms: object) -> None:
        decided = state in {"approved", "rejected"}
        session.add(
            Offer(
                name=name, state=state, starts_at=at + timedelta(days=starts), ends_at=at + timedelta(days=ends),
                proposed_by_id=people[Role.SALES].id, decided_by_id=people[Role.ADMIN].id if decided else None,
                created_at=at - timedelta(days=10), decided_at=at - timedelta(days=9) if decided else None,
                products=chosen, **terms,
            )
        )  # fmt: skip

    offer("Chocolate week", "approved", -8, 4, [products[8], products[9]], kind="percent", basis_points=1500)
    offer(
        "Three waters, pay two", "approved", -8, 12, [products[14]], kind="buy-x-get-y", buy_quantity=2, get_quantity=1
    )
    offer("Honey, 1.00 off", "proposed", 1, 8, [products[4]], kind="amount", amount_minor=100)
    offer("Half-price eggs", "rejected", -3, 3, [products[18]], kind="percent", basis_points=5000, reason="Below cost.")


def _top_ups(session: Session, cashier: Actor, customers: Sequence[Account], chance: random.Random) -> None:
    for customer in customers[:6]:
        made = ledger.top_up(session, cashier, customer.id, chance.choice([2000, 5000, 10000]), ledger.CASH)
        session.get_one(LedgerTransaction, made).at = now() - timedelta(days=DAYS, hours=2)


def _day_of_bills(
    session: Session, cashier: Actor, products: Sequence[Product], customers: Sequence[Account], days_ago: int,
    chance: random.Random,
) -> None:  # fmt: skip
    shop = session.get_one(ShopProfile, 1)
    begin, _end = clock.day_bounds(clock.day_of(now(), shop.time_zone) - timedelta(days=days_ago), shop.time_zone)
    weekend = (begin + timedelta(hours=12)).weekday() >= 5
    moments = sorted(
        begin + timedelta(hours=_shopping_hour(chance)) for _ in range(chance.randint(22, 30) + 12 * weekend)
    )
    rates = {row.id: row for row in session.scalars(select(TaxClass))}
    for at in moments:
        if at < now():
            _bill(session, cashier, shop, rates, products, customers, at, chance)


def _bill(
    session: Session, cashier: Actor, shop: ShopProfile, rates: dict[int, TaxClass], products: Sequence[Product],
    customers: Sequence[Account], at: datetime, chance: random.Random,
) -> None:  # fmt: skip
    weights = [1 + 6 * (number % 5 == 4) + 4 * (number % 7 == 1) for number in range(len(products))]
    chosen = {chance.choices(products, weights)[0] for _ in range(chance.randint(1, 5))}
    left = dict(session.execute(select(Product.id, Product.stock).where(Product.id.in_([p.id for p in chosen]))).all())
    items = [
        Item(p.id, p.sku, p.name, pieces, p.price_minor, rates[p.tax_class_id].name, rates[p.tax_class_id].basis_points,
             by_weight=p.by_weight, line=int(p.by_weight))
        for p in sorted(chosen, key=lambda p: p.id)
        if (pieces := min(left[p.id], chance.choice([1, 1, 1, 2, 3]) * (212 if p.by_weight else 1))) > 0
    ]  # fmt: skip
    if not items:
        return
    priced = price_cart(items, live(session, at), prices_include_tax=shop.prices_include_tax)
    customer = chance.choice(customers) if chance.random() < 0.4 else None
    total = priced.total_minor
    if customer is not None and chance.random() < 0.4 and ledger.balance_of(session, customer.id) >= total:
        tender = Tender(ledger.WALLET, total)
    elif chance.random() < 0.5:
        tender = Tender(ledger.CARD, total)
    else:
        tender = Tender(ledger.CASH, total, tendered_minor=math.ceil(total / 500) * 500)
    bill = sell(session, cashier, Sale(priced, customer.id if customer else None, (tender,), at), shop)
    session.flush()
    _date_back(session, bill, at)
    if customer is not None and chance.random() < 0.5:
        _rate(session, bill, at, chance)


def _date_back(session: Session, bill: Bill, at: datetime) -> None:
    session.execute(update(StockMovement).where(StockMovement.bill_id == bill.id).values(at=at))
    session.execute(update(LedgerTransaction).where(LedgerTransaction.bill_id == bill.id).values(at=at))


def _rate(session: Session, bill: Bill, at: datetime, chance: random.Random) -> None:
    words = {5: "Lovely.", 4: "Good, I will buy it again.", 3: "It is fine.", 2: "I expected more.", 1: "Not for me."}
    line = chance.choice(bill.lines)
    stars = chance.choices([1, 2, 3, 4, 5], [1, 1, 3, 7, 8])[0]
    comment = words[stars] if chance.random() < 0.6 else ""
    ratings.add(session, line, bill.customer_id or 0, stars, comment, min(now(), at + timedelta(hours=5)))


def _cameras_and_interest(session: Session, products: Sequence[Product], media: Path, chance: random.Random) -> None:
    at = now()
    camera = Camera(
        name="aisle-1", title="Aisle", kind="sample", address="sample", emotion=True, enabled=True, width=1280, height=720,
        created_at=at, updated_at=at,
    )  # fmt: skip
    session.add(camera)
    session.flush()
    for number, (name, product, _stop, _look) in enumerate(_ZONES):
        left = 0.04 + number * 0.16
        points = [[left, 0.3], [left + 0.13, 0.3], [left + 0.13, 0.7], [left, 0.7]]
        session.add(
            Zone(camera_id=camera.id, name=name, kind="product", points=points, product_id=products[product].id)
        )
    still_path(media, camera.name).write_bytes(_aisle())
    counter = [[0.3, 0.75], [0.7, 0.75], [0.7, 0.98], [0.3, 0.98]]
    session.add(Zone(camera_id=camera.id, name="counter", kind="service", points=counter))
    zone = session.get_one(ShopProfile, 1).time_zone
    for hours_ago in range(1, 24 * DAYS):
        hour = clock.hour_of(at - timedelta(hours=hours_ago), zone)
        _hour_of_interest(session, products, hour, chance)


def _aisle() -> bytes:
    """What the camera of the aisle sees: shelves with the products of its zones, and the counter."""
    picture = Image.new("RGB", (1280, 720), "#cfd4dc")
    pen = ImageDraw.Draw(picture)
    pen.rectangle([0, 500, 1280, 720], fill="#a9afba")
    for number, (_name, product, _stop, _look) in enumerate(_ZONES):
        left = round((0.04 + number * 0.16) * 1280)
        pen.rectangle([left, 216, left + 166, 504], fill="#8b6f4e")
        for place in range(9):
            x, y = left + 14 + place % 3 * 50, 232 + place // 3 * 90
            pen.rounded_rectangle([x, y, x + 38, y + 66], 6, fill=_PRODUCTS[product][4])
    pen.rounded_rectangle([384, 560, 896, 705], 12, fill="#5d6674")
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=82)
    return out.getvalue()


def _hour_of_interest(session: Session, products: Sequence[Product], hour: datetime, chance: random.Random) -> None:
    zone = session.get_one(ShopProfile, 1).time_zone
    crowd = _crowd(clock.local(hour, zone))
    if not crowd:
        return
    for name, product, stop, _buy in _ZONES:
        passed = round(crowd * chance.uniform(0.7, 1.3))
        stopped = sum(chance.random() < stop for _ in range(passed))
        looked = sum(chance.random() < 0.7 for _ in range(stopped))
        expressed = sum(chance.random() < 0.8 for _ in range(looked))
        pleased = sum(chance.random() < 0.3 + stop / 3 for _ in range(expressed))
        reached = sum(chance.random() < 0.5 for _ in range(stopped))
        judged = sum(chance.random() < 0.8 for _ in range(stopped))
        of = {"hour": hour, "camera": "aisle-1", "zone": name, "product_id": products[product].id}
        session.add(
            InterestHour(
                **of, seen_by="body", passed=passed, stopped=stopped, looked=looked, reached=reached, judged=judged,
                taken=sum(chance.random() < 0.3 for _ in range(judged)), expressed=expressed, pleased=pleased,
                stopped_seconds=stopped * chance.uniform(4, 11), looked_seconds=looked * chance.uniform(2, 6),
                turned_seconds=passed * chance.uniform(1, 4), expression_seconds=expressed * 3.0,
                valence_seconds=expressed * 3.0 * chance.uniform(-0.1, 0.5),
            )
        )  # fmt: skip
        behind_a_shelf = sum(chance.random() < 0.2 for _ in range(passed))  # of whom the face alone is seen
        session.add(InterestHour(**of, seen_by="face", passed=behind_a_shelf, stopped=behind_a_shelf // 2))
    people = round(crowd * 0.6)
    seconds = people * 45.0
    mood = {"happy": 0.3 * seconds, "neutral": 0.6 * seconds, "sad": 0.1 * seconds}
    session.add(
        MoodHour(
            hour=hour, camera="aisle-1", zone="counter", people=people, minutes=min(60, people * 2), seconds=seconds,
            valence_seconds=seconds * (0.35 - crowd / 120), probability_seconds=mood,
        )
    )  # fmt: skip


def _camera_notes(session: Session, products: Sequence[Product]) -> None:
    zone = session.get_one(ShopProfile, 1).time_zone
    for place, hours_ago, looked, seconds in (("candles", 4, 6, 40), ("mugs", 27, 9, 22), ("candles", 51, 7, 31)):
        name, product, _stop, _look = next(found for found in _ZONES if found[0] == place)
        hour = clock.hour_of(now() - timedelta(hours=hours_ago), zone)
        note = InterestNote(
            hour=hour, camera="aisle-1", zone=name, product_id=products[product].id, looked=looked,
            looked_seconds=looked * seconds, bought=0, created_at=hour + timedelta(hours=1),
        )  # fmt: skip
        session.add(note)
        told = notify(
            session,
            kinds.MISSED,
            product=products[product].name,
            looked=looked,
            seconds=seconds,
            place="aisle-1",
            zone=name,
        )
        assert told is not None
        told.created_at = note.created_at


def _closing(session: Session, cashier: Actor) -> None:
    shop = session.get_one(ShopProfile, 1)
    yesterday = clock.day_of(now(), shop.time_zone) - timedelta(days=1)
    evening = clock.day_bounds(yesterday, shop.time_zone)[1]
    shift = closings.open_shift(session, cashier.account_id, shop, yesterday, evening)
    counted = 10_000 + shift.report.cash_minor - 50
    closings.close(session, cashier, shop, yesterday, Count(10_000, counted, "Gave 0.50 too much."), evening)


def _messages(
    session: Session, people: dict[Role, Account], customers: Sequence[Account], chance: random.Random
) -> None:
    at = now()
    admin = actor_of(people[Role.ADMIN])
    for role, title, body in (
        (Role.SALES, "Stocktaking on Sunday at 8", "Please count your shelf and enter it under Stock."),
        (Role.BILLING, "New card terminal", "It stands at till 1. Ask Mara if it says no."),
        (Role.SECURITY, "Back door", "The lock sticks; pull it twice."),
        (Role.CUSTOMER, "Chocolate week", "15 % off all chocolate until Thursday."),
    ):
        notify(session, kinds.NOTE, to=role, sender=admin, title=title, body=body)
    for days, customer, subject, body, reply in (
        (
            4,
            customers[0],
            "Jar was open",
            "The lid of the jam was loose.",
            "We are sorry. Please bring it, and we will refund you.",
        ),
        (1, customers[2], "Charged twice?", "My card shows two payments for the water.", ""),
    ):
        when = at - timedelta(days=days)
        complaint = Complaint(
            customer_id=customer.id,
            subject=subject,
            state="answered" if reply else "open",
            created_at=when,
            updated_at=when,
        )
        complaint.messages = [ComplaintMessage(author_id=customer.id, body=body, at=when)]
        if reply:
            answer = ComplaintMessage(author_id=people[Role.ADMIN].id, body=reply, at=when + timedelta(hours=3))
            complaint.messages.append(answer)
        session.add(complaint)
    for author, topic, body in (
        (people[Role.BILLING], "shop", "The drawer of till 1 sticks when it rains."),
        (people[Role.SALES], "products", "People ask for gluten-free bread nearly every day."),
        (customers[3], "service", "Tom was very patient with my mother. Thank you!"),
    ):
        when = at - timedelta(hours=chance.randint(2, 90))
        session.add(Feedback(author_id=author.id, topic=topic, body=body, created_at=when))


def _crowd(local: datetime) -> int:
    if not 8 <= local.hour < 20:
        return 0
    peak = math.exp(-((local.hour - 12) ** 2) / 8) + 1.2 * math.exp(-((local.hour - 17) ** 2) / 6)
    return round((6 + 22 * peak) * (1.4 if local.weekday() == 5 else 0.0 if local.weekday() == 6 else 1.0))


def _shopping_hour(chance: random.Random) -> float:
    return min(19.9, max(8.1, chance.choice([chance.gauss(12, 1.5), chance.gauss(17, 1.6)])))


def _ean13(first_twelve: int) -> str:
    digits = [int(digit) for digit in f"{first_twelve:012d}"]
    check = -sum(digit * (3 if place % 2 else 1) for place, digit in enumerate(digits)) % 10
    return f"{first_twelve:012d}{check}"


def _picture(folder: Path, shape: str, colour: str) -> str:
    picture = Image.new("RGB", (480, 360), "#eef0f4")
    pen = ImageDraw.Draw(picture)
    if shape == "bottle":
        pen.rounded_rectangle([205, 130, 275, 330], 18, fill=colour)
        pen.rectangle([226, 60, 254, 140], fill=colour)
        pen.rounded_rectangle([205, 200, 275, 270], 4, fill="white")
    elif shape == "jar":
        pen.rounded_rectangle([165, 120, 315, 320], 30, fill=colour)
        pen.rectangle([175, 80, 305, 118], fill="#59616e")
        pen.rounded_rectangle([185, 180, 295, 260], 6, fill="white")
    elif shape == "loaf":
        pen.pieslice([110, 90, 370, 400], 180, 360, fill=colour)
        pen.rounded_rectangle([110, 240, 370, 300], 16, fill=colour)
    else:
        pen.rounded_rectangle([150, 80, 330, 320], 10, fill=colour)
        pen.rounded_rectangle([175, 150, 305, 230], 6, fill="white")
    out = io.BytesIO()
    picture.save(out, "WEBP", quality=80)
    folder.mkdir(parents=True, exist_ok=True)
    name = secrets.token_hex(16) + ".webp"
    (folder / name).write_bytes(out.getvalue())
    return name
