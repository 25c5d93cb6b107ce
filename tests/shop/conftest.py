"""One shop per test, on SQLite and on a real MariaDB; people of each role; a real browser where a test asks for one."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser, BrowserContext, Page
from pydantic import SecretStr
from pymysql.constants import CLIENT
from sqlalchemy import Engine, create_engine, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from shop_app import Settings, create_app
from shop_app.accounts import sessions
from shop_app.accounts.passwords import Passwords
from shop_app.app import flask_config
from shop_app.base.db import Base, Database
from shop_app.base.models import Account, Product, TaxClass
from shop_app.base.permissions import Role
from shop_app.ops.schema import initialise, upgrade_database
from shop_app.web.area import shop_of
from tests.needs import missing

# Without TLS, for which PyMySQL would read all certificates of the machine at each connection.
MARIADB = os.environ.get("SHOP_TEST_MARIADB", "mysql+pymysql://root@127.0.0.1:3306/?ssl_disabled=true")
PASSWORD = "correct horse battery"
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1366, "height": 768}
SETTINGS = {
    "name": "Shop", "currency": "EUR", "time_zone": "UTC", "country": "", "locale": "en", "sell_below_zero": "warn",
    "day_begins": "00:00", "night_from": "22:00", "night_to": "06:00", "escalate_after_seconds": "60",
    "silent_after_seconds": "30",
}  # fmt: skip


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """What asks for the database is run on SQLite; on both where the database makes a difference (`both`)."""
    if "engine" in metafunc.fixturenames:
        engines = [pytest.param("sqlite"), pytest.param("mariadb", marks=pytest.mark.mariadb)]
        one = any(metafunc.definition.get_closest_marker(name) for name in ("browser", "sqlite"))
        both = metafunc.definition.get_closest_marker("both") and not one
        metafunc.parametrize("engine", engines if both else engines[:1], scope="session")


@pytest.fixture(scope="session")
def mariadb_url() -> Iterator[str]:
    """The address of a database of this test session's own on a real server."""
    server = create_engine(MARIADB)
    name = f"shop_test_{secrets.token_hex(4)}"
    try:
        with server.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name} CHARACTER SET utf8mb4"))
    except Exception as error:
        missing(f"no MariaDB at {make_url(MARIADB).render_as_string()}: {type(error).__name__}")
    yield make_url(MARIADB).set(database=name).render_as_string(hide_password=False)
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name}"))
    server.dispose()


