"""Products: what an admin enters, imports and uploads, and what is refused."""

from __future__ import annotations

import csv
import io
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from PIL import Image, ImageDraw
from sqlalchemy import select

from shop_app.base.db import Database
from shop_app.base.errors import Invalid
from shop_app.base.models import Product, ShopProfile
from shop_app.web import listing, pictures
from shop_app.web.area import shop_of
from shop_app.web.listing import as_typed, csv_answer, defuse
from tests.shop.conftest import Person

FORM = {
    "name": "Tea", "sku": "T-1", "barcode": "4001234567890", "price_minor": "4.99", "tax_class_id": "1",
    "low_stock_level": "5", "opening_stock": "20",
}  # fmt: skip


@pytest.fixture
def form(database: Database) -> dict[str, str]:
    """A good form, with the id of a tax class that is there."""
    from shop_app.base.models import TaxClass

    with database.reading() as session:
        return FORM | {"tax_class_id": str(session.scalars(select(TaxClass.id)).first())}


def test_a_product_is_added_with_its_opening_stock(admin: Person, database: Database, form: dict[str, str]) -> None:
    answer = admin.client.post("/products/new", data=form)

    assert answer.status_code == 303
    with database.reading() as session:
        product = session.scalars(select(Product)).one()
        assert (product.price_minor, product.stock) == (499, 20)


@pytest.mark.parametrize(
    ("field", "value"),
    [("price_minor", "-1"), ("price_minor", "1.999"), ("price_minor", "free"), ("price_minor", "1e99"),
     ("sku", ""), ("sku", "x" * 41), ("opening_stock", "-5"), ("tax_class_id", "99999"), ("low_stock_level", "-1")],
)  # fmt: skip
def test_a_wrong_field_changes_nothing(
    admin: Person, database: Database, form: dict[str, str], field: str, value: str
) -> None:
    answer = admin.client.post("/products/new", data=form | {field: value})

    assert answer.status_code == 422
    with database.reading() as session:
        assert session.scalars(select(Product)).all() == []


def test_an_edit_of_what_somebody_else_changed_meanwhile_is_refused(
    admin: Person, database: Database, form: dict[str, str]
) -> None:
    admin.client.post("/products/new", data=form)
    with database.reading() as session:
        product = session.scalars(select(Product.id)).one()
    version = re.search(r'name="version"[^>]*value="(\d+)"', admin.client.get(f"/products/{product}").text).group(1)  # type: ignore[union-attr]

    first = admin.client.post(f"/products/{product}", data=form | {"name": "Green tea", "version": version})
    second = admin.client.post(f"/products/{product}", data=form | {"name": "Black tea", "version": version})

    assert (first.status_code, second.status_code) == (303, 409)
    with database.reading() as session:
        assert session.get_one(Product, product).name == "Green tea"


def _import(person: Person, text: str, *, confirmed: str = "") -> Any:
    data = {"file": (io.BytesIO(text.encode()), "products.csv")} | ({"barcodes": confirmed} if confirmed else {})
    return person.client.post("/products/import", data=data, content_type="multipart/form-data")


def test_an_import_adds_and_changes(admin: Person, database: Database, form: dict[str, str]) -> None:
    admin.client.post("/products/new", data=form)

    answer = _import(admin, "sku;name;price;tax;stock\nT-1;Better tea;5,49;standard;7\nC-1;Coffee;9.99;Reduced;12\n")

    assert answer.status_code == 303
    with database.reading() as session:
        rows = session.execute(
            select(Product.sku, Product.name, Product.price_minor, Product.stock).order_by(Product.sku)
        )
        assert rows.all() == [("C-1", "Coffee", 999, 12), ("T-1", "Better tea", 549, 20)]


def _all_of_it(database: Database) -> list[tuple[Any, ...]]:
    columns = [c for c in Product.__table__.columns if c.name not in ("updated_at", "version")]
    with database.reading() as session:
        return [tuple(row) for row in session.execute(select(*columns).order_by(Product.id))]


