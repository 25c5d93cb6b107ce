"""The till: what a cashier's keys and clicks do to the cart, the stock, the wallet and the books."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from shop_app.base.db import Database, now
from shop_app.base.models import (
    AuditEntry,
    Bill,
    BillLine,
    HeldCart,
    LedgerAccount,
    LedgerEntry,
    Notification,
    Offer,
    Product,
    ShopProfile,
    StockMovement,
)
from shop_app.base.permissions import Permission, Role
from shop_app.sales.wallet import ledger
from tests.shop.conftest import Person

Make = Callable[..., Product]


class Till:
    """A cashier's till, as the page's script drives it."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.cart: dict[str, Any] = {}
        self.open()

    def open(self) -> None:
        """Load the page anew."""
        self.cart = self._post("/till/cart").json

    def _post(self, path: str, body: object = None) -> Any:
        return self.person.client.post(path, json=body or {}, headers={"Accept": "application/json"})

    def ask(self, verb: str, **body: Any) -> Any:
        """Send `verb` for the present cart; the answer as it came."""
        answer = self._post(f"/till/cart/{self.cart['key']}/{verb}", body)
        if answer.status_code == 200 and verb != "pay":
            self.cart |= answer.json  # which carts are put aside comes only where it has changed
        return answer

    def scan(self, product: Product, pieces: int = 1) -> None:
        """Scan a product."""
        assert self.ask("scan", code=f"{pieces}*{product.sku}").status_code == 200

    def pay(self, *parts: tuple[str, int], given: int | None = None, total: int | None = None, **more: Any) -> Any:
        """Pay the cart; all of it in cash unless said otherwise."""
        total = self.cart["total_minor"] if total is None else total
        pieces = [
            {"method": method, "amount_minor": amount} for method, amount in parts or (("cash", total),) if amount
        ]
        for piece in pieces:
            if piece["method"] == "cash" and given is not None:
                piece["tendered_minor"] = given
        return self.ask("pay", total_minor=total, parts=pieces, **more)


@pytest.fixture
def till(billing: Person) -> Till:
    """The till of a cashier."""
    return Till(billing)


def fill_wallet(database: Database, cashier: Person, customer: Person, minor: int) -> None:
    answer = cashier.client.post(
        f"/customers/{customer.id}/wallet", data={"amount": f"{minor / 100:.2f}", "method": "cash", "key": f"k{minor}"}
    )
    assert answer.status_code == 303


def offer(database: Database, person: Person, **columns: Any) -> int:
    """An approved offer that is live now."""
    with database.writing() as session:
        values = {
            "name": "Offer", "kind": "percent", "basis_points": 1000, "starts_at": now() - timedelta(hours=1),
            "ends_at": now() + timedelta(hours=1), "state": "approved", "proposed_by_id": person.id, "created_at": now(),
        } | columns  # fmt: skip
        made = Offer(**values)
        session.add(made)
        session.flush()
        return made.id


def test_other_tills_wait_for_as_few_statements_however_long_a_bill_is(
    till: Till, customer: Person, make_product: Make, count_statements: list[str]
) -> None:
    products = [make_product() for _ in range(6)]
    waits = []

    for bought in (products[:1], products[1:]):
        for product in bought:
            till.scan(product)
        till.ask("customer", customer_id=customer.id)
        count_statements.clear()
        paid = till.pay(("card", 500), ("cash", till.cart["total_minor"] - 500))
        assert paid.status_code == 201
        after_payments = count_statements[first(count_statements, "INSERT INTO payments") + 1 :]
        waits.append((len(after_payments), len(after_payments) - first(after_payments, "UPDATE ledger_accounts")))
        till.open()

    assert waits == [(10, 6)] * 2  # for a product of this bill; for the number and the shop's accounts


def first(statements: list[str], begin: str) -> int:
    return next(place for place, one in enumerate(statements) if one.startswith(begin))


