"""A page says that it is live only while the shop's signs of life arrive, whatever ends them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from playwright.sync_api import Page, Route, expect

from shop_app.security.alerts import feed
from tests.shop.conftest import Person, Window
from tests.shop.night import CameraSystem

pytestmark = pytest.mark.browser
NOT_YET = "Not live yet. If this stays, reload the page."
LOST = "Not live: no connection to the shop. Reconnecting; missed alerts will follow."
LIVE = 'event: ping\ndata: {"age": 0, "day": "2026-01-01"}\n\n'


@pytest.fixture
def cameras(app: Flask) -> CameraSystem:
    """A camera system of this shop."""
    return CameraSystem.of(app)


@pytest.fixture
def alerts(window: Window, security: Person) -> Callable[..., Page]:
    """The list of alerts, opened after `before` was done to its page; the page's clock is stopped for `run_for`."""

    def open_list(pattern: str = "", answer: Callable[[Route], None] = lambda route: route.continue_()) -> Page:
        page = window.open("/offline", person=security, service_workers="block")
        page.clock.install()
        if pattern:
            page.route(pattern, answer)
        page.goto("/alerts")
        return page

    return open_list


def says(page: Page, text: str) -> None:
    expect(page.locator("#connection")).to_have_text(text)


def test_a_page_is_live_once_the_first_sign_of_life_is_here(alerts: Callable[..., Page]) -> None:
    says(alerts(), "Live")


@pytest.mark.parametrize("script", ["alerts", "stream"])
def test_a_page_whose_script_did_not_load_is_not_live(script: str, alerts: Callable[..., Page], window: Window) -> None:
    page = alerts(f"**/static/{script}.js*", lambda route: route.abort())

    says(page, NOT_YET)
    window.complaints.clear()  # the script that is missing


def test_a_page_without_scripts_says_so(window: Window, security: Person) -> None:
    page = window.open("/alerts", person=security, java_script_enabled=False)

    says(page, NOT_YET)
    assert "This list does not update itself" in page.locator("main noscript").inner_html()


def test_a_stream_that_nothing_comes_out_of_is_not_live(alerts: Callable[..., Page]) -> None:
    page = alerts("**/alerts/stream", lambda _route: None)

    page.clock.run_for(9_000)

    says(page, LOST)


def test_a_stream_whose_signs_of_life_come_late_is_not_live(alerts: Callable[..., Page]) -> None:
    held: list[Route] = []
    page = alerts("**/alerts/stream", lambda route: held.append(route))
    page.clock.run_for(7_000)
    held[0].fulfill(content_type="text/event-stream", body='event: ping\ndata: {"age": -2}\n\n')

    says(page, LOST)


def test_a_page_is_lost_within_seconds_of_the_last_sign_of_life(
    alerts: Callable[..., Page], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "PING_EVERY", 3600)  # a server that hangs, or a line that is cut: nothing is heard of it
    page = alerts()
    says(page, "Live")

    page.clock.run_for(9_000)

    says(page, LOST)


def test_a_page_comes_back_after_a_proxy_that_answered_for_a_stopped_shop(
    alerts: Callable[..., Page], cameras: CameraSystem, window: Window
) -> None:
    stopped = [True]

    def proxy(route: Route) -> None:
        route.fulfill(status=502, body="Bad Gateway") if stopped[0] else route.continue_()

    page = alerts("**/alerts/stream", proxy)
    says(page, LOST)
    page.clock.run_for(60_000)
    says(page, LOST)
    cameras.incident("yard")
    stopped[0] = False
    page.clock.run_for(20_000)

    says(page, "Live")
    expect(page.locator(".alert-card", has_text="yard")).to_be_visible()
    window.complaints.clear()  # the refused requests


def test_who_was_signed_out_is_told_and_is_not_tried_again(
    alerts: Callable[..., Page], security: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "PING_EVERY", 0.2)
    page = alerts()
    says(page, "Live")
    security.client.post("/sign-out")

    says(page, "Not live: you are signed out. Reload the page.")
    page.clock.run_for(60_000)
    says(page, "Not live: you are signed out. Reload the page.")


def test_a_page_that_missed_more_than_is_replayed_shows_the_newest_and_keeps_its_sound(
    alerts: Callable[..., Page], cameras: CameraSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "LONGEST_REPLAY", 3)
    away = [False]
    page = alerts("**/alerts/stream", lambda route: route.abort() if away[0] else route.continue_())
    says(page, "Live")
    page.get_by_role("button", name="Turn sound on").click()
    away[0] = True
    page.evaluate("window.dispatchEvent(new Event('pagehide'))")
    for number in range(5):
        cameras.incident(f"camera-{number}")
    away[0] = False
    page.evaluate("window.dispatchEvent(new Event('online'))")

    expect(page.locator(".alert-card")).to_have_count(5)
    expect(page.get_by_role("button", name="Sound is on")).to_be_visible()
