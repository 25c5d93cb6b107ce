"""What is said of an armed shop comes from what its cameras report: which watch, which do not, and since when."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import expect
from sqlalchemy import select

from shop_app.base.db import Database, now
from shop_app.base.models import Alert, Camera, CameraState, ShopProfile
from shop_app.security.alerts import escalation
from shop_app.security.cameras import definitions
from tests.shop.conftest import Person, Window
from tests.shop.night import CameraSystem

ALWAYS, NEVER = ("00:00", "24:00"), ("00:00", "00:00")  # hours of night


@pytest.fixture
def cameras(app: Flask) -> CameraSystem:
    """A camera system of this shop."""
    return CameraSystem.of(app)


@pytest.fixture
def night(database: Database) -> Callable[[str, str], None]:
    """`night("22:00", "06:00")` sets the shop's hours."""

    def set_hours(begin: str, end: str) -> None:
        with database.writing() as session:
            profile = session.get_one(ShopProfile, 1)
            profile.night_from, profile.night_to = begin, end

    return set_hours


@pytest.fixture
def add_camera(database: Database) -> Callable[..., None]:
    """`add_camera("Store room")` adds one that is switched on and has not reported yet."""

    def add(title: str, **columns: Any) -> None:
        at = now() - timedelta(hours=1)
        name = title.lower().replace(" ", "-")
        with database.writing() as session:
            session.add(
                Camera(
                    name=name,
                    title=title,
                    kind="network",
                    address="rtsp://10.0.0.9/",
                    created_at=at,
                    updated_at=at,
                    **columns,
                )
            )

    return add


def reports(cameras: CameraSystem, camera: str, mode: str | None = "night", state: str = "live") -> None:
    cameras.ask("POST", f"/cameras/{camera}/beat", json={"state": state, "mode": mode})


def last_heard(database: Database, camera: str, at: datetime) -> None:
    with database.writing() as session:
        state = session.get_one(CameraState, camera)
        state.heard_at = state.state_at = at


def told(person: Person, path: str = "/alerts/coverage") -> str:
    text: str = person.client.get(path).text
    return text


def test_cameras_that_watch_are_counted_and_the_others_are_named(
    cameras: CameraSystem,
    admin: Person,
    add_camera: Callable[..., None],
    night: Callable[..., None],
    database: Database,
) -> None:
    night(*ALWAYS)
    for title in ("Aisle", "Door", "Store room", "Yard"):
        add_camera(title)
    for camera in ("aisle", "door", "yard"):
        reports(cameras, camera)
    last_heard(database, "aisle", now() - timedelta(minutes=3))

    for path in ("/alerts/coverage", "/alerts", "/", "/cameras", "/cameras/states"):
        page = told(admin, path)
        assert "2 of 4 cameras watching" in page, path
        assert "Store room never started" in page, path
        assert "Aisle offline since" in page, path


@pytest.mark.parametrize(
    ("mode", "kind", "text"),
    [
        ("night", "good", "1 of 1 camera watching"),
        ("day", "bad", "door is in day mode"),
        (None, "bad", "door is in day mode"),
    ],
)
def test_a_camera_watches_when_it_reports_night_and_not_when_a_setting_says_so(
    mode: str | None, kind: str, text: str, cameras: CameraSystem, security: Person, night: Callable[..., None]
) -> None:
    night(*ALWAYS)
    reports(cameras, "door", mode)

    page = told(security)

    assert text in page
    assert f"coverage {kind}" in page


def test_a_shop_without_cameras_is_never_said_to_be_watched(security: Person, night: Callable[..., None]) -> None:
    night(*ALWAYS)

    assert "No camera is watching" in told(security, "/alerts")
    assert "coverage bad" in told(security)


def test_arming_answers_with_what_the_cameras_do(
    cameras: CameraSystem, security: Person, add_camera: Callable[..., None], night: Callable[..., None]
) -> None:
    night(*NEVER)
    add_camera("Store room")
    reports(cameras, "door")

    answer: Any = security.client.post(
        "/alerts/arm", data={"armed": "yes", "hours": "1"}, headers={"Accept": "application/json"}
    )

    assert answer.json["message"] == "Armed. 1 of 2 cameras watching; Store room never started."


def test_a_camera_that_was_just_asked_to_watch_is_on_its_way_and_not_wrong_yet(
    cameras: CameraSystem, security: Person, night: Callable[..., None]
) -> None:
    night(*NEVER)
    reports(cameras, "door", "day")
    security.client.post("/alerts/arm", data={"armed": "yes", "hours": "1"})

    page = told(security)

    assert "0 of 1 camera watching; door is switching to night mode" in page
    assert "coverage warn" in page


def silences(database: Database) -> list[tuple[str, str]]:
    with database.writing() as session:
        escalation.notice_silence(session)
    with database.writing() as session:
        escalation.notice_silence(session)  # no second time
    with database.reading() as session:
        return [(a.camera, a.change) for a in session.scalars(select(Alert).order_by(Alert.camera))]


