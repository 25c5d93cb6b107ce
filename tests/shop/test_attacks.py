"""What hurt a shop when it was pushed: full disks, poisoned events, foreign tokens, floods, idle browsers."""

from __future__ import annotations

import os
import socket
import sqlite3
import stat
import subprocess
import sys
import unicodedata
from collections.abc import Callable
from contextlib import ExitStack, closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, func, select, update

from shop_app.accounts.passwords import Passwords, check_new
from shop_app.base.db import Database, now
from shop_app.base.errors import Invalid
from shop_app.base.models import Alert, AuditEntry, LoginSession, ServiceToken
from shop_app.base.permissions import Role
from shop_app.ops import dump
from tests.shop.conftest import PASSWORD, Person
from tests.shop.night import CameraSystem

SIGN_IN = Callable[..., Person]


@pytest.fixture
def cameras(app: Flask) -> CameraSystem:
    """A camera system of this shop."""
    return CameraSystem.of(app)


@pytest.mark.both
def test_on_a_database_that_takes_nothing_pages_that_read_go_on_for_as_long_as_it_lasts(
    admin: Person, cameras: CameraSystem, database: Database
) -> None:
    if not database.is_sqlite:
        pytest.skip("MariaDB is made read-only for all its databases at once")
    pages = ("/alerts", "/cameras", "/me", "/alerts")
    with database.writing() as session:
        session.execute(update(LoginSession).values(last_seen_at=now() - timedelta(minutes=29)))
        engine = session.get_bind()
    event.listen(engine, "checkout", lambda connection, *_: connection.execute("PRAGMA query_only = 1"))

    assert [admin.client.get(path).status_code for path in pages] == [200] * 4
    assert cameras.ask("GET", "/cameras").status_code == 200
    with closing(sqlite3.connect(str(database.url.database))) as file, file:  # two minutes later
        file.execute("UPDATE login_sessions SET last_seen_at = datetime(last_seen_at, '-2 minutes') || '.000000'")
    assert [admin.client.get(path).status_code for path in pages] == [200] * 4


@pytest.mark.parametrize("facts", [{"mode": ["night"]}, {"mode": {}}, {"state": []}, {"state": "\ud800"}])
def test_a_sign_of_life_with_wrong_facts_is_one_without_them(facts: dict[str, Any], cameras: CameraSystem) -> None:
    assert cameras.ask("POST", "/cameras/aisle/beat", json=facts).status_code == 200


@pytest.mark.parametrize(
    "value",
    ["\ud800", {"\udfff": 1}, ["a", {"b": "x\ud812"}]],
    ids=["text", "name", "inside"],
)
def test_half_a_character_is_refused_for_good_on_both_databases(
    value: object, cameras: CameraSystem, database: Database, tmp_path: Path
) -> None:
    sent = {
        "version": 1,
        "id": "x.1",
        "kind": "queue.long",
        "camera": "x",
        "time": now().isoformat(),
        "facts": {"x": value},
    }

    answer = cameras.ask("POST", "/events", json={"events": [sent]}).json["results"][0]

    assert answer["status"] == "refused"
    dump.write(database, tmp_path / "rows")


@pytest.mark.parametrize("depth", [21, 31, 32, 200])
def test_facts_that_are_deep_within_each_other_are_refused_for_good(depth: int, cameras: CameraSystem) -> None:
    facts: Any = 1
    for _ in range(depth):
        facts = {"x": facts}
    sent = {"version": 1, "id": "x.1", "kind": "queue.long", "camera": "x", "time": now().isoformat(), "facts": facts}

    answer = cameras.ask("POST", "/events", json={"events": [sent]}).json["results"][0]

    assert (answer["status"], "within each other" in answer["problem"]) == ("refused", True)


@pytest.mark.both
def test_a_backup_survives_a_row_that_holds_half_a_character(database: Database, tmp_path: Path) -> None:
    if not database.is_sqlite:
        pytest.skip("MariaDB does not take such a row")
    with database.writing() as session:
        session.add(ServiceToken(name="old", token_hash="0" * 64, created_at=now(), facts={"x": "\ud800"}))

    dump.write(database, tmp_path / "rows")
    with database.writing() as session:
        dump.read(session.connection(), tmp_path / "rows")

    with database.reading() as session:
        assert session.scalars(select(ServiceToken.facts).where(ServiceToken.name == "old")).one() == {"x": "\ud800"}


def test_a_camera_system_reaches_only_the_files_that_it_told_of(app: Flask, cameras: CameraSystem) -> None:
    other = CameraSystem.of(app)
    announced = cameras.ask(
        "POST",
        "/events",
        json={
            "events": [
                {"version": 1, "id": "x.9", "kind": "clip.ready", "camera": "x", "time": now().isoformat(),
                 "facts": {"incidents": []},
                 "files": [{"role": "clip", "media_type": "video/mp4", "bytes": 100, "sha256": "0" * 64}]}
            ]
        },
    )  # fmt: skip
    assert announced.json["results"][0]["files"] == ["clip"]

    found = [
        other.ask("GET", "/events/x.9/files/clip"),
        other.upload("x.9", "clip", b"stolen"),
        other.ask("DELETE", "/events/x.9/files/clip"),
    ]

    assert [answer.status_code for answer in found] == [404] * 3
    assert cameras.ask("GET", "/events/x.9/files/clip").status_code == 200