def test_what_an_imported_file_has_no_column_for_stays_as_it_is(
    admin: Person, database: Database, make_product: Callable[..., Product]
) -> None:
    make_product(
        sku="T-1", name="Tea", barcode="4001", category="Drinks", description="Green", cost_minor=210, low_stock_level=5
    )

    assert _import(admin, " SKU ,Name,price,tax\nT-1,Better tea,5.49,standard\n").status_code == 303

    with database.reading() as session:
        tea = session.scalars(select(Product)).one()
        assert (tea.name, tea.price_minor) == ("Better tea", 549)
        assert (tea.barcode, tea.category, tea.description, tea.cost_minor, tea.low_stock_level) == (
            "4001", "Drinks", "Green", 210, 5,
        )  # fmt: skip


def test_our_own_csv_taken_in_again_changes_nothing(
    admin: Person, database: Database, make_product: Callable[..., Product]
) -> None:
    make_product(sku="T-1", name="'Twas tea", category="=Drinks", description="Green;\nvery, green", cost_minor=0)
    make_product(sku="-2", name="Off sale", barcode="4002", low_stock_level=7, active=False)
    before = _all_of_it(database)

    text = admin.client.get("/products?format=csv&state=all").text

    assert _import(admin, text).status_code == 303
    assert _all_of_it(database) == before
    assert "Products added: 0, changed: 0." in admin.client.get("/products").text


def test_the_csv_tells_the_cost_to_those_alone_who_manage_products(
    admin: Person, sales: Person, make_product: Callable[..., Product]
) -> None:
    make_product(cost_minor=7341)

    assert "73.41" in admin.client.get("/products?format=csv").text
    assert "73.41" not in sales.client.get("/products?format=csv").text


def test_an_import_without_a_file_asks_for_one(admin: Person) -> None:
    answer = admin.client.post("/products/import", data={}, content_type="multipart/form-data")

    assert answer.status_code == 422
    assert "choose a file first" in answer.text


def test_an_import_with_bad_rows_takes_none_and_tells_each(admin: Person, database: Database) -> None:
    answer = _import(
        admin,
        "sku,name,price,tax,barcode\nA,Good,1.00,Standard,1\nB,,2.00,Standard,2\nC,Bad price,abc,Standard,3\n"
        "D,Bad tax,1.00,Luxury,4\nE,Same barcode,1.00,Standard,1\nA,Twice,1.00,Standard,9\n",
    )

    assert answer.status_code == 422
    assert [int(line) for line in re.findall(r'data-label="Line">(\d+)<', answer.text)] == [3, 4, 5, 6, 7]
    with database.reading() as session:
        assert session.scalars(select(Product)).all() == []


@pytest.mark.parametrize("text", ["", "just words", "sku,name\nA,B\n", "\x00\x01", "sku,name,price,tax\n" + '"'])
def test_a_file_that_is_no_import_is_told_as_such(admin: Person, text: str) -> None:
    assert _import(admin, text).status_code in (303, 422)


def _upload(person: Person, product: int, content: bytes, name: str = "a.png") -> Any:
    data = {"picture": (io.BytesIO(content), name)}
    return person.client.post(f"/products/{product}/picture", data=data, content_type="multipart/form-data")


def test_a_picture_is_written_anew_and_keeps_nothing_of_what_was_sent(  # S8
    app: Flask, admin: Person, make_product: Callable[..., Product]
) -> None:
    product = make_product()
    out = io.BytesIO()
    Image.new("RGB", (2400, 1200), "red").save(out, "PNG")

    answer = _upload(admin, product.id, out.getvalue() + b"<script>alert(1)</script>", "../../evil.html")

    assert answer.status_code == 303
    kept = list((shop_of(app).settings.media / "products").iterdir())
    assert len(kept) == 1
    assert re.fullmatch(r"[0-9a-f]{32}\.webp", kept[0].name)
    assert b"script" not in kept[0].read_bytes()
    with Image.open(kept[0]) as picture:
        assert max(picture.size) == 1000
    sent = admin.client.get(f"/products/{product.id}/picture")
    assert sent.mimetype == "image/webp"
    sent.close()


