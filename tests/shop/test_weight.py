"""Goods by weight: at the till, on the labels of scales, on bills and refunds, in stock, offers, files and pages."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from alembic import command
from flask import Flask
from playwright.sync_api import expect
from sqlalchemy import select, text, update

from shop_app import Settings
from shop_app.base import barcodes, quantities
from shop_app.base.db import Database, now
from shop_app.base.errors import Invalid
from shop_app.base.models import Bill, BillLine, Offer, Product, RefundLine, ShopProfile, StockMovement, TaxClass
from shop_app.base.permissions import Role
from shop_app.ops.schema import alembic_config, upgrade_database
from tests.shop.conftest import PASSWORD, SETTINGS, Person, Window, quick_passwords
from tests.shop.test_till import Till, till

__all__ = ["till"]
Make = Callable[..., Product]
LAYOUTS = "21AAAAAPPPPPC 22AAAAXWWWWWC 2AAAAAXPPPPC"
CHEESE = {"name": "Cheese", "sku": "12345", "price_minor": 1290, "stock": 20_000, "by_weight": True}
GERMAN = {"Accept-Language": "de"}


def whole(digits: str) -> str:
    """A code with its check digit."""
    return next(code for n in range(10) if barcodes.has_check_digit(code := f"{digits}{n}"))


GTIN = whole("9400638133393")


@pytest.fixture
def cheese(make_product: Make, database: Database) -> Product:
    """Cheese at 12.90 a kilogram, 20 kg of it, in a shop whose scale prints labels."""
    with database.writing() as session:
        session.execute(update(ShopProfile).values(scale_labels=LAYOUTS))
    return make_product(**CHEESE)


def lines_of(till: Till) -> list[tuple[int, int]]:
    return [(line["quantity"], line["total_minor"]) for line in till.cart["lines"]]


def stock_of(database: Database, product: Product) -> int:
    with database.reading() as session:
        return session.get_one(Product, product.id).stock


@pytest.mark.parametrize(
    ("typed", "grams"),
    [("0.512", 512), ("0,512", 512), ("1.234 kg", 1234), ("1,234kg", 1234), ("1234 g", 1234), ("1234g", 1234), (".5", 500),
     ("12,5", 12_500), ("3", 3000), ("0.5000", 500), (" 2 KG ", 2000), ("0,350\u00a0kg", 350)],
)  # fmt: skip
def test_a_weight_is_read_as_people_and_spreadsheets_write_it(typed: str, grams: int) -> None:
    assert quantities.read(typed, True, 100_000) == grams
    assert quantities.is_weight(typed.replace("\u00a0", " "))


@pytest.mark.parametrize(
    "typed",
    ["", "0", "0 g", "-1", "0.0005", "1.5 g", "1.2345", "100.001", "512", "4006381333931", "1.234,5", "1e3", "²", "x", "kg",
     "١", "1 lb", "."],
)  # fmt: skip
def test_what_is_no_weight_that_can_be_sold_is_refused(app: Flask, typed: str) -> None:
    with app.test_request_context(), pytest.raises(Invalid):
        quantities.read(typed, True, 100_000, 1)


@pytest.mark.parametrize("typed", ["0.5", "1 kg", "1,000", "-1", "²"])
def test_pieces_are_whole(app: Flask, typed: str) -> None:
    with app.test_request_context(), pytest.raises(Invalid):
        quantities.read(typed, False, 100)


def test_a_line_is_rounded_half_up() -> None:
    assert quantities.cost(512, 1290, True) == 660  # 6.6048
    assert quantities.cost(5, 1290, True) == 6  # 0.0645
    assert quantities.cost(50, 1290, True) == 65  # 0.645
    assert quantities.grams_for(660, 1290) == 512
    assert quantities.grams_for(660, 0) == 0


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (whole("211234500660"), (["2112345", "12345", "12345"], None, 660)),
        (whole("220123900512"), (["220123", "0123", "123"], 512, None)),
        ("]E0" + whole("211234500660"), (["2112345", "12345", "12345"], None, 660)),
        ("0" + whole("211234500660"), (["2112345", "12345", "12345"], None, 660)),
        (whole("21234500660"), (["212345", "12345", "12345"], None, 660)),
        (whole("21234500660").zfill(13), (["212345", "12345", "12345"], None, 660)),
        (f"01{GTIN}" + "3103000512", ([], 512, None)),
        (f"]C101{GTIN}" + "3102000051" + "10A7", ([], 510, None)),
        (f"(01){GTIN}(3103)000512(3922)660", ([], 512, 660)),
        (f"01{GTIN}" + "3922660\x1d" + "10A7", ([], None, 660)),
        (f"01{GTIN}" + "3921123", ([], None, 1230)),
        (f"01{GTIN}" + "3105051250", ([], 513, None)),
        (whole("211234500660")[:-1] + "x", None),
        ("2112345006601", None),
        (whole("231234500660"), None),
        (f"01{GTIN}" + "10A7", None),
        ("4006381333931", None),
        ("", None),
    ],
)
def test_the_label_of_a_scale_is_read(code: str, expected: Any) -> None:
    found = barcodes.label(code, LAYOUTS, 2)

    assert (found and tuple(found)) == expected


@pytest.mark.parametrize(
    ("layout", "good"),
    [("21AAAAAPPPPPC", True), ("2XAAAAAWWWWWC", True), ("28AAAAXPPPPPC", True), ("2AAAAAXPPPPC", True),
     ("11AAAAAPPPPPC", False), ("21AAAAAPPPPP", False), ("21AAAAAPPWWWC", False), ("21PPPPPAAAAAC", False), ("", False)],
)  # fmt: skip
def test_a_layout_says_where_article_and_price_or_weight_stand(layout: str, good: bool) -> None:
    assert barcodes.is_layout(layout) is good


def test_the_settings_take_layouts_and_refuse_others_at_their_field(admin: Person, database: Database) -> None:
    page = admin.client.get("/manage/settings").text

    taken = admin.client.post("/manage/settings", data=SETTINGS | {"scale_labels": " 21aaaaapppppc\n22AAAAXWWWWWC"})
    refused = admin.client.post("/manage/settings", data=SETTINGS | {"scale_labels": "21"})

    assert 'name="scale_labels"' in page
    assert (taken.status_code, refused.status_code) == (303, 422)
    assert "“21” is not a layout" in refused.text
    with database.reading() as session:
        assert session.scalars(select(ShopProfile.scale_labels)).one() == "21AAAAAPPPPPC 22AAAAXWWWWWC"


@pytest.mark.both
def test_cheese_is_weighed_sold_and_partly_returned(
    till: Till, cheese: Product, admin: Person, database: Database
) -> None:
    asked = till.ask("scan", code="12345")
    assert (asked.status_code, asked.json["code"], asked.json["product_id"]) == (422, "weigh", cheese.id)
    assert till.ask("add", product_id=cheese.id, weight="0,512").status_code == 200
    assert till.ask("scan", code="1.234*12345").status_code == 200
    assert lines_of(till) == [(512, 660), (1234, 1592)]
    assert till.cart["pieces"] == 2
    changed = till.ask("quantity", product_id=cheese.id, line=2, quantity=1, weight="1000 g")
    assert changed.status_code == 200
    assert lines_of(till) == [(512, 660), (1000, 1290)]
    bill_id = till.pay().json["bill_id"]
    assert stock_of(database, cheese) == 20_000 - 1512

    page = till.person.client.get(f"/bills/{bill_id}").text
    receipt = till.person.client.get(f"/bills/{bill_id}/receipt").text
    assert "0.512\u00a0kg" in page
    assert "0.512\u00a0kg × 12.90 EUR/kg" in receipt
    with database.reading() as session:
        first, second = session.scalars(select(BillLine.id).order_by(BillLine.position))
    wrong = admin.client.post(f"/bills/{bill_id}/refund", data={"key": "a", "reason": "r", f"line-{first}": "0.513"})
    part = {"key": "b", "reason": "r", f"line-{first}": "0,1", f"shelf-{first}": "y", f"line-{second}": "1.000\u00a0kg"}
    taken = admin.client.post(f"/bills/{bill_id}/refund", data=part)
    rest = admin.client.post(f"/bills/{bill_id}/void", data={"key": "c", "reason": "r"})

    assert (wrong.status_code, taken.status_code, rest.status_code) == (409, 303, 303)
    assert stock_of(database, cheese) == 20_000 - 1512 + 100 + 412
    with database.reading() as session:
        backs = session.execute(select(RefundLine.quantity, RefundLine.total_minor).order_by(RefundLine.id)).all()
        bill = session.get_one(Bill, bill_id)
        assert [tuple(back) for back in backs] == [(100, 129), (1000, 1290), (412, 531)]
        assert bill.refunded_minor == bill.total_minor == 1950
    assert "0.412\u00a0kg × Cheese" in till.person.client.get(f"/bills/{bill_id}").text


@pytest.mark.both
def test_a_label_with_a_price_sells_at_exactly_that_price(till: Till, cheese: Product, database: Database) -> None:
    for code in (whole("211234500661"), whole("211234500661"), f"01{GTIN}" + "3103000500"):
        till.ask("scan", code=code)
    with database.writing() as session:
        session.execute(update(Product).values(barcode=GTIN))
    assert lines_of(till) == [(512, 661), (512, 661)]  # 0.512 kg would be 6.60

    assert till.ask("scan", code=f"01{GTIN}" + "3103000500").status_code == 200
    assert till.ask("scan", code=f"(01){GTIN}(3103)000500(3922)700").status_code == 200
    assert till.ask("quantity", product_id=cheese.id, line=2, quantity=0).status_code == 200
    assert lines_of(till) == [(512, 661), (500, 645), (500, 700)]
    bill_id = till.pay().json["bill_id"]

    with database.reading() as session:
        found = session.scalars(select(BillLine).order_by(BillLine.position)).all()
        assert [(one.label_minor, one.list_minor) for one in found] == [(661, 661), (None, 645), (700, 700)]
    assert "6.61" in till.person.client.get(f"/bills/{bill_id}/receipt").text
    assert stock_of(database, cheese) == 20_000 - 1512


def test_a_label_finds_its_article_by_prefix_or_number_and_a_whole_code_goes_first(
    till: Till, cheese: Product, make_product: Make
) -> None:
    ham = make_product(name="Ham", sku="HAM", barcode="220123", price_minor=2000, by_weight=True)
    pie = make_product(name="Pie", barcode=whole("211234500999"))

    till.ask("scan", code=whole("220123700250"))
    till.ask("scan", code=whole("211234500999"))

    assert [(line["product_id"], line["total_minor"]) for line in till.cart["lines"]] == [(ham.id, 500), (pie.id, 1000)]


@pytest.mark.parametrize("digits", ["211234500000", "220123900000"])
def test_a_label_that_says_nothing_sells_nothing(till: Till, cheese: Product, make_product: Make, digits: str) -> None:
    make_product(sku="0123", by_weight=True)

    answer = till.ask("scan", code=whole(digits))

    assert (answer.status_code, till.cart["lines"]) == (422, [])
    assert "Enter between 0.001\u00a0kg and 100.000\u00a0kg." in answer.json["detail"]


@pytest.mark.parametrize("weight", ["0", "-1", "512", "0.0001", "much"])
def test_a_wrong_weight_is_refused_at_its_field(till: Till, cheese: Product, weight: str) -> None:
    answers = [till.ask("add", product_id=cheese.id, weight=weight)]
    till.ask("add", product_id=cheese.id, weight="1")
    answers.append(till.ask("quantity", product_id=cheese.id, line=1, quantity=1, weight=weight))

    assert [(answer.status_code, list(answer.json["errors"])) for answer in answers] == [(422, ["weight"])] * 2
    assert lines_of(till) == [(1000, 1290)]


def test_pieces_are_not_weighed_and_weights_not_counted(till: Till, cheese: Product, make_product: Make) -> None:
    mug = make_product(sku="MUG", barcode="54321")
    refused = [
        till.ask("add", product_id=mug.id, weight="0.5"),
        till.ask("scan", code="0.5*MUG"),
        till.ask("scan", code=whole("215432100500")),
        till.ask("add", product_id=cheese.id, quantity=3),
        till.ask("scan", code="3*12345"),
    ]
    till.scan(mug)
    refused.append(till.ask("quantity", product_id=mug.id, quantity=1, weight="0.5"))

    assert [answer.status_code for answer in refused] == [422] * 6
    assert [answer.json.get("code") for answer in refused] == [None, None, None, "weigh", "weigh", None]
    assert lines_of(till) == [(1, 1000)]


@pytest.mark.both
def test_weighings_of_one_product_are_compared_with_its_stock_together(
    till: Till, make_product: Make, database: Database
) -> None:
    ham = make_product(sku="HAM", by_weight=True, stock=1000)
    for _n in range(2):
        till.ask("add", product_id=ham.id, weight="0.6")
    assert [line["too_few"] for line in till.cart["lines"]] == [True, True]
    asked = till.pay()
    with database.writing() as session:
        session.execute(update(ShopProfile).values(sell_below_zero="block"))

    blocked = till.pay()

    assert (asked.json["code"], blocked.json["code"]) == ("below-zero", "too-few")
    assert "only 1.000\u00a0kg of" in blocked.json["detail"]
    assert stock_of(database, ham) == 1000


@pytest.mark.parametrize(
    ("terms", "total"),
    [({"kind": "percent", "basis_points": 1000}, 594), ({"kind": "amount", "amount_minor": 100}, 609),
     ({"kind": "buy-x-get-y", "buy_quantity": 1, "get_quantity": 1}, 660)],
)  # fmt: skip
def test_offers_hold_for_a_kilogram_and_count_no_weighings(
    till: Till, cheese: Product, database: Database, admin: Person, customer: Person, terms: dict[str, Any], total: int
) -> None:
    with database.writing() as session:
        session.add(
            Offer(
                name="Week", starts_at=now() - timedelta(days=1), ends_at=now() + timedelta(days=1), state="approved",
                proposed_by_id=admin.id, created_at=now(), **terms,
            )
        )  # fmt: skip

    till.ask("add", product_id=cheese.id, weight="0.512")

    assert till.cart["total_minor"] == total
    page = customer.client.get("/shop/products").text
    assert "/kg" in page
    assert ("Buy 1, get 1 free" in page) is False


def test_an_offer_that_counts_names_no_goods_by_weight(sales: Person, cheese: Product) -> None:
    from tests.shop.test_offers import FORM

    answer = sales.client.post(
        "/offers/new", data=FORM | {"kind": "buy-x-get-y", "buy": "2", "get": "1", "everything": "", "skus": "12345"}
    )

    assert answer.status_code == 422
    assert "Goods by weight are not counted. Remove these: Cheese." in answer.text


def test_a_cashiers_discount_holds_for_one_weighing(admin: Person, cheese: Product) -> None:
    till = Till(admin)
    for _n in range(2):
        till.ask("add", product_id=cheese.id, weight="0.512")

    till.ask("discount", product_id=cheese.id, line=2, basis_points=1000)

    assert lines_of(till) == [(512, 660), (512, 594)]


@pytest.mark.both
def test_stock_comes_in_and_is_counted_in_kilograms(sales: Person, cheese: Product, database: Database) -> None:
    at = f"/stock/{cheese.id}"
    delivered = sales.client.post(f"{at}/move", data={"direction": "in", "pieces": "12,5", "reason": "delivery"})
    counted = sales.client.post(f"{at}/count", data={"counted": "0.75", "seen": "32500"})
    level = sales.client.post(f"{at}/level", data={"level": "500 g"})
    wrong = [
        sales.client.post(f"{at}/move", data={"direction": "in", "pieces": pieces, "reason": "delivery"})
        for pieces in ("0", "-1", "1.2345", "100001")
    ]

    assert [answer.status_code for answer in (delivered, counted, level)] == [303] * 3
    assert [answer.status_code for answer in wrong] == [422] * 4
    assert all('id="pieces-error"' in answer.text for answer in wrong)
    with database.reading() as session:
        product = session.get_one(Product, cheese.id)
        assert (product.stock, product.low_stock_level) == (750, 500)
        assert session.scalars(select(StockMovement.change)).all() == [12_500, -31_750]
    sales.client.post(f"{at}/move", data={"direction": "out", "pieces": "300 g", "reason": "damage"})
    assert "0.450\u00a0kg left." in sales.client.get("/notifications").text
    page = sales.client.get(at, headers=GERMAN).text
    assert "+12,500\u00a0kg" in page
    assert 'value="0,500"' in page
    assert ";12,500;" in sales.client.get(f"{at}?format=csv", headers=GERMAN).text


def _form(database: Database, **changes: str) -> dict[str, str]:
    with database.reading() as session:
        tax = session.scalars(select(TaxClass.id)).first()
    return {"name": "Ham", "sku": "HAM", "price_minor": "19.90", "tax_class_id": str(tax), "low_stock_level": "0",
            "opening_stock": "0"} | changes  # fmt: skip


@pytest.mark.both
def test_a_product_by_weight_is_added_and_its_unit_stays(admin: Person, database: Database) -> None:
    made = admin.client.post(
        "/products/new", data=_form(database, by_weight="y", opening_stock="2,5", low_stock_level="0.5")
    )
    with database.reading() as session:
        ham = session.scalars(select(Product)).one()
        assert (ham.by_weight, ham.stock, ham.low_stock_level) == (True, 2500, 500)
    page = admin.client.get(f"/products/{ham.id}").text
    as_pieces = admin.client.post(f"/products/{ham.id}", data=_form(database, version="1"))

    assert made.status_code == 303
    assert "€19.90/kg" in page
    assert "2.500\u00a0kg" in page
    assert (as_pieces.status_code, 'id="by_weight-error"' in as_pieces.text) == (409, True)


def test_half_a_piece_is_refused_at_its_field(admin: Person, database: Database) -> None:
    answer = admin.client.post("/products/new", data=_form(database, opening_stock="0.5"))

    assert (answer.status_code, 'id="opening_stock-error"' in answer.text) == (422, True)


def _import(person: Person, table: str) -> Any:
    data = {"file": (io.BytesIO(table.encode()), "products.csv")}
    return person.client.post("/products/import", data=data, content_type="multipart/form-data", headers=GERMAN)


def test_a_csv_has_the_unit_and_is_taken_in_again(admin: Person, database: Database) -> None:
    head = "sku;name;price;tax;unit;stock;low_stock_level\n"
    added = _import(admin, head + "HAM;Ham;19,90;Standard;kg;2,5;0,75\nMUG;Mug;5;Standard;piece;3;1\n")
    sheet = admin.client.get("/products?format=csv", headers=GERMAN).text
    again = _import(admin, sheet)
    wrong = _import(admin, head + "A;A;1;Standard;lb;1;1\nB;B;1;Standard;piece;0,5;1\nHAM;Ham;1;Standard;piece;1;1\n")

    assert (added.status_code, again.status_code, wrong.status_code) == (303, 303, 422)
    assert ";kg;2,500;0,750;" in sheet
    assert ";piece;3;1;" in sheet
    assert wrong.text.count('data-label="Zeile"') == 3
    with database.reading() as session:
        found = session.execute(select(Product.by_weight, Product.stock, Product.low_stock_level).order_by(Product.sku))
        assert [tuple(one) for one in found] == [(True, 2500, 750), (False, 3, 1)]


def test_customers_and_programs_see_weights_and_prices_of_a_kilogram(
    billing: Person, sign_in: Callable[..., Person], cheese: Product, app: Flask
) -> None:
    customer = sign_in(Role.CUSTOMER, password_hash=quick_passwords().hash(PASSWORD))
    till = Till(billing)
    till.ask("customer", customer_id=customer.id)
    till.ask("add", product_id=cheese.id, weight="0.512")
    bill_id = till.pay().json["bill_id"]
    body = {"name": customer.email, "password": PASSWORD, "device": "phone"}
    token = app.test_client().post("/api/v1/sign-in", json=body, csrf=False).get_json()["token"]
    phone = {"Authorization": f"Bearer {token}"}

    [line] = app.test_client().get(f"/api/v1/bills/{bill_id}", headers=phone).get_json()["lines"]
    [row] = app.test_client().get("/api/v1/products", headers=phone).get_json()["rows"]

    assert (line["by_weight"], line["quantity"], line["unit_price_minor"]) == (True, 512, 1290)
    assert row["by_weight"] is True
    assert "0.512\u00a0kg × Cheese" in customer.client.get(f"/shop/bills/{bill_id}").text
    assert "€12.90</strong>/kg" in customer.client.get(f"/shop/products/{cheese.id}").text


@pytest.mark.both
def test_a_shop_that_goes_a_version_back_sells_no_grams_as_pieces(
    settings: Settings, database: Database, cheese: Product, make_product: Make
) -> None:
    make_product()
    database.close()
    command.downgrade(alembic_config(settings.database_url), "0015")
    with database.reading() as session:
        assert session.execute(text("SELECT active FROM products ORDER BY id")).scalars().all() == [0, 1]
    database.close()

    upgrade_database(settings)

    with database.reading() as session:
        assert session.scalars(select(Product.by_weight)).all() == [False, False]


@pytest.mark.browser
def test_the_till_asks_for_the_weight(window: Window, billing: Person, cheese: Product, database: Database) -> None:
    page = window.open("/till", person=billing)
    page.keyboard.type("12345")
    page.keyboard.press("Enter")
    expect(page.locator("#number-title")).to_have_text("Weight in kg: Cheese")
    page.keyboard.type("0,512")
    page.keyboard.press("Enter")
    expect(page.locator("#lines tr")).to_have_text("Cheese0.512 kg12.90/kg6.60")
    page.keyboard.press("+")
    expect(page.locator("#number-value")).to_have_value("0.512 kg")
    page.keyboard.type("250")
    page.keyboard.press("Enter")
    expect(page.locator("#number-title")).to_have_text("Weight in kg: Cheese")  # asked again, with the reason
    wrong = page.locator("#number-value").evaluate("field => field.validationMessage")
    assert wrong == "Enter between 0.001\u00a0kg and 100.000\u00a0kg."
    expect(page.locator("#number-value")).to_have_value("250")
    page.keyboard.type("1234 g")
    page.keyboard.press("Enter")
    expect(page.locator("#lines tr")).to_have_text("Cheese1.234 kg12.90/kg15.92")
    page.keyboard.press("F2")
    page.keyboard.type(whole("211234500661"))  # the label of a scale, scanned into the search
    page.keyboard.press("Enter")
    expect(page.locator("#lines tr")).to_have_count(2)
    expect(page.locator("#find")).not_to_be_visible()
    page.keyboard.press("Delete")
    expect(page.locator("#lines tr")).to_have_count(1)
    expect(page.locator("#lines tr")).to_have_text("Cheese1.234 kg12.90/kg15.92")
