"""The audit log as an admin reads it: in words, found by day, by who and by what; and its chain."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, select, text, update

from shop_app.base import audit
from shop_app.base.db import AT_LAST, Database, now
from shop_app.base.errors import Conflict
from shop_app.base.models import Account, AuditEntry, AuditHead, Product
from shop_app.base.settings import Settings
from shop_app.ops.audit_log.actions import ACTIONS
from shop_app.ops.doctor import findings
from tests.shop import racing
from tests.shop.conftest import Person
from tests.shop.racing import together

pytestmark = pytest.mark.both

SOURCE = Path(__file__).parents[2] / "shop_app"


def _recorded(file: Path) -> set[str]:
    """The actions that a file records, as far as they are written out there."""
    calls = [node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)]
    names = [
        call.args[2]
        for call in calls
        if isinstance(call.func, ast.Attribute | ast.Name)
        and (call.func.attr if isinstance(call.func, ast.Attribute) else call.func.id) == "record"
        and len(call.args) > 2
    ]
    parts = [part for name in names for part in ([name.body, name.orelse] if isinstance(name, ast.IfExp) else [name])]
    return {str(part.value) for part in parts if isinstance(part, ast.Constant)}


def test_everything_that_is_recorded_has_a_name_in_words() -> None:
    recorded = {action for file in SOURCE.rglob("*.py") for action in _recorded(file)}

    assert len(recorded) > 50
    assert recorded - set(ACTIONS) == set()


def test_the_log_tells_in_words_and_in_money_what_was_done(admin: Person, database: Database) -> None:
    with database.writing() as session:
        audit.record(session, None, "bill.made", "401", total_minor=2094, note="", lines=[1, 2])
        audit.record(session, None, "shop.disarmed", until=datetime(2026, 11, 26, 4, 4, 57, 161, tzinfo=UTC))

    page = admin.client.get("/manage/audit").text
    german = admin.client.get("/manage/audit", headers={"Accept-Language": "de"}).text

    assert "Bill made" in page
    assert "lines: 1, 2 · total: €20.94" in page
    assert "until: 2026-11-26 05:04" in page  # in Berlin
    assert "Rechnung erstellt" in german
    assert "total: 20,94" in german


def test_entries_are_found_by_day_of_the_shop_and_by_action(admin: Person, database: Database) -> None:
    with database.writing() as session:
        for number in range(3):
            audit.record(session, None, "stock.counted", f"count-{number}")
        audit.record(session, None, "stock.moved", "move")
    with database.writing() as session:
        late = AuditEntry.subject == "count-1"  # 30 November in Berlin, of a year in which no test runs
        session.execute(update(AuditEntry).where(late).values(at=datetime(2020, 11, 29, 23, 30, tzinfo=UTC)))

    def found(query: str) -> list[str]:
        rows = admin.client.get(f"/manage/audit?format=csv&{query}").text.splitlines()[1:]
        return [row.split(",")[4] for row in rows]

    assert found("day=2020-11-30") == ["count-1"]
    assert found("day=2020-11-29") == []
    assert found("action=stock.moved") == ["move"]
    assert {"count-0", "count-2"} <= set(found("action=stock.counted&day=nonsense"))


def test_an_entry_names_people_and_things_and_customers_by_number_alone(
    admin: Person, customer: Person, make_product: Callable[..., Product], database: Database,
    count_statements: list[str],
) -> None:  # fmt: skip
    product = make_product(name="Rye bread")
    with database.writing() as session:
        audit.record(session, None, "stock.counted", product)
        audit.record(session, None, "staff.edited", session.get_one(Account, admin.id))
        audit.record(session, None, "account.access-reset", session.get_one(Account, customer.id))
        audit.record(session, None, "bill.made", 401)
    count_statements.clear()

    page = admin.client.get("/manage/audit").text

    assert re.findall(r'data-label="Subject">(.*?)</td>', page) == [
        "401", f'<a href="/customers/{customer.id}">customer {customer.id}</a>', f"{admin.name} #{admin.id}",
        f"Rye bread #{product.id}",
    ]  # fmt: skip
    assert len([one for one in count_statements if not one.startswith(("BEGIN", "PRAGMA"))]) <= 4


def add(database: Database, *actions: str) -> None:
    with database.writing() as session:
        for action in actions:
            audit.record(session, None, action)


def checked(database: Database) -> audit.Check:
    with database.reading() as session:
        return audit.check(session)


@pytest.mark.parametrize(
    ("statement", "broken"),
    [
        pytest.param("UPDATE audit_entries SET actor = 'somebody else' WHERE id = 3", 3, id="changed"),
        pytest.param("DELETE FROM audit_entries WHERE id = 3", 4, id="deleted"),
        pytest.param("DELETE FROM audit_entries WHERE id >= 4", 4, id="the last deleted"),
        pytest.param("DELETE FROM audit_entries", 1, id="all deleted"),
        pytest.param("UPDATE audit_entries SET position = NULL WHERE id = 5", 5, id="its place taken"),
        pytest.param("UPDATE audit_entries SET position = 7 - position WHERE id IN (3, 4)", 4, id="exchanged"),
        pytest.param("DELETE FROM audit_head", 6, id="no end"),
    ],
)
def test_a_sealed_entry_that_was_changed_or_taken_out_is_found(
    statement: str, broken: int, admin: Person, database: Database
) -> None:
    add(database, *"abcde")
    audit.seal(database)
    assert checked(database) == (None, 5, 0, None, [])

    with database.writing() as session:
        session.execute(text(statement))

    assert checked(database).broken == broken
    assert f"Broken at entry {broken}" in admin.client.get("/manage/audit/check").text


def test_the_check_tells_what_is_not_sealed_yet_and_since_when(
    admin: Person, settings: Settings, database: Database
) -> None:
    add(database, "a")
    audit.seal(database)
    add(database, "b", "c")

    page = admin.client.get("/manage/audit/check").text
    with database.writing() as session:
        session.execute(update(AuditEntry).values(at=now() - timedelta(minutes=2)).where(AuditEntry.action == "b"))
    late = admin.client.get("/manage/audit/check").text

    assert "1 entries are sealed." in page
    assert "Not sealed yet: 2, since" in page
    assert ("overdue" in page, "overdue" in late) == (False, True)
    assert "2 entries not sealed since" in dict(findings(settings))["audit log"]
    audit.seal(database)
    assert dict(findings(settings))["audit log"] == ""
    assert "Not sealed yet" not in admin.client.get("/manage/audit/check").text


@pytest.mark.parametrize("gone", [2, 3])
def test_an_entry_deleted_before_its_seal_leaves_a_gap(
    gone: int, admin: Person, settings: Settings, database: Database
) -> None:
    add(database, "a", "b", "c")
    with database.writing() as session:
        session.execute(delete(AuditEntry).where(AuditEntry.id == gone))
        session.execute(update(AuditEntry).values(at=now() - timedelta(minutes=2)))
    add(database, "d")
    with database.writing() as session:
        session.execute(update(AuditEntry).values(at=now() - timedelta(minutes=2)))
    audit.seal(database)

    assert checked(database) == (None, 3, 0, None, [(gone, gone)])
    assert f"Entries {gone} to {gone} are missing" in admin.client.get("/manage/audit/check").text
    assert f"entries {gone} to {gone} are missing" in dict(findings(settings))["audit log"]


def test_a_refused_transaction_leaves_no_gap(database: Database) -> None:
    with pytest.raises(Conflict), database.writing() as session:
        audit.record(session, None, "a")
        session.flush()
        raise Conflict("no")
    add(database, "b")

    with database.reading() as session:
        assert session.scalars(select(AuditEntry.id)).all() == [1]


def test_eight_processes_that_sell_and_seal_at_once_make_one_chain(
    settings: Settings, database: Database, billing: Person, make_product: Callable[..., Product]
) -> None:
    outcomes = together(racing.sell_and_seal, settings.database_url, billing.id, 5, product_id=make_product().id)

    assert outcomes == {"done": 40}
    assert checked(database)[:4] == (None, 40, 0, None)


@pytest.mark.mariadb
def test_a_writer_waits_for_no_seal_and_one_that_commits_late_is_sealed_later(database: Database) -> None:
    if database.is_sqlite:
        pytest.skip("there is one writer at a time")
    with database.writing() as late:
        audit.record(late, None, "late")
        late.add_all(late.info.pop(AT_LAST))
        late.flush()  # has its number
        with database.writing() as sealing:
            sealing.execute(select(AuditHead).with_for_update())
            with ThreadPoolExecutor(1) as pool:
                pool.submit(add, database, "meanwhile").result(timeout=5)
        audit.seal(database)
    audit.seal(database)

    with database.reading() as session:
        assert session.scalars(select(AuditEntry.action).order_by(AuditEntry.position)).all() == ["meanwhile", "late"]
        assert audit.verify(session) is None


@pytest.mark.parametrize("details", ["{", "[1]", "7", '"<b>"', "<b>"])
def test_details_that_somebody_wrote_into_the_database_do_not_break_the_page(
    details: str, admin: Person, database: Database
) -> None:
    with database.writing() as session:
        audit.record(session, None, "shop.armed", "x")
        audit.record(session, None, "notification.sent", "x")
        audit.record(session, None, "zone.watchers", "9" * 30)
    with database.writing() as session:
        session.execute(update(AuditEntry).values(details=details))

    answer = admin.client.get("/manage/audit")

    assert answer.status_code == 200
    assert "<b>" not in answer.text.partition("<tbody>")[2]
