"""Races whose moment is chosen: each party is held after one of its statements until the others have sent theirs."""

from __future__ import annotations

import hashlib
import io
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from flask import Flask
from sqlalchemy import event, func, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from shop_app.base.db import Database, now
from shop_app.base.models import (
    Account,
    Alert,
    AlertReview,
    BillLine,
    Delivery,
    Product,
    ShopProfile,
    TaxClass,
)
from shop_app.base.permissions import Role
from shop_app.notify.kinds import NOTE
from shop_app.notify.outbox import notify
from tests.shop import racing
from tests.shop.conftest import Person
from tests.shop.night import CameraSystem, jpeg
from tests.shop.test_books import actor_of

pytestmark = pytest.mark.both

Make = Callable[..., Product]
HELD = 1.0  # seconds for the others to come; those that wait for a lock of the first never do


@contextmanager
def held_after(database: Database, begin: str, *parts: str, parties: int) -> Iterator[None]:
    """Whoever has sent a statement that begins so, with these parts, goes on when all have or the time is over."""
    meeting = threading.Barrier(parties)

    def meet(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith(begin) and all(part in statement for part in parts):
            with suppress(threading.BrokenBarrierError):
                meeting.wait(HELD)

    event.listen(database.writer, "after_cursor_execute", meet)
    yield
    event.remove(database.writer, "after_cursor_execute", meet)


def at_once(*tasks: Callable[[], int]) -> list[int]:
    """What each answers."""
    with ThreadPoolExecutor(len(tasks)) as pool:
        return [one.result(timeout=60) for one in [pool.submit(task) for task in tasks]]


def sending(person: Person, path: str, **data: str) -> Callable[[], int]:
    """A form to be sent, with its token fetched beforehand."""
    person.client._csrf()
    return lambda: int(person.client.post(path, data=data).status_code)


def test_customers_who_rate_one_product_at_once_are_all_heard(
    database: Database, billing: Person, sign_in: Callable[..., Person], make_product: Make
) -> None:
    product = make_product()
    tasks = []
    for _ in range(3):
        person = sign_in(Role.CUSTOMER)
        racing.sell_one(database, actor_of(billing), product.id, customer_id=person.id)
        with database.reading() as session:
            line = session.scalars(select(func.max(BillLine.id))).one()
        tasks.append(sending(person, f"/shop/rate/{line}", stars="4"))

    with held_after(database, "INSERT INTO ratings", parties=3):
        answers = at_once(*tasks)

    assert answers == [303] * 3
    with database.reading() as session:
        rated = session.get_one(Product, product.id)
        assert (rated.rating_count, rated.rating_stars) == (3, 12)


def test_admins_who_disable_each_other_at_once_leave_one(database: Database, sign_in: Callable[..., Person]) -> None:
    admins = [sign_in(Role.ADMIN) for _ in range(3)]
    tasks = [
        sending(one, f"/staff/{other.id}/disable") for one, other in zip(admins, admins[1:] + admins[:1], strict=True)
    ]

    with held_after(database, "SELECT", "FROM accounts", "accounts.active IS", parties=3):
        answers = at_once(*tasks)

    assert sorted(answers) == [303, 303, 409]
    with database.reading() as session:
        left = select(func.count(Account.id)).where(Account.role == "admin", Account.active.is_(True))
        assert session.scalars(left).one() == 1


def test_what_two_tabs_note_at_once_is_noted_once(app: Flask, database: Database, security: Person) -> None:
    cameras = CameraSystem.of(app)
    cameras.incident()
    with database.writing() as session:
        sent = notify(session, NOTE, to=Role.SECURITY, title="To all guards")
        assert sent is not None
        note = sent.id
    with database.reading() as session:
        alert = session.scalars(select(Alert.id)).one()
    look, read = sending(security, f"/alerts/{alert}/review"), sending(security, f"/notifications/{note}/read")

    with held_after(database, "SELECT", "FROM alert_reviews", parties=2):
        looked = at_once(look, look)
    with held_after(database, "SELECT", "FROM notifications", parties=2):
        have_read = at_once(read, read)

    assert (max(looked), max(have_read)) < (400, 400)
    with database.reading() as session:
        assert session.scalars(select(func.count()).select_from(AlertReview)).one() == 1
        read_at = select(Delivery.read_at).where(Delivery.notification_id == note, Delivery.account_id == security.id)
        assert session.scalars(read_at).one() is not None


def announced_picture(cameras: CameraSystem) -> tuple[str, bytes]:
    """The address of a picture that was announced and did not come yet, and the picture."""
    content = jpeg(1900, 1000)
    note = {"role": "snapshot", "media_type": "image/jpeg", "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest()}  # fmt: skip
    told = {"version": 1, "id": "door.1", "kind": "incident.opened", "camera": "door", "time": now().isoformat(),
            "facts": {"incident": "i"}, "files": [note]}  # fmt: skip
    assert cameras.ask("POST", "/events", json={"events": [told]}).json["results"][0]["status"] == "taken"
    return "/events/door.1/files/snapshot", content


def go_on(cameras: CameraSystem, path: str, content: bytes) -> tuple[int, bool]:
    """Send what is missing, as the sender does; the status and whether the file is complete then."""
    offset = cameras.ask("GET", path).json["received"]
    status = cameras.ask(
        "PATCH", path, data=content[offset:], headers={"Upload-Offset": str(offset)},
        environ_overrides={"CONTENT_LENGTH": str(len(content) - offset)},  # the test's client leaves a 0 out
    ).status_code  # fmt: skip
    return int(status), bool(cameras.ask("GET", path).json["complete"])


class Killed(BaseException):
    """The process ends here."""


def test_a_kill_while_a_picture_is_encoded_costs_nothing_that_was_sent(app: Flask) -> None:
    cameras = CameraSystem.of(app)
    path, content = announced_picture(cameras)

    with mock.patch.object(os, "replace", side_effect=Killed), suppress(Killed):
        go_on(cameras, path, content)

    assert cameras.ask("GET", path).json == {"received": len(content), "complete": False}
    assert go_on(cameras, path, content) == (200, True)


def test_a_disk_that_is_full_when_a_picture_is_encoded_is_told_as_such(app: Flask) -> None:
    cameras = CameraSystem.of(app)
    path, content = announced_picture(cameras)

    with mock.patch.object(Path, "write_bytes", side_effect=OSError(28, "No space left on device")):
        full = go_on(cameras, path, content)

    assert full == (507, False)
    assert go_on(cameras, path, content) == (200, True)


def test_what_is_done_again_after_a_deadlock_reads_its_files_and_speaks_once(
    app: Flask, database: Database, admin: Person
) -> None:
    commit, lost = Session.commit, [OperationalError("COMMIT", {}, Exception(1213, "Deadlock found"))]

    def lose(session: Session) -> None:
        if lost:
            raise lost.pop()
        commit(session)

    sheet = (io.BytesIO(b"sku,name,price,tax\r\nT1,Tea,3.49,Standard\r\n"), "products.csv")

    with mock.patch.object(Session, "commit", lose):
        answer = admin.client.post("/products/import", data={"file": sheet}, follow_redirects=True)

    assert answer.status_code == 200
    assert answer.text.count("Products added: 1") == 1
    with database.reading() as session:
        assert session.scalars(select(Product.sku)).all() == ["T1"]


def test_a_deadlock_is_not_told_as_a_name_that_is_taken(database: Database, admin: Person) -> None:
    flush, lost = Session.flush, [OperationalError("INSERT", {}, Exception(1213, "Deadlock found"))]

    def lose_once(session: Session, *arguments: Any) -> None:
        if lost and any(isinstance(one, TaxClass) for one in session.new):
            raise lost.pop()
        flush(session, *arguments)

    with mock.patch.object(Session, "flush", lose_once):
        answer = admin.client.post("/manage/settings/tax", data={"name": "Books", "rate": "7"})

    assert answer.status_code == 303
    with database.reading() as session:
        assert session.scalars(select(TaxClass.basis_points).where(TaxClass.name == "Books")).all() == [700]


def test_the_currency_stays_while_somebody_has_money_in_a_wallet(
    admin: Person, billing: Person, customer: Person, database: Database
) -> None:
    paid_in = {"amount": "100.00", "method": "cash", "key": "k"}
    assert billing.client.post(f"/customers/{customer.id}/wallet", data=paid_in).status_code == 303
    with database.reading() as session:
        shop = session.get_one(ShopProfile, 1)
        form = {name: getattr(shop, name) for name in ("name", "time_zone", "locale", "sell_below_zero", "night_from",
                "night_to", "escalate_after_seconds", "silent_after_seconds")}  # fmt: skip

    answer = admin.client.post("/manage/settings", data=form | {"currency": "JPY"})

    assert answer.status_code == 422
    with database.reading() as session:
        assert session.get_one(ShopProfile, 1).currency == "EUR"
