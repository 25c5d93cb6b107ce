"""The server is killed while tills are busy: what was acknowledged is there afterwards, and nothing is half done."""

from __future__ import annotations

import http.client
import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select, text

from shop_app.base import audit
from shop_app.base.db import Database
from shop_app.base.models import Bill, BillLine, Product, StockMovement
from shop_app.base.permissions import Role
from shop_app.base.settings import Settings
from tests.cameras import wait_for
from tests.shop.conftest import Person
from tests.shop.test_races import assert_books_agree

pytestmark = pytest.mark.both

KILLS = int(os.environ.get("SHOP_TEST_KILLS", "10"))
TILLS = 6


class Server:
    """`vidframe-shop run` in a process of its own; on MariaDB in two, behind gunicorn."""

    def __init__(self, settings: Settings, threads: int = 16) -> None:
        self.environment = os.environ | {
            "SHOP_INSTANCE": str(settings.instance), "SHOP_DATABASE": settings.database.get_secret_value(),
            "SHOP_PLAIN_HTTP": "true", "SHOP_THREADS": str(threads),
        }  # fmt: skip
        self.address = ("127.0.0.1", 0)
        self.restarts: list[float] = []
        self.start()

    def start(self) -> None:
        """Start, and wait for the first page."""
        began = time.monotonic()
        command = [sys.executable, "-m", "shop_app", "run", "--port", str(self.address[1])]
        if self.environment["SHOP_DATABASE"]:
            command += ["--workers", "2"]
        self.process = subprocess.Popen(
            command, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            start_new_session=True,
        )  # fmt: skip
        self.address = ("127.0.0.1", self._port())
        connection = http.client.HTTPConnection(*self.address, timeout=30)
        connection.request("GET", "/sign-in")
        assert connection.getresponse().status == 200
        connection.close()
        self.restarts.append(time.monotonic() - began)

    def _port(self) -> int:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            found = re.search(r"http://127\.0\.0\.1:(\d+)", line)
            if found:
                return int(found.group(1))
        raise AssertionError("the server ended before it began")

    def kill(self) -> None:
        """As a power switch would: all its processes at once."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=30)
        if self.process.stdout:
            self.process.stdout.close()

    def stop(self) -> None:
        """As systemd does."""
        self.process.terminate()
        self.process.wait(timeout=30)
        if self.process.stdout:
            self.process.stdout.close()


class Cashier(threading.Thread):
    """Makes one bill after another until told to stop, and notes which ones the server acknowledged."""

    def __init__(self, server: Server, person: Person, product_id: int, pause: float = 0.0) -> None:
        super().__init__(daemon=True)
        self.server, self.token, self.product_id = server, person.token, product_id
        self.pause = pause  # seconds from one bill to the next
        self.acknowledged: list[int] = []
        self.seconds: list[float] = []
        self.failures: list[int] = []
        self.stopped = threading.Event()
        self.cookies, self.csrf = "", ""
        self.connection = http.client.HTTPConnection(*server.address, timeout=30)

    def run(self) -> None:
        """Sell until stopped; a lost connection is waited out."""
        while not self.stopped.is_set():
            try:
                self._sell()
                self.stopped.wait(self.pause)
            except (OSError, http.client.HTTPException):
                self.connection.close()
                time.sleep(0.1)
        self.connection.close()

    def _sell(self) -> None:
        if not self.csrf:
            self._sign_in()
        cart = self._ask("/till/cart", {})
        added = self._ask(f"/till/cart/{cart['key']}/add", {"product_id": self.product_id, "quantity": 2})
        total = added["total_minor"]
        body = {"total_minor": total, "parts": [{"method": "cash", "amount_minor": total}]}
        began = time.monotonic()
        bill = self._ask(f"/till/cart/{cart['key']}/pay", body)
        self.seconds.append(time.monotonic() - began)
        if "bill_id" in bill:
            self.acknowledged.append(bill["bill_id"])

    def _sign_in(self) -> None:
        self.connection.request("GET", "/me", headers={"Cookie": f"login={self.token}"})
        answer = self.connection.getresponse()
        page = answer.read().decode()
        set_cookie = answer.getheader("Set-Cookie", "")
        self.cookies = f"login={self.token}; {set_cookie.partition(';')[0]}"
        found = re.search(r'name="csrf-token" content="([^"]+)"', page)
        assert found
        self.csrf = found.group(1)

    def _ask(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        headers = {
            "Content-Type": "application/json", "Accept": "application/json", "X-CSRFToken": self.csrf,
            "Cookie": self.cookies,
        }  # fmt: skip
        self.connection.request("POST", path, json.dumps(body), headers)
        answer = self.connection.getresponse()
        content = json.loads(answer.read())
        if answer.status >= 400:
            self.failures.append(answer.status)
            raise http.client.HTTPException(content)
        return dict(content)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_server_killed_under_load_loses_no_acknowledged_bill(  # M5
    settings: Settings, database: Database, sign_in: Callable[..., Person], make_product: Callable[..., Product]
) -> None:
    product = make_product(stock=1_000_000, price_minor=250)
    server = Server(settings)
    cashiers = [Cashier(server, sign_in(Role.BILLING), product.id) for _ in range(TILLS)]
    dice = random.Random()
    try:
        for cashier in cashiers:
            cashier.start()
        for _ in range(KILLS):
            time.sleep(1 + dice.random())
            server.kill()
            server.start()
        time.sleep(1)
    finally:
        for cashier in cashiers:
            cashier.stopped.set()
        for cashier in cashiers:
            cashier.join(timeout=30)
        server.kill()

    acknowledged = {bill for cashier in cashiers for bill in cashier.acknowledged}
    print(
        f"{KILLS} kills, {len(acknowledged)} bills acknowledged, restarts {sorted(server.restarts)[-1]:.1f} s at most"
    )
    assert len(acknowledged) > KILLS
    assert [status for cashier in cashiers for status in cashier.failures if status >= 500] == []
    assert_nothing_is_lost_or_half_done(database, product, acknowledged)


def test_entries_of_the_audit_log_are_sealed_by_the_next_start_and_before_an_orderly_end(
    settings: Settings, database: Database, sign_in: Callable[..., Person], make_product: Callable[..., Product]
) -> None:
    server = Server(settings)
    cashier = Cashier(server, sign_in(Role.BILLING), make_product(stock=1000).id, pause=0.2)

    def checked() -> audit.Check:
        with database.reading() as session:
            return audit.check(session)

    try:
        cashier.start()
        wait_for(lambda: checked().sealed, 30)
        wait_for(lambda: checked().unsealed)
        server.kill()
        left = checked()
        server.start()
        wait_for(lambda: checked().sealed >= left.sealed + left.unsealed, 30)
        wait_for(lambda: checked().unsealed)
        cashier.stopped.set()
        cashier.join(timeout=30)
        server.stop()
    finally:
        cashier.stopped.set()
        server.process.kill()

    found = checked()
    assert left.unsealed > 0
    assert (found.broken, found.unsealed) == (None, 0)
    assert found.sealed >= len(cashier.acknowledged) > 0


def assert_nothing_is_lost_or_half_done(database: Database, product: Product, acknowledged: set[int]) -> None:
    assert_books_agree(database)
    with database.reading() as session:
        bills = set(session.scalars(select(Bill.id)))
        assert acknowledged <= bills
        assert list(session.scalars(select(Bill.number).order_by(Bill.number))) == list(range(1, len(bills) + 1))
        orphans = select(func.count(BillLine.id)).where(BillLine.bill_id.not_in(select(Bill.id)))
        assert session.scalars(orphans).one() == 0
        units = session.scalars(select(func.sum(BillLine.quantity))).one()
        assert product.stock - session.get_one(Product, product.id).stock == units
        assert session.scalars(select(func.sum(StockMovement.change))).one() == -units
        if database.is_sqlite:
            assert session.scalars(text("PRAGMA integrity_check")).all() == ["ok"]
