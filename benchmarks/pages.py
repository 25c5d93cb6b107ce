"""What each page costs on a large shop, beside a bare page that lists 50 rows.

    python benchmarks/large_shop.py DATABASE_URL
    python benchmarks/pages.py DATABASE_URL [part of an address]

The bare page is a Flask app of its own on the same database: it looks up the sign-in, counts the products, and shows 50 of
them with their tax class, with SQLAlchemy's objects and a template of seven cells a row. Both are opened in turn, so that
a busy machine slows both. For every page that somebody may open: SQL statements, CPU of this process and time on the
clock as multiples of the bare page (medians), and a mark where a limit is passed: 5 statements, 1.5 times the CPU for a list.
With `?` as the part of an address, the lists that are searched, filtered, sorted otherwise or turned far back.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from flask import Flask
from flask.testing import FlaskClient
from pydantic import SecretStr
from sqlalchemy import event, func, select
from sqlalchemy.orm import joinedload

from shop_app.accounts import sessions
from shop_app.app import create_app
from shop_app.base.db import Database
from shop_app.base.models import Account, LoginSession, Product
from shop_app.base.permissions import OF_ROLE, Permission, Role
from shop_app.base.settings import Settings
from shop_app.web.area import shop_of

RUNS = 15
STATEMENTS, CPU = 5, 1.5
# What stands in addresses. A page with rows of its own is opened on the thing that has most of them.
VALUES = {
    "alert_id": 19_990, "account_id": 40, "bill_id": 500, "camera": "cam-1", "complaint_id": 10, "customer_id": 40,
    "line_id": 1, "name": "cam-1", "note_id": 5, "offer_id": 12, "product_id": 7,
}  # fmt: skip
# Searched for what many, some and no rows hold, filtered, sorted otherwise, and far back.
MORE = {
    "/products": ["?q=uct+9", "?q=uct+99", "?q=nowhere", "?category=Category+7", "?sort=price", "?page=90"],
    "/bills": [
        "?page=1900",
        "?from=2026-01-01&to=2026-03-31",
        "?to=2025-06-30",
        "?q=Person+12",
        "?q=4711",
        "?sort=-total",
    ],
    "/reports": ["?from=2024-01-01&to=2026-12-31", "?from=2026-10-01&to=2026-10-31"],
    "/interest": ["?days=28", "?by=product"],
    "/interest/notes": ["?q=uct+9", "?q=nowhere"],
    "/interest/of": ["?camera=cam-1&zone=zone-1", "?product=7&days=28"],
    "/alerts": ["?camera=cam-3", "?state=false-alarm&page=100", "?severity=alert", "?seen=no"],
    "/stock": ["?q=uct+9", "?q=nowhere", "?state=low"],
    "/stock/movements": ["?reason=sale", "?reason=delivery", "?page=3000"],
    "/manage/audit": ["?page=1900", "?action=bill.made", "?q=Person", "?q=4711", "?q=nowhere", "?day=2026-03-03"],
    "/customers": ["?q=12", "?q=Person", "?q=nowhere", "?page=60"],
    "/staff": ["?q=Person"],
    "/complaints": ["?q=thing+12", "?q=Person", "?state=open"],
    "/feedback": ["?q=Words", "?q=nowhere", "?state=all&page=100"],
    "/notifications": ["?page=100", "?state=unread"],
    "/notifications/sent": ["?q=Note", "?q=nowhere", "?to=sales", "?page=100"],
    "/offers": ["?q=Offer+1", "?state=live"],
    "/ratings": ["?page=50", "?q=uct+9"],
    "/shop/products": ["?q=uct+9", "?q=nowhere", "?category=Category+7", "?page=90"],
    "/till/products": ["?q=uct+99", "?q=nowhere"],
    "/till/customers": ["?q=12", "?q=nowhere"],
}
SKIP = (
    "/alerts/stream",
    "/static/",
    "/still",
    "/picture",
    "/clip",
    "/icon",
    "/manage/audit/check",
    "/sign-in",
    "/set-up",
)
BARE = """<!doctype html><title>Products</title><table>{% for one in rows %}<tr><td><a href="/products/{{ one.id }}">
{{ one.name }}</a><td>{{ one.sku }}<td>{{ one.category }}<td>{{ one.price_minor }}<td>{{ one.stock }}
<td>{{ one.tax_class.name }}{% endfor %}</table>{{ total }} in all, for {{ name }}"""


@dataclass(frozen=True)
class Cost:
    """Of one page: statements, seconds of CPU and on the clock, and how often that is the bare page's."""

    address: str
    status: int
    statements: int
    cpu: float
    clock: float
    cpu_ratio: float
    clock_ratio: float


