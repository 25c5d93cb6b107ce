"""Closings of tills that work past midnight, several times a day, or were counted wrong; and refunds by their ways."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from shop_app.base.clock import business_day, from_local
from shop_app.base.db import Database
from shop_app.base.models import Bill, DayClosing, LedgerAccount, Product, Refund, RefundPayment, ShopProfile
from shop_app.base.permissions import Role
from shop_app.sales.bills import service as bills
from shop_app.sales.reports import closings
from shop_app.sales.reports import views as report_views
from shop_app.sales.till import service as tills
from shop_app.sales.wallet import ledger
from tests.shop.conftest import Person
from tests.shop.test_till import Till, fill_wallet

pytestmark = pytest.mark.both

Make = Callable[..., Product]
EVENING = datetime(2026, 12, 4, 21, tzinfo=UTC)  # 22:00 in the tests' shop


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """Sets the clock of till, refunds, wallets and closings."""

    def set_clock(moment: datetime) -> None:
        for module in (tills, bills, ledger, closings, report_views):
            monkeypatch.setattr(module, "now", lambda: moment)

    return set_clock


def sell(person: Person, product: Product, pieces: int = 1, *parts: tuple[str, int]) -> int:
    """A bill, in cash unless said otherwise; its id."""
    till = Till(person)
    till.scan(product, pieces)
    answer = till.pay(*parts)
    assert answer.status_code == 201, answer.json
    return int(answer.json["bill_id"])


def close(person: Person, day: date, counted: str, reason: str = "", float_: str = "0") -> int:
    form = {"day": day.isoformat(), "float_": float_, "counted": counted, "reason": reason}
    return int(person.client.post("/reports/close", data=form).status_code)


def figures(person: Person, asked: str = "") -> dict[str, Any]:
    """The report as JSON."""
    found = person.client.get(f"/reports?format=json&{asked}").json
    assert found is not None
    return dict(found)


def closed(database: Database) -> list[tuple[date, int, int]]:
    """Day, expected cash and difference of each closing."""
    with database.reading() as session:
        found = session.scalars(select(DayClosing).order_by(DayClosing.id))
        return [(one.business_day, one.expected_minor, one.difference_minor) for one in found]


def test_a_shift_past_midnight_is_closed_without_a_difference_night_after_night(
    at: Callable[[datetime], None], billing: Person, make_product: Make, database: Database
) -> None:
    beer = make_product(price_minor=500, stock=1000)
    for night in range(2):
        evening = EVENING + timedelta(days=night)
        at(evening)
        sell(billing, beer, 20)
        at(evening + timedelta(hours=3.5))
        sell(billing, beer, 10)
        at(evening + timedelta(hours=4))
        assert close(billing, evening.date(), "150") == 303

    assert closed(database) == [(date(2026, 12, 4), 15_000, 0), (date(2026, 12, 5), 15_000, 0)]


def test_a_day_has_as_many_shifts_as_it_needs_and_each_counts_what_came_since_the_one_before(
    at: Callable[[datetime], None], billing: Person, make_product: Make, database: Database
) -> None:
    tea = make_product(price_minor=400, stock=100)
    answers = []
    for hour, pieces in ((8, 2), (12, 3), (17, 5)):
        at(EVENING.replace(hour=hour))
        sell(billing, tea, pieces)
        at(EVENING.replace(hour=hour, minute=30))
        answers.append(close(billing, EVENING.date(), str(pieces * 4)))

    assert answers == [303] * 3
    assert [expected for _day, expected, _difference in closed(database)] == [800, 1200, 2000]


def test_a_shift_counts_refunds_and_wallets_and_nothing_of_other_cashiers(
    at: Callable[[datetime], None], billing: Person, customer: Person, sign_in: Callable[..., Person],
    make_product: Make, database: Database,
) -> None:  # fmt: skip
    tea = make_product(price_minor=400, stock=100)
    at(EVENING)
    bill = sell(billing, tea, 3)
    sell(sign_in(Role.BILLING), tea, 7)
    fill_wallet(database, billing, customer, 5000)
    assert void(billing, bill).status_code == 303

    assert close(billing, EVENING.date(), "50") == 303


def test_a_till_closed_again_with_nothing_sold_since_is_told_of_the_correction(
    at: Callable[[datetime], None], billing: Person, make_product: Make, database: Database
) -> None:
    at(EVENING)
    sell(billing, make_product(price_minor=10_000))
    at(EVENING + timedelta(minutes=1))
    assert close(billing, EVENING.date(), "1000", "x") == 303
    at(EVENING + timedelta(minutes=2))

    again = close(billing, EVENING.date(), "100", "typed wrong")
    page = billing.client.get(f"/reports/close?day={EVENING:%Y-%m-%d}").text

    assert again == 409
    assert "/reports/closings/1" in page or "Correct this closing" in page
    assert [difference for *_rest, difference in closed(database)] == [90_000]


def test_a_wrong_closing_is_corrected_once_and_stays_beside_its_correction(
    at: Callable[[datetime], None], billing: Person, make_product: Make, database: Database
) -> None:
    tea = make_product(price_minor=10_000, stock=5)
    at(EVENING)
    sell(billing, tea)
    at(EVENING + timedelta(minutes=1))
    close(billing, EVENING.date(), "1000", "x")
    with database.reading() as session:
        wrong = session.scalars(select(DayClosing.id)).one()
    at(EVENING + timedelta(minutes=5))
    form = {"float_": "0", "counted": "100", "reason": "One zero too many"}

    without = billing.client.post(f"/reports/closings/{wrong}", data=form | {"reason": ""}).status_code
    corrected = billing.client.post(f"/reports/closings/{wrong}", data=form).status_code
    twice = billing.client.post(f"/reports/closings/{wrong}", data=form | {"counted": "99"}).status_code
    sell(billing, tea)
    at(EVENING + timedelta(minutes=6))

    assert (without, corrected, twice) == (422, 303, 409)
    assert [difference for *_rest, difference in closed(database)] == [90_000, 0]
    report = billing.client.get(f"/reports?day={EVENING:%Y-%m-%d}").text
    assert report.count(">corrected<") == 1
    assert (
        close(billing, EVENING.date(), "100") == 303
    )  # what was sold after the wrong closing, and not after its correction


def test_nobody_corrects_a_closing_of_others_but_who_supervises(
    at: Callable[[datetime], None], billing: Person, admin: Person, sign_in: Callable[..., Person], make_product: Make,
    database: Database,
) -> None:  # fmt: skip
    at(EVENING)
    sell(billing, make_product(price_minor=500))
    at(EVENING + timedelta(minutes=1))
    close(billing, EVENING.date(), "5")
    with database.reading() as session:
        closing = session.scalars(select(DayClosing.id)).one()
    form = {"float_": "0", "counted": "4", "reason": "A forged coin"}

    def answer(person: Person) -> int:
        return int(person.client.post(f"/reports/closings/{closing}", data=form).status_code)

    colleague = sign_in(Role.BILLING)
    assert colleague.client.get(f"/reports/closings/{closing}").status_code == 404
    assert (answer(colleague), answer(admin)) == (404, 303)


@pytest.mark.parametrize(
    ("moment", "begins", "day"),
    [
        ("2026-12-05 01:30", "04:00", "2026-12-04"),
        ("2026-12-05 04:00", "04:00", "2026-12-05"),
        ("2026-12-05 00:00", "00:00", "2026-12-05"),
        ("2026-12-04 23:59", "00:00", "2026-12-04"),
        ("2027-01-01 03:59", "04:00", "2026-12-31"),
        ("2026-03-29 03:30", "04:00", "2026-03-28"),  # the night of 23 hours
    ],
)
def test_what_is_sold_before_the_day_begins_is_of_the_day_before(moment: str, begins: str, day: str) -> None:
    zone = "Europe/Berlin"
    assert business_day(from_local(datetime.fromisoformat(moment), zone), zone, begins).isoformat() == day


def test_a_change_of_the_hour_at_which_a_day_begins_moves_nothing_that_was_sold(
    at: Callable[[datetime], None], billing: Person, customer: Person, make_product: Make, database: Database
) -> None:
    at(EVENING + timedelta(hours=4))  # 02:00
    sell(billing, make_product(price_minor=500))
    fill_wallet(database, billing, customer, 700)
    before = figures(billing, "day=2026-12-05")
    with database.writing() as session:
        session.execute(update(ShopProfile).values(day_begins="04:00"))
    sell(billing, make_product(price_minor=300))

    after = figures(billing, "day=2026-12-05")
    night = figures(billing, "day=2026-12-04")

    assert (before, before["total_minor"], night["total_minor"]) == (after, 500, 300)


# --- refunds by their ways ---


def void(person: Person, bill: int, **form: Any) -> Any:
    return person.client.post(f"/bills/{bill}/void", data={"key": f"v{bill}", "reason": "came back"} | form)


def given_back(database: Database, bill: int) -> dict[str, int]:
    with database.reading() as session:
        parts = session.scalars(select(RefundPayment).join(Refund).where(Refund.bill_id == bill)).all()
        return {
            method: sum(p.amount_minor for p in parts if p.method == method) for method in {p.method for p in parts}
        }


def split_bill(person: Person, customer: Person, product: Product, *parts: tuple[str, int]) -> int:
    till = Till(person)
    till.scan(product)
    till.ask("customer", customer_id=customer.id)
    answer = till.pay(*parts)
    assert answer.status_code == 201, answer.json
    return int(answer.json["bill_id"])


@pytest.mark.parametrize(
    "parts",
    [
        (("wallet", 700), ("cash", 300)),
        (("wallet", 1000),),
        (("card", 1000),),
        (("card", 250), ("cash", 750)),
        (("wallet", 1), ("card", 1), ("cash", 998)),
    ],
)
def test_a_void_goes_back_by_the_ways_in_which_it_was_paid(
    billing: Person, customer: Person, make_product: Make, database: Database, parts: tuple[tuple[str, int], ...]
) -> None:
    fill_wallet(database, billing, customer, 5000)
    bill = split_bill(billing, customer, make_product(price_minor=1000), *parts)

    answer = void(billing, bill)

    assert answer.status_code == 303
    assert given_back(database, bill) == dict(parts)
    with database.reading() as session:
        assert ledger.balance_of(session, customer.id) == 5000
        cash = session.scalars(select(LedgerAccount.balance_minor).where(LedgerAccount.kind == "cash")).one()
        assert cash == -5000  # what was paid into the wallet, and nothing of the bill


def test_parts_go_back_to_the_wallet_first_and_in_cash_last_and_never_more_than_came_in(
    billing: Person, customer: Person, make_product: Make, database: Database
) -> None:
    fill_wallet(database, billing, customer, 5000)
    till = Till(billing)
    tea = make_product(price_minor=250, stock=10)
    till.scan(tea, 4)
    till.ask("customer", customer_id=customer.id)
    bill = till.pay(("wallet", 300), ("card", 300), ("cash", 400)).json["bill_id"]
    with database.reading() as session:
        line = session.get_one(Bill, bill).lines[0].id

    seen = []
    for n in range(4):
        form = {"key": f"r{n}", "reason": "came back", f"line-{line}": "1"}
        assert billing.client.post(f"/bills/{bill}/refund", data=form).status_code == 303
        seen.append(given_back(database, bill))

    assert seen[0] == {"wallet": 250}
    assert seen[1] == {"wallet": 300, "card": 200}
    assert seen[2] == {"wallet": 300, "card": 300, "cash": 150}
    assert seen[3] == {"wallet": 300, "card": 300, "cash": 400}


def test_another_way_is_a_right_of_its_own(
    billing: Person, admin: Person, customer: Person, make_product: Make, database: Database
) -> None:
    tea = make_product(price_minor=1000, stock=5)
    by_card, other = sell(billing, tea, 1, ("card", 1000)), sell(billing, tea, 1, ("card", 1000))

    refused = void(billing, by_card, method="cash")
    allowed = void(admin, other, method="cash")

    assert (refused.status_code, allowed.status_code) == (403, 303)
    assert "only by the methods that paid the bill" in refused.text
    assert (given_back(database, by_card), given_back(database, other)) == ({}, {"cash": 1000})
    page = billing.client.get(f"/bills/{by_card}/refund").text
    assert re.findall(r'<option value="([\w-]+)"', page) == ["as-paid"]


def test_the_report_takes_each_part_of_a_refund_off_its_method(
    billing: Person, customer: Person, make_product: Make, database: Database
) -> None:
    fill_wallet(database, billing, customer, 5000)
    tea = make_product(price_minor=1000, stock=5)
    void(billing, split_bill(billing, customer, tea, ("wallet", 700), ("cash", 300)))

    methods = figures(billing)["methods"]

    assert methods == {"cash": 0, "card": 0, "wallet": 0}


def test_any_mix_of_ways_and_parts_comes_back_to_the_cent(
    billing: Person, customer: Person, make_product: Make, database: Database
) -> None:
    fill_wallet(database, billing, customer, 90_000)
    dice = random.Random(3)
    for n in range(6):
        pieces, price = dice.randint(2, 7), dice.randint(1, 999)
        till = Till(billing)
        till.scan(make_product(price_minor=price, stock=10), pieces)
        till.ask("customer", customer_id=customer.id)
        total = pieces * price
        wallet = dice.randint(0, total)
        card = dice.randint(0, total - wallet)
        paid = {"wallet": wallet, "card": card, "cash": total - wallet - card}
        bill = till.pay(*paid.items()).json["bill_id"]
        with database.reading() as session:
            line = session.get_one(Bill, bill).lines[0].id
        for piece in range(pieces):
            form = {"key": f"{n}-{piece}", "reason": "x", f"line-{line}": "1"}
            assert billing.client.post(f"/bills/{bill}/refund", data=form).status_code == 303

        assert given_back(database, bill) == {method: amount for method, amount in paid.items() if amount}