@pytest.fixture(scope="session")
def empty_shop(engine: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A database with what `init` puts there: copied (SQLite) or emptied (MariaDB) for each test."""
    folder = tmp_path_factory.mktemp(engine)
    url = request.getfixturevalue("mariadb_url") if engine == "mariadb" else ""
    settings = Settings(instance=folder, database=SecretStr(url), plain_http=True, testing=True, threads=16)
    upgrade_database(settings)
    if settings.is_sqlite:
        database = Database(settings.database_url)
        with database.writing() as session:
            _initialise(session)
        database.close()
    return settings


@pytest.fixture
def settings(empty_shop: Settings, tmp_path: Path) -> Settings:
    """The settings of this test's shop, whose database holds what `init` puts there."""
    instance = tmp_path / "instance"
    instance.mkdir()
    if empty_shop.is_sqlite:
        shutil.copy(empty_shop.instance / "shop.db", instance / "shop.db")
    else:
        _begin_anew(empty_shop)
    return empty_shop.model_copy(update={"instance": instance})


@pytest.fixture(scope="session")
def made_app(empty_shop: Settings) -> Flask:
    """Routes, templates and translations, which take longer to make than most tests."""
    app = create_app(empty_shop)
    app.test_client_class = ShopClient
    shop_of(app).database.close()
    return app


@cache
def quick_passwords() -> Passwords:
    """A hasher that tests do not wait for."""
    return Passwords(memory_kib=64, rounds=1)


@pytest.fixture
def app(settings: Settings, made_app: Flask) -> Iterator[Flask]:
    """The app of this test: what is made once, on the settings and the database of this test."""
    made_app.config.update(flask_config(settings))
    shop = replace(
        shop_of(made_app),
        settings=settings,
        database=Database(settings.database_url),
        services={"passwords": quick_passwords()},
    )
    made_app.extensions["shop"] = shop
    yield made_app
    shop.database.close()


@pytest.fixture
def database(app: Flask) -> Database:
    """The database of this test's shop: `with database.writing() as session: ...`"""
    return shop_of(app).database


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Somebody who is not signed in."""
    return app.test_client()


@dataclass
class Person:
    """Somebody signed in by a test. `client` sends the CSRF token with every unsafe request."""

    id: int
    role: Role
    name: str
    email: str
    token: str
    client: ShopClient


class ShopClient(FlaskClient):
    """A browser without a screen: keeps cookies, and sends the CSRF token as our scripts and forms do."""

    def open(self, *arguments: Any, **options: Any) -> Any:
        """Send a request; `csrf=False` leaves the token out."""
        if options.pop("csrf", True) and options.get("method", "GET") not in {"GET", "HEAD", "OPTIONS"}:
            headers = dict(options.pop("headers", {}))
            answer = super().open(*arguments, **options | {"headers": {"X-CSRFToken": self._csrf()} | headers})
            if answer.status_code != 400 or "X-CSRFToken" in headers:
                return answer
            self._token = ""  # signing in made a new one; a browser has it from the next page
            options["headers"] = {"X-CSRFToken": self._csrf()} | headers
        return super().open(*arguments, **options)

    def _csrf(self) -> str:
        if getattr(self, "_token", "") == "":
            found = re.search(r'name="csrf-token" content="([^"]+)"', super().open("/me", method="GET").text)
            self._token = found.group(1) if found else ""
        return self._token


@pytest.fixture
def sign_in(app: Flask, database: Database) -> Callable[..., Person]:
    """`sign_in(Role.BILLING)` makes an account of that role and signs it in."""

    def make(role: Role, name: str = "", email: str = "", **columns: Any) -> Person:
        email = email or f"{role}-{secrets.token_hex(3)}@example.com"
        with app.test_request_context(), database.writing() as session:
            account = Account(
                role=role.value, name=name or f"{role.value.title()} Person", email=email, email_norm=email,
                created_at=datetime(2026, 1, 1, tzinfo=UTC), active=True, **columns,
            )  # fmt: skip
            session.add(account)
            session.flush()
            token = sessions.begin(session, account, kind="browser", label="test")
        client = app.test_client()
        client.set_cookie("login", token)
        assert isinstance(client, ShopClient)
        return Person(account.id, role, account.name, email, token, client)

    return make


@pytest.fixture
def admin(sign_in: Callable[..., Person]) -> Person:
    """An admin, signed in."""
    return sign_in(Role.ADMIN)


@pytest.fixture
def billing(sign_in: Callable[..., Person]) -> Person:
    """A cashier, signed in."""
    return sign_in(Role.BILLING)


@pytest.fixture
def sales(sign_in: Callable[..., Person]) -> Person:
    """A member of sales staff, signed in."""
    return sign_in(Role.SALES)


@pytest.fixture
def security(sign_in: Callable[..., Person]) -> Person:
    """A guard, signed in."""
    return sign_in(Role.SECURITY)


@pytest.fixture
def customer(sign_in: Callable[..., Person]) -> Person:
    """A customer, signed in."""
    return sign_in(Role.CUSTOMER)


@pytest.fixture
def make_product(database: Database) -> Callable[..., Product]:
    """`make_product(stock=200, price_minor=499)` puts a product on sale."""

    def make(**columns: Any) -> Product:
        at = datetime(2026, 1, 1, tzinfo=UTC)
        with database.writing() as session:
            tax = session.scalars(select(TaxClass).order_by(TaxClass.id)).first()
            assert tax is not None
            sku = f"SKU-{secrets.token_hex(3)}"
            values: dict[str, Any] = {
                "sku": sku, "name": f"Product {sku}", "price_minor": 1000, "tax_class_id": tax.id, "stock": 100,
                "created_at": at, "updated_at": at,
            } | columns  # fmt: skip
            product = Product(**values)
            session.add(product)
        return product

    return make


@pytest.fixture
def count_statements(database: Database) -> Iterator[list[str]]:
    """The SQL statements sent since the test emptied this list."""
    from sqlalchemy import event

    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    for engine in (database.reader, database.writer):
        event.listen(engine, "before_cursor_execute", note)
    yield statements
    for engine in (database.reader, database.writer):
        event.remove(engine, "before_cursor_execute", note)


@pytest.fixture
def server(app: Flask) -> Iterator[str]:
    """The app behind waitress on a free port of this machine; gives its address."""
    import waitress

    running = waitress.create_server(app, host="127.0.0.1", port=0, threads=16)
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{running.effective_port}"
    _stop(running, thread)


def _stop(running: Any, loop: threading.Thread) -> None:
    """Ends waitress without a race: its sockets are closed by the thread that waits on them."""
    from waitress import wasyncore

    def close_connections() -> None:
        for channel in list(running.active_channels.values()):
            channel.handle_close()  # with the files that were being sent

    running.trigger.pull_trigger(close_connections)
    running.task_dispatcher.shutdown(timeout=5)
    with running.trigger.lock:  # held until the byte is written: a loop awake already would close the pipe before
        running.trigger.thunks.append(lambda: wasyncore.close_all(running._map))
        running.trigger._physical_pull()
    loop.join(timeout=5)
    assert not loop.is_alive(), "the server does not end"


class Window:
    """Opens pages as somebody, and notes whatever the browser complains of: script errors, refused content."""

    def __init__(self, browser: Browser, server: str) -> None:
        self.browser = browser
        self.server = server
        self.complaints: list[str] = []
        self._contexts: list[BrowserContext] = []

    def open(
        self, path: str = "/", *, person: Person | None = None, size: dict[str, int] = DESK, **options: Any
    ) -> Page:
        """A page at `path`, as `person` or as nobody."""
        context = self.browser.new_context(
            viewport={"width": size["width"], "height": size["height"]}, base_url=self.server, locale="en-GB", **options
        )
        self._contexts.append(context)
        if person is not None:
            context.add_cookies([{"name": "login", "value": person.token, "url": self.server}])
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", lambda message: self._console(message))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(path)
        return page

    def _console(self, message: Any) -> None:
        # A refused form (422, 409) is an answer, not a fault of the page.
        if message.type == "error" and "status of 4" not in message.text:
            self.complaints.append(message.text)

    def close(self) -> None:
        """Close all pages."""
        for context in self._contexts:
            context.close()


@pytest.fixture
def window(chromium: Browser, server: str) -> Iterator[Window]:
    """`window.open("/stock", person=sales)`; the test fails if the browser complained of anything."""
    window = Window(chromium, server)
    yield window
    window.close()
    assert window.complaints == []


def _initialise(session: Session) -> None:
    initialise(session, name="Corner Shop", currency="EUR", time_zone="Europe/Berlin")


_FROM_ONE = "ALTER TABLE audit_entries AUTO_INCREMENT = 1"  # numbers that are missing are told


def _begin_anew(settings: Settings) -> None:
    """Empty all tables of MariaDB, and put there what `init` does."""
    deletions = "; ".join(str(table.delete()) for table in Base.metadata.sorted_tables)
    with Session(_anew(settings.database_url)) as session, session.begin():
        with closing(session.connection().connection.cursor()) as cursor:
            cursor.execute(f"SET FOREIGN_KEY_CHECKS = 0; {deletions}; SET FOREIGN_KEY_CHECKS = 1; {_FROM_ONE}")
            while cursor.nextset():
                pass
        _initialise(session)


@cache
def _anew(url: str) -> Engine:
    """Keeps its connection from test to test: to make one takes longer than to empty the tables."""
    return create_engine(url, pool_pre_ping=True, connect_args={"client_flag": CLIENT.MULTI_STATEMENTS})


__all__ = ["DESK", "PASSWORD", "PHONE", "Person", "ShopClient", "Window"]
