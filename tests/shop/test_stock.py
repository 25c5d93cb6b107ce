"""Stock: each change leaves a movement with a reason and a name, and none is edited."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from shop_app.base.db import Database
from shop_app.base.models import Notification, Product, StockMovement
from tests.shop.conftest import Person

pytestmark = pytest.mark.both

Make = Callable[..., Product]


def level(database: Database, product: Product) -> int:
    with database.reading() as session:
        return session.get_one(Product, product.id).stock


def test_a_delivery_and_a_loss_leave_their_movements(database: Database, sales: Person, make_product: Make) -> None:
    product = make_product(stock=10)
    path = f"/stock/{product.id}/move"

    sales.client.post(path, data={"direction": "in", "pieces": "5", "reason": "delivery", "note": "Note 17"})
    sales.client.post(path, data={"direction": "out", "pieces": "2", "reason": "damage"})

    assert level(database, product) == 13
    with database.reading() as session:
        moves = session.scalars(select(StockMovement).order_by(StockMovement.id)).all()
        assert [(one.change, one.stock_after, one.reason, one.note, one.account_id) for one in moves] == [
            (5, 15, "delivery", "Note 17", sales.id), (-2, 13, "damage", "", sales.id),
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("form", "status"),
    [
        pytest.param({"direction": "out", "pieces": "11", "reason": "theft"}, 409, id="more than there is"),
        pytest.param({"direction": "in", "pieces": "0", "reason": "delivery"}, 422, id="nothing"),
        pytest.param({"direction": "in", "pieces": "-5", "reason": "delivery"}, 422, id="a negative number"),
        pytest.param({"direction": "in", "pieces": "5", "reason": "theft"}, 422, id="a reason of the other direction"),
        pytest.param({"direction": "in", "pieces": "5", "reason": "sale"}, 422, id="a reason of the till"),
        pytest.param({"direction": "in", "pieces": "5", "reason": "other"}, 422, id="other, without a note"),
        pytest.param({"direction": "in", "pieces": "9" * 20, "reason": "delivery"}, 422, id="far too many"),
    ],
)
def test_a_movement_that_makes_no_sense_changes_nothing(
    database: Database, sales: Person, make_product: Make, form: dict[str, str], status: int
) -> None:
    product = make_product(stock=10)

    assert sales.client.post(f"/stock/{product.id}/move", data=form).status_code == status
    assert level(database, product) == 10


def test_a_count_is_refused_where_something_was_sold_meanwhile(
    database: Database, sales: Person, make_product: Make
) -> None:
    product = make_product(stock=10)
    path = f"/stock/{product.id}/count"

    stale = sales.client.post(path, data={"counted": "8", "seen": "11"})
    fresh = sales.client.post(path, data={"counted": "8", "seen": "10"})

    assert (stale.status_code, fresh.status_code) == (409, 303)
    assert level(database, product) == 8
    with database.reading() as session:
        assert session.scalars(select(StockMovement.reason)).all() == ["count"]


def test_the_notice_comes_at_the_crossing_and_again_after_a_delivery(
    database: Database, sales: Person, make_product: Make
) -> None:
    product = make_product(stock=6, low_stock_level=5)
    path = f"/stock/{product.id}/move"
    told = []

    for direction, reason in [
        ("out", "damage"),
        ("out", "damage"),
        ("in", "delivery"),
        ("in", "delivery"),
        ("out", "theft"),
    ]:
        sales.client.post(path, data={"direction": direction, "pieces": "1", "reason": reason})
        with database.reading() as session:
            told.append(session.scalars(select(func.count(Notification.id))).one())

    assert told == [1, 1, 1, 1, 2]  # 5 (crossed), 4, 5, 6, 5 (crossed)


def test_pages_of_the_stock_send_at_most_five_statements(
    sales: Person, make_product: Make, count_statements: list[str]
) -> None:
    products = [make_product(stock=3, low_stock_level=5) for _ in range(3)]
    for product in products:
        sales.client.post(f"/stock/{product.id}/move", data={"direction": "in", "pieces": "1", "reason": "delivery"})

    for path in ("/stock", "/stock?state=low", "/stock/movements", f"/stock/{products[0].id}"):
        count_statements.clear()
        assert sales.client.get(path).status_code == 200
        sent = [one for one in count_statements if not one.startswith(("BEGIN", "PRAGMA"))]
        assert len(sent) <= 5, (path, sent)
