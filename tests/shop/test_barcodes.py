"""One article is found by its code in every form in which codes are printed, scanned and stored."""

from __future__ import annotations

import pytest

from shop_app.base import barcodes


@pytest.mark.parametrize(
    ("stored", "scanned"),
    [
        ("012345678905", "0012345678905"), ("012345678905", "12345678905"), ("0012345678905", "012345678905"),
        ("4006381333931", "04006381333931"), ("04006381333931", "4006381333931"), ("0711719814153", "711719814153"),
        ("711719814153", "00711719814153"), ("96385074", "0000096385074"), ("0000096385074", "96385074"),
        ("4006381333931", "]E04006381333931"), ("96385074", "]E496385074"), ("4006381333931", "]C1 4006381333931"),
        ("4006381333931", "(01)04006381333931"), ("4006381333931", "(01)04006381333931(10)AB12"),
        ("4006381333931", "(17)261231(01)04006381333931"), ("4006381333931", "0104006381333931"),
        ("4006381333931", "0104006381333931\x1d10AB12"), ("4006381333931", "010400638133393110AB12"),
        ("4006381333931", "\x1d010400638133393110AB12\x1d17261231"),
        ("4006381333931", "]C10104006381333931"), ("4006381333931", "]d2010400638133393117261231\x1d10X"),
        ("4006381333931", "]Q3010400638133393121SER"), ("4006381333931", "]e00104006381333931"),
        ("4006381333931", "1726123101040063813339 31".replace(" ", "")), ("4006381333931", "4 006381 333931"),
        ("4006381333931", "10LOT1\x1d0104006381333931"), ("0104006381333931", "0104006381333931"),
        ("4001234567890", "04001234567890"), ("AB-12 c", "AB-12 c"), ("2112345", "2112345"),
    ],
)  # fmt: skip
def test_an_article_is_found_by_every_form_of_its_code(stored: str, scanned: str) -> None:
    assert stored in barcodes.forms(scanned)


@pytest.mark.parametrize(
    ("stored", "scanned"),
    [
        ("4006381333931", "14006381333938"), ("4006381333931", "4006381333932"), ("42", "042"), ("1234567", "01234567"),
        ("AB", "ab"), ("4006381333931", "0104006381333932"),
    ],
)  # fmt: skip
def test_other_articles_are_not_found(stored: str, scanned: str) -> None:
    assert stored not in barcodes.forms(scanned)


@pytest.mark.parametrize("code", ["4.00638E+12", "4,00638E+12", "4E+12", "4006381333931.0", "4006381333931,00", "4.006.381.333.931"])  # fmt: skip
def test_a_number_of_a_spreadsheet_is_no_code(code: str) -> None:
    assert barcodes.is_number_form(code)


@pytest.mark.parametrize("code", ["4006381333931", "AB-12", "12E5", "0042", "]E0", "A1.5"])
def test_a_code_is_no_number_of_a_spreadsheet(code: str) -> None:
    assert not barcodes.is_number_form(code)


@pytest.mark.parametrize("code", ["4006380000000", "4006381333930", "12345678905", "96385075"])
def test_a_code_that_lost_digits_is_damaged(code: str) -> None:
    assert barcodes.is_damaged(code)


@pytest.mark.parametrize(
    "code", ["4006381333931", "012345678905", "96385074", "04006381333931", "2112345", "A-1", "42"]
)
def test_a_whole_code_is_not_damaged(code: str) -> None:
    assert not barcodes.is_damaged(code)
