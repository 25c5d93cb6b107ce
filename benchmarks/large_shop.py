"""A shop of two years: 100,000 bills and a million interest events, written straight into an empty database.

    python benchmarks/large_shop.py DATABASE_URL [bills] [events]

Everything but the moments is drawn from a seed. Rows hang together as the app would have written them: bills are the
sums of their lines, the entries of a transaction sum to zero, balances and stock levels are the sums of their
movements, the audit log is a whole chain. `pages.py` opens every page on such a shop.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count, islice
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from sqlalchemy import func, insert, select, update
from sqlalchemy.engine import Connection

from shop_app.base import audit
from shop_app.base import models as m
from shop_app.base.db import Base, Database
from shop_app.base.permissions import Role
from shop_app.base.settings import Settings
from shop_app.ops.schema import initialise, upgrade_database

PRODUCTS, CUSTOMERS, STAFF, CAMERAS, ZONES, ALERTS = 5_000, 3_000, 30, 12, 8, 20_000
DAYS = 730  # of bills and of the sums of interest
EVENT_DAYS = 30  # for which the ids of events are kept
AT_ONCE = 2_000  # rows in one statement
METHODS = ("cash", "card", "wallet")

Rows = Iterable[dict[str, Any]]


@dataclass
class Shop:
    """What one table needs to know of another."""

    connection: Connection
    bills: int
    events: int
    dice: random.Random = field(default_factory=lambda: random.Random(5))
    end: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))
    prices: list[int] = field(default_factory=list)
    sold: dict[int, int] = field(default_factory=dict)  # pieces, by product
    balances: dict[int, int] = field(default_factory=dict)  # by ledger account
    next_id: dict[str, Iterator[int]] = field(default_factory=dict)

    def write(self, table: type[Base], rows: Rows) -> None:
        """Insert rows, some thousand at a time."""
        source = iter(rows)
        while part := list(islice(source, AT_ONCE)):
            self.connection.execute(insert(Base.metadata.tables[table.__tablename__]), part)

    def moment(self, days: int = DAYS) -> datetime:
        """Some moment of the last days, in the hours of business."""
        day = self.end - timedelta(days=self.dice.randrange(1, days))
        hour, minute, second = self.dice.randrange(7, 19), self.dice.randrange(60), self.dice.randrange(60)
        return day.replace(hour=hour, minute=minute, second=second)

    def id_of(self, table: str) -> int:
        """The next id of a table that is written here alone."""
        return next(self.next_id.setdefault(table, count(1)))

    def customer(self) -> int:
        """Some customer; they follow the members of staff."""
        return STAFF + self.dice.randrange(1, CUSTOMERS + 1)


def fill(settings: Settings, bills: int, events: int) -> None:
    """Make the tables and fill them."""
    upgrade_database(settings)
    database = Database(settings.database_url)
    with database.writing() as session:
        initialise(session, name="Large Shop", currency="EUR", time_zone="Europe/Berlin")
    with database.writer.begin() as connection:
        shop = Shop(connection, bills, events)
        for step in (people, products, sales, talk, offers, cameras, alerts, interest, incoming, log):
            began = time.monotonic()
            step(shop)
            print(f"{step.__name__:10} {time.monotonic() - began:6.1f} s", flush=True)
    with database.writer.connect() as connection:  # what both servers do by themselves sooner or later
        for table in [""] if database.is_sqlite else Base.metadata.tables:
            connection.exec_driver_sql(f"ANALYZE TABLE {table}" if table else "ANALYZE").close()
    database.close()


def people(shop: Shop) -> None:
    """Staff first, then customers."""
    roles = [role.value for role in Role if role is not Role.CUSTOMER]
    shop.write(
        m.Account,
        ({"id": n, "role": "customer" if n > STAFF else roles[n % len(roles)], "name": f"Person {n * 7919 % 9973}",
          "search": f"person {n * 7919 % 9973}\np{n}@example.com",
          "email": f"p{n}@example.com", "email_norm": f"p{n}@example.com", "active": n % 50 != 0,
          "created_at": shop.moment()} for n in range(1, STAFF + CUSTOMERS + 1)),
    )  # fmt: skip
    wallets = ({"id": n + 10, "kind": "wallet", "owner": f"customer:{n}", "customer_id": n}
               for n in range(STAFF + 1, STAFF + CUSTOMERS + 1))  # fmt: skip
    shop.write(m.LedgerAccount, wallets)


def products(shop: Shop) -> None:
    """Products of some categories."""
    tax = shop.connection.scalars(select(m.TaxClass.id)).all()
    shop.prices = [shop.dice.randint(50, 20_000) for _ in range(PRODUCTS)]
    shop.write(
        m.Product,
        ({"id": n, "sku": f"SKU-{n:05}", "barcode": f"40{n:011}", "name": f"Product {n * 7919 % 9973}",
          "search": f"product {n * 7919 % 9973}\nsku-{n:05}", "category": f"Category {n % 40}", "price_minor": shop.prices[n - 1], "tax_class_id": tax[n % len(tax)],
          "stock": 0, "low_stock_level": n % 20, "active": n % 30 != 0, "created_at": shop.end, "updated_at": shop.end}
         for n in range(1, PRODUCTS + 1)),
    )  # fmt: skip


def sales(shop: Shop) -> None:
    """Bills with all that belongs to them, in their order; then stock and balances that fit."""
    moments = sorted(shop.moment() for _ in range(shop.bills))
    held: dict[type[Base], list[dict[str, Any]]] = {}
    for number, at in enumerate(moments, 1):
        for table, rows in one_bill(shop, number, at).items():
            held.setdefault(table, []).extend(rows)
        if number % AT_ONCE == 0 or number == shop.bills:
            for table in (m.Bill, m.BillLine, m.LedgerTransaction, m.Payment, m.LedgerEntry, m.StockMovement):
                shop.write(table, held.pop(table))
    deliver(shop)
    give_back(shop)
    for name, value in (("bill", shop.bills), ("refund", shop.bills // 50)):
        shop.connection.execute(update(m.Counter).where(m.Counter.name == name).values(value=value))
    for account, balance in shop.balances.items():
        shop.connection.execute(
            update(m.LedgerAccount).where(m.LedgerAccount.id == account).values(balance_minor=balance)
        )


def one_bill(shop: Shop, number: int, at: datetime) -> dict[type[Base], list[dict[str, Any]]]:
    """The rows of one bill."""
    chosen = shop.dice.sample(range(1, PRODUCTS + 1), shop.dice.randint(1, 5))
    lines = [bill_line(shop, number, place, product, at) for place, product in enumerate(chosen, 1)]
    total, tax = sum(line["total_minor"] for line in lines), sum(line["tax_minor"] for line in lines)
    cashier, method = shop.dice.randint(1, STAFF), shop.dice.choice(METHODS[:2])
    bill = {"id": number, "number": number, "cashier_id": cashier, "created_at": at, "business_day": at.date(),
            "customer_id": shop.customer() if number % 3 else None, "net_minor": total - tax, "tax_minor": tax,
            "discount_minor": 0, "total_minor": total}  # fmt: skip
    moved = [{"product_id": line["product_id"], "change_": -line["quantity"], "stock_after": 0, "reason": "sale",
              "account_id": cashier, "at": at, "bill_id": number} for line in lines]  # fmt: skip
    transaction = shop.id_of("ledger_transactions")
    entries = [entry(shop, transaction, METHODS.index(method) + 1, -total), entry(shop, transaction, 3, total)]
    return {
        m.Bill: [bill], m.BillLine: lines, m.StockMovement: moved, m.LedgerEntry: entries,
        m.LedgerTransaction: [{"id": transaction, "kind": "payment", "at": at, "account_id": cashier, "bill_id": number}],
        m.Payment: [{"bill_id": number, "method": method, "amount_minor": total, "transaction_id": transaction}],
    }  # fmt: skip


def bill_line(shop: Shop, bill: int, place: int, product: int, at: datetime) -> dict[str, Any]:
    """One line at 19 %."""
    pieces, price = shop.dice.randint(1, 4), shop.prices[product - 1]
    shop.sold[product] = shop.sold.get(product, 0) + pieces
    total = pieces * price
    tax = (total * 1900 + 5950) // 11900
    return {"id": shop.id_of("bill_lines"), "bill_id": bill, "position": place, "product_id": product, "sold_at": at,
            "sku": f"SKU-{product:05}", "name": f"Product {product * 7919 % 9973}", "quantity": pieces,
            "unit_price_minor": price, "tax_name": "Standard", "tax_basis_points": 1900, "net_minor": total - tax,
            "tax_minor": tax, "total_minor": total, "refunded_quantity": 0}  # fmt: skip


def entry(shop: Shop, transaction: int, account: int, amount: int) -> dict[str, Any]:
    """An entry of the ledger with the balance after it."""
    shop.balances[account] = shop.balances.get(account, 0) + amount
    return {"transaction_id": transaction, "account_id": account, "amount_minor": amount,
            "balance_after_minor": shop.balances[account]}  # fmt: skip


def deliver(shop: Shop) -> None:
    """What was sold had been delivered, and a little more."""
    levels = {product: shop.dice.randint(0, 60) for product in range(1, PRODUCTS + 1)}
    shop.write(
        m.StockMovement,
        ({"product_id": product, "change_": level + shop.sold.get(product, 0) or 1, "stock_after": 0,
          "reason": "delivery", "account_id": 1, "at": shop.end - timedelta(days=DAYS)}
         for product, level in levels.items()),
    )  # fmt: skip
    for product, level in levels.items():
        shop.connection.execute(update(m.Product).where(m.Product.id == product).values(stock=level))


def give_back(shop: Shop) -> None:
    """The first line of every fiftieth bill came back."""
    lines = select(m.BillLine.id, m.BillLine.bill_id, m.BillLine.quantity, m.BillLine.net_minor,
                   m.BillLine.tax_minor, m.BillLine.total_minor, m.BillLine.sold_at)  # fmt: skip
    lines = lines.where(m.BillLine.position == 1, m.BillLine.bill_id % 50 == 0)
    found = list(enumerate(shop.connection.execute(lines), 1))
    for number, line in found:
        transaction = shop.id_of("ledger_transactions")
        money = {"net_minor": line.net_minor, "tax_minor": line.tax_minor, "total_minor": line.total_minor}
        shop.write(m.Refund, [money | {
            "id": number, "number": number, "bill_id": line.bill_id, "cashier_id": 1, "reason": "came back",
            "created_at": line.sold_at, "business_day": line.sold_at.date(), "method": "cash"}])  # fmt: skip
        shop.write(m.RefundLine, [money | {
            "refund_id": number, "bill_line_id": line.id, "quantity": line.quantity, "back_to_shelf": False}])  # fmt: skip
        shop.write(m.LedgerTransaction, [{"id": transaction, "kind": "refund", "at": line.sold_at, "account_id": 1,
                                          "bill_id": line.bill_id, "refund_id": number}])  # fmt: skip
        shop.write(m.LedgerEntry, [entry(shop, transaction, 1, line.total_minor),
                                   entry(shop, transaction, 3, -line.total_minor)])  # fmt: skip
        shop.connection.execute(
            update(m.BillLine).where(m.BillLine.id == line.id).values(refunded_quantity=line.quantity)
        )
        shop.connection.execute(update(m.Bill).where(m.Bill.id == line.bill_id).values(refunded_minor=line.total_minor))


def talk(shop: Shop) -> None:
    """Ratings, complaints, feedback and notifications."""
    bought = select(m.BillLine.id, m.BillLine.product_id, m.Bill.customer_id, m.BillLine.sold_at)
    bought = bought.join(m.Bill).where(m.Bill.customer_id.is_not(None), m.BillLine.id % 6 == 0)
    shop.write(
        m.Rating,
        [{"bill_line_id": line, "product_id": product, "customer_id": customer, "stars": shop.dice.randint(1, 5),
          "comment": "Good enough." if line % 5 else "", "created_at": at}
         for line, product, customer, at in shop.connection.execute(bought)],
    )  # fmt: skip
    its = m.Rating.product_id == m.Product.id
    count = select(func.count()).where(its).scalar_subquery()
    stars = select(func.coalesce(func.sum(m.Rating.stars), 0)).where(its).scalar_subquery()
    shop.connection.execute(update(m.Product).values(rating_count=count, rating_stars=stars))
    shop.write(
        m.Complaint,
        ({"id": n, "customer_id": shop.customer(), "subject": f"About thing {n}", "created_at": (at := shop.moment()),
          "updated_at": at, "state": ("open", "answered", "closed")[n % 3]} for n in range(1, 5_001)),
    )  # fmt: skip
    shop.write(
        m.ComplaintMessage,
        ({"complaint_id": n % 5_000 + 1, "author_id": 1, "body": "Words. " * 20, "at": shop.moment()}
         for n in range(15_000)),
    )  # fmt: skip
    shop.write(
        m.Feedback,
        ({"author_id": shop.customer(), "body": "Words. " * 20, "created_at": shop.moment(),
          "handled_at": shop.end if n % 4 else None} for n in range(10_000)),
    )  # fmt: skip
    shop.write(
        m.Notification,
        ({"id": n, "sender_id": 1 if n % 5 == 0 else None, "kind": "note",
          "parameters": {"title": f"Note {n}", "body": "Words. " * 5},
          "audience": ("role:sales", "role:billing", "role:admin", "person")[n % 4],
          "account_id": shop.customer() if n % 4 == 3 else None, "created_at": shop.moment()}
         for n in range(1, 30_001)),
    )  # fmt: skip
    readers = range(1, 4)
    shop.write(
        m.Delivery,
        ({"notification_id": n, "channel": "bell", "account_id": who, "at": shop.end,
          "read_at": shop.end if n < 29_001 else None} for n in range(1, 30_001) for who in readers),
    )  # fmt: skip


def offers(shop: Shop) -> None:
    """Offers of all states, some of them live."""
    states = ("proposed", "approved", "rejected", "approved")
    shop.write(
        m.Offer,
        ({"id": n, "name": f"Offer {n}", "kind": "percent", "basis_points": 1000, "state": states[n % 4],
          "starts_at": (begin := shop.moment()), "ends_at": begin + timedelta(days=60 if n % 10 else 800),
          "proposed_by_id": 2, "decided_by_id": 1, "created_at": begin} for n in range(1, 1_001)),
    )  # fmt: skip
    shop.write(m.OfferProduct, ({"offer_id": n, "product_id": n} for n in range(1, 1_001)))


def cameras(shop: Shop) -> None:
    """Cameras with zones, each tied to a product."""
    shop.write(
        m.Camera,
        ({"id": n, "name": f"cam-{n}", "title": f"Camera {n}", "address": "rtsp://192.168.1.2/", "created_at": shop.end,
          "updated_at": shop.end} for n in range(1, CAMERAS + 1)),
    )  # fmt: skip
    square = [[0.1, 0.1], [0.4, 0.1], [0.4, 0.4]]
    shop.write(
        m.Zone,
        ({"camera_id": n // ZONES + 1, "name": f"zone-{n % ZONES}", "kind": "product", "points": square,
          "product_id": n + 1} for n in range(CAMERAS * ZONES)),
    )  # fmt: skip
    shop.write(m.CameraState, ({"camera": f"cam-{n}", "state": "live", "state_at": shop.end, "heard_at": shop.end}
                               for n in range(1, CAMERAS + 1)))  # fmt: skip


def alerts(shop: Shop) -> None:
    """Alerts with a picture and a clip each, most of them seen and done."""
    moments = sorted(shop.moment() for _ in range(ALERTS))
    events = [{"id": n, "event_id": f"incident-{n}", "kind": "clip.ready", "camera": f"cam-{n % CAMERAS + 1}",
               "time": at, "received_at": at, "reporter": "recorder"} for n, at in enumerate(moments, 1)]  # fmt: skip
    shop.write(m.IncomingEvent, events)
    for shift, role, kind in ((0, "snapshot", "image/jpeg"), (ALERTS, "clip", "video/mp4")):
        shop.write(
            m.EventFile,
            ({"id": n + shift, "event_row_id": n, "camera": f"cam-{n % CAMERAS + 1}", "role": role, "media_type": kind,
              "bytes": 1000, "sha256": "0" * 64, "file_name": f"{n + shift}.bin", "complete_at": at}
             for n, at in enumerate(moments, 1)),
        )  # fmt: skip
    shop.write(
        m.Alert,
        ({"id": n, "incident": f"incident-{n}", "camera": f"cam-{n % CAMERAS + 1}", "change_": "motion",
          "severity": ("alert", "warning", "info")[n % 3], "started_at": at, "ended_at": at, "received_at": at,
          "state": "new" if n > ALERTS - 200 else ("taken", "false-alarm")[n % 2], "taken_by_id": n % STAFF + 1,
          "snapshot_id": n, "clip_id": n + ALERTS, "peak_area": 0.02} for n, at in enumerate(moments, 1)),
    )  # fmt: skip
    shop.write(m.AlertReview, ({"alert_id": n, "account_id": who, "at": shop.end}
                               for n in range(1, ALERTS, 2) for who in (1, 4)))  # fmt: skip
    shop.write(m.AlertChange, ({"alert_id": n, "what": "updated", "at": shop.moment(7)} for n in range(1, ALERTS)))


def interest(shop: Shop) -> None:
    """Sums per hour and zone of all days, and moods at one counter per camera."""
    midnight = shop.end.replace(hour=0, minute=0, second=0)
    hours = [midnight - timedelta(days=day) + timedelta(hours=hour) for day in range(DAYS) for hour in range(8, 19)]
    shop.write(
        m.InterestHour,
        ({"hour": hour, "camera": f"cam-{zone // ZONES + 1}", "zone": f"zone-{zone % ZONES}", "product_id": zone + 1,
          "passed": 40, "stopped": 20, "looked": zone % 15, "expressed": 5, "pleased": 2, "looked_seconds": 30.0,
          "stopped_seconds": 60.0} for hour in hours for zone in range(CAMERAS * ZONES)),
    )  # fmt: skip
    shop.write(
        m.MoodHour,
        ({"hour": hour, "camera": f"cam-{n}", "zone": "counter", "people": 20, "minutes": 30, "seconds": 900.0,
          "valence_seconds": 90.0, "probability_seconds": {}} for hour in hours for n in range(1, CAMERAS + 1)),
    )  # fmt: skip
    shop.write(
        m.InterestNote,
        ({"hour": hour, "camera": f"cam-{n % CAMERAS + 1}", "zone": f"zone-{n % ZONES}", "product_id": n % 90 + 1,
          "looked": 6, "looked_seconds": 40.0, "bought": 0, "created_at": hour} for n, hour in enumerate(hours)),
    )  # fmt: skip


def incoming(shop: Shop) -> None:
    """The events behind the sums of the last month: nothing but their ids is kept."""
    step = timedelta(days=EVENT_DAYS) / max(1, shop.events)
    begin = shop.end - timedelta(days=EVENT_DAYS)
    shop.write(
        m.IncomingEvent,
        ({"event_id": f"cam-{n % CAMERAS + 1}.{n:08x}", "kind": "interest.visit", "camera": f"cam-{n % CAMERAS + 1}",
          "time": begin + n * step, "received_at": begin + n * step, "reporter": "interest"}
         for n in range(shop.events)),
    )  # fmt: skip


def log(shop: Shop) -> None:
    """An audit entry for each bill."""
    head = m.AuditHead(id=1, position=0, hash="0" * 64)
    shop.write(m.AuditEntry, chain(shop, head))
    shop.connection.execute(update(m.AuditHead).values(position=head.position, hash=head.hash))


def chain(shop: Shop, head: m.AuditHead) -> Iterator[dict[str, Any]]:
    """Entries, each sealed with the hash before it."""
    for n, at in enumerate(sorted(shop.moment() for _ in range(shop.bills)), 1):
        made = m.AuditEntry(id=n, position=n, at=at, actor_id=n % STAFF + 1, actor="Person (billing)", action="bill.made",
                            subject=str(n), details="", address="", previous_hash=head.hash)  # fmt: skip
        made.hash = audit.digest(made)
        head.position, head.hash = n, made.hash
        yield {column.key: getattr(made, column.key) for column in m.AuditEntry.__table__.columns}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        numbers = [int(number) for number in sys.argv[2:]]
        fill(Settings(instance=Path(folder), database=SecretStr(sys.argv[1])), *(numbers or [100_000, 1_000_000]))