def _cut_out(mode: str) -> Image.Image:
    picture = Image.new("RGBA", (400, 300), (0, 0, 0, 0))
    ImageDraw.Draw(picture).ellipse((100, 50, 300, 250), fill=(200, 30, 60, 255))
    return picture.convert(mode)


def _file(picture: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def _deep_grey() -> Image.Image:
    row = (40_000).to_bytes(2, "little") * 100 + (10_000).to_bytes(2, "little") * 100
    return Image.frombytes("I;16", (200, 200), row * 200)


def _phone_on_its_side() -> bytes:
    picture = Image.new("RGB", (300, 200), "white")
    picture.paste((255, 0, 0), (0, 0, 60, 60))
    exif = Image.Exif()
    exif[0x0112] = 6
    return _file(picture, "JPEG", exif=exif.tobytes())


@pytest.mark.parametrize(
    ("content", "size", "at", "colour"),
    [
        pytest.param(_file(_cut_out("RGBA"), "PNG"), (400, 300), (3, 3), (255, 255, 255), id="cut-out PNG"),
        pytest.param(_file(_cut_out("RGBA"), "WEBP"), (400, 300), (3, 3), (255, 255, 255), id="cut-out WebP"),
        pytest.param(_file(_cut_out("LA"), "PNG"), (400, 300), (3, 3), (255, 255, 255), id="cut-out in grey"),
        pytest.param(_file(_cut_out("RGBA"), "GIF"), (400, 300), (3, 3), (255, 255, 255), id="cut-out GIF"),
        pytest.param(_file(_cut_out("RGBA").quantize(16), "PNG"), (400, 300), (3, 3), (255, 255, 255), id="palette"),
        pytest.param(_file(_cut_out("RGBA"), "PNG"), (400, 300), (200, 150), (200, 30, 60), id="what is seen stays"),
        pytest.param(_file(_deep_grey(), "PNG"), (200, 200), (50, 50), (156, 156, 156), id="16 bits, light"),
        pytest.param(_file(_deep_grey(), "PNG"), (200, 200), (150, 50), (39, 39, 39), id="16 bits, dark"),
        pytest.param(_phone_on_its_side(), (200, 300), (180, 20), (255, 0, 0), id="turned upright"),
        pytest.param(_file(Image.new("CMYK", (9, 9)), "JPEG"), (9, 9), (4, 4), (255, 255, 255), id="CMYK"),
        pytest.param(
            _file(Image.new("L", (6000, 8000), 200), "JPEG"), (750, 1000), (9, 9), (200, 200, 200), id="48 MP"
        ),
        pytest.param(_file(Image.new("L", (8000, 6000), 200), "PNG"), (1000, 750), (9, 9), (200, 200, 200), id="PNG"),
        pytest.param(_file(Image.new("1", (7000, 7000), 1), "PNG"), (1000, 1000), (9, 9), (255, 255, 255), id="1 bit"),
    ],
)
def test_a_picture_looks_as_it_was_sent(
    content: bytes, size: tuple[int, int], at: tuple[int, int], colour: tuple[int, int, int]
) -> None:
    found = pictures.decode(io.BytesIO(content))

    assert found.mode == "RGB"
    assert found.size == size
    assert found.getpixel(at) == pytest.approx(colour, abs=3)


def test_a_picture_of_too_many_pixels_is_refused() -> None:
    with pytest.raises(Invalid, match="too many pixels"):
        pictures.decode(io.BytesIO(_file(Image.new("1", (8000, 7000)), "PNG")))


def test_eight_large_pictures_at_once_stay_small(tmp_path: Path) -> None:
    (tmp_path / "large.png").write_bytes(_file(Image.new("RGB", (8000, 6000)), "PNG"))
    program = """
import resource, sys
from concurrent.futures import ThreadPoolExecutor
from shop_app.web import pictures

def highest():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

def decode(_n):
    with open(sys.argv[1], "rb") as file:
        return pictures.decode(file).size

before = highest()
with ThreadPoolExecutor(8) as pool:
    assert set(pool.map(decode, range(8))) == {(1000, 750)}
print(highest() - before)
"""
    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path / "large.png"], capture_output=True, text=True, check=True
    )

    assert int(done.stdout) < 300  # MiB


