"""The audit log as an admin reads it: in words, found by day, by who and by what."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from shop_app.base import audit
from shop_app.base.db import Database, now
from shop_app.base.models import AuditEntry, Camera, Complaint, Offer, Product, Zone
from shop_app.notify.kinds import NOTE
from shop_app.notify.outbox import notify
from shop_app.ops.audit_log.actions import ACTIONS
from tests.shop.conftest import Person

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


def test_the_log_names_people_and_things_in_as_many_statements_as_any_list(
    admin: Person, billing: Person, customer: Person, make_product: Callable[..., Product], database: Database,
    count_statements: list[str],
) -> None:  # fmt: skip
    product = make_product(name="Rye bread")
    with database.writing() as session:
        offer = Offer(
            name="Bread week", kind="percent", basis_points=1000, starts_at=now(), ends_at=now() + timedelta(days=1),
            state="proposed", proposed_by_id=admin.id, created_at=now(),
        )  # fmt: skip
        zone = Zone(name="shelf", kind="shelf", points=[])
        session.add(
            Camera(
                name="door", title="Door", address="rtsp://192.0.2.7/", created_at=now(), updated_at=now(), zones=[zone]
            )
        )
        complaint = Complaint(
            customer_id=customer.id, subject="Mouldy", state="open", created_at=now(), updated_at=now()
        )
        session.add_all([offer, complaint])
        note = notify(session, NOTE, to=billing.id, title="Stocktaking")
        assert note is not None
        session.flush()
        audit.record(session, None, "stock.counted", product.id)
        audit.record(session, None, "offer.proposed", offer.id)
        audit.record(session, None, "complaint.answered", complaint.id)
        audit.record(session, None, "wallet.top-up", customer.id)
        audit.record(session, None, "tax-class.changed", product.tax_class_id)
        audit.record(session, None, "notification.sent", note.id, to=f"person:{billing.id}")
        audit.record(session, None, "zone.watchers", zone.id, accounts=[billing.id, 999_999])
        audit.record(session, None, "bill.made", 401)
        audit.record(session, None, "account.session-ended", customer.id)  # the number of a sign-in, not of a person
        audit.record(session, None, "product.edited", str(product.id))  # a SKU of digits
        audit.record(session, None, "staff.edited", 999_999)  # whoever that was
    count_statements.clear()

    page = admin.client.get("/manage/audit").text
    sent = [one for one in count_statements if not one.startswith(("BEGIN", "PRAGMA"))]

    cells = re.findall(r'data-label="Of">(.*?)</td>', page)
    assert [re.sub("<.*", "", cell).strip() for cell in cells] == [
        "999999", str(product.id), f"Sign-in {customer.id}", "Bill 401", "shelf", "Stocktaking", "Standard",
        "Customer Person", "Mouldy", "Bread week", "Rye bread",
    ]  # fmt: skip
    assert f"accounts: {billing.name}, 999999" in page
    assert f"to: {billing.name}" in page
    assert len(sent) <= 5


def test_a_page_of_bills_looks_no_name_up(admin: Person, database: Database, count_statements: list[str]) -> None:
    with database.writing() as session:
        audit.record(session, None, "bill.made", 401)
    count_statements.clear()

    admin.client.get("/manage/audit")

    assert len([one for one in count_statements if not one.startswith(("BEGIN", "PRAGMA"))]) <= 4


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