@pytest.mark.parametrize("by", ["hand", "schedule"])
def test_each_camera_that_is_dead_or_never_came_is_an_alert_while_armed(
    by: str, cameras: CameraSystem, security: Person, add_camera: Callable[..., None], night: Callable[..., None],
    database: Database,
) -> None:  # fmt: skip
    night(*(ALWAYS if by == "schedule" else NEVER))
    add_camera("Store room")
    for camera in ("aisle", "door"):
        reports(cameras, camera, "day")
        last_heard(database, camera, now() - timedelta(minutes=5))
    if by == "hand":
        assert silences(database) == []
        security.client.post("/alerts/arm", data={"armed": "yes", "hours": "1"})

    assert silences(database) == [("aisle", "silent"), ("door", "silent"), ("store-room", "silent")]

    reports(cameras, "store-room")
    with database.reading() as session:
        over = {a.camera: a.ended_at is not None for a in session.scalars(select(Alert))}
    assert over == {"aisle": False, "door": False, "store-room": True}


def test_a_shop_that_is_armed_without_any_camera_is_an_alert(
    cameras: CameraSystem, security: Person, night: Callable[..., None], database: Database
) -> None:
    night(*NEVER)
    security.client.post("/alerts/arm", data={"armed": "yes", "hours": "1"})

    assert silences(database) == [("", "unwatched")]
    assert "No camera is watching" in told(security, "/alerts")
    reports(cameras, "door")
    with database.reading() as session:
        assert session.scalars(select(Alert)).one().ended_at is not None


def test_a_camera_that_is_switched_off_is_named_and_not_missed(
    cameras: CameraSystem,
    security: Person,
    add_camera: Callable[..., None],
    night: Callable[..., None],
    database: Database,
) -> None:
    night(*ALWAYS)
    add_camera("Store room", enabled=False)
    reports(cameras, "door")

    assert "1 of 1 camera watching; Store room is switched off" in told(security)
    assert silences(database) == []


def test_a_camera_that_tries_again_and_again_is_offline_since_it_was_last_live(
    cameras: CameraSystem, security: Person, night: Callable[..., None], database: Database
) -> None:
    night(*ALWAYS)
    reports(cameras, "door")
    cameras.send("camera.state", "door", state="down", reason="no route")
    last_heard(database, "door", now() - timedelta(minutes=5))
    cameras.send("camera.state", "door", state="connecting", reason="")
    cameras.send("camera.state", "door", state="down", reason="the address refuses")

    assert silences(database) == [("door", "silent")]
    assert "door offline since" in told(security)
    assert "the address refuses" in told(security)


def test_the_hours_of_the_shop_are_those_of_each_camera_without_its_own(
    app: Flask, database: Database, add_camera: Callable[..., None], night: Callable[..., None]
) -> None:
    night("19:30", "06:00")
    add_camera("Aisle")
    add_camera("Door", night_from="23:00", night_to="05:00")

    with app.test_request_context(), database.reading() as session:
        found = definitions.for_system(session)
    night("20:30", "06:00")
    with app.test_request_context(), database.reading() as session:
        later = definitions.for_system(session)

    assert [camera["night"] for camera in found["cameras"]] == ["19:30-06:00", "23:00-05:00"]
    assert [camera["night"] for camera in later["cameras"]] == ["20:30-06:00", "23:00-05:00"]
    assert found["version"] != later["version"]


@pytest.mark.browser
def test_an_open_page_shows_it_when_a_camera_stops_watching(
    window: Window, cameras: CameraSystem, security: Person, night: Callable[..., None]
) -> None:
    night(*ALWAYS)
    reports(cameras, "door")
    page = window.open("/alerts", person=security)
    expect(page.locator("#coverage")).to_have_text("1 of 1 camera watching")
    expect(page.locator("#connection")).to_have_text("Live")

    reports(cameras, "door", "day")

    expect(page.locator("#coverage")).to_have_text("0 of 1 camera watching; door is in day mode")


@pytest.mark.browser
def test_tiles_say_nothing_of_cameras_when_the_shop_does_not_answer(
    window: Window, cameras: CameraSystem, security: Person
) -> None:
    reports(cameras, "door")
    page = window.open("/cameras", person=security, service_workers="block")
    page.clock.install()
    page.reload()
    expect(page.locator(".camera [data-part=state]")).to_have_text("Online")
    page.route("**/cameras/states", lambda route: route.abort())

    page.clock.run_for(12_000)

    expect(page.locator("#coverage-line")).to_have_text("Unknown: no connection to the shop")
    expect(page.locator(".camera [data-part=state]")).to_have_text("?")
    page.close()
    window.complaints.clear()  # the requests that were cut


@pytest.mark.parametrize("connected", [True, False])
def test_a_camera_is_said_to_start_within_seconds_only_where_a_camera_server_is_there_to_start_it(
    connected: bool, cameras: CameraSystem, admin: Person, add_camera: Callable[..., None]
) -> None:
    add_camera("Aisle", enabled=False)
    if connected:
        cameras.ask("GET", "/cameras")

    page = admin.client.post("/cameras/aisle/enabled", data={"on": "yes"}, follow_redirects=True).text

    assert ("The camera starts within seconds." in page) == connected
    assert ("No camera server is connected now; it takes effect when one is." in page) != connected