@pytest.mark.parametrize(
    "content",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"GIF89a",
        b"",
        b"\x89PNG\r\n\x1a\n" + b"\x00" * 64,
    ],
)
def test_what_is_no_picture_is_refused(
    app: Flask, admin: Person, make_product: Callable[..., Product], content: bytes
) -> None:
    product = make_product()

    assert _upload(admin, product.id, content).status_code == 422


def test_sales_staff_sees_products_and_cannot_change_them(
    sales: Person, make_product: Callable[..., Product], form: dict[str, str]
) -> None:
    product = make_product()

    assert sales.client.get(f"/products/{product.id}").status_code == 200
    assert sales.client.post(f"/products/{product.id}", data=form).status_code == 403


@pytest.mark.parametrize("sort", ["name", "-stock", "price_minor; DROP TABLE products", "-", "id", "--name"])
def test_a_list_sorts_by_what_it_knows_and_ignores_the_rest(  # S14
    admin: Person, make_product: Callable[..., Product], sort: str
) -> None:
    make_product(name="Zebra")

    answer = admin.client.get("/products", query_string={"sort": sort, "q": "%'\"_\\", "page": "99999999999"})

    assert answer.status_code == 200


def test_a_search_takes_percent_and_underscore_as_they_are(admin: Person, make_product: Callable[..., Product]) -> None:
    make_product(name="100 % juice")
    make_product(name="Milk")

    assert "Milk" not in admin.client.get("/products", query_string={"q": "%"}).text
    assert "100 % juice" in admin.client.get("/products", query_string={"q": "0 %"}).text


@pytest.mark.parametrize("separator", [",", ";"])
@pytest.mark.parametrize(
    "cell",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "a;=1+1", 'x";=1+1;"', 'x;"=1+1"', "a\n=1+1", "a\r\n-1;+2"],
)
def test_a_cell_that_a_spreadsheet_would_run_is_defused(
    cell: str, separator: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "profile", lambda: ShopProfile(time_zone="UTC"))
    text = csv_answer("x", {"sku": lambda one: "A", "name": lambda one: one}, [cell]).get_data(as_text=True)

    cells = [shown for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator) for shown in row]

    assert not [shown for shown in cells if shown.lstrip('"\t\r\n')[:1] in {"=", "+", "-", "@"}]
    assert as_typed(str(defuse(cell))) == cell


def test_a_list_of_fifty_takes_at_most_five_statements(
    admin: Person, make_product: Callable[..., Product], count_statements: list[str]
) -> None:
    for _number in range(51):
        make_product()
    admin.client.get("/products")
    count_statements.clear()

    admin.client.get("/products?page=1")

    selects = [statement for statement in count_statements if statement.startswith("SELECT")]
    assert len(selects) <= 5, selects


GOOD = "sku;name;price;tax\r\nEX-1;Käse;1.299,50 €;Standard\r\n"


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(GOOD.encode("cp1252"), id="Excel's CSV"),
        pytest.param(GOOD.encode("utf-8-sig"), id="Excel's CSV UTF-8"),
        pytest.param(GOOD.replace(";", "\t").encode("utf-16"), id="Excel's Unicode text"),
        pytest.param(("sep=;\r\n" + GOOD).encode(), id="sep"),
        pytest.param(('"sep=\t"\r\n' + GOOD.replace(";", "\t")).encode(), id="sep of a tab"),
        pytest.param(GOOD.replace(";", "\t").encode(), id="tabs"),
        pytest.param(GOOD.replace("\r\n", "\r").encode(), id="old line ends"),
        pytest.param(GOOD.replace("1.299,50 €", '"1,299.50"').replace(";", ",").encode(), id="commas"),
    ],
)
def test_a_file_is_read_as_spreadsheets_save_it(admin: Person, database: Database, content: bytes) -> None:
    data = {"file": (io.BytesIO(content), "p.csv")}

    assert admin.client.post("/products/import", data=data, content_type="multipart/form-data").status_code == 303

    with database.reading() as session:
        assert session.execute(select(Product.sku, Product.name, Product.price_minor)).all() == [
            ("EX-1", "Käse", 129950)
        ]