def test_an_incident_belongs_to_the_camera_system_that_told_of_it(
    app: Flask, cameras: CameraSystem, database: Database
) -> None:
    incident, other = cameras.incident(), CameraSystem.of(app)

    closing = {"version": 1, "id": "z.1", "kind": "incident.closed", "camera": "z", "time": now().isoformat(),
               "facts": {"incident": incident, "change": "motion", "severity": "alert"}}  # fmt: skip
    refused = other.ask("POST", "/events", json={"events": [closing]}).json["results"][0]
    other.send("clip.failed", "z", incidents=[incident], reason="mischief")

    with database.reading() as session:
        alert = session.scalars(select(Alert).where(Alert.incident == incident)).one()
        assert (refused["status"], alert.ended_at, alert.clip_problem) == ("refused", None, None)
    with database.writing() as session:  # a new token goes on with the work of one that has ended
        session.execute(update(ServiceToken).where(ServiceToken.id == alert.token_id).values(ended_at=now()))
    other.send("incident.closed", incident=incident, change="motion", severity="alert")
    with database.reading() as session:
        assert session.scalars(select(Alert.ended_at).where(Alert.incident == incident)).one() is not None


def test_refused_sign_ins_do_not_fill_the_audit_log(app: Flask, sign_in: SIGN_IN, database: Database) -> None:
    person = sign_in(Role.SALES)

    answers = [
        app.test_client().post("/sign-in", data={"name": person.email, "password": "wrong guess"}).status_code
        for _ in range(40)
    ]

    assert answers.count(429) == 30
    with database.reading() as session:
        query = select(func.count(AuditEntry.id)).where(AuditEntry.action == "account.sign-in-refused")
        assert session.scalars(query).one() == 10


def test_a_copy_of_all_that_is_kept_asks_an_app_for_the_password(app: Flask, sign_in: SIGN_IN) -> None:
    person = sign_in(Role.CUSTOMER, password_hash=Passwords(memory_kib=64, rounds=1).hash(PASSWORD))
    client = app.test_client()
    sent = {"name": person.email, "password": PASSWORD, "device": "phone"}
    token = client.post("/api/v1/sign-in", json=sent, csrf=False).get_json()["token"]
    bearer = {"Authorization": f"Bearer {token}"}

    answers = [
        client.post("/api/v1/me/copy", json=body, headers=bearer, csrf=False).status_code
        for body in ({}, {"password": "wrong"}, {"password": PASSWORD})
    ]

    assert answers == [422, 422, 200]


@pytest.mark.parametrize("path", ["/alerts/snooze", "/alerts/arm"])
@pytest.mark.parametrize("body", ['{"camera": "\\ud800", "minutes": 15, "reason": "\\ud800"}', "[" * 200_000])
def test_what_no_database_can_keep_is_refused_with_words(path: str, body: str, security: Person) -> None:
    answer = security.client.post(
        path, data=body, content_type="application/json", headers={"Accept": "application/json"}
    )

    assert 400 <= answer.status_code < 500


@pytest.mark.parametrize("stored", ["NFC", "NFD"])
def test_a_password_is_the_same_on_every_keyboard(stored: str) -> None:
    passwords = Passwords(memory_kib=64, rounds=1)
    hashed = passwords.hash(unicodedata.normalize(stored, "grüne Äpfel"))  # type: ignore[arg-type]

    assert passwords.matches(hashed, unicodedata.normalize("NFC", "grüne Äpfel"))
    assert passwords.matches(hashed, unicodedata.normalize("NFD", "grüne Äpfel"))
    assert not passwords.matches(hashed, "grune Apfel")


@pytest.mark.parametrize("password", ["nina@shop", "Nina.Schmidt1", "ninaschmidt", "schmidt!99", "nina@shop.example7"])
def test_a_password_is_no_piece_of_what_everybody_knows(password: str) -> None:
    with pytest.raises(Invalid, match="own data"):
        check_new(password, "Nina Schmidt", "nina@shop.example", None)


def test_a_password_may_hold_a_name_beside_much_else() -> None:
    check_new("nina rides seven horses", "Nina", "nina@shop.example", "+49 30 555")


def test_a_proxy_that_drops_the_port_is_named_in_the_log(customer: Person, caplog: pytest.LogCaptureFixture) -> None:
    answer = customer.client.post("/me/sessions/end-others", headers={"Origin": "http://localhost:8443"})

    assert answer.status_code == 400
    assert "without the port; let the proxy pass it" in caplog.text


@pytest.mark.slow
def test_idle_browsers_never_shut_the_till_out(tmp_path: Path) -> None:
    environ = os.environ | {"SHOP_INSTANCE": str(tmp_path / "shop"), "SHOP_HOSTS": "localhost", "SHOP_PLAIN_HTTP": "1"}
    command = [sys.executable, "-m", "shop_app"]
    subprocess.run([*command, "init"], env=environ, check=True, capture_output=True)
    with ExitStack() as stack:
        served = stack.enter_context(
            subprocess.Popen([*command, "run", "--port", "0"], env=environ, stdout=subprocess.PIPE, text=True)
        )
        stack.callback(served.terminate)
        assert served.stdout is not None
        port = int(served.stdout.readline().rstrip("/\n").rsplit(":", 1)[1])
        for _ in range(400):  # sixty browsers, each with its connections kept open after a page
            _get(stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=20)))

        till = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=20))
        assert _get(till).startswith(b"HTTP/1.1 200")

    files = [path for path in (tmp_path / "shop").rglob("*") if path.is_file()]
    assert files
    assert {path.name for path in files if stat.S_IMODE(path.stat().st_mode) & 0o077} == set()


def _get(connection: socket.socket) -> bytes:
    connection.sendall(b"GET /sign-in HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return connection.recv(65536)