def test_a_scanned_cart_becomes_a_bill_with_its_stock_number_and_change(
    till: Till, make_product: Make, database: Database
) -> None:
    tea, milk = (
        make_product(name="Tea", price_minor=349, stock=10),
        make_product(name="Milk", price_minor=119, stock=10),
    )
    till.scan(tea)
    till.scan(milk, 3)

    answer = till.pay(given=1000)

    assert answer.status_code == 201
    assert answer.json["total_minor"] == 349 + 3 * 119
    assert answer.json["change_minor"] == 1000 - 706
    with database.reading() as session:
        bill = session.scalars(select(Bill)).one()
        assert bill.number == 1
        assert bill.total_minor == bill.net_minor + bill.tax_minor == 706
        assert session.get_one(Product, milk.id).stock == 7
        moves = session.scalars(select(StockMovement).order_by(StockMovement.product_id)).all()
        assert [(move.change, move.reason, move.bill_id) for move in moves] == [
            (-1, "sale", bill.id),
            (-3, "sale", bill.id),
        ]
        assert ledger.trial_balance(session) == 0


def test_change_of_110_on_105_is_5(till: Till, make_product: Make) -> None:
    till.scan(make_product(price_minor=10_500))

    assert till.pay(given=11_000).json["change_minor"] == 500


def test_an_unknown_code_adds_nothing_and_says_so(till: Till) -> None:
    answer = till.ask("scan", code="nothing-like-it")

    assert answer.status_code == 404
    assert answer.json["code"] == "unknown-code"
    assert "nothing-like-it" in answer.json["detail"]


def test_a_product_taken_off_sale_cannot_be_scanned(till: Till, make_product: Make) -> None:
    assert till.ask("scan", code=make_product(active=False).sku).status_code == 404


def test_a_barcode_is_found_before_a_sku_that_reads_the_same(till: Till, make_product: Make) -> None:
    make_product(sku="4006381333931", name="By SKU")
    make_product(barcode="4006381333931", name="By barcode")

    till.ask("scan", code="4006381333931")

    assert [line["name"] for line in till.cart["lines"]] == ["By barcode"]


def test_a_cart_on_hold_waits_while_another_is_paid(till: Till, make_product: Make) -> None:
    first, second = make_product(name="First"), make_product(name="Second")
    till.scan(first)
    waiting = till.cart["key"]
    till.ask("hold", label="Lady in red")
    till.scan(second)
    assert [held["label"] for held in till.cart["held"]] == ["Lady in red"]
    till.pay()
    till.open()

    till.cart["key"] = waiting
    till.ask("resume")

    assert [line["name"] for line in till.cart["lines"]] == ["First"]
    assert till.cart["held"] == []


def test_a_cart_survives_the_browser(till: Till, make_product: Make, billing: Person) -> None:
    till.scan(make_product(name="Tea"))

    assert [line["name"] for line in Till(billing).cart["lines"]] == ["Tea"]


def test_one_cashier_cannot_touch_the_cart_of_another(
    till: Till, make_product: Make, sign_in: Callable[..., Person]
) -> None:
    till.scan(make_product())
    other = sign_in(Role.BILLING)

    answers = [
        other.client.post(f"/till/cart/{till.cart['key']}/{verb}", json=body).status_code
        for verb, body in [("clear", {}), ("hold", {}), ("resume", {}), ("pay", {"total_minor": 0, "parts": []})]
    ]

    assert answers == [404] * 4
    assert len(Till(till.person).cart["lines"]) == 1


@pytest.mark.parametrize(
    ("stored", "scanned"),
    [
        ("036000291452", "0036000291452"),  # UPC-A as EAN-13
        ("4006381333931", "04006381333931"),  # EAN-13 as GTIN-14
        ("0036000291452", "36000291452"),
        ("96385074", "0000096385074"),  # EAN-8
        ("4006381333931", "]E04006381333931"),
        ("4006381333931", "(01)04006381333931(10)LOT7(17)271231"),
        ("4006381333931", "]C1010400638133393110LOT7"),
        ("4006381333931", "3*04006381333931"),
    ],
)
def test_a_till_knows_an_article_by_every_form_of_its_code(
    till: Till, make_product: Make, stored: str, scanned: str
) -> None:
    make_product(name="Other", barcode="5901234123457")
    make_product(name="This one", barcode=stored)

    assert till.ask("scan", code=scanned).status_code == 200
    assert [line["name"] for line in till.cart["lines"]] == ["This one"]


