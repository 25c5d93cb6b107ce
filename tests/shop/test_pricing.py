"""What a cart costs: vectors whose results others have published, and properties that no cart may break."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shop_app.catalogue.offers.pricing import (
    AMOUNT,
    BUY_X_GET_Y,
    PERCENT,
    Deal,
    Item,
    best_discount,
    price_cart,
    split_tax,
)
from shop_app.sales.bills.service import part_of


def item(price: int, quantity: int = 1, tax: int = 1900, **more: Any) -> Item:
    return Item(1, "SKU", "Thing", quantity, price, "Tax", tax, **more)


def test_a_thousand_pieces_at_4_60_and_19_percent_cost_5474() -> None:
    priced = price_cart([item(460, 1000)], [], prices_include_tax=False)

    assert (priced.net_minor, priced.tax_minor, priced.total_minor) == (460_000, 87_400, 547_400)


def test_the_same_pieces_on_five_lines_sum_up_line_by_line() -> None:
    priced = price_cart([item(460, n) for n in (84, 54, 288, 144, 430)], [], prices_include_tax=False)

    # Rounded once over all it would be 874.00; rounded per line and summed it is what the printed lines add up to.
    assert [line.tax_minor for line in priced.lines] == [7342, 4720, 25_171, 12_586, 37_582]
    assert priced.tax_minor == 87_401


def test_an_inclusive_price_of_5000_at_14_percent_is_4385_96_net() -> None:
    priced = price_cart([item(500_000, tax=1400)], [], prices_include_tax=True)

    assert (priced.net_minor, priced.tax_minor, priced.total_minor) == (438_596, 61_404, 500_000)


def test_a_discount_comes_off_the_net_or_off_the_gross_as_prices_are_shown() -> None:
    ten_percent = [Deal(1, "10 %", PERCENT, basis_points=1000)]

    net = price_cart([item(10_000)], ten_percent, prices_include_tax=False)
    gross = price_cart([item(11_900)], ten_percent, prices_include_tax=True)

    assert (net.net_minor, net.total_minor) == (9000, 10_710)
    assert (gross.net_minor, gross.total_minor) == (9000, 10_710)


@pytest.mark.parametrize(
    ("amount", "basis_points", "included", "tax"),
    [
        pytest.param(50, 500, False, 3, id="2.5 rounds up"),
        pytest.param(49, 500, False, 2, id="2.45 rounds down"),
        pytest.param(0, 1900, True, 0, id="nothing"),
        pytest.param(1, 1900, True, 0, id="a cent"),
        pytest.param(100, 10_000, True, 50, id="a tax of 100 %"),
        pytest.param(100, 0, True, 0, id="no tax"),
    ],
)
def test_tax_is_rounded_half_up(amount: int, basis_points: int, included: bool, tax: int) -> None:
    assert split_tax(amount, basis_points, prices_include_tax=included)[1] == tax


BEST, SOME = Deal(1, "20 %", PERCENT, basis_points=2000), Deal(2, "10 %", PERCENT, basis_points=1000)
STACK_A = Deal(3, "15 % A", PERCENT, basis_points=1500, stackable=True)
STACK_B = Deal(4, "1.00 off", AMOUNT, amount_minor=100, stackable=True)


@pytest.mark.parametrize(
    ("deals", "discount", "label"),
    [
        pytest.param([], 0, None, id="none"),
        pytest.param([BEST, SOME], 200, "20 %", id="the better of two that do not stack"),
        pytest.param([STACK_A, STACK_B], 250, "15 % A + 1.00 off", id="both of two that stack"),
        pytest.param([BEST, STACK_B], 200, "20 %", id="one that does not stack stands alone"),
        pytest.param([SOME, STACK_A, STACK_B], 250, "15 % A + 1.00 off", id="stacked ones together are better"),
        pytest.param([Deal(5, "all", AMOUNT, amount_minor=5000)], 1000, "all", id="never below nothing"),
        pytest.param(
            [Deal(6, "other", PERCENT, basis_points=5000, product_ids=frozenset({7}))], 0, None, id="of another product"
        ),
    ],
)
def test_the_customer_gets_the_best_single_offer_or_all_that_stack(  # M13
    deals: list[Deal], discount: int, label: str | None
) -> None:
    found = best_discount(item(1000), deals)

    assert (found.minor, found.label) == (discount, label)


@pytest.mark.parametrize(("pieces", "free"), [(1, 0), (2, 0), (3, 1), (5, 1), (6, 2)])
def test_of_three_pieces_one_is_free(pieces: int, free: int) -> None:
    deal = Deal(1, "3 for 2", BUY_X_GET_Y, buy_quantity=2, get_quantity=1)

    assert best_discount(item(300, pieces), [deal]).minor == free * 300


def test_a_discount_by_hand_counts_only_where_it_is_better() -> None:
    assert best_discount(item(1000, discount_basis_points=3000), [BEST]).minor == 300
    assert best_discount(item(1000, discount_basis_points=500), [BEST]).minor == 200


items = st.builds(
    Item, product_id=st.integers(1, 5), sku=st.just("S"), name=st.just("N"), quantity=st.integers(1, 9999),
    unit_price_minor=st.integers(0, 10**9), tax_name=st.just("T"), tax_basis_points=st.integers(0, 10_000),
    discount_basis_points=st.integers(0, 10_000),
)  # fmt: skip
deals = st.builds(
    Deal, id=st.integers(1, 99), name=st.just("D"), kind=st.sampled_from([PERCENT, AMOUNT, BUY_X_GET_Y]),
    basis_points=st.integers(0, 10_000), amount_minor=st.integers(0, 10**10), buy_quantity=st.integers(0, 9),
    get_quantity=st.integers(0, 9), stackable=st.booleans(),
    product_ids=st.frozensets(st.integers(1, 5), max_size=3),
)  # fmt: skip


@settings(max_examples=300)
@given(st.lists(items, max_size=8), st.lists(deals, max_size=5), st.booleans())
def test_no_cart_costs_less_than_nothing_and_totals_are_sums_of_lines(  # S18
    cart: list[Item], offers: list[Deal], included: bool
) -> None:
    priced = price_cart(cart, offers, prices_include_tax=included)

    for line in priced.lines:
        assert 0 <= line.discount.minor <= line.item.list_minor
        assert min(line.net_minor, line.tax_minor, line.total_minor) >= 0
        assert line.net_minor + line.tax_minor == line.total_minor
        if included:
            assert line.total_minor == line.item.list_minor - line.discount.minor
    assert priced.total_minor == sum(line.total_minor for line in priced.lines) == priced.net_minor + priced.tax_minor


@settings(max_examples=200)
@given(st.integers(0, 10**9), st.lists(st.integers(1, 50), min_size=1, max_size=10))
def test_the_parts_of_a_line_given_back_one_after_another_are_the_line(amount: int, returns: list[int]) -> None:
    quantity, before, back = sum(returns), 0, 0
    for pieces in returns:
        part = part_of(amount, quantity, before, pieces)
        assert part >= 0
        before, back = before + pieces, back + part

    assert back == amount
