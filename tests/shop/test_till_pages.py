"""The till and the pages of billing and sales staff in a real browser."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from datetime import timedelta
from importlib.resources import files
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect
from sqlalchemy import select, update

from shop_app.accounts.passwords import Passwords
from shop_app.base.db import Database, now
from shop_app.base.models import Account, Bill, LoginSession, Offer, Payment, Product, Refund
from shop_app.base.permissions import Role
from tests.cameras import wait_for
from tests.shop.conftest import DESK, PASSWORD, PHONE, Person, Window

pytestmark = pytest.mark.browser
Make = Callable[..., Product]
TABLET = {"width": 1024, "height": 768}


def shot(page: Page, name: str) -> None:
    """A screenshot, where SHOTS names a folder for them."""
    folder = os.environ.get("SHOTS")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png")


def scan(page: Page, code: str) -> None:
    """What a scanner does: keys, then Enter."""
    page.keyboard.type(code)
    page.keyboard.press("Enter")


def does_not_scroll_sideways(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


@pytest.fixture
def shelf(make_product: Make, database: Database, admin: Person) -> list[Product]:
    """A few products, one of them on offer."""
    names = [("Espresso beans 1 kg", 1499), ("Oat milk", 219), ("Dark chocolate", 279), ("Ceramic mug", 890)]
    products = [
        make_product(name=name, price_minor=price, barcode=f"400000000000{n}", stock=30)
        for n, (name, price) in enumerate(names)
    ]
    with database.writing() as session:
        offer = Offer(
            name="Chocolate week", kind="percent", basis_points=1000, starts_at=now() - timedelta(days=1),
            ends_at=now() + timedelta(days=1), state="approved", proposed_by_id=admin.id, created_at=now(),
        )  # fmt: skip
        offer.products = [session.get_one(Product, products[2].id)]
        session.add(offer)
    return products


def test_a_bill_is_made_with_the_keyboard_alone(
    window: Window, billing: Person, customer: Person, shelf: list[Product], database: Database
) -> None:
    page = window.open("/till", person=billing)
    expect(page.locator("#empty")).to_be_visible()
    shot(page, "till-empty")

    scan(page, "4000000000000")
    expect(page.locator("#lines tr")).to_have_count(1)
    scan(page, "3*4000000000001")
    scan(page, "4000000000002")
    expect(page.locator("#lines tr")).to_have_count(3)
    page.keyboard.press("F2")
    page.keyboard.type("mug")
    expect(page.locator("#found li")).to_have_count(1)
    shot(page, "till-search")
    page.keyboard.press("Enter")
    expect(page.locator("#lines tr")).to_have_count(4)
    page.keyboard.press("+")
    expect(page.locator("#pieces")).to_have_text("7")
    page.keyboard.press("-")
    expect(page.locator("#pieces")).to_have_text("6")
    page.keyboard.press("Delete")
    expect(page.locator("#lines tr")).to_have_count(3)
    page.keyboard.press("F6")
    page.keyboard.type("2")
    page.keyboard.press("Enter")
    expect(page.locator("#pieces")).to_have_text("6")
    page.keyboard.press("F4")
    page.keyboard.type("customer")
    expect(page.locator("#found li strong")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator("#customer")).to_contain_text("Customer Person")
    expect(page.locator("#total")).to_have_text("€26.58")  # 14.99 + 3 x 2.19 + 2 x 2.79 less 10 %
    shot(page, "till-cart")
    page.keyboard.press("F9")
    page.keyboard.type("30")
    expect(page.locator("#pay-change")).to_have_text("€3.42")
    shot(page, "till-pay")
    page.keyboard.press("F10")
    expect(page.locator("#done-change")).to_have_text("€3.42")
    shot(page, "till-done")
    scan(page, "4000000000001")

    expect(page.locator("#lines tr")).to_have_count(1)
    expect(page.locator("#last-link")).to_have_text("Bill 1")
    with database.reading() as session:
        bill = session.scalars(select(Bill)).one()
        assert (bill.total_minor, bill.customer_id) == (2658, customer.id)


def test_a_name_typed_where_codes_are_scanned_is_searched_for(
    window: Window, billing: Person, shelf: list[Product]
) -> None:
    page = window.open("/till", person=billing)
    scan(page, "mug")
    expect(page.locator("#found li")).to_have_count(1)
    page.keyboard.press("Enter")

    expect(page.locator("#lines tr")).to_contain_text("Ceramic mug")
    scan(page, "499")
    expect(page.locator("#say")).to_contain_text("No product has the code 499")
    expect(page.locator("#find")).to_be_hidden()


def slowly(page: Page, address: str, seconds: float = 0.4) -> None:
    """Answers to `address` come late, as over a weak radio link."""

    def later(route: Route) -> None:
        time.sleep(seconds)
        route.continue_()

    page.route(address, later)


def test_enter_before_the_list_has_come_takes_what_was_typed(
    window: Window, billing: Person, shelf: list[Product], sign_in: Callable[..., Person]
) -> None:
    for name in ("Aaron Adams", "Berta Zimmermann"):
        sign_in(Role.CUSTOMER, name=name)
    page = window.open("/till", person=billing, service_workers="block")
    slowly(page, "**/till/customers*")
    slowly(page, "**/till/products*")

    page.keyboard.press("F4")
    page.keyboard.type("zimm", delay=60)
    page.keyboard.press("Enter")
    expect(page.locator("#customer")).to_contain_text("Berta Zimmermann")
    page.keyboard.press("F2")
    page.keyboard.type("mug", delay=60)
    page.keyboard.press("Enter")

    expect(page.locator("#lines tr")).to_contain_text("Ceramic mug")


def test_enter_before_the_list_has_come_takes_nothing_where_several_are_meant(
    window: Window, billing: Person, shelf: list[Product], sign_in: Callable[..., Person]
) -> None:
    for name in ("Aaron Adams", "Anna Meier", "Berta Meier"):
        sign_in(Role.CUSTOMER, name=name)
    page = window.open("/till", person=billing, service_workers="block")
    slowly(page, "**/till/customers*")

    page.keyboard.press("F4")
    page.keyboard.type("meier", delay=60)
    page.keyboard.press("Enter")

    expect(page.locator("#found li")).to_have_count(2)
    expect(page.locator("#find")).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#customer")).to_contain_text("Berta Meier")


def test_codes_scanned_into_the_search_add_their_products(
    window: Window, billing: Person, shelf: list[Product]
) -> None:
    page = window.open("/till", person=billing, service_workers="block")
    slowly(page, "**/till/products*")

    page.keyboard.press("F2")
    scan(page, "4000000000003")
    scan(page, "4000000000001")

    expect(page.locator("#lines tr")).to_have_count(2)
    expect(page.locator("#lines")).to_contain_text("Ceramic mug")
    expect(page.locator("#lines")).to_contain_text("Oat milk")


def test_a_search_that_was_left_while_its_answer_was_on_its_way_takes_nothing(
    window: Window, billing: Person, shelf: list[Product]
) -> None:
    page = window.open("/till", person=billing, service_workers="block")
    held: list[Route] = []
    page.route("**/till/products?q=mug", lambda route: held.append(route))

    page.keyboard.press("F2")
    page.keyboard.type("mug")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    expect(page.locator("#find")).to_be_hidden()
    for _ in range(100):
        if not held:
            page.wait_for_timeout(50)
    with page.expect_response("**/till/products?q=mug"):
        held[0].continue_()
    page.wait_for_timeout(300)

    expect(page.locator("#lines tr")).to_have_count(0)


def burst(page: Page, code: str, gap: float) -> None:
    """Keys with `gap` milliseconds between them by their own times, however slowly this machine passes them on."""
    at, browser = time.time(), page.context.new_cdp_session(page)
    for n, digit in enumerate(code):
        key = {"key": digit, "code": f"Digit{digit}", "timestamp": at + n * gap / 1000}
        browser.send("Input.dispatchKeyEvent", {"type": "keyDown", "text": digit, **key})
        browser.send("Input.dispatchKeyEvent", {"type": "keyUp", **key})
    browser.detach()


@pytest.mark.parametrize(("suffix", "delay"), [("Enter", 0), ("Enter", 15), ("Tab", 0), ("Tab", 15), ("", 5)])
def test_a_scanner_may_end_its_codes_with_enter_tab_or_nothing(
    window: Window, billing: Person, make_product: Make, suffix: str, delay: float
) -> None:
    codes = ["4006381333931", "036000291452", "96385074"]
    for code in codes:
        make_product(barcode=code)
    page = window.open("/till", person=billing)
    expect(page.locator("#empty")).to_be_visible()

    for code in codes:
        if suffix:
            page.keyboard.type(code, delay=delay)
            page.keyboard.press(suffix)
        else:
            burst(page, code, delay)
            expect(page.locator("#scan")).to_have_value("")

    expect(page.locator("#lines tr")).to_have_count(3)
    expect(page.locator("#pieces")).to_have_text("3")
    expect(page.locator("#scan")).to_have_value("")


def test_what_is_sold_out_by_the_books_is_told_at_the_scan_and_sold_on_request(
    window: Window, billing: Person, make_product: Make, database: Database
) -> None:
    make_product(name="Acacia honey", barcode="4006381333931", stock=0)
    page = window.open("/till", person=billing)

    scan(page, "4006381333931")
    expect(page.locator("#say")).to_have_text("Acacia honey: only 0 left")
    for key in ("F9", "F7", "F10"):
        page.keyboard.press(key)
    page.get_by_label("Sell all the same").check()
    page.keyboard.press("F10")
    expect(page.locator("#done-number")).to_have_text("Bill 1")

    with database.reading() as session:
        assert session.scalars(select(Product.stock)).one() == -1


def test_a_code_typed_by_hand_waits_for_enter(window: Window, billing: Person, shelf: list[Product]) -> None:
    page = window.open("/till", person=billing)

    page.keyboard.type("4000000000000", delay=60)
    page.wait_for_timeout(600)
    expect(page.locator("#lines tr")).to_have_count(0)
    page.keyboard.press("Enter")

    expect(page.locator("#lines tr")).to_have_count(1)


def pay_and_hold(page: Page, address: str) -> list[Route]:
    """Sells one piece, and keeps the first request to `address` back until the test lets it go."""
    scan(page, "4000000000000")
    expect(page.locator("#lines tr")).to_have_count(1)
    held: list[Route] = []
    page.route(address, lambda route: held.append(route), times=1)
    for key in ("F9", "F7", "F10"):
        page.keyboard.press(key)
    return held


def test_a_scan_right_after_a_payment_waits_for_the_next_cart(
    window: Window, billing: Person, shelf: list[Product]
) -> None:
    page = window.open("/till", person=billing, service_workers="block")  # it would pass by `route`
    held = pay_and_hold(page, "**/till/cart")
    expect(page.locator("#done-number")).to_have_text("Bill 1")
    scan(page, "4000000000001")
    expect(page.locator("#done")).to_be_hidden()
    held[0].continue_()

    expect(page.locator("#lines tr")).to_have_count(1)
    expect(page.locator("#lines tr")).to_contain_text("Oat milk")


@pytest.mark.parametrize("size", [pytest.param(DESK, id="desk"), pytest.param(TABLET, id="tablet")])
def test_the_till_fits_its_screen_without_scrolling(
    window: Window, billing: Person, shelf: list[Product], size: dict[str, int]
) -> None:
    page = window.open("/till", person=billing, size=size)
    for n in range(4):
        scan(page, f"400000000000{n}")
    expect(page.locator("#lines tr")).to_have_count(4)

    assert page.evaluate("document.documentElement.scrollHeight <= window.innerHeight")
    assert does_not_scroll_sideways(page)
    expect(page.locator("#pay-button")).to_be_in_viewport(ratio=1)
    expect(page.locator("#total")).to_be_in_viewport(ratio=1)


def test_a_scan_while_a_payment_is_under_way_is_the_first_of_the_next_cart(
    window: Window, billing: Person, shelf: list[Product]
) -> None:
    page = window.open("/till", person=billing, service_workers="block")
    held = pay_and_hold(page, "**/pay")
    scan(page, "4000000000001")
    wait_for(lambda: bool(held), 20)
    held[0].continue_()
    expect(page.locator("#done-number")).to_have_text("Bill 1")  # and stays: the change is still to be read

    expect(page.locator("#lines tr")).to_have_count(1)
    expect(page.locator("#lines tr")).to_contain_text("Oat milk")


def test_the_till_works_on_a_phone(window: Window, billing: Person, shelf: list[Product]) -> None:
    page = window.open("/till", person=billing, size=PHONE)
    page.locator("#scan").fill("4000000000000")
    page.locator("#scan").press("Enter")
    expect(page.locator("#lines tr")).to_have_count(1)
    shot(page, "till-phone")
    page.locator("#pay-button").click()
    page.get_by_role("button", name="All by card").click()
    shot(page, "till-phone-pay")
    page.locator("#complete").click()

    expect(page.locator("#done-number")).to_have_text("Bill 1")
    assert does_not_scroll_sideways(page)
    page.reload()
    page.get_by_role("button", name="Espresso beans").click()  # it is often sold now
    expect(page.locator("#lines tr")).to_have_count(1)


def test_a_cart_is_put_aside_and_taken_up_again(window: Window, billing: Person, shelf: list[Product]) -> None:
    page = window.open("/till", person=billing)
    scan(page, "4000000000003")
    expect(page.locator("#lines tr")).to_have_count(1)
    page.keyboard.press("Alt+h")
    page.keyboard.type("Lady in red")
    page.keyboard.press("Enter")
    expect(page.locator("#held li")).to_have_count(1)
    expect(page.locator("#lines tr")).to_have_count(0)
    expect(page.locator("#held button")).to_be_in_viewport(ratio=1)
    shot(page, "till-held")

    page.keyboard.press("Alt+1")

    expect(page.locator("#lines tr")).to_have_count(1)
    expect(page.locator("#held-box")).to_be_hidden()


def test_a_lost_connection_stops_paying_and_keeps_the_cart(
    window: Window, billing: Person, shelf: list[Product]
) -> None:
    page = window.open("/till", person=billing)
    scan(page, "4000000000000")
    expect(page.locator("#lines tr")).to_have_count(1)
    page.context.set_offline(True)
    scan(page, "4000000000001")
    expect(page.locator("#lost")).to_be_visible()
    expect(page.locator("#pay-button")).to_be_disabled()
    shot(page, "till-lost")

    page.context.set_offline(False)

    expect(page.locator("#lost")).to_be_hidden()
    expect(page.locator("#lines tr")).to_have_count(1)
    expect(page.locator("#pay-button")).to_be_enabled()
    window.complaints = [text for text in window.complaints if "ERR_INTERNET_DISCONNECTED" not in text]


def test_a_sign_in_that_ends_in_the_middle_of_a_bill_leads_back_to_the_cart(
    window: Window, billing: Person, shelf: list[Product], database: Database
) -> None:
    page = window.open("/till", person=billing)
    scan(page, "4000000000000")
    expect(page.locator("#lines tr")).to_have_count(1)
    page.keyboard.press("F9")
    page.keyboard.press("F7")
    with database.writing() as session:
        session.execute(update(LoginSession).values(ended_at=now()))
        session.get_one(Account, billing.id).password_hash = Passwords().hash(PASSWORD)
    page.keyboard.press("F10")
    expect(page.locator("#pay")).to_be_hidden()
    page.get_by_role("link", name="Sign in").click()
    page.get_by_label("E-mail or telephone").fill(billing.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")

    expect(page).to_have_url(f"{window.server}/till")
    expect(page.locator("#lines tr")).to_have_count(1)


def test_a_wallet_pays_what_it_holds_and_a_card_the_rest(
    window: Window, billing: Person, customer: Person, shelf: list[Product], database: Database
) -> None:
    form = {"amount": "10", "method": "cash", "key": "k"}
    assert billing.client.post(f"/customers/{customer.id}/wallet", data=form).status_code == 303
    page = window.open("/till", person=billing)
    scan(page, "4000000000000")
    page.keyboard.press("F4")
    page.keyboard.type("customer")
    expect(page.locator("#found li strong")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator("#customer")).to_contain_text("€10.00")
    page.keyboard.press("F9")
    page.keyboard.press("F8")
    expect(page.locator("#pay-change")).to_have_text("€4.99")  # still missing
    expect(page.locator("#complete")).to_be_disabled()
    page.keyboard.press("F7")
    page.keyboard.press("F10")
    expect(page.locator("#done-number")).to_have_text("Bill 1")

    with database.reading() as session:
        paid = session.execute(select(Payment.method, Payment.amount_minor).order_by(Payment.amount_minor)).all()
    assert [tuple(row) for row in paid] == [("card", 499), ("wallet", 1000)]


def test_a_code_scanned_while_cash_is_asked_for_is_no_money(
    window: Window, billing: Person, shelf: list[Product], database: Database
) -> None:
    page = window.open("/till", person=billing)
    scan(page, "4000000000000")
    expect(page.locator("#lines tr")).to_have_count(1)
    page.keyboard.press("F9")
    scan(page, "40000007")  # the eight digits of a short barcode

    expect(page.locator("#pay-change-name")).to_have_text("That is not a number that can be used here.")
    expect(page.locator("#complete")).to_be_disabled()
    with database.reading() as session:
        assert session.scalars(select(Bill)).all() == []


@pytest.mark.parametrize("size", [pytest.param(DESK, id="desk"), pytest.param(PHONE, id="phone")])
def test_axe_finds_nothing_in_any_window_of_the_till(
    window: Window, billing: Person, customer: Person, shelf: list[Product], make_product: Make, size: dict[str, int]
) -> None:
    dark = "dark" if size is PHONE else "light"
    page = window.open("/till", person=billing, size=size, bypass_csp=True, reduced_motion="reduce", color_scheme=dark)
    page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text())
    codes = [str(make_product(name=f"Thing {n}", barcode=f"50000{n:02}", stock=9).barcode) for n in range(24)]
    for code in codes:
        page.locator("#scan").fill(code)
        page.keyboard.press("Enter")
    expect(page.locator("#lines tr")).to_have_count(24)  # more than the screen holds
    found = violations(page, "full cart")
    for key, box in [("F2", "find"), ("F4", "find"), ("F6", "number"), ("F9", "pay"), ("?", "help")]:
        page.keyboard.press(key)
        expect(page.locator(f"#{box}")).to_be_visible()
        if box == "find":
            expect(page.locator("#found li").first).to_be_visible()
        found += violations(page, key)
        page.keyboard.press("Escape")
        expect(page.locator(f"#{box}")).to_be_hidden()
    page.keyboard.press("F9")
    page.keyboard.press("F7")
    page.keyboard.press("F10")
    expect(page.locator("#done-number")).to_have_text("Bill 1")

    assert found + violations(page, "done") == []
    assert does_not_scroll_sideways(page)


def violations(page: Page, name: str) -> list[str]:
    """What axe finds on the page as it stands."""
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    return [f"{name}: {one['id']} {one['nodes'][0]['html'][:120]}" for one in found]


def test_a_receipt_is_printed_on_80_mm_paper_as_long_as_it_is(
    window: Window, billing: Person, shelf: list[Product], tmp_path: Path
) -> None:
    page = window.open("/till", person=billing)
    for codes in (["4000000000000"], [f"400000000000{n}" for n in range(4)]):
        for code in codes:
            scan(page, code)
        expect(page.locator("#lines tr")).to_have_count(len(codes))
        page.keyboard.press("F9")
        page.keyboard.press("F7")
        page.keyboard.press("F10")
        expect(page.locator("#done")).to_be_visible()
        page.keyboard.press("Enter")
        expect(page.locator("#done")).to_be_hidden()
        expect(page.locator("#lines tr")).to_have_count(0)

    papers = []
    for bill in (1, 2):
        page.goto(f"/bills/{bill}/receipt")
        printed = page.pdf(prefer_css_page_size=True)
        papers.append([float(side) for side in re.findall(rb"/MediaBox *\[0 0 ([\d.]+) ([\d.]+)\]", printed)[0]])
        assert printed.count(b"/MediaBox") == 1  # one piece of paper

    (width, short), (_width, long) = papers
    assert abs(width / 72 * 25.4 - 80) < 0.5
    assert 60 < short / 72 * 25.4 < long / 72 * 25.4 < 160


def test_a_bill_is_printed_again_as_a_copy_and_given_back(
    window: Window, billing: Person, shelf: list[Product], database: Database
) -> None:
    page = window.open("/till", person=billing)
    page.add_init_script("window.print = () => { window.printed = (window.printed || 0) + 1; }")
    page.context.add_init_script("window.print = () => { window.printed = (window.printed || 0) + 1; }")
    scan(page, "2*4000000000002")
    expect(page.locator("#lines tr")).to_have_count(1)
    page.keyboard.press("F9")
    page.keyboard.press("F7")
    page.keyboard.press("F10")
    expect(page.locator("#done-number")).to_have_text("Bill 1")
    with page.context.expect_page() as opened:
        page.keyboard.press("p")
    receipt = opened.value
    receipt.wait_for_load_state()
    wait_for(lambda: receipt.evaluate("window.printed === 1"), 20)
    expect(receipt.locator(".copy")).to_have_count(0)
    receipt.set_viewport_size({"width": 320, "height": 640})
    shot(receipt, "receipt")
    receipt.close()
    page.goto("/bills")
    page.get_by_role("link", name="1", exact=True).click()
    shot(page, "bill")
    with page.context.expect_page() as opened:
        page.get_by_role("button", name="Print the receipt").click()
    expect(opened.value.locator(".copy")).to_have_count(2)
    opened.value.close()
    page.get_by_role("link", name="Refund or void").click()
    page.locator("input[type=number]").fill("1")
    page.get_by_label("Why").fill("Melted")
    shot(page, "refund")
    page.get_by_role("button", name="Refund").click()

    expect(page.get_by_role("status")).to_contain_text("€2.51")
    with database.reading() as session:
        assert session.scalars(select(Refund.total_minor)).all() == [251]


@pytest.mark.parametrize("size", [pytest.param(DESK, id="desk"), pytest.param(PHONE, id="phone")])
def test_pages_of_billing_staff_fit(
    window: Window, billing: Person, customer: Person, shelf: list[Product], size: dict[str, int]
) -> None:
    page = window.open("/till", person=billing, size=size)
    page.locator("#scan").fill("4000000000000")
    page.locator("#scan").press("Enter")
    expect(page.locator("#lines tr")).to_have_count(1)
    page.locator("#pay-button").click()
    page.locator("[data-pay=cash]").click()
    page.locator("#complete").click()
    expect(page.locator("#done-number")).to_have_text("Bill 1")

    for name, path in [
        ("bills", "/bills"), ("bill", "/bills/1"), ("refund", "/bills/1/refund"), ("report", "/reports"),
        ("close", "/reports/close"), ("wallet", f"/customers/{customer.id}/wallet"), ("customer", f"/customers/{customer.id}"),
    ]:  # fmt: skip
        page.goto(path)
        shot(page, f"{name}-{size['width']}")
        assert does_not_scroll_sideways(page), path


def test_german_words_leave_figures_their_room_on_a_phone(window: Window, sign_in: Callable[..., Person]) -> None:
    person = sign_in(Role.BILLING, locale="de")
    page = window.open("/reports", person=person, size=PHONE)
    for path in ("/reports", "/reports/close"):
        page.goto(path)
        figures = page.locator(".facts dd").all()

        assert figures
        assert min(figure.evaluate("one => one.offsetWidth") for figure in figures) > 60
        assert page.locator(".table table:not(.cards)").evaluate_all(
            "all => all.every((one) => one.offsetWidth <= one.parentElement.clientWidth)"
        )


def test_sales_staff_note_a_delivery_with_its_reason(window: Window, sales: Person, shelf: list[Product]) -> None:
    page = window.open("/stock?q=mug", person=sales)
    shot(page, "stock")
    page.get_by_role("link", name="Ceramic mug: stock comes in").click()
    page.get_by_label("Quantity", exact=True).fill("12")
    page.get_by_role("button", name="Change the stock").click()

    expect(page.get_by_role("status")).to_contain_text("+12")
    expect(page.locator("tbody tr")).to_contain_text("Delivery")
    shot(page, "stock-product")


def test_only_reasons_that_fit_the_direction_are_offered(
    window: Window, sales: Person, shelf: list[Product], database: Database
) -> None:
    page = window.open(f"/stock/{shelf[3].id}", person=sales)
    page.get_by_role("radio", name="Out").check()
    expect(page.get_by_label("Reason")).to_have_value("damage")
    page.get_by_label("Quantity", exact=True).fill("2")
    page.get_by_role("button", name="Change the stock").click()

    expect(page.get_by_role("status")).to_contain_text("-2")


def test_an_offer_goes_from_proposal_to_approval(
    window: Window, sales: Person, admin: Person, shelf: list[Product]
) -> None:
    page = window.open("/offers/new", person=sales)
    page.get_by_label("Name, as it stands on the receipt").fill("Mug day")
    page.get_by_label("Percent", exact=False).last.fill("25")
    page.get_by_label("Add a product").fill("no such thing")
    page.get_by_label("Add a product").press("Enter")
    expect(page.get_by_text("No product has this name or SKU")).to_be_visible()
    page.get_by_role("button", name="Send for approval").click()
    expect(page.get_by_label("Add a product")).to_be_focused()
    page.get_by_label("Add a product").fill(shelf[3].name)
    page.get_by_label("Add a product").press("Enter")
    expect(page.get_by_label("SKUs of the products")).to_have_value(shelf[3].sku)
    expect(page.locator("#preview tr")).to_contain_text("€6.67")
    page.get_by_label("Begins").fill("2020-01-01T00:00")
    page.get_by_label("Ends").fill(f"{now() + timedelta(days=365):%Y-%m-%dT%H:%M}")
    shot(page, "offer-form")
    page.get_by_role("button", name="Send for approval").click()
    expect(page.locator(".badge")).to_have_text("proposed")
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)

    office = window.open("/offers?state=proposed", person=admin)
    shot(office, "offers-admin")
    office.get_by_role("link", name="Decide").click()
    office.get_by_role("button", name="Approve").click()

    expect(office.locator(".badge").first).to_have_text("live")
    shot(office, "offer")