def at_another_till(person: Person) -> Till:
    """A second browser in which the same person is signed in."""
    client = person.client.application.test_client()
    client.set_cookie("login", person.token)
    return Till(replace(person, client=client))  # type: ignore[arg-type]


def test_one_account_at_two_tills_has_two_carts(till: Till, make_product: Make) -> None:
    milk, wine = make_product(name="Milk", price_minor=100), make_product(name="Wine", price_minor=900)
    till.scan(milk)
    right = at_another_till(till.person)
    right.scan(wine)

    assert [line["name"] for line in till.cart["lines"]] == ["Milk"]
    assert (till.pay().status_code, right.pay().status_code) == (201, 201)
    assert right.cart["held"] == []


def test_a_cart_forgotten_at_another_till_can_be_taken_up(till: Till, make_product: Make, database: Database) -> None:
    till.scan(make_product(name="Milk"))
    assert at_another_till(till.person).cart["held"] == []  # it may be filled there in this very moment
    with database.writing() as session:
        session.execute(update(HeldCart).values(updated_at=now() - timedelta(minutes=31)))

    right = at_another_till(till.person)
    right.cart["key"] = right.cart["held"][0]["key"]

    assert right.ask("resume").status_code == 200
    assert [line["name"] for line in right.cart["lines"]] == ["Milk"]
    till.open()
    assert (till.cart["lines"], till.cart["held"]) == ([], [])


def test_a_cart_on_hold_outlives_its_cashier(
    till: Till, make_product: Make, sign_in: Callable[..., Person], database: Database
) -> None:
    till.scan(make_product(name="Milk"))
    till.ask("hold", label="Lady in red")
    colleague = Till(sign_in(Role.BILLING))
    waiting = colleague.cart["held"]
    colleague.cart["key"] = waiting[0]["key"]

    assert [held["label"] for held in waiting] == [f"Lady in red · {till.person.name}"]
    assert colleague.ask("resume").status_code == 200
    assert colleague.pay().status_code == 201
    with database.reading() as session:
        assert session.scalars(select(Bill.cashier_id)).one() == colleague.person.id
        assert session.scalars(select(AuditEntry.action).where(AuditEntry.action == "cart.taken-over")).one()


def test_a_price_changed_since_the_scan_charges_nothing_and_tells_the_new_total(  # M12
    till: Till, make_product: Make, database: Database
) -> None:
    product = make_product(price_minor=1000, stock=5)
    till.scan(product)
    with database.writing() as session:
        session.execute(update(Product).values(price_minor=1200))

    answer = till.pay()

    assert (answer.status_code, answer.json["code"], answer.json["total_minor"]) == (409, "total-changed", 1200)
    with database.reading() as session:
        assert session.scalars(select(func.count(Bill.id))).one() == 0
        assert session.get_one(Product, product.id).stock == 5
        assert session.scalars(select(func.count(LedgerEntry.id))).one() == 0
    assert till.pay(total=1200).status_code == 201


def test_an_offer_that_ended_since_the_scan_charges_nothing(  # M12
    till: Till, make_product: Make, database: Database, admin: Person
) -> None:
    live = offer(database, admin)
    till.scan(make_product(price_minor=1000))
    assert till.cart["total_minor"] == 900
    with database.writing() as session:
        session.execute(update(Offer).where(Offer.id == live).values(ends_at=now()))

    answer = till.pay()

    assert (answer.status_code, answer.json["total_minor"]) == (409, 1000)


def test_two_tabs_pay_the_same_cart_once(till: Till, make_product: Make, database: Database) -> None:  # M14
    product = make_product(stock=5)
    till.scan(product)

    first, second = till.pay(), till.pay()

    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json == second.json
    with database.reading() as session:
        assert session.scalars(select(func.count(Bill.id))).one() == 1
        assert session.get_one(Product, product.id).stock == 4


def test_a_paid_cart_refuses_another_payment_of_other_contents(till: Till, make_product: Make) -> None:  # M4
    till.scan(make_product(price_minor=500))
    till.pay()

    answer = till.pay(("card", 500))

    assert answer.status_code == 422
    assert answer.json["code"] == "key-used"


