"""How long a bill takes with eight tills at once, beside a page without a database from the same server.

    python benchmarks/till.py [seconds] [database URL]

Prints p50 and p99 in milliseconds of the payment (its answer is a bill that is on disk), with a second from one bill to
the next at each till and without a pause, and of a static file asked for by the same eight clients without a pause.
Below each: how much of the machine was busy, and the CPU of one answer in the server, in MariaDB and in the tills.
A database given by URL must be empty; it is filled.
"""

from __future__ import annotations

import http.client
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
from flask import Flask
from pydantic import SecretStr
from sqlalchemy import select

from shop_app.accounts import sessions
from shop_app.app import create_app
from shop_app.base.db import Database, now
from shop_app.base.models import Account, Product, TaxClass
from shop_app.base.permissions import Role
from shop_app.base.settings import Settings
from shop_app.ops.schema import initialise, upgrade_database
from shop_app.web.area import shop_of
from tests.shop.conftest import Person, ShopClient
from tests.shop.test_kill import Cashier, Server

TILLS = 8


def main(seconds: float, url: str) -> None:
    """Measure, and print one line per figure."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(instance=Path(folder), database=SecretStr(url), plain_http=True, testing=True)
        upgrade_database(settings)
        app = create_app(settings)
        database = shop_of(app).database
        with database.writing() as session:
            initialise(session, name="Bench", currency="EUR", time_zone="Europe/Berlin")
        people = [cashier(app, database, n) for n in range(TILLS)]
        products = [product_of(database, n) for n in range(TILLS)]
        server = Server(settings)
        try:
            report("static file", server, lambda: static_file(server, seconds / 3))
            report("a bill a second", server, lambda: payments(server, people, products, seconds, pause=1.0))
            report("no pause", server, lambda: payments(server, people, products, seconds))
            report("one product", server, lambda: payments(server, people, products[:1] * TILLS, seconds))
        finally:
            server.kill()
            database.close()


def cashier(app: Flask, database: Database, number: int) -> Person:
    """A cashier who is signed in."""
    with app.test_request_context(), database.writing() as session:
        email = f"till-{number}@example.com"
        account = Account(
            role=Role.BILLING.value, name=f"Till {number}", email=email, email_norm=email, created_at=now(), active=True
        )
        session.add(account)
        session.flush()
        token = sessions.begin(session, account, kind="browser", label="bench")
    return Person(account.id, Role.BILLING, account.name, email, token, ShopClient(app))


def product_of(database: Database, number: int) -> Product:
    """Something that does not sell out."""
    with database.writing() as session:
        tax = session.scalars(select(TaxClass)).first()
        assert tax is not None
        product = Product(
            sku=f"B{number}", name=f"Bench {number}", price_minor=199, tax_class_id=tax.id, stock=10_000_000, created_at=now(),
            updated_at=now(),
        )  # fmt: skip
        session.add(product)
    return product


def payments(
    server: Server, people: list[Person], products: list[Product], seconds: float, pause: float = 0.0
) -> list[float]:
    """Seconds of each payment."""
    tills = [Cashier(server, person, product.id, pause) for person, product in zip(people, products, strict=True)]
    for till in tills:
        till.start()
    time.sleep(seconds)
    for till in tills:
        till.stopped.set()
    for till in tills:
        till.join(timeout=30)
    assert not any(till.failures for till in tills)
    return [one for till in tills for one in till.seconds[2:]]


def static_file(server: Server, seconds: float) -> list[float]:
    """Seconds of each request for a file that needs neither sign-in nor database."""
    taken: list[float] = []
    end = time.monotonic() + seconds

    def client() -> None:
        connection = http.client.HTTPConnection(*server.address, timeout=30)
        while time.monotonic() < end:
            began = time.monotonic()
            connection.request("GET", "/static/icon.svg")
            connection.getresponse().read()
            taken.append(time.monotonic() - began)
        connection.close()

    clients = [threading.Thread(target=client) for _ in range(TILLS)]
    for one in clients:
        one.start()
    for one in clients:
        one.join()
    return taken


def report(name: str, server: Server, measure: Callable[[], list[float]]) -> None:
    """Measure; two lines."""
    began, before, all_before = time.monotonic(), cpu_seconds(server), psutil.cpu_times()
    taken = sorted(measure())
    lasted, after, all_after = time.monotonic() - began, cpu_seconds(server), psutil.cpu_times()
    p50, p99 = (taken[min(int(len(taken) * share), len(taken) - 1)] * 1000 for share in (0.5, 0.99))
    print(f"{name:15} n={len(taken):6} p50={p50:7.1f} ms p99={p99:7.1f} ms (load {os.getloadavg()[0]:.1f})")
    idle = (all_after.idle - all_before.idle + all_after.iowait - all_before.iowait) / (lasted * (os.cpu_count() or 1))
    parts = (f"{part} {(after[part] - before[part]) / len(taken) * 1000:.1f} ms" for part in after)
    print(
        f"{'':15} {len(taken) / lasted:5.1f}/s, {max(0, 1 - idle):.0%} of the CPUs busy; CPU of one: {', '.join(parts)}"
    )


def cpu_seconds(server: Server) -> dict[str, float]:
    """CPU time used so far by each part of a sale."""
    leader = psutil.Process(server.process.pid)
    databases = [one for one in psutil.process_iter(["name"]) if one.info["name"] in {"mariadbd", "mysqld"}]
    parts = {"server": [leader, *leader.children(recursive=True)], "MariaDB": databases, "tills": [psutil.Process()]}
    return {part: sum(sum(one.cpu_times()[:2]) for one in found) for part, found in parts.items()}


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 15, sys.argv[2] if len(sys.argv) > 2 else "")
