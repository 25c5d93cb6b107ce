"""The first page: what it compares is as long as what it is compared with."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from shop_app.base.db import Database
from shop_app.base.models import Bill, ShopProfile
from shop_app.home import service
from tests.shop.conftest import Person

THURSDAY = datetime(2026, 3, 12, 9, 30, tzinfo=UTC)


def _bill(cashier: Person, number: int, at: datetime, total_minor: int) -> Bill:
    money = {"net_minor": total_minor, "tax_minor": 0, "total_minor": total_minor, "discount_minor": 0}
    return Bill(
        number=number, cashier_id=cashier.id, created_at=at, business_day=at.date(), refunded_minor=0, **money
    )  # fmt: skip


def test_a_guard_sees_first_whether_the_shop_is_armed(security: Person, admin: Person, database: Database) -> None:
    with database.writing() as session:
        session.get_one(ShopProfile, 1).night_from, session.get_one(ShopProfile, 1).night_to = "00:00", "24:00"
    by_schedule = security.client.get("/").text
    admin.client.post("/alerts/arm", data={"armed": "no", "hours": "4"})
    disarmed = security.client.get("/").text

    assert ("Armed, 00:00–24:00" in by_schedule, "Disarmed" in by_schedule) == (True, False)
    assert ("Armed, 00:00–24:00" in disarmed, "Disarmed" in disarmed) == (False, True)


def test_a_morning_is_not_set_against_a_whole_day_of_last_week(
    admin: Person, billing: Person, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "now", lambda: THURSDAY)
    sold = [(date(2026, 3, 12), 8, 3000), (date(2026, 3, 5), 8, 2000), (date(2026, 3, 5), 15, 70_000)]
    with database.writing() as session:
        session.add_all(
            _bill(billing, number, datetime(day.year, day.month, day.day, hour, tzinfo=UTC), total)
            for number, (day, hour, total) in enumerate(sold, 1)
        )

    page = admin.client.get("/").text

    assert "▲ 50% against last week" in page  # 30.00 in place of 20.00
    assert "▲ 0% against last week" in page  # one bill in place of one