def test_the_wallet_pays_what_it_holds_and_never_more(
    till: Till, make_product: Make, customer: Person, billing: Person, database: Database
) -> None:
    fill_wallet(database, billing, customer, 1000)
    till.scan(make_product(price_minor=1500, stock=5))
    till.ask("customer", customer_id=customer.id)

    too_much = till.pay(("wallet", 1500))
    split = till.pay(("wallet", 900), ("card", 200), ("cash", 400), given=500)

    assert (too_much.status_code, too_much.json["code"]) == (409, "wallet-too-low")
    assert (split.status_code, split.json["change_minor"]) == (201, 100)
    with database.reading() as session:
        assert ledger.balance_of(session, customer.id) == 100
        sums = session.execute(
            select(LedgerAccount.kind, LedgerAccount.balance_minor, func.sum(LedgerEntry.amount_minor))
            .join(LedgerEntry).group_by(LedgerAccount.id, LedgerAccount.kind, LedgerAccount.balance_minor)
        ).all()  # fmt: skip
        assert all(balance == total for _kind, balance, total in sums)
        assert ledger.trial_balance(session) == 0


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param([("cash", 999)], id="too little"),
        pytest.param([("cash", 1001)], id="too much"),
        pytest.param([("cash", 500), ("cash", 500)], id="one method twice"),
        pytest.param([("cheque", 1000)], id="an unknown method"),
        pytest.param([("wallet", 1000)], id="a wallet of nobody"),
        pytest.param([], id="nothing"),
    ],
)
def test_a_payment_that_does_not_add_up_charges_nothing(
    till: Till, make_product: Make, database: Database, parts: list[tuple[str, int]]
) -> None:
    till.scan(make_product(price_minor=1000))
    body = {"total_minor": 1000, "parts": [{"method": method, "amount_minor": amount} for method, amount in parts]}

    answer = till.ask("pay", **body)

    assert answer.status_code == 422
    with database.reading() as session:
        assert session.scalars(select(func.count(Bill.id))).one() == 0


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"total_minor": -5, "parts": []}, id="negative total"),
        pytest.param({"total_minor": 0, "parts": [{"method": "cash", "amount_minor": -1}]}, id="negative part"),
        pytest.param({"total_minor": 1000, "parts": [], "approved": True}, id="a field of somebody's own"),
        pytest.param({"total_minor": 1e3, "parts": []}, id="a fraction"),
        pytest.param({"total_minor": "1000", "parts": []}, id="a text"),
        pytest.param([], id="no object"),
    ],
)
def test_a_payment_that_is_no_payment_is_a_problem_that_names_the_field(
    till: Till, make_product: Make, body: Any
) -> None:
    till.scan(make_product(price_minor=1000))

    answer = till._post(f"/till/cart/{till.cart['key']}/pay", body)

    assert answer.status_code == 422
    assert answer.content_type == "application/problem+json"


@pytest.mark.parametrize("pieces", [-1, 0, 10_000, 10**12, "1", 1.5, None])
def test_no_quantity_outside_1_to_9999_gets_into_a_cart(till: Till, make_product: Make, pieces: Any) -> None:  # S18
    product = make_product()

    answer = till.ask("add", product_id=product.id, quantity=pieces)

    assert answer.status_code == 422
    assert till.cart["lines"] == []


def test_a_discount_by_hand_needs_the_right_to_give_it(
    till: Till, make_product: Make, sign_in: Callable[..., Person]
) -> None:
    product = make_product(price_minor=1000)
    till.scan(product)
    granted = Till(sign_in(Role.BILLING, extra_permissions=[Permission.TILL_DISCOUNT.value]))
    granted.scan(product)

    refused = till.ask("discount", product_id=product.id, basis_points=5000)
    given = granted.ask("discount", product_id=product.id, basis_points=5000)

    assert (refused.status_code, till.cart["total_minor"]) == (403, 1000)
    assert (given.status_code, granted.cart["total_minor"]) == (200, 500)


@pytest.mark.parametrize(
    ("rule", "confirmed", "status"),
    [("block", True, 409), ("warn", False, 409), ("warn", True, 201), ("allow", False, 201)],
)
def test_selling_below_zero_is_the_shops_choice(
    till: Till, make_product: Make, database: Database, rule: str, confirmed: bool, status: int
) -> None:
    product = make_product(stock=1)
    with database.writing() as session:
        session.execute(update(ShopProfile).values(sell_below_zero=rule))
    till.scan(product, 2)

    answer = till.pay(below_zero=confirmed)

    assert answer.status_code == status
    with database.reading() as session:
        assert session.get_one(Product, product.id).stock == (-1 if status == 201 else 1)