def test_a_workbook_is_told_from_a_csv_file(admin: Person) -> None:
    data = {"file": (io.BytesIO(b"PK\x03\x04" + bytes(200)), "p.xlsx")}

    answer = admin.client.post("/products/import", data=data, content_type="multipart/form-data")

    assert answer.status_code == 422
    assert "Save the sheet as CSV" in answer.text


@pytest.mark.parametrize(
    ("sku", "barcode"),
    [
        pytest.param("TEA-1", "4.00638E+12", id="exponent"),
        pytest.param("TEA-1", '"4,00638E+12"', id="exponent with a comma"),
        pytest.param("TEA-1", "4006380000000", id="rounded"),
        pytest.param("TEA-1", "4006381333930", id="wrong check digit"),
        pytest.param("TEA-1", "4006381333931.0", id="a decimal number"),
        pytest.param("TEA-2", "12345678905", id="zero lost"),
        pytest.param("NEW", "12345678905", id="zero lost of a new product"),
        pytest.param("NEW", "0012345678905", id="another product's in another form"),
        pytest.param("42", "", id="zeros lost of the SKU"),
        pytest.param("4.2E+5", "", id="SKU in exponent form"),
    ],
)
def test_a_code_that_a_spreadsheet_destroyed_is_an_error_of_its_row(
    admin: Person, database: Database, make_product: Callable[..., Product], sku: str, barcode: str
) -> None:
    make_product(sku="TEA-1", barcode="4006381333931")
    make_product(sku="TEA-2", barcode="012345678905")
    make_product(sku="0042", barcode=None)
    before = _all_of_it(database)

    answer = _import(admin, f"sku,name,price,tax,barcode\n{sku},Name,3.49,Standard,{barcode}\n", confirmed="y")

    assert answer.status_code == 422
    assert 'data-label="Line">2<' in answer.text
    assert _all_of_it(database) == before


def test_changed_barcodes_are_shown_before_they_are_taken(
    admin: Person, database: Database, make_product: Callable[..., Product]
) -> None:
    make_product(sku="TEA-1", barcode="4006381333931")
    text = "sku,name,price,tax,barcode\nTEA-1,Tea,3.49,Standard,96385074\n"
    before = _all_of_it(database)

    shown = _import(admin, text)

    assert shown.status_code == 409
    assert "4006381333931" in shown.text
    assert "96385074" in shown.text
    assert _all_of_it(database) == before
    assert _import(admin, text, confirmed="y").status_code == 303
    with database.reading() as session:
        assert session.scalars(select(Product.barcode)).one() == "96385074"


def test_a_csv_is_written_as_the_readers_excel_opens_it(admin: Person, make_product: Callable[..., Product]) -> None:
    make_product(sku="K", name="Käsespätzle", price_minor=549)

    english = admin.client.get("/products?format=csv").data.decode()
    german = admin.client.get("/products?format=csv", headers={"Accept-Language": "de"}).data.decode()

    assert english.startswith("\ufeffsku,barcode,name")
    assert "K,,Käsespätzle,,5.49," in english
    assert german.startswith("\ufeffsku;barcode;name")
    assert "K;;Käsespätzle;;5,49;" in german


@pytest.mark.parametrize(
    ("stock", "level", "badge"), [(0, 0, "sold out"), (0, 5, "sold out"), (5, 5, "low"), (6, 5, "")]
)
def test_the_badge_of_a_product_and_the_list_of_low_stock_agree(  # A9
    admin: Person, make_product: Callable[..., Product], stock: int, level: int, badge: str
) -> None:
    product = make_product(name="Cocoa", stock=stock, low_stock_level=level)

    listed = admin.client.get("/products").text
    low = f"/stock/{product.id}" in admin.client.get("/stock?state=low").text

    assert {name for name in ("low", "sold out") if re.search(rf'class="badge[^>]*>\s*{name}', listed)} == {badge} - {
        ""
    }
    assert low is (level > 0 and stock <= level)