def main(url: str, wanted: str) -> None:
    """Measure every page, the dearest last."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(instance=Path(folder), database=SecretStr(url), plain_http=True, testing=True)
        app = create_app(settings)
        database = shop_of(app).database
        statements = count_statements(database)
        bare = bare_app(database).test_client()
        found = [
            measure(page, address, bare, statements) for page, address in pages(app, database) if wanted in address
        ]
        for cost in sorted(found, key=lambda cost: cost.clock):
            report(cost)
        database.close()


def count_statements(database: Database) -> list[str]:
    """A list that grows with every statement."""
    statements: list[str] = []
    for engine in (database.reader, database.writer):
        event.listen(engine, "before_cursor_execute", lambda _c, _u, statement, *_: statements.append(statement))
    return statements


def measure(client: FlaskClient, address: str, bare: FlaskClient, statements: list[str]) -> Cost:
    """Open a page some times, and the bare page beside it."""
    status, *_warm = opened(client, address)
    statements.clear()
    _status, _cpu, clock = opened(client, address)
    sent = [one for one in statements if not one.startswith(("BEGIN", "PRAGMA"))]
    turns = [(opened(bare, "/"), opened(client, address)) for _ in range(RUNS if clock < 3 else 1)]
    bare_cpu, bare_clock = (median(turn[0][what] for turn in turns) for what in (1, 2))
    cpu, clock = (median(turn[1][what] for turn in turns) for what in (1, 2))
    return Cost(address, status, len(sent), cpu, clock, cpu / bare_cpu, clock / bare_clock)


def opened(client: FlaskClient, address: str) -> tuple[int, float, float]:
    """Status, CPU and time on the clock of one request."""
    began, worked = time.perf_counter(), time.process_time()
    status = client.get(address).status_code
    return status, time.process_time() - worked, time.perf_counter() - began


def report(cost: Cost) -> None:
    """One line."""
    marks = [f"over {STATEMENTS} statements"] * (cost.statements > STATEMENTS)
    marks += [f"over {CPU}"] * (cost.cpu_ratio > CPU)
    print(
        f"{cost.status} {cost.address:60} {cost.statements:3} statements  CPU x{cost.cpu_ratio:6.2f} "
        f"({cost.cpu * 1000:6.1f} ms)  clock x{cost.clock_ratio:7.2f} ({cost.clock * 1000:7.1f} ms)  {', '.join(marks)}"
    )


def pages(app: Flask, database: Database) -> Iterator[tuple[FlaskClient, str]]:
    """Every address that can be fetched, by somebody who may."""
    access = shop_of(app).access
    clients = {role: signed_in(app, database, role) for role in Role}
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        may = access[rule.endpoint]
        if (
            "GET" not in (rule.methods or ())
            or any(part in rule.rule for part in SKIP)
            or may is Permission.CAMERA_SYSTEM
        ):
            continue
        if rule.rule.startswith("/api/"):
            continue
        role = next((role for role in Role if may in OF_ROLE[role]), Role.ADMIN)
        with app.test_request_context():
            address = str(app.url_map.bind("localhost").build(rule.endpoint, {k: VALUES[k] for k in rule.arguments}))
        for more in ["", *MORE.get(rule.rule, [])]:
            yield clients[role], address + more


def signed_in(app: Flask, database: Database, role: Role) -> FlaskClient:
    """Somebody of this role."""
    client = app.test_client()
    with app.test_request_context(), database.writing() as session:
        account = session.scalars(select(Account).where(Account.role == role.value, Account.active)).first()
        assert account is not None
        client.set_cookie("login", sessions.begin(session, account, kind="browser", label="bench"))
    return client


def bare_app(database: Database) -> Flask:
    """The least that a list can be: sign-in, count, 50 rows, one template."""
    app = Flask("bare")
    page = app.jinja_env.from_string(BARE)

    @app.get("/")
    def products() -> str:
        with database.reading() as session:
            login = session.scalars(select(LoginSession).options(joinedload(LoginSession.account)).limit(1)).first()
            total = session.scalars(select(func.count(Product.id)).where(Product.active)).one()
            query = select(Product).where(Product.active).options(joinedload(Product.tax_class))
            rows = session.scalars(query.order_by(Product.search, Product.id).limit(50)).all()
            return page.render(rows=rows, total=total, name=login.account.name if login else "")

    return app


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "")