def test_sales_staff_are_told_when_the_level_is_crossed_and_only_then(
    till: Till, make_product: Make, database: Database
) -> None:
    product = make_product(stock=7, low_stock_level=5)

    told = []
    for _ in range(3):  # 7 -> 6 -> 5 (crossed) -> 4
        till.scan(product)
        till.pay()
        till.open()
        with database.reading() as session:
            told.append(
                session.scalars(select(func.count(Notification.id)).where(Notification.kind == "stock.low")).one()
            )

    assert told == [0, 1, 1]


def test_a_bill_of_nothing_needs_no_payment(till: Till, make_product: Make, database: Database, admin: Person) -> None:
    offer(database, admin, basis_points=10_000)
    till.scan(make_product(price_minor=1000))

    answer = till.pay(total=0)

    assert (answer.status_code, answer.json["total_minor"]) == (201, 0)


def test_the_offer_of_a_product_holds_for_that_product(
    till: Till, make_product: Make, database: Database, admin: Person
) -> None:
    tea, milk = make_product(price_minor=300), make_product(price_minor=100)
    live = offer(database, admin, kind="buy-x-get-y", basis_points=0, buy_quantity=2, get_quantity=1, name="3 for 2")
    with database.writing() as session:
        session.get_one(Offer, live).products = [session.get_one(Product, tea.id)]
    till.scan(tea, 3)
    till.scan(milk, 3)

    answer = till.pay()

    assert answer.json["total_minor"] == 2 * 300 + 3 * 100
    with database.reading() as session:
        lines = session.scalars(select(BillLine).order_by(BillLine.position)).all()
        assert [(line.offer_id, line.offer_label, line.discount_minor) for line in lines] == [
            (live, "3 for 2", 300),
            (None, None, 0),
        ]


def test_bill_numbers_have_no_gap_where_a_payment_failed(till: Till, make_product: Make, database: Database) -> None:
    good, gone = make_product(stock=50), make_product(stock=0)
    for product in (good, gone, good, gone, good):
        till.open()
        till.ask("clear")
        till.scan(product)
        till.pay()

    with database.reading() as session:
        assert list(session.scalars(select(Bill.number).order_by(Bill.number))) == [1, 2, 3]


def test_a_cart_given_up_leaves_nothing(till: Till, make_product: Make, database: Database) -> None:
    till.scan(make_product())

    till.ask("clear")

    assert till.cart["lines"] == []
    with database.reading() as session:
        assert session.scalars(select(func.count(HeldCart.id))).one() == 1


def test_the_pages_of_the_till_send_at_most_five_statements(
    till: Till, make_product: Make, count_statements: list[str]
) -> None:
    for _ in range(3):
        till.scan(make_product(barcode=None))
        till.pay()
        till.open()

    for path in ("/till", "/bills", "/reports", "/till/products?q=a", "/till/customers?q=a"):
        count_statements.clear()
        assert till.person.client.get(path).status_code == 200
        sent = [statement for statement in count_statements if not statement.startswith(("BEGIN", "PRAGMA"))]
        assert len(sent) <= 5, (path, sent)


def test_pieces_are_set_only_of_what_is_in_the_cart(till: Till, make_product: Make) -> None:
    off_sale = make_product(active=False)

    answers = [
        till.ask("quantity", product_id=off_sale.id, quantity=3).status_code,
        till.ask("quantity", product_id=-1, quantity=1).status_code,
        till.ask("quantity", product_id=off_sale.id, quantity=0).status_code,
    ]

    assert answers == [404, 404, 200]
    assert till.cart["lines"] == []


def test_of_two_carts_begun_at_once_the_one_with_the_goods_is_shown_again(
    till: Till, billing: Person, make_product: Make, database: Database
) -> None:
    with database.writing() as session:
        session.add(HeldCart(cashier_id=billing.id, key="other", lines=[], created_at=now(), updated_at=now()))
    till.scan(make_product())

    till.open()

    assert len(till.cart["lines"]) == 1
