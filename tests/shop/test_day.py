"""A day in the shop, walked through the pages by everybody in turn: the lines of `who does what` that no other walk takes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from shop_app.base.db import Database
from shop_app.base.models import Product
from tests.shop.conftest import DESK, PASSWORD, PHONE, Person, Window

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PRODUCTS = "sku,name,price,tax,barcode,stock\nTEA-1,Green tea,{price},Standard,4006381333931,30\nTEA-2,Black tea,3.10,Standard,,12\n"


def test_customer_admin_and_cashier_work_together(
    window: Window, admin: Person, database: Database, tmp_path: Path
) -> None:
    customer = window.open("/sign-in", size=PHONE)
    _register(customer)
    _complain(customer)

    office = window.open("/", person=admin, size=DESK)
    code = _add_a_cashier(office)
    _import_products(office, tmp_path / "products.csv", database)
    _answer_the_complaint(office)
    _send_a_note(office)

    cashier = window.open("/sign-in", size=DESK)
    _come_in_by_the_code(cashier, code)
    _close_the_till(cashier)
    _tell_the_admin(cashier)

    _read_the_answer(customer)
    _lose_the_connection(customer)
    office.goto("/notifications/sent")
    expect(office.get_by_role("row", name="Closed on Friday")).to_contain_text("1")
    office.goto("/feedback")
    expect(office.get_by_text("The drawer sticks.")).to_be_visible()


def _register(page: Page) -> None:
    page.get_by_role("link", name="Make a customer account").click()
    page.get_by_label("Name").fill("Ada Winter")
    page.get_by_label("E-mail").fill("ada@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("I have read").check()
    page.get_by_role("button", name="Make my account").click()
    expect(page.get_by_role("heading", name="Hello, Ada")).to_be_visible()


def _lose_the_connection(page: Page) -> None:
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.context.set_offline(True)
    page.goto("/shop/bills")
    expect(page.get_by_text("There is no connection to the shop.")).to_be_visible()
    page.context.set_offline(False)


def _complain(page: Page) -> None:
    page.get_by_role("navigation").get_by_role("link", name="Help").click()
    page.get_by_role("link", name="Complain").first.click()
    page.get_by_label("What is wrong, in a few words").fill("Jar was open")
    page.get_by_label("What happened").fill("The lid was loose.")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("The lid was loose.")).to_be_visible()


def _add_a_cashier(page: Page) -> str:
    page.goto("/staff/new")
    page.get_by_label("Role").select_option("billing")
    page.get_by_label("Name").fill("Tom Till")
    page.get_by_label("E-mail").fill("tom@example.com")
    page.get_by_role("button", name="Add and show the one-time code").click()
    return page.locator(".secret").inner_text()


def _import_products(page: Page, file: Path, database: Database) -> None:
    page.goto("/products/import")
    file.write_text(PRODUCTS.format(price="four"))
    page.get_by_label("CSV file").set_input_files(file)
    page.get_by_role("button", name="Import").click()
    expect(page.locator("main")).to_contain_text(re.compile(r"price", re.IGNORECASE))
    with database.reading() as session:
        assert session.scalars(select(Product)).all() == []  # not one row of a file with a mistake

    file.write_text(PRODUCTS.format(price="4.20"))
    page.get_by_label("CSV file").set_input_files(file)
    page.get_by_role("button", name="Import").click()
    page.goto("/products?q=tea")
    expect(page.get_by_role("link", name="Green tea")).to_be_visible()


def _answer_the_complaint(page: Page) -> None:
    page.goto("/")
    page.get_by_role("link", name="1 open complaint").click()
    page.get_by_role("link", name="Jar was open").click()
    page.get_by_role("button", name="Please bring the item").click()
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".bubble.staff")).to_contain_text("we will refund you")


def _send_a_note(page: Page) -> None:
    page.goto("/notifications/send")
    page.get_by_label("To").select_option(label="All customers")
    page.get_by_label("Subject").fill("Closed on Friday")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("row", name="Closed on Friday")).to_contain_text("0")


def _come_in_by_the_code(page: Page, code: str) -> None:
    page.get_by_role("link", name="I have a one-time code").click()
    page.get_by_label("E-mail or telephone").fill("tom@example.com")
    page.get_by_label("One-time code").fill(code)
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_role("button", name="Set the password").click()
    expect(page.get_by_role("heading", name="Hello, Tom")).to_be_visible()


def _close_the_till(page: Page) -> None:
    page.goto("/reports/close")
    page.get_by_label("Opening float").fill("100")
    page.get_by_label("Counted cash").fill("99.50")
    page.get_by_role("button", name="Close the till").click()
    expect(page.get_by_role("alert")).to_contain_text("give the reason")
    page.get_by_label("Reason of a difference").fill("Gave too much change.")
    page.get_by_role("button", name="Close the till").click()
    expect(page.get_by_text("Gave too much change.")).to_be_visible()


def _tell_the_admin(page: Page) -> None:
    page.get_by_role("link", name="Send feedback").first.click()
    page.locator("textarea").fill("The drawer sticks.")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("The drawer sticks.")).to_be_visible()


def _read_the_answer(page: Page) -> None:
    page.goto("/complaints/mine")
    page.get_by_role("link", name="Jar was open").click()
    expect(page.locator(".bubble.staff")).to_contain_text("we will refund you")
    page.goto("/notifications")
    page.get_by_role("listitem").filter(has_text="Closed on Friday").get_by_role("button", name="Mark as read").click()
    expect(page.get_by_role("button", name="Mark as read")).to_have_count(1)  # the note about the answer
