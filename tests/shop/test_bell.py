"""The bell and the first page follow by themselves, on every page of staff; and a guard hears an alert wherever they are."""

from __future__ import annotations

import pytest
import requests
from flask import Flask
from playwright.sync_api import expect

from shop_app.base.db import Database
from shop_app.base.permissions import Role
from shop_app.notify.kinds import NOTE
from shop_app.notify.outbox import notify
from tests.shop.conftest import Person, Window
from tests.shop.night import CameraSystem

SOUNDS = """
window.sounds = 0;
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (...at) { window.sounds += 1; return start.apply(this, at); };
"""


@pytest.fixture
def cameras(app: Flask) -> CameraSystem:
    """A camera system of this shop."""
    return CameraSystem.of(app)


def tell(database: Database, to: int | Role, title: str) -> None:
    with database.writing() as session:
        notify(session, NOTE, to=to, title=title)


@pytest.mark.browser
@pytest.mark.parametrize("path", ["/till", "/bills", "/"])
def test_the_bell_of_a_cashier_rings_on_every_page(
    window: Window, billing: Person, database: Database, path: str
) -> None:
    page = window.open(path, person=billing)
    count = page.locator("header.rail [data-unread]")
    expect(count).to_be_hidden()

    tell(database, billing.id, "New terminal")

    expect(count).to_have_text("1", timeout=5000)
    if path == "/":
        expect(page.locator("#waiting")).to_contain_text("1 unread notification")


@pytest.mark.browser
def test_the_bell_goes_on_after_the_stream_was_lost(window: Window, billing: Person, database: Database) -> None:
    page = window.open("/bills", person=billing, service_workers="block")
    count = page.locator("header.rail [data-unread]")
    page.context.set_offline(True)
    tell(database, billing.id, "New terminal")
    page.wait_for_timeout(1000)
    page.context.set_offline(False)

    expect(count).to_have_text("1", timeout=30_000)
    window.complaints.clear()  # that there was no network


@pytest.mark.browser
@pytest.mark.parametrize("path", ["/cameras", "/notifications", "/alerts/advice"])
def test_a_guard_hears_an_alert_on_any_page_unless_they_turned_the_sound_off(
    window: Window, security: Person, cameras: CameraSystem, path: str
) -> None:
    page = window.open(path, person=security)
    page.add_init_script(SOUNDS)
    page.reload()
    page.locator("main").click()  # a touch, which browsers want before they make a sound
    cameras.incident("door")

    expect(page.get_by_role("alert").get_by_role("link", name="Movement")).to_be_visible()
    page.wait_for_function("window.sounds >= 3")
    page.evaluate("localStorage.setItem('alert-sound', 'off')")
    page.reload()
    page.locator("main").click()
    cameras.incident("yard")
    expect(page.get_by_role("alert").get_by_role("link", name="Movement")).to_be_visible()
    page.wait_for_timeout(2500)

    assert page.evaluate("window.sounds") == 0


def test_who_sees_no_alerts_gets_the_bell_alone_and_customers_no_stream(
    server: str, billing: Person, security: Person, customer: Person, cameras: CameraSystem, database: Database
) -> None:
    def get(person: Person, path: str) -> requests.Response:
        return requests.get(server + path, cookies={"login": person.token}, stream=True, timeout=10)

    refused = [get(billing, "/alerts/stream"), get(customer, "/alerts/stream"), get(customer, "/bell/stream")]
    with get(billing, "/bell/stream") as answer:
        lines = answer.iter_lines(decode_unicode=True)
        next(lines)
        cameras.incident("door")
        tell(database, billing.id, "New terminal")
        seen = [
            line for line in (next(lines) for _ in range(40)) if line.startswith(("event: bell", "id:", 'data: {"what'))
        ][:1]

    assert [answer.status_code for answer in refused] == [403] * 3
    assert seen == ["event: bell"]
    assert not any("door" in line for line in seen)


def test_counts_are_ones_own(billing: Person, sales: Person, database: Database) -> None:
    tell(database, billing.id, "New terminal")

    counts = [person.client.get("/notifications/unread").get_json()["unread"] for person in (billing, sales)]

    assert counts == [1, 0]
