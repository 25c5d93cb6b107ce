"""Money is read and written as people write it, the same everywhere; what may mean two amounts is refused."""

from __future__ import annotations

import pytest

from shop_app.base import money
from shop_app.base.errors import Invalid


@pytest.mark.parametrize("locale", ["en", "de"])
@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("5", 500), ("5,49", 549), ("5.49", 549), ("5,4", 540), (" 12.50 ", 1250), ("0,05", 5), ("-3,20", -320),
        ("1,00 €", 100), ("€ 1.00", 100), ("€1", 100), ("1.00 EUR", 100), ("EUR 1,00", 100), ("1,00\u00a0€", 100),
        ("-1,00 €", -100), ("€ -1.00", -100), ("−1,00 €", -100), ("-€1.00", -100),
        ("1.299,00", 129900), ("1,299.00", 129900), ("1.299,00 €", 129900), ("1.299.000", 129900000),
        ("1,299,000.5", 129900050), ("1 299,00", 129900), ("1\u202f299,00", 129900), ("1'299.00", 129900),
        ("1’299.00", 129900), ("1 200", 120000), ("1,00,000", 10000000), ("12,34,567.50", 123456750),
        ("１２,５０", 1250),
    ],
)  # fmt: skip
def test_an_amount_is_read_as_it_is_written(text: str, minor: int, locale: str) -> None:
    assert money.to_minor(text, "EUR", locale) == minor


@pytest.mark.parametrize(
    ("text", "locale", "minor"), [("1,299", "en", 129900), ("1.299", "de", 129900), ("12.000", "de", 1200000)]
)
def test_a_single_group_is_read_by_the_readers_language(text: str, locale: str, minor: int) -> None:
    assert money.to_minor(text, "EUR", locale) == minor


@pytest.mark.parametrize(
    ("text", "minor"),
    [("₹1,200", 120000), ("Rs. 1200", 120000), ("Rs 1,00,000", 10000000), ("1200/-", 120000), ("₹ 1,200/-", 120000),
     ("INR 1200.50", 120050)],
)  # fmt: skip
def test_rupees_are_read_as_they_are_written(text: str, minor: int) -> None:
    assert money.to_minor(text, "INR", "en") == minor


@pytest.mark.parametrize(
    ("text", "locale"),
    [
        ("1.299", "en"), ("1,299", "de"), ("0,500", "en"), ("0.500", "de"), ("1,2,3", "en"), ("1.2.3", "de"),
        ("12,3456", "de"), ("1,23,45", "en"), ("1.299,000", "de"), ("1,000,00", "en"), ("", "en"), ("€", "en"),
        ("5.490", "en"), ("5,490", "de"), ("1e3", "en"), ("4.00638E+12", "en"), ("$5", "en"), ("5 USD", "de"), ("₹5", "en"), ("5-", "de"), ("1 2", "en"),
        (".5", "en"), ("5.", "en"), ("NaN", "en"), ("inf", "en"), ("--5", "en"), ("five", "en"), ("5 € €", "en"),
    ],
)  # fmt: skip
def test_what_is_no_amount_or_two_is_refused(text: str, locale: str) -> None:
    with pytest.raises(Invalid):
        money.to_minor(text, "EUR", locale)


def test_a_currency_without_cents_takes_none() -> None:
    assert money.to_minor("1,200", "JPY", "en") == 1200
    assert money.to_minor("￥1200", "JPY", "en") == 1200
    with pytest.raises(Invalid):
        money.to_minor("12.5", "JPY", "en")


def test_rupees_are_written_by_lakhs() -> None:
    assert money.show(10_000_000, "INR", "en") == "₹1,00,000.00"
    assert money.show_plain(10_000_000, "INR", "en") == "1,00,000.00"
    assert money.show(10_000_000, "EUR", "en") == "€100,000.00"


@pytest.mark.parametrize("locale", ["en", "de"])
@pytest.mark.parametrize("minor", [0, 5, 99, 100, 123456, 10_000_000, -129900])
@pytest.mark.parametrize("currency", ["EUR", "INR", "USD", "CHF", "JPY"])
def test_what_is_shown_can_be_typed(minor: int, currency: str, locale: str) -> None:
    assert money.to_minor(money.show(minor, currency, locale), currency, locale) == minor
    assert money.to_minor(money.show_plain(minor, currency, locale), currency, locale) == minor
